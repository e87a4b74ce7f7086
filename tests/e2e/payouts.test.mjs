// The end of a month in workerd: sale → end of hold → run → approval by another key → files → payment → refund after
// the payout → the next run nets it. The bank's file is validated against the schema of the standard.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import { validateXML } from "xmllint-wasm";
import { api, ROOT, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";

let edge;
before(async () => {
  edge = await startEdge({ entry: "tests/e2e/support/clock.mjs" });
});
after(() => edge.stop());

const setClock = (time) => edge.fetch(`/test-clock/${encodeURIComponent(time)}`);

/** Returns the schema violations of a file. */
async function violations(xml) {
  const schema = await readFile(path.join(ROOT, "fixtures/sepa/pain.001.001.09.xsd"), "utf8");
  const { valid, errors } = await validateXML({
    xml: [{ fileName: "file.xml", contents: xml }],
    schema: [{ fileName: "pain.001.001.09.xsd", contents: schema }],
  });
  assert.equal(valid, errors.length === 0);
  return errors.map(({ message }) => message);
}

const payer = {
  legal_name: "Acme GmbH", iban: "DE89370400440532013000", bic: "COBADEFFXXX",
  address: { street: "Hauptstraße 1", postal_code: "10115", city: "Berlin", country: "DE" },
};

test("a month is paid, and the next run nets its refunds", async () => {
  await setClock("2026-10-15T09:00:00Z");
  const { operator, ada, adas } = await programme(edge, { hold_days: 7 });
  await operator.json("PUT", "/v1/program", { hold_days: 7, payer });
  await operator.json("PUT", `/v1/partners/${ada.id}/payout-details`, {
    method: "sepa", legal_name: "Ada Lovelace & Töchter", iban: "GB29 NWBK 6016 1331 9268 19",
    address: { street: "St James's Square 12", city: "London", country: "GB" },
  });
  const keys = [];
  for (const name of ["maker", "checker"]) {
    const created = await operator.json("POST", "/v1/keys", { name, scopes: ["read", "payouts:write"] });
    keys.push(api(edge, created.key));
  }
  const [maker, checker] = keys;
  const click = await visit(edge, adas.url);
  const sold = await operator.json("POST", "/v1/conversions", sale(click.clickId, "order-1"));
  await operator.json("POST", "/v1/conversions", sale(click.clickId, "order-2", { amount: 20_000, currency: "USD" }));

  await setClock("2026-11-02T08:00:00Z");
  const period = { from: "2026-10-01", to: "2026-10-31" };
  const held = await maker.json("POST", "/v1/payouts/runs", { period });
  assert.deepEqual(held.held.map(({ currency, amount, reason }) => [currency, amount, reason]), [["USD", 4_000, "rate_missing"]]);
  await operator.json("PUT", "/v1/fx", { rates: [{ date: "2026-10-31", from: "USD", to: "EUR", rate: "0.9231" }] });
  const draft = await maker.json("POST", `/v1/payouts/runs/${held.id}/refresh`, {});
  assert.deepEqual(draft.totals, [{ currency: "EUR", amount: 1_980 + 3_692, payouts: 1, commissions: 2 }]);
  assert.equal((await maker.post(`/v1/payouts/runs/${draft.id}/approve`, {})).body.code, "own_run");
  const approved = await checker.json("POST", `/v1/payouts/runs/${draft.id}/approve`, {});
  assert.equal(approved.status, "approved");
  const again = await maker.post("/v1/payouts/runs", { period });
  assert.deepEqual([again.status, again.headers.get("idempotent-replayed"), again.body], [200, "true", approved]);

  const file = await operator.get(`/v1/payouts/runs/${draft.id}/files/sepa`);
  assert.deepEqual([file.status, file.headers.get("content-type")], [200, "application/xml"]);
  assert.match(file.body, /<InstdAmt Ccy="EUR">56\.72<\/InstdAmt>/);
  assert.deepEqual(await violations(file.body), []);
  assert.notDeepEqual(await violations(file.body.replace("<PmtMtd>TRF</PmtMtd>", "<PmtMtd>CASH</PmtMtd>")), []);
  const { data: [payout] } = await operator.json("GET", `/v1/payouts?run_id=${draft.id}&status=open`);
  const csv = await operator.get(`/v1/payouts/runs/${draft.id}/files/csv`);
  assert.ok(csv.body.includes(`${payout.id},${ada.id},SB-000001,Ada Lovelace & Töchter,sepa,open,56.72,EUR,`));
  const portal = api(edge, (await operator.json("POST", "/v1/keys", { name: "p", scopes: ["read"], partner_id: ada.id })).key);
  const page = await portal.get(`/v1/payouts/${payout.id}/statement.html`);
  assert.match(page.headers.get("content-security-policy"), /^default-src 'none'/);
  assert.ok(page.body.includes("Self-billing invoice SB-000001") && page.body.includes("56.72 EUR"));

  const paid = await operator.json("POST", `/v1/payouts/${payout.id}/paid`, { reference: "bank-1" });
  assert.equal(paid.status, "paid");
  const refund = await operator.json("POST", `/v1/conversions/${sold.id}/refunds`, { external_id: "r-1", amount: 5_000 });
  assert.equal(refund.commissions[0].reversed, 1_000);
  const { data: balances } = await operator.json("GET", `/v1/balances?partner_id=${ada.id}`);
  assert.deepEqual(balances.map(({ currency, payable, paid }) => [currency, payable, paid]), [["EUR", -1_000, 5_672], ["USD", 0, 0]]);
  const bound = (await operator.json("GET", "/v1/ledger/trial-balance")).data.filter(({ account }) => account === "in_payout");
  assert.deepEqual(bound.map(({ currency, debits, credits }) => [currency, credits - debits]), [["EUR", 0]]);

  await setClock("2026-11-10T09:00:00Z");
  const next = await visit(edge, adas.url);
  await operator.json("POST", "/v1/conversions", sale(next.clickId, "order-3"));
  await setClock("2026-12-02T08:00:00Z");
  const december = await maker.json("POST", "/v1/payouts/runs", { period: { from: "2026-11-01", to: "2026-11-30" } });
  assert.deepEqual(december.totals, [{ currency: "EUR", amount: 980, payouts: 1, commissions: 2 }]);
  await checker.json("POST", `/v1/payouts/runs/${december.id}/approve`, {});
  const trial = await operator.json("GET", "/v1/ledger/trial-balance");
  assert.ok(trial.totals.length === 2 && trial.totals.every(({ debits, credits }) => debits === credits));
  const history = await operator.json("GET", `/v1/commissions/${sold.commissions[0].id}/history`);
  assert.deepEqual(history.payouts.map(({ amount, status }) => [amount, status]), [[1_980, "paid"], [-1_000, "open"]]);
});

test("golden bank files are valid against the schema", async () => {
  assert.deepEqual(await violations(await readFile(path.join(ROOT, "fixtures/payouts/sepa.xml"), "utf8")), []);
});
