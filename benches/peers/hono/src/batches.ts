// Sends clicks that arrive together in one batch, as in Signpost (src/edge/clicks.rs). Without batches, each click
// would need a separate call to a Durable Object.
import type { Env } from "./index";

const GATHER_MS = 32;
const BATCH = 1000;

export type Row = [string, number, number, string | null, string, number, number, string];

interface Batch {
  count: number;
  shards: Map<number, Row[]>;
}

let gathering: Batch | null = null;

export function record(env: Env, ctx: { waitUntil(promise: Promise<unknown>): void }, shard: number, row: Row): void {
  if (gathering === null) {
    gathering = { count: 0, shards: new Map() };
    ctx.waitUntil(send(env, gathering));
  }
  const rows = gathering.shards.get(shard);
  if (rows === undefined) gathering.shards.set(shard, [row]);
  else rows.push(row);
  gathering.count += 1;
  if (gathering.count >= BATCH) gathering = null;
}

async function send(env: Env, batch: Batch): Promise<void> {
  await scheduler.wait(GATHER_MS);
  if (gathering === batch) gathering = null;
  await Promise.all(Array.from(batch.shards, ([shard, rows]) => deliver(env, shard, rows)));
}

async function deliver(env: Env, shard: number, rows: Row[]): Promise<void> {
  const text = JSON.stringify(rows);
  for (let tries = 0; tries < 5; tries += 1) {
    try {
      await env.CLICKLOG.getByName(String(shard)).append(text);
      return;
    } catch {
      await scheduler.wait(50 * 4 ** tries);
    }
  }
  console.error(`${rows.length} clicks were not stored`);
}
