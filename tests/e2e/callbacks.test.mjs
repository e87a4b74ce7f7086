// Callbacks of marketplaces in workerd: verified, durable before the response, credited to the click.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { startEdge } from "./support/harness.mjs";
import { programme, visit } from "./support/programme.mjs";

const SECRET = "wc-secret-0001";
const SALT = "sso-salt-0001";
const UUID = "61d2f6a0-7f0c-4a57-8d1f-0d6f7f3f7f11";
const BASIC = `Basic ${Buffer.from("acme:1234").toString("base64")}`;

const listing = (operator, marketplace, secrets) =>
  operator.json("POST", "/v1/listings", {
    name: marketplace, marketplace, url: "https://store.example/app", forward_to: "https://app.example/start?plan=pro", secrets,
  });

function order(address, fields, secret = SECRET) {
  const body = JSON.stringify({
    id: 727, status: "processing", currency: "EUR", total: "29.35", customer_id: 26, date_paid_gmt: "2026-11-01T00:00:08",
    line_items: [], coupon_lines: [], refunds: [], meta_data: [], ...fields,
  });
  const signature = createHmac("sha256", secret).update(body).digest("base64");
  return [address, { method: "POST", body, headers: { "content-type": "application/json", "x-wc-webhook-signature": signature } }];
}

function signOn() {
  const seconds = Math.floor(Date.now() / 1_000);
  const token = createHmac("sha256", SALT).update(`${seconds}:${UUID}`).digest("hex");
  return new URLSearchParams({ resource_uuid: UUID, token, timestamp: seconds, user_id: 7, user_email: "a@b.example" }).toString();
}

describe("callbacks", () => {
  let edge;
  let world;
  let store;
  before(async () => {
    edge = await startEdge({ entry: "tests/e2e/support/faulty.mjs" });
    world = await programme(edge);
    const { id } = await listing(world.operator, "woocommerce", { webhook_secret: ["new-secret-0002", SECRET] });
    store = `/callbacks/woocommerce/${id}/orders`;
  });
  after(() => edge.stop());
  const conversions = async () => (await world.operator.json("GET", "/v1/conversions?limit=200")).data;

  test("an order is one sale of the click's partner, however often it is delivered, and survives SIGKILL once it is acknowledged", async () => {
    const { clickId } = await visit(edge, world.adas.url);
    const meta_data = [{ id: 1, key: "_wc_order_attribution_utm_content", value: clickId }];
    const paid = order(store, { meta_data, date_paid_gmt: new Date().toISOString().slice(0, 19) });
    const responses = await Promise.all(Array.from({ length: 20 }, () => edge.fetch(...paid)));
    assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([200]));
    await edge.kill();
    await edge.restart();
    const [sale, ...others] = await conversions();
    assert.deepEqual(others, []);
    assert.deepEqual([sale.amount, sale.currency, sale.attribution.status], [2935, "EUR", "attributed"]);
    assert.equal(sale.commissions[0].amount, 587);
    const refunded = order(store, { meta_data, refunds: [{ id: 751, total: "-10.00" }] });
    for (let again = 0; again < 2; again += 1) assert.equal((await edge.fetch(...refunded)).status, 200);
    const [balance] = (await world.operator.json("GET", "/v1/balances")).data;
    assert.deepEqual([balance.pending, balance.reversed], [387, 200]);
  });

  test("the ping gets 200; a forgery, an unknown listing and another method get identical 401 responses", async () => {
    const { length } = await conversions();
    const ping = await edge.fetch(store, { method: "POST", body: "webhook_id=14" });
    assert.equal(ping.status, 200);
    const forged = order(store, { id: 800 }, "another-secret");
    const unknownListing = order("/callbacks/woocommerce/lst_00000000000000000000000000/orders", { id: 801 });
    const mismatched = order(store.replace("woocommerce", "digitalocean"), { id: 802 });
    const bodies = [];
    const nonsense = ["/callbacks/woocommerce/none/orders", { method: "POST", body: "{}" }];
    for (const [address, init] of [forged, unknownListing, mismatched, nonsense, [store, { method: "GET" }]]) {
      const response = await edge.fetch(address, init);
      bodies.push(`${response.status} ${response.headers.get("content-type")} ${await response.text()}`);
      assert.ok(response.headers.get("x-request-id"));
    }
    assert.deepEqual(new Set(bodies), new Set(["401 text/plain unauthorized"]));
    assert.equal((await conversions()).length, length);
    assert.equal((await edge.fetch(store, { method: "POST", body: "x".repeat(1024 * 1024 + 1) })).status, 413);
    assert.ok(edge.logs.some(({ message }) => /is refused: the signature does not match/.test(message)), "the log contains the reason");
    assert.ok(!edge.logs.some(({ message }) => message.includes(SECRET)), "the log does not contain the secret");
  });

  test("while the Ledger is unavailable, the response makes the vendor retry", async () => {
    const paid = order(store, { id: 900 });
    await edge.fetch("/test-fault/ledger-fails");
    const failed = await edge.fetch(...paid);
    await edge.fetch("/test-fault/none");
    assert.equal(failed.status, 503);
    assert.equal((await edge.fetch(...paid)).status, 200);
    assert.ok((await conversions()).some(({ external_id }) => external_id.endsWith("/order:900")));
  });

  test("an order that cannot be read is kept before it is acknowledged, survives SIGKILL, and counts once it can be read", async () => {
    const { id } = await listing(world.operator, "woocommerce", { webhook_secret: SECRET });
    const odd = order(`/callbacks/woocommerce/${id}/orders`, { id: 950, total: "29,35", billing: { email: "ann@example.com" } });
    await edge.fetch("/test-fault/ledger-fails");
    assert.equal((await edge.fetch(...odd)).status, 503, "it cannot be kept");
    await edge.fetch("/test-fault/none");
    for (let again = 0; again < 2; again += 1) assert.equal((await edge.fetch(...odd)).status, 200);
    await edge.kill();
    await edge.restart();
    const { data } = await world.operator.json("GET", `/v1/callbacks?status=unprocessed&listing_id=${id}`);
    assert.deepEqual(data.map(({ kind, reason, tries }) => [kind, reason, tries]), [["orders", "/total is not an amount of the currency", 0]]);
    const tried = await world.operator.json("POST", `/v1/callbacks/${data[0].id}/retry`);
    assert.deepEqual([tried.status, tried.tries], ["unprocessed", 1]);
    assert.ok(!JSON.stringify([data, tried, edge.logs]).includes("ann@example.com"));
    // The shop's next update of the order can be read.
    const [address] = odd;
    assert.equal((await edge.fetch(...order(address, { id: 950 }))).status, 200);
    assert.ok((await conversions()).some(({ external_id }) => external_id === `${id}/order:950`));
  });

  test("a sign-on posted by another site binds the visitor's clicks once, through a top-level redirect", async () => {
    const { id } = await listing(world.operator, "digitalocean", { credentials: "acme:1234", sso_salt: SALT });
    const base = `/callbacks/digitalocean/${id}`;
    const provisioned = await edge.fetch(`${base}/resources`, {
      method: "POST", headers: { authorization: BASIC }, body: JSON.stringify({ uuid: UUID, plan_slug: "basic" }),
    });
    assert.equal(provisioned.status, 201);
    assert.equal((await provisioned.json()).id, UUID);
    const { cookies, clickId } = await visit(edge, world.adas.url, { ip: "198.51.100.7" });
    const form = signOn();
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    const posted = await edge.fetch(`${base}/sso`, { method: "POST", headers, body: form });
    assert.equal(posted.status, 303);
    assert.equal((await edge.fetch(`${base}/sso`, { method: "POST", headers, body: form })).status, 401, "the token is valid once");
    const handoff = posted.headers.get("location");
    const cookie = cookies.map((line) => line.split(";")[0]).join("; ");
    const landed = await edge.fetch(handoff, { headers: { cookie } });
    assert.equal(landed.status, 302);
    assert.equal(landed.headers.get("location"), `https://app.example/start?plan=pro&${form}`);
    assert.equal((await edge.fetch(handoff, { headers: { cookie } })).status, 404, "the handoff works once");
    const install = (await conversions()).find(({ type }) => type === "install");
    assert.equal(install.attribution.credits[0].click_id, clickId);
    assert.equal(install.attribution.credits[0].partner_id, world.ada.id);
  });

  test("a batch with unreadable parts is accepted, and the log reports the parts", async () => {
    const { id } = await listing(world.operator, "hubspot", { client_secret: SECRET });
    const address = `/callbacks/hubspot/${id}/webhook`;
    const body = JSON.stringify([{ subscriptionType: "deal.creation", portalId: 62515 }, { portalId: 62515 }]);
    const now = Date.now();
    const signature = createHmac("sha256", SECRET).update(`POST${edge.url}${address}${body}${now}`).digest("base64");
    const headers = { "x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": `${now}` };
    assert.equal((await edge.fetch(address, { method: "POST", body, headers })).status, 200);
    const line = `a callback of ${id}, hubspot webhook, was taken in part: 1 of 2 elements do not count, the last: /1 has no subscriptionType`;
    assert.ok(edge.logs.some(({ message }) => message.endsWith(line)), JSON.stringify(edge.logs));
  });
});
