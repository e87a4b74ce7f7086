// Failures and their limits: SIGKILL under load, a failing Ledger, a failing KV, a trap in another request, and the
// same conversion sent a hundred times at once.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { readdirSync } from "node:fs";
import path from "node:path";
import { api, poll, startEdge } from "./support/harness.mjs";
import { LANDING, SHOP, programme, sale, totals, visit } from "./support/programme.mjs";

/** Opens the SQLite files that contain a table, which are those of one class of objects. */
function databases(edge, table) {
  const found = readdirSync(edge.state, { recursive: true }).filter((name) => name.endsWith(".sqlite"));
  return found.map((name) => new DatabaseSync(path.join(edge.state, name), { readOnly: true })).filter((db) => {
    const has = db.prepare("SELECT 1 FROM sqlite_master WHERE name = ?").get(table);
    if (!has) db.close();
    return has;
  });
}

describe("SIGKILL under write load", () => {
  let edge;
  before(async () => { edge = await startEdge(); });
  after(() => edge.stop());

  test("every acknowledged conversion exists once, and click logs have no gaps", async () => {
    const { operator, adas } = await programme(edge);
    const acknowledged = new Map();
    let sent = 0;
    for (let round = 0; round < 3; round += 1) {
      let stop = false;
      const writers = Array.from({ length: 8 }, async (_, writer) => {
        while (!stop) {
          try {
            const { clickId } = await visit(edge, adas.url, { ip: `198.51.100.${writer}` });
            const externalId = `order-${sent += 1}`;
            const body = sale(clickId, externalId);
            const response = await operator.post("/v1/conversions", body);
            if (response.status === 201) acknowledged.set(externalId, { body, id: response.body.id });
          } catch {
            // The connection broke when the server was killed, so this conversion was not acknowledged.
          }
        }
      });
      await poll(() => acknowledged.size >= 60 * (round + 1), { deadlineMs: 20_000, what: "conversions to be acknowledged" });
      await edge.kill();
      stop = true;
      await Promise.all(writers);
      await edge.restart();
    }
    const rows = new Map();
    let cursor = null;
    do {
      const page = await operator.json("GET", `/v1/conversions?limit=200${cursor ? `&cursor=${cursor}` : ""}`);
      for (const { external_id, id } of page.data) {
        assert.ok(!rows.has(external_id), `${external_id} exists twice`);
        rows.set(external_id, id);
      }
      cursor = page.next_cursor;
    } while (cursor);
    for (const [externalId, { id }] of acknowledged) assert.equal(rows.get(externalId), id);
    // A client whose connection broke retries. A conversion that was written before gets the same response.
    const { body, id } = acknowledged.values().next().value;
    const again = await operator.post("/v1/conversions", body);
    assert.deepEqual([again.status, again.body.id, again.headers.get("idempotent-replayed")], [200, id, "true"]);
    const { data: [balance] } = await operator.json("GET", "/v1/balances");
    assert.equal(balance.pending, rows.size * 1980);
    const report = await operator.json("GET", "/v1/attribution");
    assert.deepEqual([report.totals.sales, report.totals.commission], [rows.size, [{ amount: rows.size * 1980, currency: "EUR" }]]);

    let stored = 0;
    for (const shard of databases(edge, "click")) {
      const { n, first, last } = shard.prepare("SELECT count(*) AS n, min(seq) AS first, max(seq) AS last FROM click").get();
      if (n > 0) assert.deepEqual([first, last], [1, n], "positions have no gap");
      stored += n;
      shard.close();
    }
    await totals(operator, "", ({ clicks, filtered }) => clicks + filtered.duplicate === stored);
  });
});

describe("one conversion sent a hundred times at once", () => {
  let edge;
  before(async () => { edge = await startEdge(); });
  after(() => edge.stop());

  test("is one row and one commission, with one response", async () => {
    const { operator, adas } = await programme(edge);
    const { clickId } = await visit(edge, adas.url);
    const body = sale(clickId, "order-1");
    const key = crypto.randomUUID();
    const responses = await Promise.all(
      Array.from({ length: 100 }, (_, n) => operator.post("/v1/conversions", body, { "idempotency-key": n % 2 ? key : crypto.randomUUID() })),
    );
    assert.equal(new Set(responses.map(({ body: response }) => JSON.stringify(response))).size, 1);
    const fresh = responses.filter(({ headers }) => headers.get("idempotent-replayed") === null);
    assert.deepEqual(fresh.map(({ status }) => status), [201]);
    assert.equal((await operator.json("GET", "/v1/conversions")).data.length, 1);
    assert.equal((await operator.json("GET", "/v1/commissions")).data.length, 1);
    const other = await operator.post("/v1/conversions", { ...body, amount: 1 }, { "idempotency-key": key });
    assert.deepEqual([other.status, other.body.code], [409, "idempotency_conflict"]);
  });
});

describe("a failing store", () => {
  let edge;
  let world;
  const fault = (name) => edge.fetch(`/test-fault/${name}`);
  before(async () => {
    edge = await startEdge({ entry: "tests/e2e/support/faulty.mjs" });
    world = await programme(edge);
    assert.ok((await visit(edge, world.adas.url)).clickId);
  });
  after(() => edge.stop());

  for (const [name, unknownSlug] of [
    ["ledger-fails", [302, LANDING]],
    ["ledger-hangs", [302, LANDING]],
    ["kv-fails", [302, LANDING]],
    ["clicklog-fails", [302, LANDING]],
  ]) {
    test(`${name}: a known link still leads to its listing, an unknown one to the landing page`, async () => {
      const link = new URL(world.adas.url).pathname;
      const forged = link.slice(0, -1) + (link.endsWith("A") ? "B" : "A");
      await fault(name);
      try {
        const known = await visit(edge, world.adas.url);
        assert.deepEqual([known.status, known.location], [302, `${SHOP}&sp_click=${known.clickId}`]);
        for (const [path, expected] of [["/r/unknown", [302, LANDING]], [forged, [302, LANDING]], [`/no-link-${name}`, unknownSlug]]) {
          const { status, location, cookies } = await visit(edge, `${edge.url}${path}`);
          assert.deepEqual([status, location, cookies], [...expected, []], path);
        }
        const health = await edge.fetch("/healthz");
        assert.equal(health.status, 200);
      } finally {
        await fault("none");
      }
    });
  }

  test("a known short link leads to its listing however long no store responds", async () => {
    const { operator, ada, listing } = world;
    const { short_url } = await operator.json("POST", "/v1/links", { partner_id: ada.id, listing_id: listing.id, slug: "outage" });
    const leads = async () => {
      const { status, location, clickId } = await visit(edge, short_url);
      assert.deepEqual([status, location], [302, `${SHOP}&sp_click=${clickId}`]);
    };
    await leads();
    await fault("all-fail");
    try {
      // Beyond the time for which an isolate keeps where a slug leads.
      await edge.fetch("/test-later/3600000");
      await leads();
    } finally {
      await fault("none");
    }
  });

  test("a link that is unknown to the isolate gets 503 while no store responds, and works again afterwards", async () => {
    const token = new URL(world.adas.url).pathname.split("/").pop();
    await edge.restart();
    await fault("all-hang");
    try {
      const started = performance.now();
      const { status } = await visit(edge, `${edge.url}/r/${token}`);
      assert.equal(status, 503, "without a store, the landing page is unknown too");
      assert.ok(performance.now() - started < 2_000);
    } finally {
      await fault("none");
    }
    await poll(async () => (await visit(edge, `${edge.url}/r/${token}`)).clickId, { deadlineMs: 8_000, what: "the link to work again" });
  });

  test("an unavailable Ledger is reported as such, and nothing is written", async () => {
    await fault("ledger-fails");
    const refused = await world.operator.post("/v1/partners", { name: "Ada", kind: "creator" });
    await fault("none");
    assert.deepEqual([refused.status, refused.body.code], [503, "unavailable"]);
    assert.equal((await world.operator.json("GET", "/v1/partners")).data.length, 1);
  });

  for (const end of ["trap", "exception"]) test(`after a ${end} in another request the new instance has keys and snapshot`, async () => {
    const before = edge.logs.length;
    assert.equal((await fault(end)).status, 500);
    const { clickId, location } = await visit(edge, world.adas.url);
    assert.ok(clickId, location);
    assert.notEqual(location, LANDING);
    const sold = await world.operator.json("POST", "/v1/conversions", sale(clickId, `after-${end}`));
    assert.equal(sold.attribution.status, "attributed");
    assert.ok(edge.logs.slice(before).some(({ message }) => /the wasm instance is retired and replaced/.test(message)), "the log reports it");
  });

  test("a trap fails only its own request: conversions and redirects in flight succeed", async () => {
    const [conversions, trap, visits] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, (_, n) => world.operator.post("/v1/conversions", sale(null, `in-flight-${n}`, { click_id: undefined })))),
      fault("trap"),
      Promise.all(Array.from({ length: 10 }, () => visit(edge, world.adas.url))),
    ]);
    assert.deepEqual(conversions.map(({ status }) => status), Array(10).fill(201));
    assert.equal(trap.status, 500);
    assert.deepEqual(visits.map(({ status, location, clickId }) => [status, location === `${SHOP}&sp_click=${clickId}`]), Array(10).fill([302, true]));
  });
});
