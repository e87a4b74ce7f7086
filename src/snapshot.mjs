// What an isolate knows of the programme: the snapshot that the Ledger writes to KV. It is refreshed behind the
// visitors' backs; a redirect waits for it only when it meets a number that it has never seen.
import { bytesOf, call, epoch } from "./instance.mjs";
import { LEDGER_NAME } from "./objects.mjs";
import { inTime } from "./patience.mjs";

/** A snapshot older than this is fetched again in the background. With KV's own minute, changes spread in 2 minutes. */
const REFRESH_MS = 15_000;
/** KV may answer from its cache for so long (the least it takes). */
const KV_CACHE_SECONDS = 30;
/** A visitor waits so long for a store at most. */
const BUDGET_MS = 300;
/** Nobody waits for these, or somebody who changed the programme does. */
const PATIENCE_MS = 5_000;
/** "Not known" is believed for so long. */
const NEGATIVE_MS = 5_000;
/** Slugs that KV does not know and that the Ledger is asked for, a second and isolate. */
const STRANGE_SLUGS_A_SECOND = 20;
/** Entries of a memory at most; a full one is emptied. */
const MEMORY = 5_000;

const NOTHING = '{"version":0,"click_param":"sp_click","landing_url":null,"max_link_no":0,"listings":{},"blocked":[]}';

let text = NOTHING;
let version = -1; // of `text`; below 0 = no store has been heard yet
let askedAt = 0;
let seededText;
let seededEpoch = -1;
const slugs = new Map(); // slug → {token, until}; a slug never changes its link
let strange = { second: 0, slugs: 0 }; // slugs that the Ledger was asked for
const strangers = new Map(); // link number → time until which nobody knows it

const ledger = (env) => env.LEDGER.getByName(LEDGER_NAME);

/** What a store says, or undefined if it fails or takes longer than a visitor waits. */
async function attempt(body) {
  try {
    return await inTime(BUDGET_MS, body());
  } catch (error) {
    console.warn(`a store failed a redirect: ${error.message}`);
    return undefined;
  }
}

/** Takes a snapshot in, unless a newer one is known: KV may lag behind what the Ledger said. */
function adopt(candidate) {
  if (typeof candidate !== "string" || candidate === text) return;
  try {
    const found = JSON.parse(candidate).version;
    if (!(found > version)) return;
    version = found;
    text = candidate;
  } catch (error) {
    console.error(`a snapshot is no JSON: ${error.message}`);
  }
}

function remember(memory, key, value) {
  if (memory.size >= MEMORY) memory.clear();
  memory.set(key, value);
}

/** Asks Rust with the newest snapshot and the keys in place, whatever happened to the instance. */
export function ask(env, line) {
  return call((wasm) => {
    if (seededEpoch !== epoch) {
      wasm.seed(env.SIGNING_KEYS, env.DATA_KEY, text);
      seededEpoch = epoch;
      seededText = text;
    } else if (seededText !== text) {
      wasm.renew(text);
      seededText = text;
    }
    return wasm.redirect(bytesOf(line));
  });
}

/** Whether a store must be asked before anything can be answered. */
export const isUnknown = () => version < 0;

/** The first snapshot of the isolate: from KV, else from the Ledger, else none for a while. */
export async function load(env, now) {
  adopt(await attempt(() => env.KV.get("snapshot")));
  if (version < 0) adopt(await attempt(() => ledger(env).snapshot()));
  askedAt = now;
}

/** Fetches the snapshot in the background if it has become old. */
export function refresh(env, ctx, now) {
  if (now - askedAt < REFRESH_MS) return;
  askedAt = now;
  ctx.waitUntil(fetchBehind(env));
}

async function fetchBehind(env) {
  try {
    adopt(await inTime(PATIENCE_MS, env.KV.get("snapshot", { cacheTtl: KV_CACHE_SECONDS })));
  } catch (error) {
    console.warn(`the snapshot was not refreshed: ${error.message}`);
  }
}

/** A link number that the snapshot does not know: KV may know better, else the Ledger does. */
export async function meet(env, linkNo, now, knows) {
  if ((strangers.get(linkNo) ?? 0) > now) return;
  adopt(await attempt(() => env.KV.get("snapshot")));
  if (knows()) return;
  adopt(await attempt(() => ledger(env).snapshot()));
  if (!knows()) remember(strangers, linkNo, now + NEGATIVE_MS);
}

/** A link's own path; undefined if no store could tell. */
export async function pathOf(env, linkNo) {
  return (await attempt(() => env.KV.get(`path/${linkNo}`))) ?? (await attempt(() => ledger(env).path(linkNo)));
}

/** The token behind a slug that was met before; null if no link has it, undefined if a store must be asked. */
export function knownToken(slug, now) {
  const known = slugs.get(slug);
  return known !== undefined && known.until > now ? known.token : undefined;
}

/** The token behind a slug; null if no link has it, undefined if no store could tell. */
export async function tokenOf(env, slug, now) {
  let found = await attempt(() => env.KV.get(`slug/${slug}`));
  if (found === null || found === undefined) {
    // Whoever tries names at random must not keep the one Ledger busy: past a rate, KV's word is taken.
    if (!mayAskLedger(now)) return found;
    found = await attempt(async () => (await ledger(env).slug(slug)) ?? null);
  }
  if (found === undefined) return undefined;
  const token = found === null ? null : JSON.parse(found).token;
  remember(slugs, slug, { token, until: token === null ? now + NEGATIVE_MS : Infinity });
  return token;
}

function mayAskLedger(now) {
  const second = Math.floor(now / 1000);
  if (strange.second !== second) strange = { second, slugs: 0 };
  strange.slugs += 1;
  return strange.slugs <= STRANGE_SLUGS_A_SECOND;
}

/** After a change that went through this isolate: it holds here at once. */
export async function renew(env) {
  slugs.clear();
  strangers.clear();
  try {
    adopt(await inTime(PATIENCE_MS, ledger(env).snapshot()));
  } catch (error) {
    console.warn(`the snapshot was not renewed: ${error.message}`);
  }
}
