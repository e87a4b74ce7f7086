// Old events leave the Ledger once the log in KV has them, and lists and webhooks go on there.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, poll, startEdge } from "./support/harness.mjs";
import { programme } from "./support/programme.mjs";
import { startReceiver } from "./support/receiver.mjs";

const DAY_MS = 86_400_000;
/** The time after which KV is expected to return what was written, and somewhat more. */
const SETTLED_MS = 301_000;
/** The events of a segment, and how many of them the tests delete. */
const [SEGMENT, PRUNED] = [500, 1_000];

let edge;
let operator;
let world;
let adasKey;
let receiver;
let hook;
before(async () => {
  edge = await startEdge({
    entry: "tests/e2e/support/aging.mjs", allowLoopback: true, retune: (worker) => delete worker.ratelimits,
  });
  world = await programme(edge);
  ({ operator } = world);
  adasKey = (await operator.json("POST", "/v1/keys", { name: "Ada", scopes: ["read"], partner_id: world.ada.id })).key;
  receiver = await startReceiver();
  hook = await operator.json("POST", "/v1/webhooks", { url: receiver.url, events: ["*"] });
  await poll(() => receiver.received.length === 1, { deadlineMs: 10_000, what: "the event of its creation" });
  await operator.json("PATCH", `/v1/webhooks/${hook.id}`, { status: "paused" });
});
after(async () => {
  await edge.stop();
  await receiver.stop();
});

const later = (ms) => edge.fetch(`/test-later/${ms}`);
const table = async () => (await edge.fetch("/test-events")).json();

/** Records sales that nobody earns, each with one event, and events of Ada between them. */
async function fill(sales) {
  for (let call = 0; call < sales / 200; call += 1) {
    const line = (_, n) => JSON.stringify({
      object: "conversion", type: "sale", external_id: `order-${call}-${n}`, customer_id: "c-1", amount: 100, currency: "EUR",
    });
    await operator.json("POST", "/v1/import", Array.from({ length: 200 }, line).join("\n"));
    await operator.json("PATCH", `/v1/partners/${world.ada.id}`, { name: `Ada ${call}` });
  }
}

/** Returns the events of all pages. */
async function pages(query = "", client = operator) {
  const events = [];
  let cursor = "";
  do {
    const page = await client.json("GET", `/v1/events?limit=200${query}${cursor}`);
    events.push(...page.data);
    cursor = page.next_cursor && `&cursor=${page.next_cursor}`;
  } while (cursor);
  return events;
}

const all = async () => [await pages(), await pages("&type=partner.updated"), await pages("", api(edge, adasKey))];

test("old events leave the Ledger by its alarm, and lists, exports and replays do not change", async () => {
  await fill(1_200);
  const full = await table();
  assert.ok(full.rows === full.last && full.last > 1_200 && full.last < 1_500, JSON.stringify(full));
  const [expected, exported] = [await all(), await events()];
  assert.deepEqual([expected[0].length, expected[1].length], [full.last, 6]);
  await later(31 * DAY_MS);
  // Reads wake the Ledger's alarm, as any request does.
  const written = async () => {
    await operator.json("GET", "/v1/events?limit=1");
    return (await table()).segments === PRUNED / SEGMENT;
  };
  await poll(written, { deadlineMs: 20_000, intervalMs: 200, what: "the segments in KV" });
  assert.equal((await table()).rows, full.rows, "KV may not return them yet");
  const kv = await edge.mf.getKVNamespace("KV");
  const { metadata } = await kv.getWithMetadata(`log/events/${String(SEGMENT + 1).padStart(12, "0")}`);
  assert.deepEqual([metadata.first, metadata.last], [SEGMENT + 1, PRUNED]);
  await later(SETTLED_MS);
  const pruned = async () => {
    await operator.json("GET", "/v1/events?limit=1");
    return (await table()).rows === full.rows - PRUNED;
  };
  await poll(pruned, { deadlineMs: 20_000, intervalMs: 200, what: "the events to be deleted" });
  const { last, databaseSize } = await table();
  assert.equal(last, full.last);
  assert.ok(databaseSize < full.databaseSize, `${databaseSize} of ${full.databaseSize} bytes: free pages do not count`);
  assert.deepEqual(await all(), expected);
  assert.deepEqual(await events(), exported);
  const { total } = await operator.json("GET", "/v1/events?count=true&limit=1");
  assert.equal(total, full.last);
});

/** Returns the lines of events of an export. */
async function events() {
  const lines = [];
  let cursor = "";
  do {
    const response = await operator.get(`/v1/export${cursor}`);
    assert.equal(response.status, 200, JSON.stringify(response.body));
    const page = response.body.trimEnd().split("\n");
    const end = JSON.parse(page.pop());
    lines.push(...page.filter((line) => line.startsWith('{"kind":"event"')));
    cursor = end.next_cursor && `?cursor=${end.next_cursor}`;
  } while (cursor);
  return lines;
}

test("while KV fails, old events are refused with 503, and new ones are served", async () => {
  const newest = (await pages()).at(-2);
  await edge.fetch("/test-kv/fails");
  try {
    const refused = await operator.get("/v1/events");
    assert.deepEqual([refused.status, refused.body.code, refused.body.detail], [503, "unavailable",
      "Events of that time are in Workers KV, which does not return them at the moment. Nothing was changed. Try again in a minute."]);
    const served = await operator.get(`/v1/events?after=${newest.cursor}`);
    assert.deepEqual([served.status, served.body.data.length], [200, 1]);
  } finally {
    await edge.fetch("/test-kv/works");
  }
  assert.equal((await operator.get("/v1/events")).status, 200);
});

test("a webhook that was paused for a month reads on from KV, even after an outage of KV: each event once", async () => {
  const log = await pages();
  const from = log.findIndex(({ type }) => type === "webhook.created");
  const expected = log.slice(from).map(({ id }) => id);
  assert.ok(from < PRUNED && expected.length > 1_200);
  await edge.fetch("/test-kv/fails");
  await operator.json("PATCH", `/v1/webhooks/${hook.id}`, { status: "active" });
  await poll(() => edge.logs.some(({ message }) => message.includes("the log was not read")), { what: "a read that fails" });
  assert.equal(receiver.received.length, 1);
  await edge.fetch("/test-kv/works");
  await poll(() => receiver.received.length >= expected.length, { deadlineMs: 60_000, what: "the deliveries" });
  const activated = (await pages()).slice(log.length).map(({ id }) => id);
  const all = [...expected, ...activated];
  await poll(() => receiver.received.length >= all.length, { what: "the deliveries of later events" });
  assert.deepEqual(receiver.received.map(({ id }) => id).toSorted(), all.toSorted());
  const names = receiver.received.filter(({ event }) => event.type === "partner.updated").map(({ event }) => event.data.name);
  assert.deepEqual(names, [0, 1, 2, 3, 4, 5].map((n) => `Ada ${n}`));
});

test("a replay finds old events by their ids and by their time", async () => {
  const log = await pages();
  const sale = log.find(({ type }) => type === "conversion.created");
  const before = receiver.received.length;
  const replay = (body) => operator.json("POST", `/v1/webhooks/${hook.id}/replay`, body);
  assert.equal((await replay({ event_ids: [sale.id] })).events, 1);
  await poll(() => receiver.received.length > before, { deadlineMs: 10_000, what: "the replayed event" });
  const [{ id }] = receiver.received.slice(before);
  assert.equal(id, sale.id);
  const [first, next] = [log[0], log.find(({ created_at }) => created_at > log[0].created_at)];
  const count = log.filter(({ created_at }) => created_at === first.created_at).length;
  assert.equal((await replay({ from: first.created_at, to: next.created_at })).events, count);
});
