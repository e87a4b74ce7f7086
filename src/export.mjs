// `GET /v1/export`: walks the logs page by page; src/api/export.rs decides what a page holds.
import { encode } from "./api.mjs";
import { call } from "./instance.mjs";

/** Look-ups a page: well within the 50 that the platform's free plan allows. */
const LOOKUPS = 40;
/** A page is full when it has so many characters. */
const PAGE_LENGTH = 4 * 1024 * 1024;

/** A page of the export. */
export async function exportLogs(api) {
  const first = await api.ledger(undefined, { method: "GET", path: "/internal/export" });
  if (first.status !== 200) return first;
  let position = first.body;
  let text = "";
  let lines = 0;
  let lookups = 0;
  while (position !== undefined && lookups < LOOKUPS && text.length < PAGE_LENGTH) {
    const at = position;
    const segment = await api.kv(call((wasm) => wasm.export_key(at)));
    // What KV does not hold yet comes from the object that will write it.
    const read = segment ?? (await tail(api, at));
    const step = call((wasm) => {
      const { text: wanted, lines: count, next } = wasm.export_step(at, read, segment !== null);
      return { wanted, count, next };
    });
    lookups += segment === null ? 2 : 1;
    text += step.wanted;
    lines += step.count;
    position = step.next;
  }
  const stop = `{"lines":${lines},"next":${position ?? null},"position":${first.body}}`;
  const end = await api.ledger(encode(stop), { method: "POST", path: "/internal/export/end" });
  if (end.status !== 200) return end;
  const headers = [["content-type", "application/x-ndjson"], ["cache-control", "no-store"]];
  return { status: 200, headers, body: `${text}${end.body}\n` };
}

async function tail(api, position) {
  const { stage, after } = JSON.parse(position);
  if (stage > 0) {
    const limit = call((wasm) => wasm.export_tail_lines());
    return api.shard(stage - 1, (shard) => shard.tail(after, limit));
  }
  const events = await api.ledger(encode(position), { method: "POST", path: "/internal/export/events" });
  if (events.status !== 200) throw new Error(`the Ledger answers ${events.status} for its events`);
  return events.body;
}
