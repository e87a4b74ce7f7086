// The health of a listing: accepted callbacks as the Ledger wrote them, and refused ones, which the Worker counts and reports.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { api, poll, startEdge } from "./support/harness.mjs";
import { programme } from "./support/programme.mjs";

const SECRET = "wc-secret-0001";

let edge;
let world;
let listing;
before(async () => {
  edge = await startEdge();
  world = await programme(edge);
  listing = await world.operator.json("POST", "/v1/listings", {
    name: "Store", marketplace: "woocommerce", url: "https://store.example/app", secrets: { webhook_secret: SECRET },
  });
});
after(() => edge.stop());

const order = (id, secret) => {
  const body = JSON.stringify({
    id, status: "processing", currency: "EUR", total: "29.35", customer_id: 26, date_paid_gmt: new Date().toISOString().slice(0, 19),
    line_items: [], coupon_lines: [], refunds: [], meta_data: [],
  });
  const signature = createHmac("sha256", secret).update(body).digest("base64");
  const headers = { "content-type": "application/json", "x-wc-webhook-signature": signature };
  return edge.fetch(`/callbacks/woocommerce/${listing.id}/orders`, { method: "POST", body, headers });
};
const health = () => world.operator.json("GET", `/v1/listings/${listing.id}/health`);

test("a listing shows what was accepted and what was refused, to the programme alone", async () => {
  const nothing = { last_accepted_at: null, accepted_24h: 0, refused_24h: 0, refusals: [], usual_interval_seconds: null, silent_since: null };
  assert.deepEqual(await health(), nothing);
  const before = Date.now();
  assert.equal((await order(1, "another-secret")).status, 401);
  const refused = await poll(async () => { const shown = await health(); return shown.refused_24h > 0 && shown; }, { what: "the refused callback" });
  assert.deepEqual([refused.refused_24h, refused.refusals.map(({ count }) => count), refused.accepted_24h], [1, [1], 0]);
  assert.match(refused.refusals[0].reason, /signature/);
  for (let repetition = 0; repetition < 2; repetition += 1) assert.equal((await order(2, SECRET)).status, 200);
  const accepted = await health();
  assert.deepEqual([accepted.accepted_24h, accepted.usual_interval_seconds, accepted.silent_since], [2, null, null]);
  const at = Date.parse(accepted.last_accepted_at);
  assert.ok(before <= at && at <= Date.now(), accepted.last_accepted_at);
  const { key } = await world.operator.json("POST", "/v1/keys", { name: "p", scopes: ["read"], partner_id: world.ada.id });
  assert.equal((await api(edge, key).get(`/v1/listings/${listing.id}/health`)).status, 404);
});
