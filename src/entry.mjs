// The Worker's entry: links are answered from here, everything else by the router in Rust.
import { document, isDocument } from "./documents.mjs";
import { callAsync } from "./instance.mjs";
import { problem } from "./problem.mjs";
import { isLink, redirect } from "./redirect.mjs";
import { renew } from "./snapshot.mjs";

export { ClickLog, Ledger } from "./objects.mjs";

/** The Ledger's sign that redirects must learn of a change (src/api/mod.rs); it never leaves the Worker. */
const SNAPSHOT_HEADER = "x-signpost-snapshot";
/** Single segments that are ours and no slugs. */
const OWN = new Set(["/docs", "/healthz", "/readyz"]);

// An isolate's name and a counter: as unique as a random id for each request, and a tenth of its cost.
let isolate;
let requests = 0;

function nextRequestId() {
  isolate ??= crypto.randomUUID(); // not at start-up: randomness is refused there
  requests += 1;
  return `${isolate}-${requests}`;
}

function failed(requestId, error) {
  console.error(`request ${requestId} failed: ${error.message}`);
  return problem(500, "internal_error", "Something went wrong on our side", "Try again; the log tells more.", requestId);
}

async function general(request, env, ctx, requestId) {
  const answer = await callAsync((wasm) => wasm.fetch(request, env, ctx));
  const response = new Response(answer.body, answer);
  if (response.headers.has(SNAPSHOT_HEADER)) {
    await renew(env);
    response.headers.delete(SNAPSHOT_HEADER);
  }
  response.headers.set("x-request-id", requestId);
  return response;
}

// A plain object and plain functions: a class and an `async` here cost a redirect a tenth of its time.
export default {
  fetch(request, env, ctx) {
    const requestId = nextRequestId();
    const onError = (error) => failed(requestId, error);
    try {
      // `new URL` would cost as much as the rest of a redirect. The path starts behind `https://host`.
      const { url, method } = request;
      const start = url.indexOf("/", 8);
      const mark = url.indexOf("?", start);
      const path = mark < 0 ? url.slice(start) : url.slice(start, mark);
      const read = method === "GET" || method === "HEAD";
      if (read && !OWN.has(path) && isLink(path)) {
        const answer = redirect(request, env, ctx, path, mark < 0 ? "" : url.slice(mark + 1), requestId);
        return answer instanceof Promise ? answer.catch(onError) : answer;
      }
      const answer = read && isDocument(path)
        ? document(path, method, env, requestId)
        : general(request, env, ctx, requestId);
      return answer.catch(onError);
    } catch (error) {
      return onError(error);
    }
  },
};
