// A store that installs a BigCommerce app, as developer.bigcommerce.com documents the calls (app callbacks, webhooks):
// the first load in the control panel is the install. BigCommerce pushes no charges, so they come from the operator
// through the API.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { billed } from "../support/lifecycles.mjs";
import { seconds } from "../support/signers.mjs";

const SECRET = "bc-test-client-secret-0123456789abcdef";
const CLIENT_ID = "hjasdfhj09sasd80dsf04dfhg90rsds";
const STORE = "stores/z4zn3wo";
const CUSTOMER = `bigcommerce:${STORE}`;

const mac = (text, encoding) => createHmac("sha256", SECRET).update(text).digest(encoding);
const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Returns the query of a callback: a JWT for this app. */
function payload(jti) {
  const iat = seconds();
  const claims = {
    aud: CLIENT_ID, iss: "bc", iat, nbf: iat - 5, exp: iat + 86_400, jti, sub: STORE, url: "/", channel_id: null,
    user: { id: 9128, email: "user@example.com", locale: "en-US" }, owner: { id: 9128, email: "user@example.com" },
  };
  const signed = `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}`;
  return `signed_payload_jwt=${signed}.${mac(signed, "base64url")}`;
}

/** Returns a step that sends a webhook, signed as in Standard Webhooks. */
const webhook = (scenario, scope, hash) => async () => {
  const [id, time] = [`msg_${hash}`, String(seconds())];
  const body = JSON.stringify({ producer: STORE, hash, created_at: seconds(), store_id: "1025646", scope, data: { type: "store" } });
  const { status } = await scenario.callback("webhook", {
    method: "POST", body,
    headers: {
      "content-type": "application/json", "webhook-id": id, "webhook-timestamp": time,
      "webhook-signature": `v1,${mac(`${id}.${time}.${body}`, "base64")}`,
    },
  });
  assert.equal(status, 200);
};

/** Returns a step that sends a callback of BigCommerce's server. Its token is valid once. */
function server(scenario, kind, jti) {
  const query = payload(jti);
  let used = false;
  return async () => {
    const { status } = await scenario.callback(`${kind}?${query}`);
    assert.equal(status, used ? 401 : 200);
    used = true;
  };
}

export default {
  marketplace: "bigcommerce",
  settings: { client_id: CLIENT_ID },
  secrets: { client_secret: SECRET },
  vendor: (request) => assert.fail(`unexpected request to ${request.url}`),
  steps(scenario) {
    const query = payload("load-1");
    let continued = false;
    return {
      async loaded() {
        const response = await scenario.callback(`load?${query}`);
        if (continued) {
          // The top-level redirect happens once per account; later loads go to the product at once.
          assert.deepEqual([response.status, new URL(response.headers.get("location")).search], [302, `?plan=pro&${query}`]);
          return;
        }
        continued = true;
        const product = await scenario.throughPage(response);
        assert.equal(product.search, `?plan=pro&${query}`);
      },
      ordered: webhook(scenario, "store/order/created", "ad09f9f8a1e8"),
      ...scenario.billing(CUSTOMER),
      userRemoved: server(scenario, "remove-user", "remove-1"),
      uninstalled: server(scenario, "uninstall", "uninstall-1"),
      uninstalledByWebhook: webhook(scenario, "store/app/uninstalled", "cd09f9f8a1e9"),
    };
  },
  ends: {
    conversions: [
      `install install:${STORE} of ${CUSTOMER}; attributed`,
      ...billed.conversions(CUSTOMER),
      `uninstall uninstall:${STORE}:cd09f9f8a1e9 of ${CUSTOMER}; signed, attributed`,
      `uninstall uninstall:${STORE}:uninstall-1 of ${CUSTOMER}; signed, attributed`,
    ],
    balances: billed.balances,
    accounts: [`${STORE}: uninstalled, null`],
  },
};
