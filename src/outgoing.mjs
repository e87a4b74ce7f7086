// Calls to vendors: code exchanges and confirmations. What is asked, and where, is decided in Rust
// (src/marketplace/outgoing.rs). Requests hold secrets and answers hold tokens: neither is ever logged.

/** A vendor that has not answered by then has not. Browsers and vendors wait for us meanwhile. */
const ANSWER_MS = 4_000;
/** Pauses before trying again. A vendor that carried a call out and whose answer was lost says no to the second try, which
 *  is what the caller would have to do without it: start again. */
const RETRY_MS = [300];
/** Bytes of an answer that are read; token answers have a few hundred. */
const ANSWER_BYTES = 64 * 1024;

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

async function attempt({ method, url, headers, body }) {
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
  return { status: response.status, body: text };
}

/** Asks a vendor: `{status, body}`; the status is 0 if no answer came. */
export async function askVendor(request, requestId) {
  const where = `${request.method} ${new URL(request.url).host}`;
  for (let tried = 0; ; tried += 1) {
    let failure;
    try {
      const answer = await attempt(request);
      if (answer.status < 500 && answer.status !== 429) return answer;
      failure = `it answers ${answer.status}`;
    } catch (error) {
      failure = error.name === "TimeoutError" ? `no answer within ${ANSWER_MS} ms` : error.message;
    }
    console.warn(`request ${requestId}: ${where}: ${failure}`);
    if (tried === RETRY_MS.length) return { status: 0, body: "" };
    await scheduler.wait(RETRY_MS[tried]);
  }
}
