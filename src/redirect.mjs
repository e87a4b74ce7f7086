// The redirect's fast path: one crossing into Rust (domain/guide.rs says what the lines hold), one Response. Nothing
// is awaited for a link that the isolate knows.
import { record } from "./clicks.mjs";
import { ask, isUnknown, knownToken, load, meet, pathOf, refresh, tokenOf } from "./snapshot.mjs";
import { problem } from "./problem.mjs";

const SLUG = /^\/[a-z0-9][a-z0-9-]{2,39}$/;
const COOKIE = "Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=";

/** Whether a path is a link of ours, by its form. */
export const isLink = (path) => path.startsWith("/r/") || SLUG.test(path);

const notFound = (detail, requestId) => problem("not_found", detail, requestId);

/** What the request tells, as Rust reads it: only a header's value or a URL's part ever stands in a field, and none
 *  holds a line feed. */
class Visit {
  constructor(request, query, now) {
    const { headers } = request;
    const get = (name) => headers.get(name) ?? "";
    const purpose = get("sec-purpose") + get("purpose") + get("x-moz") + get("x-purpose");
    // Without the platform in front (on a developer's machine) there is no address: all visitors share one.
    const ip = headers.get("cf-connecting-ip") ?? "local";
    this.now = now;
    this.flags = (request.method === "HEAD" ? "h" : "") + (get("sec-gpc") === "1" ? "g" : "");
    this.rest = `${request.cf?.country ?? ""}\n${ip}\n${purpose}\n${get("user-agent")}\n${get("cookie")}\n${query}`;
  }

  /** The line for a token; `fresh` says that the snapshot is the newest there is. */
  line(token, path = "", fresh = "") {
    return `${this.now}\n${this.flags}${fresh}\n${token}\n${path}\n${this.rest}`;
  }
}

/** Answers a visitor: a Response, or a promise of one if a store must be asked. */
export function redirect(request, env, ctx, path, query, requestId) {
  const visit = new Visit(request, query, Date.now());
  const token = path.startsWith("/r/") ? path.slice(3) : knownToken(path.slice(1), visit.now);
  if (token === null) return notFound("No link has this name.", requestId);
  if (token === undefined || isUnknown()) return inquire(env, ctx, visit, path, token, requestId);
  refresh(env, ctx, visit.now);
  const outcome = ask(env, visit.line(token));
  if (!outcome.startsWith("A")) return explore(env, ctx, visit, token, outcome, requestId);
  return answer(env, ctx, visit, outcome, requestId);
}

/** The isolate does not know the programme, or this slug. */
async function inquire(env, ctx, visit, path, known, requestId) {
  if (isUnknown()) await load(env, visit.now);
  // Nobody can say where any link leads, or where those go that lead nowhere. Not counted: it may be a good one.
  if (isUnknown()) return notFound("No store can tell at the moment. Try again.", requestId);
  const token = known ?? (await tokenOf(env, path.slice(1), visit.now));
  if (token === null) return notFound("No link has this name.", requestId);
  // A slug that no store could tell of is led to the landing page, as any link is that leads nowhere.
  return explore(env, ctx, visit, token ?? "", ask(env, visit.line(token ?? "")), requestId);
}

/** Rust lacks something: the newest snapshot (S), the link's path (P), or first the one and then the other. */
async function explore(env, ctx, visit, token, first, requestId) {
  let outcome = first;
  let path = "";
  let fresh = "";
  for (let asked = 0; !outcome.startsWith("A") && asked < 2; asked += 1) {
    const linkNo = Number(outcome.slice(2));
    if (outcome.startsWith("S")) {
      await meet(env, linkNo, visit.now, () => !ask(env, visit.line(token, path)).startsWith("S"));
      fresh = "f";
    } else {
      path = (await pathOf(env, linkNo)) ?? "-";
    }
    outcome = ask(env, visit.line(token, path, fresh));
  }
  return answer(env, ctx, visit, outcome, requestId);
}

function answer(env, ctx, visit, outcome, requestId) {
  const [, location, cookie, shard, click] = outcome.split("\n");
  record(env, ctx, Number(shard), click, visit.now);
  if (location === "") return notFound("The link leads nowhere, and no landing page is set.", requestId);
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
