// A shop that installs an app from the Shopify App Store, as shopify.dev documents the calls (authorization code grant,
// webhooks). Shopify pushes no charges, so they come from the operator through the API.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { billed } from "../support/lifecycles.mjs";
import { minutes, seconds } from "../support/signers.mjs";

const SECRET = "hush";
const SHOP = "some-shop.myshopify.com";
const NUMBER = 548380009;
const CUSTOMER = `shopify:${SHOP}`;
const UNINSTALLED_AT = minutes(40);

const mac = (bytes, encoding) => createHmac("sha256", SECRET).update(bytes).digest(encoding);

/** The body that Shopify signs when a shop removes the app. It tells one removal from another. */
const GONE = { id: NUMBER, name: "Super Toys", myshopify_domain: SHOP };
const digest = (text) => createHash("sha256").update(text).digest("hex").slice(0, 32);

/** Returns a query that Shopify signed: the sorted parameters without the signature. */
function signedQuery(parameters) {
  const signed = Object.entries({ ...parameters, timestamp: seconds() }).map(([name, value]) => `${name}=${value}`).sort().join("&");
  return `hmac=${mac(signed, "hex")}&${signed}`;
}

const webhook = (scenario, kind, topic, body, triggeredAt = minutes(50)) => async () => {
  const text = JSON.stringify(body);
  const { status } = await scenario.callback(kind, {
    method: "POST", body: text,
    headers: {
      "content-type": "application/json", "x-shopify-hmac-sha256": mac(text, "base64"), "x-shopify-topic": topic,
      "x-shopify-shop-domain": SHOP, "x-shopify-api-version": "2026-07", "x-shopify-triggered-at": triggeredAt,
      "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
    },
  });
  assert.equal(status, 200);
};

const subscription = (scenario, status, minute) =>
  webhook(scenario, "subscription", "app_subscriptions/update", {
    app_subscription: {
      admin_graphql_api_id: "gid://shopify/AppSubscription/1029266947", name: "Pro", status,
      admin_graphql_api_shop_id: `gid://shopify/Shop/${NUMBER}`, created_at: minutes(0), updated_at: minutes(minute),
      currency: "USD", capped_amount: "20.0", price: "10.00", interval: "every_30_days", plan_handle: "pro",
    },
  });

export default {
  marketplace: "shopify",
  settings: { client_id: "8f1b0c0de5a94e0f8d7c6b5a49382716" },
  secrets: { client_secret: SECRET },
  vendor: (request) => assert.fail(`unexpected request to ${request.url}`),
  steps(scenario) {
    const query = signedQuery({ code: "a94a110d86d2452eb3e2af4cfb8a3828", host: "YWRtaW4uc2hvcGlmeS5jb20", shop: SHOP });
    const customer = { shop_id: NUMBER, shop_domain: SHOP, customer: { id: 191167 }, orders_to_redact: [] };
    let used = false;
    return {
      named: webhook(scenario, "shop", "shop/update", { id: NUMBER, myshopify_domain: SHOP }),
      async installed() {
        const response = await scenario.callback(`oauth?${query}`);
        if (used) return assert.equal(response.status, 401, "a signed query is valid once");
        used = true;
        const product = await scenario.through(response);
        assert.equal(product.search, `?plan=pro&${query}`);
      },
      active: subscription(scenario, "ACTIVE", 10),
      frozen: subscription(scenario, "FROZEN", 20),
      activeAgain: subscription(scenario, "ACTIVE", 30),
      ...scenario.billing(CUSTOMER),
      customersRedact: webhook(scenario, "customers-redact", "customers/redact", customer),
      uninstalled: webhook(scenario, "uninstalled", "app/uninstalled", GONE, UNINSTALLED_AT),
      shopRedact: webhook(scenario, "shop-redact", "shop/redact", { shop_id: NUMBER, shop_domain: SHOP }),
    };
  },
  ends: {
    conversions: [
      `install install:${SHOP} of ${CUSTOMER}; attributed`,
      ...billed.conversions(CUSTOMER),
      `uninstall uninstall:${NUMBER}:${digest(JSON.stringify(GONE))} of ${CUSTOMER}; signed, attributed`,
    ],
    balances: billed.balances,
    accounts: [`${SHOP}: uninstalled, pro`],
  },
};
