// The Worker's entry: links are answered by the fast path (redirect.mjs), everything else by the general one (api.mjs).
import { general } from "./api.mjs";
import { callback, isCallback } from "./callbacks.mjs";
import { document, isDocument } from "./documents.mjs";
import { problem } from "./problem.mjs";
import { isLink, redirect } from "./redirect.mjs";

export { ClickLog, Ledger } from "./objects.mjs";

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
  return problem("internal_error", "Try again; the log tells more.", requestId);
}

/** Whatever is no link. */
function other(request, env, ctx, path, requestId) {
  if (isCallback(path)) return callback(request, env, ctx, requestId);
  const read = request.method === "GET" || request.method === "HEAD";
  return read && isDocument(path) ? document(path, request.method, env, requestId) : general(request, env, requestId);
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
      return other(request, env, ctx, path, requestId).catch(onError);
    } catch (error) {
      return onError(error);
    }
  },
};
