// The Worker's entry: links are answered by one synchronous export (redirect.mjs), everything else by the `worker` crate's
// fetch (src/edge/fetch.rs).
import { instance } from "./instance.mjs";
import { isLink, redirect } from "./redirect.mjs";

export { ClickLog, Ledger } from "./objects.mjs";

/** Single segments that are no slugs. */
const OWN = new Set(["/docs", "/healthz", "/readyz"]);
/** The answer to a call that panicked: no instance is asked for it. A test compares it with src/api/problem.rs. */
const INTERNAL_ERROR =
  '{"type":"urn:signpost:problem:internal_error","title":"Something went wrong on our side","status":500,"detail":"Try again; the log tells more.","code":"internal_error"}';

instance(); // made at start-up, not while somebody waits

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
  const headers = { "content-type": "application/problem+json", "x-request-id": requestId };
  return new Response(INTERNAL_ERROR, { status: 500, headers });
}

/** Answers whatever is no link. */
function other(request, env, ctx, requestId) {
  ctx.requestId = requestId; // for the log
  const response = instance().start((rust, number) => {
    ctx.call = number; // `guard::call_of` reads it
    return rust.fetch(request, env, ctx);
  });
  // A client that hangs up must not stop the future: one that is never polled again is never freed.
  ctx.waitUntil(response.catch(() => undefined));
  return response.then((made) => {
    made.headers.set("x-request-id", requestId);
    return made;
  });
}

// A plain object and plain functions: a class and an `async` here cost a redirect a tenth of its time.
export default {
  fetch(request, env, ctx) {
    const requestId = nextRequestId();
    const onError = (error) => failed(requestId, error);
    try {
      // `new URL` would cost as much as the rest of a redirect. The path starts behind `https://host`.
      const { url, method } = request;
      const from = url.indexOf("/", 8);
      const mark = url.indexOf("?", from);
      const path = mark < 0 ? url.slice(from) : url.slice(from, mark);
      const isRead = method === "GET" || method === "HEAD";
      if (isRead && !OWN.has(path) && isLink(path)) {
        const response = redirect(request, env, ctx, path, mark < 0 ? "" : url.slice(mark + 1), requestId);
        return response instanceof Promise ? response.catch(onError) : response;
      }
      return other(request, env, ctx, requestId).catch(onError);
    } catch (error) {
      return onError(error);
    }
  },
};
