// An import in workerd: its clicks reach their shards, the reports and the export, and later sales can name them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, startEdge, TEST_KEYS } from "./support/harness.mjs";
import { sale, totals } from "./support/programme.mjs";

const DAY_MS = 86_400_000;
const CLICKS = 300;
/** The import tells of ten days ago. */
const START = Date.now() - 10 * DAY_MS;
const at = (minutes) => new Date(START + minutes * 60_000).toISOString();

let edge;
before(async () => {
  edge = await startEdge();
});
after(() => edge.stop());

/** Sends lines, and returns the response. */
const importLines = (lines) =>
  edge.fetch("/v1/import", {
    method: "POST",
    headers: { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}`, "content-type": "application/x-ndjson" },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  });

test("an imported history is in reports, lists and the export, and its clicks earn", async () => {
  const operator = api(edge);
  await operator.json("PUT", "/v1/program", { name: "Acme", currency: "EUR", commission_bp: 2_000, hold_days: 5 });
  const lines = [
    { object: "partner", external_id: "p-1", created_at: at(0), name: "Ada", kind: "creator" },
    { object: "listing", external_id: "l-1", created_at: at(0), name: "Shop", marketplace: "web", url: "https://shop.example/" },
    { object: "link", external_id: "k-1", created_at: at(0), partner_id: "ext:p-1", listing_id: "ext:l-1", slug: "ada" },
  ];
  for (let n = 0; n < CLICKS; n += 1) {
    // Every tenth visitor comes back within the hour: a duplicate.
    const visitor = n % 10 === 9 ? `v-${n - 1}` : `v-${n}`;
    lines.push({ object: "click", external_id: `c-${n}`, created_at: at(n), link_id: "ext:k-1", country: "FR", visitor });
  }
  lines.push({
    object: "conversion", type: "sale", external_id: "o-1", click_id: "ext:c-7", occurred_at: at(CLICKS), amount: 10_000, currency: "EUR",
  });
  const response = await importLines(lines);
  const body = await response.json();
  assert.equal(response.status, 201, JSON.stringify(body));
  assert.deepEqual([body.created, body.unchanged], [lines.length, 0]);

  const expected = CLICKS - CLICKS / 10;
  const found = await totals(operator, "group_by=country", ({ clicks }) => clicks === expected);
  assert.deepEqual([found.unique_clicks, found.filtered.duplicate, found.sales], [expected, CLICKS / 10, 1]);
  assert.deepEqual(found.commission, [{ amount: 2_000, currency: "EUR" }]);
  const { data: days } = await operator.json("GET", "/v1/attribution?group_by=day");
  assert.equal(days[0].key, at(0).slice(0, 10));
  // The hold of five days ended five days ago.
  const { data: [balance] } = await operator.json("GET", "/v1/balances");
  assert.deepEqual([balance.pending, balance.payable], [0, 2_000]);

  const clickId = body.data[3 + 8].id;
  const { data: [newest] } = await operator.json("GET", "/v1/clicks?limit=1");
  assert.deepEqual([newest.clicked_at, newest.bucket], [at(CLICKS - 1), "duplicate"]);
  const sold = await operator.json("POST", "/v1/conversions", sale(clickId, "o-live"));
  assert.equal(sold.attribution.credits[0].click_id, clickId);
  let logged = 0;
  for (let cursor = ""; cursor !== undefined; ) {
    const { body: page } = await operator.get(`/v1/export${cursor && `?cursor=${cursor}`}`);
    const parsed = page.trimEnd().split("\n").map((line) => JSON.parse(line));
    logged += parsed.filter(({ kind }) => kind === "click").length;
    cursor = parsed.at(-1).next_cursor;
  }
  assert.equal(logged, CLICKS);

  const again = await importLines(lines);
  assert.deepEqual([again.status, again.headers.get("idempotent-replayed"), (await again.json()).unchanged], [200, "true", lines.length]);
  const bad = await importLines([{ ...lines[3], external_id: "c-new" }, { ...lines[4], external_id: "c-newer", link_id: "ext:k-9" }]);
  const problem = await bad.json();
  assert.deepEqual([bad.status, problem.code, problem.errors[0].line, problem.errors[0].pointer], [422, "unknown_reference", 2, "/link_id"]);
  assert.equal((await totals(operator, "", () => true)).clicks, expected);
});
