// Models that credit more than the last click, in workerd. The trail comes from the shard that the click id names.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, poll, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";

let edge;
let world;
before(async () => {
  edge = await startEdge({ entry: "tests/e2e/support/faulty.mjs" });
  world = await programme(edge);
  const { operator } = world;
  await operator.json("PUT", "/v1/program", { attribution: { model: "linear" }, commission_bp: 2000 });
});
after(() => edge.stop());

/** Follows two links one after the other, as one browser that keeps its cookies. Returns the click ids. */
async function twoClicks(first, second, ip) {
  const one = await visit(edge, first.url, { ip });
  const cookie = one.cookies.map((set) => set.split(";")[0]).join("; ");
  // The clicks of a trail are older than the click that they precede.
  const clicked = Date.now();
  await poll(() => Date.now() > clicked, { intervalMs: 1, what: "the clock to advance" });
  const two = await visit(edge, second.url, { ip, headers: { cookie } });
  return [one.clickId, two.clickId];
}

/** Waits until a click is stored. */
async function waitUntilStored(operator, clickId) {
  const has = async () => (await operator.json("GET", "/v1/clicks")).data.some(({ id }) => id === clickId);
  await poll(has, { what: "the click to be stored" });
}

test("both partners of a visitor's trail earn commissions, and the parts add up", async () => {
  const { operator, ada, adas, partner, link } = world;
  const grace = await partner({ name: "Grace" });
  const [first, second] = await twoClicks(adas, await link(grace), "192.0.2.20");
  await waitUntilStored(operator, second);
  const sold = await operator.json("POST", "/v1/conversions", sale(second, "order-shared", { amount: 9999 }));
  assert.equal(sold.attribution.model, "linear");
  assert.deepEqual(
    sold.attribution.credits.map((credit) => [credit.partner_id, credit.click_id, credit.share_bp]),
    [[grace.id, second, 5000], [ada.id, first, 5000]],
  );
  assert.deepEqual(sold.commissions.map(({ base, amount }) => [base, amount]), [[5000, 1000], [4999, 1000]]);
  const why = await operator.json("GET", `/v1/conversions/${sold.id}/attribution`);
  assert.equal(why.trail, "known");
  assert.deepEqual(why.touches.map(({ source, outcome }) => [source, outcome]), [["click", "won"], ["trail", "won"]]);
  for (const [owner, click] of [[ada, first], [grace, second]]) {
    const created = await operator.json("POST", "/v1/keys", { name: "portal", scopes: ["read"], partner_id: owner.id });
    const seen = await api(edge, created.key).json("GET", `/v1/conversions/${sold.id}`);
    assert.deepEqual(seen.attribution.credits.map(({ click_id }) => click_id), [click]);
    assert.deepEqual(seen.commissions.map(({ partner_id }) => partner_id), [owner.id]);
  }
});

test("a click that is not stored yet gets the whole credit, and the explanation states the reason", async () => {
  const { operator, ada, adas, partner, link } = world;
  await edge.fetch("/test-fault/clicks-wait");
  try {
    const [, second] = await twoClicks(await link(await partner({ name: "Alan" })), adas, "192.0.2.21");
    const sold = await operator.json("POST", "/v1/conversions", sale(second, "order-at-once"));
    assert.deepEqual(
      sold.attribution.credits.map((credit) => [credit.partner_id, credit.click_id, credit.share_bp]),
      [[ada.id, second, 10_000]],
    );
    const { trail, touches } = await operator.json("GET", `/v1/conversions/${sold.id}/attribution`);
    assert.equal(trail, "unavailable");
    assert.deepEqual(touches.map(({ source, outcome }) => [source, outcome]), [["click", "won"]]);
  } finally {
    await edge.fetch("/test-fault/none");
  }
});
