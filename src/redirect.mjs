// The redirect's fast path: one crossing into Rust (domain/guide.rs says what the lines hold), one Response.
import { record } from "./clicks.mjs";
import { ask, isUnknown, load, meet, pathOf, refresh, tokenOf } from "./snapshot.mjs";
import { problem } from "./problem.mjs";

const SLUG = /^[a-z0-9][a-z0-9-]{2,39}$/;
const COOKIE = "Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=";

/** Whether a path is a link of ours, by its form. */
export const isLink = (path) => path.startsWith("/r/") || SLUG.test(path.slice(1));

/** Joins what Rust reads; only a header's value or a URL's part ever stands in a field, and none holds a line feed. */
function line(request, query, now) {
  const { headers } = request;
  const get = (name) => headers.get(name) ?? "";
  const purpose = get("sec-purpose") + get("purpose") + get("x-moz") + get("x-purpose");
  const flags = (request.method === "HEAD" ? "h" : "") + (headers.get("sec-gpc") === "1" ? "g" : "");
  // Without the platform in front (on a developer's machine) there is no address: all visitors share one.
  const ip = headers.get("cf-connecting-ip") ?? "local";
  const rest = `${request.cf?.country ?? ""}\n${ip}\n${purpose}\n${get("user-agent")}\n${get("cookie")}\n${query}`;
  return (token, more = "", path = "") => `${now}\n${flags}${more}\n${token}\n${path}\n${rest}`;
}

function respond(location, cookie, requestId) {
  if (!location) return problem(404, "not_found", "There is no such thing here", "No landing page is set.", requestId);
  const headers = [
    ["location", location],
    ["cache-control", "no-store"],
    ["referrer-policy", "no-referrer-when-downgrade"],
    ["x-request-id", requestId],
  ];
  if (cookie) headers.push(["set-cookie", `sp=${cookie}; ${COOKIE}Lax`], ["set-cookie", `sp_x=${cookie}; ${COOKIE}None`]);
  return new Response(null, { status: 302, headers });
}

/** Answers a visitor. */
export async function redirect(request, { env, ctx }, path, query, requestId) {
  const now = Date.now();
  if (isUnknown()) await load(env, now);
  else refresh(env, ctx, now);
  const of = line(request, query, now);
  let token = path.startsWith("/r/") ? path.slice(3) : undefined;
  if (token === undefined) {
    token = await tokenOf(env, path.slice(1), now);
    if (token === null) return problem(404, "not_found", "There is no such thing here", "No link has this name.", requestId);
    token ??= ""; // no store could tell: led to the landing page like any unknown link
  }
  let outcome = ask(env, of(token));
  let path_ = "";
  let fresh = "";
  for (let asked = 0; !outcome.startsWith("A") && asked < 2; asked += 1) {
    const linkNo = Number(outcome.slice(2));
    if (outcome.startsWith("S")) {
      await meet(env, linkNo, now, () => !ask(env, of(token, "", path_)).startsWith("S"));
      fresh = "f";
    } else {
      path_ = (await pathOf(env, linkNo)) ?? "-";
    }
    outcome = ask(env, of(token, fresh, path_));
  }
  const [, location, cookie, shard, ...rest] = outcome.split("\n");
  record(env, ctx, Number(shard), rest.join("\n"));
  return respond(location, cookie, requestId);
}
