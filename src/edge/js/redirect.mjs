// The redirect's fast path: one call into Rust (src/edge/link.rs documents the result) and one Response. A link that the
// instance can decide by itself awaits nothing.
import { bytesOf, instance } from "./instance.mjs";
import { bring } from "./snapshot.mjs";

/** A link's path as Signpost writes it: a token or a slug. */
const LINK = /^\/(?:r\/([\w-]{32})|([a-z0-9][a-z0-9-]{2,39}))$/i;
/** The same for a path that may have been damaged. A damaged token is counted, and its visitor gets the landing page. */
const DAMAGED = /^\/(?:r\/([^/.]*)|([a-z0-9][a-z0-9-]{2,39}))$/i;
/**
 * What messengers, mail clients and people add to the end of a link, as it is or percent-encoded. Hyphens and underscores are
 * not in the list, because a token may end with one.
 */
const ADDED = "/.,)!?;:'\"]}>* ";
/** Paths that have the form of a slug but never lead to a link. A test compares them with src/domain/values/text.rs. */
const RESERVED = new Set([
  "callbacks", "connections", "docs", "openapi", "healthz", "readyz", "app", "apply", "embed", "sign-in", "odata", "oauth",
  "certificates", "surveys", "statements", "dub", "mcp", "dev", "assets", "static", "dashboard", "admin", "api", "install",
  "well-known", "robots", "favicon", "sitemap", "cdn-cgi",
]);
const COOKIE = "Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=";
/** The policy of src/documents/pages.rs. */
const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** Returns whether a percent-encoded character ends at a place of a path and is one that is added to links. */
function isEncodedAddition(path, end) {
  if (path[end - 3] !== "%") return false;
  const code = Number.parseInt(path.slice(end - 2, end), 16);
  return ADDED.includes(String.fromCharCode(code));
}

/** Returns the path without what was added to its end. A regular expression would take quadratic time for long paths. */
function trimmed(path) {
  const start = path.startsWith("/r/") ? 3 : 1;
  let end = path.length;
  while (end > start) {
    if (ADDED.includes(path[end - 1])) end -= 1;
    else if (isEncodedAddition(path, end)) end -= 3;
    else break;
  }
  return path.slice(0, end);
}

/** Returns the link that a path leads to, or `undefined`. Only a path that is not exactly a link is trimmed. */
export function linkOf(path) {
  const found = LINK.exec(path) ?? DAMAGED.exec(trimmed(path));
  if (found === null) return undefined;
  const [, token, typed] = found;
  if (token !== undefined) return { isToken: true, name: token };
  const slug = typed.toLowerCase();
  return RESERVED.has(slug) ? undefined : { isToken: false, name: slug };
}

/**
 * Returns whether the browser navigates to the link instead of loading it as part of a page. Browsers send both headers or
 * neither (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/); Node.js's `fetch` sends the mode alone.
 */
function isNavigation(headers) {
  const destination = headers.get("sec-fetch-dest");
  return destination === null || (destination === "document" && headers.get("sec-fetch-mode") === "navigate");
}

/** Returns the request as Rust parses it (src/domain/links/line.rs). No header and no URL contains a line feed. */
function lineOf(request, { isToken, name }, query) {
  const { headers } = request;
  const get = (header) => headers.get(header) ?? "";
  const flags = (request.method === "HEAD" ? "h" : "") + (get("sec-gpc").includes("1") ? "g" : "") + (isNavigation(headers) ? "" : "e") + (isToken ? "" : "s");
  const purpose = get("sec-purpose") + get("purpose") + get("x-moz") + get("x-purpose");
  // Without the platform in front (on a developer's machine) there is no address: all visitors share one.
  const ip = headers.get("cf-connecting-ip") ?? "local";
  const country = request.cf?.country ?? "";
  return `${Date.now()}\n${flags}\n${name}\n${country}\n${ip}\n${purpose}\n${get("user-agent")}\n${get("cookie")}\n${query}`;
}

/**
 * Returns the response to a method that no link takes. It is the same whether or not the link exists, so that it tells no more
 * than a visit does.
 */
export function refusedMethod(requestId) {
  const problem = instance().call((rust) => rust.link_method_problem());
  const headers = { "content-type": "application/problem+json", allow: "GET, HEAD", "x-request-id": requestId };
  return new Response(problem, { status: 405, headers });
}

/** Returns the response, or a promise of it if a store must be asked. */
export function redirect(request, env, ctx, link, query, requestId) {
  const line = lineOf(request, link, query);
  const current = instance();
  const outcome = current.call((rust) => {
    if (!current.isSeeded) {
      rust.seed(env.SIGNING_KEYS, env.DATA_KEY);
      current.isSeeded = true;
    }
    bring(current);
    return rust.redirect(bytesOf(line));
  });
  if (outcome !== "W") return respond(current, request, env, ctx, outcome, requestId);
  const found = current.start((rust, number) => rust.redirect_with_stores(number, env, line));
  const response = found.then((late) => respond(current, request, env, ctx, late, requestId));
  // The future must complete even if the client disconnects, because a future that is not polled again is never freed.
  ctx.waitUntil(response.catch(() => undefined));
  return response;
}

function respond(current, request, env, ctx, outcome, requestId) {
  const [how, location, cookie] = outcome.split("\n");
  if (how.length > 1) {
    // This must be the same instance, even if it has ended meanwhile, because it holds the clicks.
    const done = current.start((rust, number) => rust.redirect_follow_up(number, env, how.includes("c"), how.includes("r")));
    ctx.waitUntil(done.catch(() => undefined)); // failures are in the log
  }
  if (how.startsWith("E")) return failure(request, Number(location), cookie, requestId);
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

/** Returns the response to a visitor whose link leads nowhere: a page for browsers, the problem for programs. */
function failure(request, status, problem, requestId) {
  const { headers } = request;
  if (status !== 404 || !headers.get("accept")?.includes("text/html")) {
    return new Response(problem, { status, headers: { "content-type": "application/problem+json", "x-request-id": requestId } });
  }
  const page = instance().call((rust) => rust.dead_link_page(headers.get("accept-language") ?? ""));
  return new Response(page, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": PAGE_POLICY,
      "x-content-type-options": "nosniff",
      "cache-control": "no-store",
      "x-request-id": requestId,
    },
  });
}
