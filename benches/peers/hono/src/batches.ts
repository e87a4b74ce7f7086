// Clicks that arrive together travel together, as in Signpost (src/clicks.mjs): without this, each click would be a
// call to a Durable Object of its own.
import type { Env } from "./index";

const GATHER_MS = 8;
const BATCH = 500;

export type Row = [string, number, number, string | null, string, number, number, string];

const batches: (Row[] | null)[] = Array.from({ length: 16 }, () => null);

export function record(env: Env, ctx: { waitUntil(promise: Promise<unknown>): void }, shard: number, row: Row): void {
  const open = batches[shard];
  if (open) {
    open.push(row);
    if (open.length >= BATCH) batches[shard] = null;
    return;
  }
  const batch = [row];
  batches[shard] = batch;
  ctx.waitUntil(carry(env, shard, batch));
}

async function carry(env: Env, shard: number, batch: Row[]): Promise<void> {
  await scheduler.wait(GATHER_MS);
  if (batches[shard] === batch) batches[shard] = null;
  const rows = JSON.stringify(batch);
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      await env.CLICKLOG.getByName(String(shard)).append(rows);
      return;
    } catch {
      await scheduler.wait(50 * 4 ** tries);
    }
  }
  console.error(`${batch.length} clicks were not stored`);
}
