// The redirect as a competent user would write it in TypeScript: Hono for HTTP, WebCrypto for the signatures, a Durable
// Object with SQLite for the clicks. Like Signpost's redirect, it verifies the link's token, mints and signs a click
// id, stores the visitor's last eight verified click ids in two cookies, responds 302, and then stores the click in a
// batch.
import { Hono } from "hono";
import { getCookie, setCookie } from "hono/cookie";
import { ClickLog } from "./clicklog";
import { record } from "./batches";
import { type Keys, importKeys, mintClickId, verifyClickId, verifyToken, visitorOf } from "./signing";

export { ClickLog };

export interface Env {
  SIGNING_KEY: string;
  DATA_KEY: string;
  /** JSON: listing number → URL. */
  LISTINGS: string;
  /** With "off", clicks are not stored. */
  STORE?: string;
  CLICKLOG: DurableObjectNamespace<ClickLog>;
}

const TRAIL = 8;
const CLICK_PARAM = "sp_click";
const COOKIE = { path: "/", maxAge: 34560000, secure: true, httpOnly: true } as const;
const BOT = /bot|crawl|spider|slurp|preview|curl|wget|python|facebookexternalhit|whatsapp\//i;

// Imported keys and parsed configuration are cached in the isolate.
let keys: Promise<Keys> | undefined;
let listings: Record<string, string> | undefined;

function deviceOf(agent: string): number {
  if (/iPad|Tablet|Android(?!.*Mobile)/.test(agent)) return 3;
  if (/Mobi|iPhone|Android/.test(agent)) return 2;
  return agent ? 1 : 0;
}

const app = new Hono<{ Bindings: Env }>();

app.get("/r/:token", async (c) => {
  const now = Date.now();
  const signing = await (keys ??= importKeys(c.env.SIGNING_KEY, c.env.DATA_KEY));
  const token = await verifyToken(signing, c.req.param("token"));
  listings ??= JSON.parse(c.env.LISTINGS) as Record<string, string>;
  const target = token && listings[token.listingNo];
  if (!token || !target || (token.expires !== 0 && now >= token.expires * 1000)) return c.notFound();

  const agent = c.req.header("user-agent") ?? "";
  const gpc = c.req.header("sec-gpc") === "1";
  const cookie = gpc ? undefined : (getCookie(c, "sp") ?? getCookie(c, "sp_x"));
  const earlier = cookie ? cookie.split(".").slice(-TRAIL) : [];
  const [visitor, verified] = await Promise.all([
    gpc ? null : visitorOf(signing, c.req.header("cf-connecting-ip") ?? "local", agent, now),
    Promise.all(earlier.map((id) => verifyClickId(signing, id))),
  ]);
  const trail = earlier.filter((_, index) => verified[index]);
  const country = ((c.req.raw.cf?.country as string | undefined) ?? "").slice(0, 2);
  const device = deviceOf(agent);
  const bot = agent === "" || BOT.test(agent);
  const shard = visitor ? Number.parseInt(visitor.slice(-1), 16) : now % 16;
  const id = await mintClickId(signing, { now, linkNo: token.linkNo, shard, country, device, bot, gpc });

  if (!gpc) {
    const value = [...trail.slice(1 - TRAIL), id].join(".");
    setCookie(c, "sp", value, { ...COOKIE, sameSite: "Lax" });
    setCookie(c, "sp_x", value, { ...COOKIE, sameSite: "None" });
  }
  c.header("cache-control", "no-store");
  c.header("referrer-policy", "no-referrer-when-downgrade");
  if (c.env.STORE !== "off") {
    record(c.env, c.executionCtx, shard, [
      id, now, token.linkNo, visitor, country, device, bot ? 2 : 0, trail.join("."),
    ]);
  }
  // The visitor's query is appended to the listing's unchanged.
  const mark = c.req.url.indexOf("?");
  const query = mark < 0 ? "" : `${c.req.url.slice(mark + 1)}&`;
  return c.redirect(`${target}${target.includes("?") ? "&" : "?"}${query}${CLICK_PARAM}=${id}`, 302);
});

export default app;
