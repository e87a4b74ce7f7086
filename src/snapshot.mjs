// What an isolate knows of the programme: the snapshot that the Ledger writes to KV. It is refreshed behind the
// visitors' backs; a redirect waits for it only when it meets a number that it has never seen.
import { call, epoch } from "./instance.mjs";
import { LEDGER_NAME } from "./objects.mjs";

/** A snapshot older than this is fetched again in the background. With KV's own minute, changes spread in 2 minutes. */
const REFRESH_MS = 15_000;
/** KV may answer from its cache for so long (the least it takes). */
const KV_CACHE_SECONDS = 30;
/** A visitor waits so long for a store at most. */
const BUDGET_MS = 300;
/** "Not known" is believed for so long. */
const NEGATIVE_MS = 5_000;
/** Entries of a memory at most; a full one is emptied. */
const MEMORY = 5_000;

const NOTHING = '{"version":0,"click_param":"sp_click","landing_url":null,"max_link_no":0,"listings":{},"blocked":[]}';

let text = NOTHING;
let version = -1; // of `text`; below 0 = no store has been heard yet
let askedAt = 0;
let seededText;
let seededEpoch = -1;
const slugs = new Map(); // slug → {token, until}; a slug never changes its link
const strangers = new Map(); // link number → time until which nobody knows it

/** Resolves to the promise's value, or to undefined once the budget is spent or if it fails. */
async function within(promise) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, BUDGET_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } catch (error) {
    console.warn(`a store failed a redirect: ${error.message}`);
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

const ledger = (env) => env.LEDGER.getByName(LEDGER_NAME);
const attempt = (body) => within(Promise.resolve().then(body));

/** Takes a snapshot in, unless a newer one is known: KV may lag behind what the Ledger said. */
function adopt(candidate) {
  const found = candidate && /^\{"version":(\d+)/.exec(candidate);
  if (!found || Number(found[1]) <= version) return;
  version = Number(found[1]);
  text = candidate;
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
    return wasm.redirect(line);
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
  const fetching = env.KV.get("snapshot", { cacheTtl: KV_CACHE_SECONDS });
  ctx.waitUntil(fetching.then(adopt, (error) => console.warn(`the snapshot was not refreshed: ${error.message}`)));
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

/** The token behind a slug; null if no link has it, undefined if no store could tell. */
export async function tokenOf(env, slug, now) {
  const known = slugs.get(slug);
  if (known && known.until > now) return known.token;
  let answered = true;
  const found =
    (await attempt(() => env.KV.get(`slug/${slug}`))) ??
    (await attempt(async () => (await ledger(env).slug(slug)) ?? null).then((value) => {
      answered = value !== undefined;
      return value;
    }));
  const token = found ? JSON.parse(found).token : null;
  if (!answered) return undefined;
  remember(slugs, slug, { token, until: token ? Infinity : now + NEGATIVE_MS });
  return token;
}

/** After a change that went through this isolate: it holds here at once. */
export async function renew(env) {
  slugs.clear();
  strangers.clear();
  try {
    adopt(await ledger(env).snapshot());
  } catch (error) {
    console.warn(`the snapshot was not renewed: ${error.message}`);
  }
}
