// Calls to vendors: code exchanges, confirmations, and the keys that they publish (published.mjs). What is asked, and where, is decided in Rust
// (src/marketplace/outgoing.rs). Requests hold secrets and answers hold tokens: neither is ever logged.

/** A vendor that has not answered by then has not. Browsers and vendors wait for us meanwhile. */
const ANSWER_MS = 4_000;
/** Pauses before trying again. A vendor that carried a call out and whose answer was lost says no to the second try, which
 *  is what the caller would have to do without it: start again. */
const RETRY_MS = [300];
/** Bytes of an answer that are read; token answers have a few hundred. */
const ANSWER_BYTES = 64 * 1024;
/** Answers that may be used again, in this isolate, at most: tokens for vendors' APIs, one a listing. */
const KEPT = 100;

const kept = new Map(); // request → {answer, until}

/** The body, or undefined if it is longer than an answer may be. */
async function bodyOf(response) {
  const reader = response.body?.getReader();
  if (!reader) return "";
  const decoder = new TextDecoder();
  let [text, length] = ["", 0];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.length;
    if (length > ANSWER_BYTES) {
      await reader.cancel();
      return undefined;
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** One try: `{status, body, headers}`. */
export async function attempt({ method, url, headers, body }) {
  const response = await fetch(url, {
    method,
    headers,
    body: body === "" ? undefined : body,
    // A redirect would carry secrets to wherever it says.
    redirect: "manual",
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const text = await bodyOf(response);
  if (text === undefined) throw new Error(`its answer is longer than ${ANSWER_BYTES} bytes`);
  return { status: response.status, body: text, headers: response.headers };
}

/** Asks a vendor, or answers what it answered to the very same request a while ago: `{status, body}`; the status is 0 if
 *  no answer came. */
export async function askVendor(request, requestId) {
  if (request.keep_s === 0) return ask(request, requestId);
  const [same, now] = [JSON.stringify(request), Date.now()];
  const before = kept.get(same);
  if (before && now < before.until) return before.answer;
  const answer = await ask(request, requestId);
  if (answer.status === 200) {
    if (kept.size >= KEPT) kept.clear();
    kept.set(same, { answer, until: now + request.keep_s * 1_000 });
  }
  return answer;
}

/** Signs a text with a private key of the operator's (`ToSign` in src/marketplace/outgoing.rs). */
export async function sign({ key, text }, requestId) {
  try {
    const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
    const der = Uint8Array.fromBase64(key.replace(/-----(BEGIN|END) PRIVATE KEY-----/g, ""));
    const imported = await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["sign"]);
    const signature = await crypto.subtle.sign(algorithm.name, imported, new TextEncoder().encode(text));
    return { status: 200, body: new Uint8Array(signature).toBase64({ alphabet: "base64url", omitPadding: true }) };
  } catch {
    // Not what was thrown: it may quote the key.
    console.error(`request ${requestId}: a private key among the listing's secrets is no PKCS#8 in PEM for RSA`);
    return { status: 0, body: "" };
  }
}

async function ask(request, requestId) {
  const where = `${request.method} ${new URL(request.url).host}`;
  for (let tried = 0; ; tried += 1) {
    let failure;
    try {
      const { status, body } = await attempt(request);
      if (status < 500 && status !== 429) return { status, body };
      failure = `it answers ${status}`;
    } catch (error) {
      failure = error.name === "TimeoutError" ? `no answer within ${ANSWER_MS} ms` : error.message;
    }
    console.warn(`request ${requestId}: ${where}: ${failure}`);
    if (tried === RETRY_MS.length) return { status: 0, body: "" };
    await scheduler.wait(RETRY_MS[tried]);
  }
}
