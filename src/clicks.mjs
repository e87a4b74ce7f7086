// Clicks on their way from an isolate to the ClickLog objects. Clicks that arrive together travel together: the first
// request of a batch carries the others', because Workers forbids input and output on another request's behalf.
import { inTime } from "./patience.mjs";

/** A batch waits so long for company. Short, because a click on its way is not stored yet. */
const GATHER_MS = 16;
/** Clicks of a batch at most. */
const BATCH = 500;
/** A batch that its carrier has not picked up by then lost it (the request was ended); the next click takes it over. */
const ABANDONED_MS = 1_000;
/** Clicks on their way at most. Beyond that the objects are down, and the isolate's memory is what is at stake. */
const ON_THE_WAY = 50_000;
/** An object that has not answered by then is asked again. It takes a repeated click once. */
const ANSWER_MS = 5_000;
/** Pauses between tries. */
const RETRY_MS = [50, 200, 1_000, 4_000];

/** By shard: the batch that gathers, `{clicks, since}`. */
const gathering = Array.from({ length: 16 }, () => null);
let onTheWay = 0;
let lost = 0;

/** Stores a click after the answer. */
export function record(env, ctx, shard, click, now) {
  if (onTheWay >= ON_THE_WAY) return lose(1, "too many are on their way");
  onTheWay += 1;
  const open = gathering[shard];
  if (open !== null) {
    open.clicks.push(click);
    if (open.clicks.length < BATCH && now - open.since < ABANDONED_MS) return;
    if (now - open.since < ABANDONED_MS) {
      gathering[shard] = null; // full: its carrier has it, the next click starts another
      return;
    }
  }
  const batch = { clicks: open?.clicks ?? [click], since: now };
  gathering[shard] = batch;
  ctx.waitUntil(carry(env, shard, batch));
}

async function carry(env, shard, batch) {
  await scheduler.wait(GATHER_MS);
  if (gathering[shard] === batch) gathering[shard] = null;
  const { clicks } = batch;
  const records = `[${clicks.join()}]`;
  for (let tried = 0; ; tried += 1) {
    try {
      await inTime(ANSWER_MS, env.CLICKLOG.getByName(String(shard)).append(records));
      onTheWay -= clicks.length;
      return;
    } catch (error) {
      if (tried === RETRY_MS.length) {
        onTheWay -= clicks.length;
        lose(clicks.length, error.message);
        return;
      }
      await scheduler.wait(RETRY_MS[tried]);
    }
  }
}

/** Counts what could not be stored. The log gets a line at the first, and at each doubling. */
function lose(count, why) {
  const before = lost;
  lost += count;
  if (Math.clz32(lost) < Math.clz32(before)) console.error(`${lost} clicks of this isolate were not stored so far: ${why}`);
}
