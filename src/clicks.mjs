// Clicks on their way from an isolate to the ClickLog objects. Clicks that arrive together travel together: the first
// request of a batch carries the others', because Workers forbids input and output on another request's behalf.
import { SHARDS } from "./objects.mjs";
import { inTime } from "./patience.mjs";

/**
 * A batch waits so long for company. A call to an object costs as much as several redirects, so company pays; but a
 * click that waits is not stored yet, and is lost if the machine fails.
 */
const GATHER_MS = 16;
/** A batch of more shards than these goes to one object, which passes it on with later ones (`take` in objects.mjs). */
const DIRECT_SHARDS = 2;
/** Clicks of a batch at most. */
const BATCH = 1_000;
/** A batch that its carrier has not picked up by then lost it (the request was ended); the next click takes it over. */
const ABANDONED_MS = 1_000;
/** Clicks on their way at most. Beyond that the objects are down, and the isolate's memory is what is at stake. */
const ON_THE_WAY = 50_000;
/** An object that has not answered by then is asked again. It takes a repeated click once. */
const ANSWER_MS = 5_000;
/** Pauses between tries. */
const RETRY_MS = [50, 200, 1_000, 4_000];

let gathering = null; // {since, count, shards: shard → clicks}
let onTheWay = 0;
let lost = 0;
let intake; // name of the object that takes this isolate's batches

/** Stores a click after the answer. */
export function record(env, ctx, shard, click, now) {
  if (onTheWay >= ON_THE_WAY) return lose(1, "too many are on their way");
  onTheWay += 1;
  const abandoned = gathering !== null && now - gathering.since >= ABANDONED_MS;
  if (gathering === null || abandoned) {
    gathering = { since: now, count: gathering?.count ?? 0, shards: gathering?.shards ?? new Map() };
    ctx.waitUntil(carry(env, gathering));
  }
  const { shards } = gathering;
  const clicks = shards.get(shard);
  if (clicks === undefined) shards.set(shard, [click]);
  else clicks.push(click);
  gathering.count += 1;
  if (gathering.count >= BATCH) gathering = null; // its carrier has it; the next click starts another
}

async function carry(env, batch) {
  await scheduler.wait(GATHER_MS);
  if (gathering === batch) gathering = null;
  if (batch.shards.size > DIRECT_SHARDS && (await handOver(env, batch))) return;
  await Promise.all(Array.from(batch.shards, ([shard, clicks]) => deliver(env, shard, clicks)));
}

/** Stores a batch in the isolate's object; false if it may not have been stored. A shard takes a repeated click once. */
async function handOver(env, { count, shards }) {
  const byShard = Array.from(shards, ([shard, clicks]) => `"${shard}":[${clicks.join()}]`);
  intake ??= String(Math.floor(Math.random() * SHARDS)); // isolates spread over the objects
  try {
    await inTime(ANSWER_MS, env.CLICKLOG.getByName(intake).take(`{${byShard.join()}}`));
  } catch (error) {
    console.warn(`a batch of clicks goes to its shards one by one: ${error.message}`);
    return false;
  }
  onTheWay -= count;
  return true;
}

async function deliver(env, shard, clicks) {
  const records = `[${clicks.join()}]`;
  for (let tried = 0; ; tried += 1) {
    try {
      await inTime(ANSWER_MS, env.CLICKLOG.getByName(String(shard)).append(records));
      break;
    } catch (error) {
      if (tried === RETRY_MS.length) {
        lose(clicks.length, error.message);
        break;
      }
      await scheduler.wait(RETRY_MS[tried]);
    }
  }
  onTheWay -= clicks.length;
}

/** Counts what could not be stored. The log gets a line at the first, and at each doubling. */
function lose(count, why) {
  const before = lost;
  lost += count;
  if (Math.clz32(lost) < Math.clz32(before)) console.error(`${lost} clicks of this isolate were not stored so far: ${why}`);
}
