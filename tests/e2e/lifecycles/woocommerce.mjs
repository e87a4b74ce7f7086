// A customer of a WooCommerce store and a subscriber of an app on WooCommerce.com, as woocommerce.com documents the
// calls (REST API: webhooks; SaaS billing): orders that the store sends after each change, and subscriptions with all
// their transactions.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { minutes } from "../support/signers.mjs";

const ORDERS_SECRET = "wc-orders-secret-0001";
const BILLING_SECRET = "wc-billing-secret-0001";
const SUBSCRIPTION = "0b9d8f1e-5a52-4d0a-9d07-5d9c1f4e8a11";
const SUBSCRIBER = `woocommerce:${SUBSCRIPTION}`;

/** Returns a time in WooCommerce's format: UTC without a zone. */
const time = (minute) => minutes(minute).slice(0, 19);

const webhook = (scenario, kind, secret, body) => async () => {
  const text = JSON.stringify(body);
  const signature = createHmac("sha256", secret).update(text).digest("base64");
  const { status } = await scenario.callback(kind, { method: "POST", body: text, headers: { "x-wc-webhook-signature": signature } });
  assert.equal(status, 200);
};

const order = (scenario, fields) =>
  webhook(scenario, "orders", ORDERS_SECRET, {
    id: 727, status: "processing", currency: "EUR", total: "29.35", customer_id: 26, date_paid_gmt: time(1),
    date_modified_gmt: time(1), line_items: [{ id: 315, sku: "PRO-M", total: "29.35" }], refunds: [], meta_data: [], ...fields,
  });

const subscription = (scenario, status, transactions) =>
  webhook(scenario, "billing", BILLING_SECRET, {
    subscription: { id: SUBSCRIPTION, status, next_payment_date: time(60), billing_intents: [], transactions },
  });

const transaction = (id, minute, refunded) =>
  ({ id, amount: "49.00", amount_refunded: refunded, completed_at: time(minute) });

export default {
  marketplace: "woocommerce",
  secrets: { webhook_secret: ORDERS_SECRET, billing_secret: BILLING_SECRET },
  vendor: (request) => assert.fail(`unexpected request to ${request.url}`),
  async begin(scenario) {
    // A subscription names no click, so the app reports it.
    await scenario.operator.json("POST", "/v1/conversions", {
      type: "lead", external_id: "user-1", customer_id: SUBSCRIBER, click_id: scenario.clickId,
    });
  },
  steps(scenario) {
    const entry = `https://store.example/?utm_source=ada&sp_click=${scenario.clickId}`;
    const attributed = { meta_data: [{ id: 812, key: "_wc_order_attribution_session_entry", value: entry }] };
    const [first, second] = [{ id: 751, total: "-10.00" }, { id: 752, total: "-19.35" }];
    return {
      async ping() {
        assert.equal((await scenario.form("orders", { webhook_id: "14" })).status, 200);
      },
      unpaid: order(scenario, { ...attributed, status: "pending", date_paid_gmt: null }),
      paid: order(scenario, attributed),
      // The customer is known, so the next order needs no click.
      paidAgain: order(scenario, { id: 728, total: "100.00", date_paid_gmt: time(2) }),
      refundedInPart: order(scenario, { ...attributed, refunds: [first] }),
      refunded: order(scenario, { ...attributed, status: "refunded", refunds: [first, second] }),
      subscribed: subscription(scenario, "active", [transaction("t-1", 3, "0.00")]),
      renewed: subscription(scenario, "active", [transaction("t-1", 3, "0.00"), transaction("t-2", 33, "0.00")]),
      renewalRefunded: subscription(scenario, "active", [transaction("t-1", 3, "0.00"), transaction("t-2", 33, "30.00")]),
      cancelled: subscription(scenario, "cancelled", [transaction("t-1", 3, "0.00"), transaction("t-2", 33, "30.00")]),
    };
  },
  ends: {
    conversions: [
      `lead user-1 of ${SUBSCRIBER}; undefined, attributed`,
      "sale order:727 of woocommerce:customer:26; signed, attributed; 2935 EUR, refunded 2935; earns 587, 587",
      "sale order:728 of woocommerce:customer:26; signed, attributed; 10000 EUR, refunded 0; earns 2000, 0",
      `sale transaction:t-1 of ${SUBSCRIBER}; signed, attributed; 4900 USD, refunded 0; earns 980, 0`,
      `sale transaction:t-2 of ${SUBSCRIBER}; signed, attributed; 4900 USD, refunded 3000; earns 980, 600`,
      `uninstall ended:${SUBSCRIPTION} of ${SUBSCRIBER}; signed, attributed`,
    ],
    balances: ["EUR: pending 2000, payable 0, reversed 587", "USD: pending 1360, payable 0, reversed 600"],
    accounts: [`${SUBSCRIPTION}: uninstalled, null`],
  },
};
