// SIGKILL of workerd while thousands of events wait to be delivered: each event reaches every endpoint at least once, and after all
// earlier events with the same key. An event is sent again only if the kill came before its delivery was recorded.
//
// SIGNPOST_RANDOM_FACTOR=<n> multiplies the kills and the events that wait.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import { TEST_KEYS, poll, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";
import { startReceiver } from "./support/receiver.mjs";

const FACTOR = Number(process.env.SIGNPOST_RANDOM_FACTOR ?? 1);
const KILLS = 2 * FACTOR;
/** Deliveries that wait, at both endpoints together, when a round begins. */
const OUTSTANDING = Math.min(2_000 * FACTOR, 10_000);
/** Deliveries between a start of workerd and its kill. */
const DELIVERIES_PER_ROUND = 200;
const LINES_PER_IMPORT = 500;
const WRITERS = 3;
/** The pause of a writer between two changes. */
const WRITER_PAUSE_MS = 25;
const MAX_ANSWER_MS = 30;
/** One in so many events loses its connection when it arrives for the first time. */
const ONE_IN_BREAKS = 100;
/** The attempts that an endpoint has in flight (src/edge/objects/destination.rs). A kill repeats these at most. */
const CONCURRENT_ATTEMPTS = 6;
/** How long before a kill the receiver may have confirmed an event that is sent again. */
const UNRECORDED_MS = 2_000;
/** The deadline of the end. A connection that broke is tried again after 4 to 6 s. */
const SETTLE_MS = 30_000 + 100_000 * (FACTOR - 1);

let edge;
before(async () => {
  // The writers use one key, so the rate limit of 1,000 requests a minute is disabled.
  edge = await startEdge({ allowLoopback: true, retune: (worker) => { delete worker.ratelimits; } });
});
after(() => edge.stop());

/** Starts a receiver that records arrivals, `{id, at, confirmedAt}`. Some first connections break before they are answered. */
async function startRecorder(t) {
  const arrivals = [];
  const confirmed = new Set();
  const seen = new Set();
  const { url, stop } = await startReceiver(async ({ headers }, response) => {
    const id = headers["webhook-id"];
    const arrival = { id, at: Date.now(), confirmedAt: undefined };
    arrivals.push(arrival);
    const breaks = !seen.has(id) && Math.random() * ONE_IN_BREAKS < 1;
    seen.add(id);
    await delay(Math.random() * MAX_ANSWER_MS);
    if (breaks || response.destroyed) {
      response.destroy();
      return;
    }
    arrival.confirmedAt = Date.now();
    confirmed.add(id);
    response.end();
  });
  t.after(stop);
  return { url, arrivals, confirmed };
}

/** Returns all events, in their order. */
async function listEvents(operator) {
  const events = [];
  let cursor = null;
  do {
    const page = await operator.json("GET", `/v1/events?limit=200${cursor ? `&cursor=${cursor}` : ""}`);
    events.push(...page.data);
    cursor = page.next_cursor;
  } while (cursor);
  return events;
}

/** Returns the events that an endpoint must receive: those of its types since it was created. */
function expectedAt({ id, events: types }, events) {
  const first = events.findIndex((event) => event.type === "webhook.created" && event.data.id === id);
  assert.ok(first >= 0, `${id} was created`);
  return events.slice(first).filter(({ type }) => types.includes("*") || types.includes(type));
}

const keyOf = ({ type, data }) => data.conversion_id ?? data.id ?? type;

/** Checks that no event arrived before the earlier events with its key were confirmed. */
function assertOrdered(arrivals, expected) {
  const keys = Map.groupBy(expected, keyOf);
  const confirmedAt = new Map();
  for (const { id, confirmedAt: at } of arrivals) {
    if (at !== undefined && !confirmedAt.has(id)) confirmedAt.set(id, at);
  }
  const firstArrival = new Map();
  for (const { id, at } of arrivals) {
    if (!firstArrival.has(id)) firstArrival.set(id, at);
  }
  for (const [key, events] of keys) {
    events.slice(1).forEach(({ id, type }, index) => {
      const earlier = events[index];
      const isLater = confirmedAt.get(earlier.id) <= firstArrival.get(id);
      assert.ok(isLater, `${key}: ${type} ${id} arrived before ${earlier.type} ${earlier.id} was confirmed`);
    });
  }
}

/** Checks that only deliveries around kills were repeated, and not more than were in flight. */
function assertRepeatedAroundKills(arrivals, kills) {
  const confirmedAt = new Map();
  const repeated = kills.map(() => 0);
  for (const arrival of arrivals) {
    const before = confirmedAt.get(arrival.id);
    if (before !== undefined) {
      const kill = kills.findIndex(({ at, until }) => before >= at - UNRECORDED_MS && before <= until && arrival.at >= at);
      assert.ok(kill >= 0, `${arrival.id} was confirmed at ${before} and sent again at ${arrival.at}, not around a kill`);
      repeated[kill] += 1;
    }
    if (arrival.confirmedAt !== undefined) confirmedAt.set(arrival.id, arrival.confirmedAt);
  }
  for (const count of repeated) assert.ok(count <= CONCURRENT_ATTEMPTS, `${repeated} repetitions`);
}

test(`after each of ${KILLS} kills with ${OUTSTANDING} deliveries outstanding, no event is lost, out of order or needlessly repeated`, async (t) => {
  const { operator, ada, adas } = await programme(edge);
  const { clickId } = await visit(edge, adas.url);
  const recorders = [await startRecorder(t), await startRecorder(t)];
  const filters = [["*"], ["conversion.created", "refund.created", "partner.updated"]];
  const hooks = [];
  for (const [index, { url }] of recorders.entries()) {
    hooks.push(await operator.json("POST", "/v1/webhooks", { url: `${url}/hook`, events: filters[index] }));
  }

  const sold = new Set();
  let isOver = false;
  /** Writes until the test is over. A request that a kill interrupts is not acknowledged; `fetch` throws a TypeError. */
  const writing = async (write) => {
    for (let n = 0; !isOver; n += 1) {
      await write(n).catch((error) => { if (!(error instanceof TypeError)) throw error; });
      await delay(WRITER_PAUSE_MS);
    }
  };
  const writers = Array.from({ length: WRITERS }, (_, writer) => writing(async (n) => {
    const { id } = await operator.json("POST", "/v1/conversions", sale(clickId, `order-${writer}-${n}`));
    sold.add(id);
    for (const part of ["a", "b"]) {
      await operator.json("POST", `/v1/conversions/${id}/refunds`, { amount: 1_000, external_id: `refund-${writer}-${n}-${part}` });
    }
  }));
  writers.push(writing((n) => operator.json("PATCH", `/v1/partners/${ada.id}`, { name: `Ada ${n}` })));

  let imported = 0;
  const importSales = async () => {
    const lines = Array.from({ length: LINES_PER_IMPORT }, (_, n) => ({
      object: "conversion", type: "sale", external_id: `imported-${imported + n}`, occurred_at: new Date().toISOString(), amount: 9_900,
      currency: "EUR",
    }));
    const response = await edge.fetch("/v1/import", {
      method: "POST",
      headers: { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}`, "content-type": "application/x-ndjson" },
      body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
    });
    const body = await response.text();
    assert.equal(response.status, 201, body);
    for (const { id } of JSON.parse(body).data) sold.add(id);
    imported += LINES_PER_IMPORT;
  };

  const delivered = () => recorders.reduce((sum, { confirmed }) => sum + confirmed.size, 0);
  const kills = [];
  for (let round = 0; round < KILLS; round += 1) {
    while (imported * hooks.length - delivered() < OUTSTANDING) await importSales();
    const enough = delivered() + DELIVERIES_PER_ROUND;
    await poll(() => delivered() >= enough, { deadlineMs: 20_000, what: `deliveries in round ${round}` });
    await delay(Math.random() * 200);
    const at = Date.now();
    await edge.kill();
    await edge.restart();
    kills.push({ at, until: Date.now() });
  }
  isOver = true;
  await Promise.all(writers);

  const events = await listEvents(operator);
  const created = new Set(events.filter(({ type }) => type === "conversion.created").map(({ data }) => data.id));
  for (const id of sold) assert.ok(created.has(id), `${id} was acknowledged, and has an event`);
  for (const [index, { arrivals, confirmed }] of recorders.entries()) {
    const expected = expectedAt(hooks[index], events);
    const missing = () => expected.filter(({ id }) => !confirmed.has(id));
    await poll(() => missing().length === 0, { deadlineMs: SETTLE_MS, intervalMs: 100, what: `all events at endpoint ${index}` })
      .catch((error) => assert.fail(`${error.message}; ${missing().length} are missing: ${missing().slice(0, 5).map(({ type, id }) => `${type} ${id}`)}`));
    const known = new Set(expected.map(({ id }) => id));
    for (const { id } of arrivals) assert.ok(known.has(id), `endpoint ${index} received ${id}, which is none of its events`);
    assertOrdered(arrivals, expected);
    assertRepeatedAroundKills(arrivals, kills);
    t.diagnostic(`endpoint ${index}: ${expected.length} events, ${arrivals.length} arrivals`);
  }
});
