// Keys and certificates that vendors publish. Which documents a callback needs is decided in Rust
// (src/marketplace/published.rs), against configured addresses and allow-lists; here they are fetched and kept: in the
// isolate, and in KV for the others.
import { attempt } from "./outgoing.mjs";
import { inTime } from "./patience.mjs";

/** A document is believed for at least so long, whatever its vendor says: or each callback would fetch it. */
const LEAST_FRESH_MS = 60_000;
/** … and for no longer than this: a key that was withdrawn must go. */
const MOST_FRESH_MS = 24 * 3_600_000;
/** Where the vendor says nothing. */
const FRESH_MS = 3_600_000;
/** A vendor that is down does not stop its callbacks: an old document serves for so long beyond its time, unless the
 *  vendor forbids it. */
const STALE_MS = 24 * 3_600_000;
/** A document is asked for anew no more often than this, however many callbacks name a key that it does not have: they
 *  may be anybody's. */
const RENEWAL_MS = 60_000;
/** "There is no such document" is believed for so long. */
const ABSENT_MS = 60_000;
/** A vendor that did not answer, and of whom nothing is known, is asked again after this. */
const DOWN_MS = 5_000;
/** Documents that an isolate keeps at most: some messages name their own. */
const KEPT = 100;
/** KV forgets sooner than an answer could have to wait. */
const KV_MS = 2_000;

const kept = new Map(); // url → {text, absent, fetched, fresh, stale, asked}: Unix milliseconds

/** How long an answer is fresh, and how long it may be used beyond that, milliseconds (RFC 9111 §5.2, RFC 5861 §4). */
export function lifetimes(headers) {
  const directives = (headers.get("cache-control") ?? "").toLowerCase().split(",").map((part) => part.trim());
  const seconds = (name) => {
    const [, digits] = directives.map((part) => /^([a-z-]+)="?(\d{1,10})"?$/.exec(part)?.slice(1)).find((it) => it?.[0] === name) ?? [];
    return digits === undefined ? undefined : Number(digits);
  };
  const said = (...names) => names.some((name) => directives.includes(name));
  const age = Number(/^\d{1,10}$/.exec(headers.get("age") ?? "")?.[0] ?? 0);
  const told = said("no-store", "no-cache") ? 0 : seconds("max-age");
  const fresh = told === undefined ? FRESH_MS : (told - age) * 1_000;
  const stale = seconds("stale-if-error");
  return {
    fresh: Math.min(Math.max(fresh, LEAST_FRESH_MS), MOST_FRESH_MS),
    stale: said("must-revalidate", "no-store", "no-cache") ? 0 : Math.min(stale === undefined ? STALE_MS : stale * 1_000, STALE_MS),
  };
}

/** Unix milliseconds from which on a document may be asked for anew. */
const again = ({ asked = 0, fetched }) => Math.max(asked, fetched) + RENEWAL_MS;

function keep(url, entry) {
  kept.delete(url);
  kept.set(url, entry);
  if (kept.size > KEPT) kept.delete(kept.keys().next().value);
  return entry;
}

const keyOf = (url) => `published/${url}`;

/** What another isolate left in KV, if it is newer than `known`. KV may be down: then there is nothing. */
async function fromKv(env, url, known) {
  try {
    const entry = await inTime(KV_MS, env.KV.get(keyOf(url), "json"));
    return entry && entry.fetched > (known?.fetched ?? 0) ? keep(url, { ...entry, asked: known?.asked }) : undefined;
  } catch (error) {
    console.warn(`KV has no keys to give: ${error.message}`);
    return undefined;
  }
}

async function toKv(env, url, entry) {
  const seconds = Math.ceil((entry.stale - entry.fetched) / 1_000);
  try {
    await env.KV.put(keyOf(url), JSON.stringify(entry), { expirationTtl: seconds });
  } catch (error) {
    console.warn(`KV takes no keys: ${error.message}`);
  }
}

/** Asks the vendor; undefined if it does not answer. */
async function fromVendor(url, requestId) {
  let failure;
  try {
    const { status, body, headers } = await attempt({ method: "GET", url, headers: [["accept", "*/*"]], body: "" });
    const fetched = Date.now();
    if (status === 404 || status === 410) {
      return { text: null, absent: true, fetched, fresh: fetched + ABSENT_MS, stale: fetched + ABSENT_MS };
    }
    if (status === 200) {
      const { fresh, stale } = lifetimes(headers);
      return { text: body, absent: false, fetched, fresh: fetched + fresh, stale: fetched + fresh + stale };
    }
    failure = `it answers ${status}`;
  } catch (error) {
    failure = error.message;
  }
  console.warn(`request ${requestId}: keys of ${new URL(url).host}: ${failure}`);
  return undefined;
}

/**
 * A document: `{url, text, absent, newest}` (`Document` in src/marketplace/published.rs). `take` says whether one more
 * call may be made.
 */
async function documentAt(env, ctx, { url, newer }, requestId, take) {
  const now = Date.now();
  const shown = (entry, newest) => ({ url, text: entry?.text ?? null, absent: entry?.absent ?? false, newest });
  let entry = kept.get(url);
  const isRecent = () => entry !== undefined && now < again(entry);
  if (entry && now < entry.fresh && (!newer || isRecent())) return shown(entry, isRecent());
  const there = await fromKv(env, url, entry);
  // If its keys are not enough either, it is asked for once more.
  if (there && now < there.fresh) return shown((entry = there), isRecent());
  entry = there ?? entry;
  const usable = entry && now < entry.stale ? entry : undefined;
  if (isRecent() || !take()) return shown(usable, true);
  const fetched = await fromVendor(url, requestId);
  if (fetched) {
    if (!fetched.absent) ctx.waitUntil(toKv(env, url, fetched));
    return shown(keep(url, fetched), true);
  }
  // Or a vendor that is down would be asked at each callback.
  const asked = usable ? now : now + DOWN_MS - RENEWAL_MS;
  keep(url, { ...(entry ?? { text: null, absent: false, fetched: 0, fresh: 0, stale: 0 }), asked });
  return shown(usable, true);
}

/** The documents that are wanted (`Wanted` in src/marketplace/published.rs). */
export function documents(env, ctx, wanted, requestId, take) {
  return Promise.all(wanted.map((one) => documentAt(env, ctx, one, requestId, take)));
}
