// Clicks on their way from an isolate to the ClickLog objects. Clicks that arrive together travel together: the first
// request of a batch carries the others', because Workers forbids input and output on another request's behalf.

/** A batch waits so long for company. Short, because a click on its way is not stored yet. */
const GATHER_MS = 8;
/** Records of a batch at most. */
const BATCH = 500;
/** Pauses between tries; the shard takes a repeated click once. */
const RETRY_MS = [50, 200, 1_000, 4_000];

const batches = Array.from({ length: 16 }, () => null);
let lost = 0;

/** Stores a click after the answer. */
export function record(env, ctx, shard, click) {
  const open = batches[shard];
  if (open) {
    open.push(click);
    if (open.length >= BATCH) batches[shard] = null; // its carrier has it; the next click starts another
    return;
  }
  const batch = [click];
  batches[shard] = batch;
  ctx.waitUntil(carry(env, shard, batch));
}

async function carry(env, shard, batch) {
  await scheduler.wait(GATHER_MS);
  if (batches[shard] === batch) batches[shard] = null;
  const records = `[${batch.join()}]`;
  for (let tried = 0; ; tried += 1) {
    try {
      await env.CLICKLOG.getByName(String(shard)).append(records);
      return;
    } catch (error) {
      if (tried === RETRY_MS.length) {
        lost += batch.length;
        console.error(`${batch.length} clicks were not stored (${lost} in this isolate so far): ${error.message}`);
        return;
      }
      await scheduler.wait(RETRY_MS[tried]);
    }
  }
}
