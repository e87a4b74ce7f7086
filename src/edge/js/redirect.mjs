// The redirect's fast path: one crossing into Rust (src/edge/link.rs says what the lines hold), one Response. Nothing is
// awaited for a link that the instance knows.
import { bytesOf, instance } from "./instance.mjs";
import { bring } from "./snapshot.mjs";

const SLUG = /^\/[a-z0-9][a-z0-9-]{2,39}$/;
const COOKIE = "Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=";

/** Whether a path has the form of a link. */
export const isLink = (path) => path.startsWith("/r/") || SLUG.test(path);

/** What the request tells, as Rust reads it. Each field is a header's value or a part of a URL, and none holds a line feed. */
function lineOf(request, path, query) {
  const { headers } = request;
  const get = (name) => headers.get(name) ?? "";
  const isToken = path.startsWith("/r/");
  const flags = (request.method === "HEAD" ? "h" : "") + (get("sec-gpc") === "1" ? "g" : "") + (isToken ? "" : "s");
  const purpose = get("sec-purpose") + get("purpose") + get("x-moz") + get("x-purpose");
  // Without the platform in front (on a developer's machine) there is no address: all visitors share one.
  const ip = headers.get("cf-connecting-ip") ?? "local";
  const name = path.slice(isToken ? 3 : 1);
  const country = request.cf?.country ?? "";
  return `${Date.now()}\n${flags}\n${name}\n${country}\n${ip}\n${purpose}\n${get("user-agent")}\n${get("cookie")}\n${query}`;
}

/** Answers a visitor: a Response, or a promise of one if a store must be asked. */
export function redirect(request, env, ctx, path, query, requestId) {
  const line = lineOf(request, path, query);
  const current = instance();
  const outcome = current.call((rust) => {
    if (!current.isSeeded) {
      rust.seed(env.SIGNING_KEYS, env.DATA_KEY);
      current.isSeeded = true;
    }
    bring(current);
    return rust.redirect(bytesOf(line));
  });
  if (outcome !== "W") return respond(current, env, ctx, outcome, requestId);
  const found = current.start((rust, number) => rust.redirect_with_stores(number, env, line));
  const response = found.then((late) => respond(current, env, ctx, late, requestId));
  // A client that hangs up must not stop the future: one that is never polled again is never freed.
  ctx.waitUntil(response.catch(() => undefined));
  return response;
}

function respond(current, env, ctx, outcome, requestId) {
  const [how, location, cookie] = outcome.split("\n");
  if (how.length > 1) {
    // In the same instance, even if it has ended meanwhile: it holds the clicks.
    const done = current.start((rust, number) => rust.redirect_follow_up(number, env, how.includes("c"), how.includes("r")));
    ctx.waitUntil(done.catch(() => undefined)); // what failed is in the log
  }
  if (how.startsWith("E")) {
    const headers = { "content-type": "application/problem+json", "x-request-id": requestId };
    return new Response(location, { status: 404, headers });
  }
  const headers = {
    location,
    "cache-control": "no-store",
    "referrer-policy": "no-referrer-when-downgrade",
    "x-request-id": requestId,
  };
  if (cookie !== "") {
    // Two headers of one name: names that differ in case are different keys, and Fetch appends each (§5.1, "fill"). A
    // list of pairs, or `append` on the response, costs a redirect several microseconds more.
    headers["set-cookie"] = `sp=${cookie}; ${COOKIE}Lax`;
    headers["Set-Cookie"] = `sp_x=${cookie}; ${COOKIE}None`;
  }
  return new Response(null, { status: 302, headers });
}
