// An order in an Adobe Commerce instance, as developer.adobe.com documents its calls (events/docs/guides,
// commerce/extensibility): Adobe I/O Events with two signatures, the instance's own webhook, and the reports of an app.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { minutes, rsa, seconds } from "../support/signers.mjs";

const CLIENT = "c5a34355b7f5491f8277b8dd63f0bfa3";
const PROVIDER = "urn:uuid:1d02b72b-225f-45a0-a45f-4e89e1b3f300";
const APP_SECRET = "app-secret-0123456789abcdef0123456789";
const INSTANCE = "acme-prod";
const OBSERVER = "com.adobe.commerce.observer";
const keys = ["6b1c7f0e-1d52-4c39-8a40-0f8f5d1c2b3a", "d2f4a8c6-9e3b-4f71-b5d0-7a6c8e9f0b1d"].map(rsa);
const shop = rsa("shop-1");
const path = (key) => `/prod/keys/pub-key-${key.kid}.pem`;
const spki = (key) => key.publicKey.export({ type: "spki", format: "pem" });

async function vendor(request) {
  const key = keys.find((key) => request.url === `https://static.adobeioevents.com${path(key)}`);
  assert.ok(key, request.url);
  return new Response(spki(key));
}

/** Returns a time in Commerce's format: UTC without a zone. */
const time = (number) => minutes(number).slice(0, 19).replace("T", " ");

const order = (fields) => ({
  entity_id: "673", increment_id: "000000617", state: "processing", status: "processing", base_grand_total: 409.6,
  base_currency_code: "USD", grand_total: "368.6400", order_currency_code: "EUR", customer_is_guest: 0, customer_id: "26",
  customer_email: "ann@example.com", coupon_code: null, created_at: time(1), ...fields,
});
const memo = (fields) => ({
  entity_id: "31", order_id: 673, increment_id: "000000031", state: 2, base_grand_total: "20.0000", base_currency_code: "USD",
  created_at: time(3), ...fields,
});

/** Returns a step that sends an event of Adobe I/O Events, signed with both keys. */
const event = (scenario, name, value) => async () => {
  const id = "0c1b2a39-4857-4f3a-9b7c-6d5e4f3a2b1c";
  const message = {
    specversion: "1.0", type: `${OBSERVER}.${name}`, source: PROVIDER, id, time: minutes(9), datacontenttype: "application/json",
    data: { key: "7f0a", value, source: "shop.prod" }, eventid: id, recipientclientid: CLIENT,
  };
  const headers = {};
  for (const [number, key] of keys.entries()) {
    headers[`x-adobe-digital-signature-${number + 1}`] = key.sign(JSON.stringify(message)).toString("base64");
    headers[`x-adobe-public-key${number + 1}-path`] = path(key);
  }
  const { status } = await scenario.post("events", message, headers);
  assert.equal(status, 200);
};

/** Returns a step that sends a webhook of the instance. The signature covers the body in base64. */
const webhook = (scenario, body) => async () => {
  const signature = shop.sign(Buffer.from(JSON.stringify(body)).toString("base64")).toString("base64");
  const response = await scenario.post("commerce", body, { "x-adobe-commerce-webhook-signature": signature });
  assert.deepEqual([response.status, await response.json()], [200, [{ op: "success" }]]);
};

/** Returns a step in which the app reports an event of the instance, signed as in Standard Webhooks. */
const app = (scenario, fields) => async () => {
  const [id, timestamp, body] = [`msg_${fields.event}`, String(seconds()), { instance: INSTANCE, plan: "pro", ...fields }];
  const signature = createHmac("sha256", APP_SECRET).update(`${id}.${timestamp}.${JSON.stringify(body)}`).digest("base64");
  const { status } = await scenario.post("app", body, {
    "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}`,
  });
  assert.equal(status, 200);
};

export default {
  marketplace: "magento",
  settings: { client_id: CLIENT, source: PROVIDER, click_field: "sp_click", public_key: spki(shop) },
  secrets: { app_secret: APP_SECRET },
  vendor,
  steps(scenario) {
    const placed = order({ extension_attributes: { sp_click: scenario.clickId } });
    const next = order({ entity_id: 674, increment_id: "000000618", base_grand_total: "0.1", created_at: time(2) });
    return {
      async challenge() {
        const response = await scenario.callback("events?challenge=8ec8d794-e0ab-42df-9017-e3dada8e84f7");
        assert.deepEqual(await response.json(), { challenge: "8ec8d794-e0ab-42df-9017-e3dada8e84f7" });
      },
      installed: app(scenario, { event: "installed", click_id: scenario.clickId, occurred_at: minutes(0) }),
      unpaid: event(scenario, "sales_order_save_commit_after", { ...placed, state: "new" }),
      checkout: event(scenario, "checkout_submit_all_after", { order: placed, quote: { entity_id: "730" } }),
      complete: event(scenario, "sales_order_save_commit_after", { ...placed, state: "complete", base_grand_total: "409.6000" }),
      // The customer's second order names no click, and only the instance's own webhook reports it.
      next: webhook(scenario, { order: next }),
      memo: event(scenario, "sales_order_creditmemo_save_after", memo()),
      secondMemo: event(scenario, "sales_order_creditmemo_save_after", memo({ increment_id: "000000032", base_grand_total: 9.99 })),
      closed: event(scenario, "sales_order_save_commit_after", { ...placed, state: "closed" }),
      uninstalled: app(scenario, { event: "uninstalled", occurred_at: minutes(8) }),
    };
  },
  ends: {
    conversions: [
      `install installed:${INSTANCE} of magento:instance:${INSTANCE}; attributed`,
      "sale order:673 of magento:customer:26; signed, attributed; 40960 USD, refunded 40960; earns 8192, 8192",
      "sale order:674 of magento:customer:26; signed, attributed; 10 USD, refunded 0; earns 2, 0",
      `uninstall uninstalled:${INSTANCE} of magento:instance:${INSTANCE}; signed, attributed`,
    ],
    balances: ["USD: pending 2, payable 0, reversed 8192"],
    accounts: [`instance:${INSTANCE}: uninstalled, pro`],
  },
};
