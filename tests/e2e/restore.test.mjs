// Export, restore into an empty deployment, and comparison, between two Workers.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { client } from "../../xtask/runner/api.mjs";
import { exportTo } from "../../xtask/runner/export.mjs";
import { report, restoreFrom } from "../../xtask/runner/restore.mjs";
import { api, poll, startEdge, TEST_KEYS } from "./support/harness.mjs";
import { programme, sale, totals, visit } from "./support/programme.mjs";

const OLD_CLICKS = 120;
const LIVE_CLICKS = 20;

let scratch;
let original;
let restored;
let file;
const send = (edge) => client(edge.url, TEST_KEYS.OPERATOR_KEY, 1);

before(async () => {
  scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-restore-"));
  file = path.join(scratch, "export.ndjson");
  original = await startEdge();
  const { operator, ada, link } = await programme(original, { hold_days: 0 });
  const linked = await link(ada, { slug: "ada-home", path: "/home" });
  await operator.json("POST", "/v1/listings", {
    name: "Store", marketplace: "woocommerce", url: "https://store.example/", secrets: { webhook_secret: "s3cret" },
  });
  await operator.json("PUT", `/v1/partners/${ada.id}/payout-details`, { method: "manual", legal_name: "Ada Lovelace" });
  // Old clicks are written to KV at once, so the export has several pages.
  const lines = [];
  for (let n = 0; n < OLD_CLICKS; n += 1) {
    const created_at = new Date(Date.now() - 10 * 86_400_000 + n * 60_000).toISOString();
    lines.push({ object: "click", external_id: `c-${n}`, created_at, link_id: linked.id, visitor: `v-${n % 100}` });
  }
  await operator.json("POST", "/v1/import", lines.map((line) => JSON.stringify(line)).join("\n"));
  for (let n = 0; n < LIVE_CLICKS; n += 1) {
    const { clickId } = await visit(original, linked.url, { ip: `192.0.2.${n}` });
    if (n % 4 === 0) await operator.json("POST", "/v1/conversions", sale(clickId, `order-${n}`, { customer_id: `c-${n}` }));
  }
  await totals(operator, "", ({ clicks, filtered }) => clicks + filtered.duplicate === OLD_CLICKS + LIVE_CLICKS);
  restored = await startEdge();
});
after(async () => {
  await original.stop();
  await restored.stop();
  await rm(scratch, { recursive: true, force: true });
});

test("a deployment is restored from an export, equals the original, and works on", async () => {
  const { pages } = await exportTo(send(original), file);
  assert.ok(pages > 1, "the export has several pages");
  const refusals = [];
  const status = await restoreFrom(send(restored), file, async ({ pages: sent }) => {
    if (sent < pages) refusals.push(api(restored).post("/v1/partners", { name: "Eve", kind: "media" }));
  });
  // A request that was sent between two pages may have arrived after the last one.
  const answers = (await Promise.all(refusals)).map(({ status: answer, body }) => [answer, body.code]);
  assert.deepEqual(answers[0], [409, "restoring"]);
  const { lines, isEqual } = report(status);
  assert.deepEqual([isEqual, lines.slice(1, 3)], [true, ["balances: equal the original's", "counts: equal the original's"]], lines.join("\n"));
  assert.match(lines[0], new RegExp(`^restored \\d+ events and ${OLD_CLICKS + LIVE_CLICKS} clicks$`));
  assert.match(lines[3], /^missing: secrets of lst_[a-z0-9]+ \(Store\): webhook_secret$/);
  assert.match(lines[4], /^missing: payout details of ptn_[a-z0-9]+ \(Ada\): legal_name$/);
  assert.deepEqual(lines.slice(5), ["missing: API keys, which no export contains: make new ones with POST /v1/keys"]);

  const [before, operator] = [api(original), api(restored)];
  for (const route of ["/v1/attribution?group_by=day", "/v1/balances", "/v1/conversions", "/v1/clicks?limit=200", "/v1/partners", "/v1/listings"]) {
    const [expected, found] = await Promise.all([before.json("GET", route), operator.json("GET", route)]);
    delete expected.complete_through;
    delete found.complete_through;
    assert.deepEqual(found, expected, route);
  }
  // Links, their slugs and customers work as before.
  const slug = await poll(async () => {
    const response = await restored.fetch("/ada-home");
    return response.status === 302 && response.headers.get("location").startsWith("https://shop.example/home") && response;
  }, { what: "the slug of the restored deployment" });
  assert.ok(slug);
  const renewed = await operator.json("POST", "/v1/conversions", {
    type: "subscription_renewed", external_id: "renewal-1", customer_id: "c-0", amount: 1_000, currency: "EUR",
  });
  assert.equal(renewed.commissions[0].amount, 200);
});

test("pages that are sent again change nothing, and other data are refused", async () => {
  const again = await restoreFrom(send(restored), file);
  assert.equal(again.is_complete, true);
  const text = await readFile(file, "utf8");
  const cut = path.join(scratch, "cut.ndjson");
  await writeFile(cut, text.trimEnd().split("\n").slice(0, -1).join("\n"));
  await assert.rejects(restoreFrom(send(restored), cut), /is not a complete export: its last line is not \{"end":true,…\}$/);
  await assert.rejects(restoreFrom(send(original), file), /^Error: POST \/v1\/restore was answered with 409: not_empty: Restore into a new deployment/);
});
