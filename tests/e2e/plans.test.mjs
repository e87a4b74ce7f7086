// Terms as data, in workerd. The engine's time zones determine the month of a sale.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, startEdge } from "./support/harness.mjs";
import { visit } from "./support/programme.mjs";

let edge;
let operator;
before(async () => {
  edge = await startEdge();
  operator = api(edge);
});
after(() => edge?.stop());

test("a sale earns its partners the exact commissions of the terms", async () => {
  const partner = (name, kind, more) => operator.json("POST", "/v1/partners", { name, kind, ...more });
  const ada = await partner("Ada", "consultant");
  const ben = await partner("Ben", "distributor");
  const cleo = await partner("Cleo", "agency", { referred_by: ada.id });
  const listing = await operator.json("POST", "/v1/listings", { name: "Shop", marketplace: "web", url: "https://shop.example/" });
  const link = await operator.json("POST", "/v1/links", { partner_id: cleo.id, listing_id: listing.id });
  const effectiveFrom = "2026-01-01T00:00:00.000Z";
  const terms = await operator.json("PUT", "/v1/program", {
    timezone: "Europe/Berlin",
    plans: [
      {
        name: "agencies", effective_from: effectiveFrom, applies_to: { kind: "agency" }, base: "net", rate_bp: 1000,
        tiers: [{ from_sales: 2, rate_bp: 2000 }], tier_mode: "whole_month",
      },
    ],
    territories: [{ name: "brazil", partner_id: ben.id, countries: ["BR"], effective_from: effectiveFrom, rate_bp: 500 }],
    referral: { rate_bp: 1000 },
  });
  assert.equal(terms.version, 1);
  const { clickId } = await visit(edge, link.url);
  const sell = async (n, more) => {
    const sale = { type: "sale", external_id: `o-${n}`, click_id: clickId, amount: 11_900, tax: 1_900, currency: "EUR" };
    return (await operator.json("POST", "/v1/conversions", { ...sale, ...more })).commissions;
  };
  const summary = (commissions) => commissions.map(({ partner_id, source, amount, plan }) => [partner_id, source, amount, plan]);
  assert.deepEqual(summary(await sell(1)), [
    [cleo.id, "conversion", 1_000, "agencies"],
    [ada.id, "referral", 100, null],
  ]);
  assert.deepEqual(summary(await sell(2, { country: "BR" })), [
    [cleo.id, "conversion", 2_000, "agencies"],
    [ben.id, "territory", 595, "brazil"],
    [ada.id, "referral", 200, null],
  ]);
  // The second sale also raised the rate of the first.
  const all = await operator.json("GET", "/v1/commissions");
  const adjusted = all.data.find(({ source }) => source === "tier_adjustment");
  assert.deepEqual([adjusted.partner_id, adjusted.amount, adjusted.base], [cleo.id, 1_000, 10_000]);
  const { data } = await operator.json("GET", "/v1/balances");
  assert.deepEqual(data.map(({ pending }) => pending), [300, 595, 4_000]);
  const refused = await operator.put("/v1/program", { plans: [] });
  assert.deepEqual([refused.status, refused.body.code], [409, "plan_in_force"]);
});
