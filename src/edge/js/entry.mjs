// The Worker's entry. Links are handled by one synchronous export (redirect.mjs), everything else by the `worker`
// crate's fetch (src/edge/fetch.rs).
import { instance } from "./instance.mjs";
import { linkOf, redirect, refusedMethod } from "./redirect.mjs";

export { ClickLog, Destination, Ledger, Relay, Simulation } from "./objects.mjs";

/**
 * The response to a call that panicked, which must not need an instance. A test compares it with
 * src/api/http/problems.rs.
 */
const INTERNAL_ERROR =
  '{"type":"urn:signpost:problem:internal_error","title":"Something went wrong on our side","status":500,"detail":"Try again; the log tells more.","code":"internal_error"}';

instance(); // created at start-up, so that no request waits for it

// A request id is a random id of the isolate and a counter. It is as unique as a random id per request at a tenth of
// the cost.
let isolateId;
let requests = 0;

function nextRequestId() {
  isolateId ??= crypto.randomUUID(); // not at start-up, where the platform forbids randomness
  requests += 1;
  return `${isolateId}-${requests}`;
}

function failed(requestId, error) {
  console.error(`request ${requestId} failed: ${error.message}`);
  const headers = { "content-type": "application/problem+json", "x-request-id": requestId };
  return new Response(INTERNAL_ERROR, { status: 500, headers });
}

/** Handles a request that is not for a link. */
function handle(request, env, ctx, requestId) {
  ctx.requestId = requestId; // the log contains it
  const response = instance().start((rust, number) => {
    ctx.call = number; // `guard::call_of` reads it
    return rust.fetch(request, env, ctx);
  });
  // The future must complete even if the client disconnects, because a future that is not polled again is never freed.
  ctx.waitUntil(response.catch(() => undefined));
  return response.then((result) => {
    result.headers.set("x-request-id", requestId);
    return result;
  });
}

// This is a plain object with plain functions, because a class and an `async` here cost a redirect a tenth of its time.
export default {
  fetch(request, env, ctx) {
    const requestId = nextRequestId();
    const onError = (error) => failed(requestId, error);
    try {
      // The URL is split by hand, because `new URL` would cost as much as the rest of a redirect. The path starts after
      // `https://host`.
      const { url, method } = request;
      const from = url.indexOf("/", 8);
      const mark = url.indexOf("?", from);
      const path = mark < 0 ? url.slice(from) : url.slice(from, mark);
      const link = linkOf(path);
      if (link !== undefined) {
        if (method !== "GET" && method !== "HEAD") return refusedMethod(requestId);
        const response = redirect(request, env, ctx, link, mark < 0 ? "" : url.slice(mark + 1), requestId);
        return response instanceof Promise ? response.catch(onError) : response;
      }
      return handle(request, env, ctx, requestId).catch(onError);
    } catch (error) {
      return onError(error);
    }
  },
};
