// A purchase on Microsoft's marketplaces, as learn.microsoft.com documents its calls (partner-center, SaaS fulfilment
// API version 2): the landing page's token, the connection webhook, and the API that confirms both.
import assert from "node:assert/strict";
import { minutes, rsa, seconds } from "../support/signers.mjs";

const TENANT = "0b6f1d1e-6c1a-4f0e-9a3b-2f6d1c7e8a90";
const APP = "5f3c2d10-8f0e-4c55-9f3e-7a1b2c3d4e5f";
const MARKETPLACE_API = "20e940b3-4c77-4b0b-9a53-9e16a1b010a7";
const PURCHASE = "9d3c1f6e-3f2a-4c0b-8e57-0a1b2c3d4e5f";
const LOGIN = `https://login.microsoftonline.com/${TENANT}`;
const API = "https://marketplaceapi.microsoft.com/api/saas/subscriptions";
/** The token with which Microsoft sends a buyer to the landing page. */
export const TOKEN = "purchase+token/with==";
const key = rsa("entra-1");

const subscription = (planId, status = "Subscribed") => ({
  id: PURCHASE, name: "Contoso CRM", publisherId: "contoso", offerId: "contoso-crm", planId, quantity: 10, isFreeTrial: false,
  isTest: false, saasSubscriptionStatus: status, created: minutes(0),
  term: { startDate: "2026-11-01T00:00:00Z", endDate: "2026-11-30T00:00:00Z", termUnit: "P1M" },
});

const operationId = (number) => `74dfb4db-c193-4891-827d-eb05fbdc64b${number}`;
/** The operations by id, as the webhook and the API return them. */
const operations = Object.fromEntries(
  [
    ["Subscribe", "silver", "Succeeded"],
    ["ChangePlan", "gold", "InProgress"],
    ["Renew", "gold", "Succeeded"],
    ["Suspend", "gold", "Succeeded"],
    ["Reinstate", "gold", "Succeeded"],
    ["Unsubscribe", "gold", "Succeeded"],
  ].map(([action, planId, status], number) => [
    operationId(number),
    {
      id: operationId(number), activityId: operationId(number), subscriptionId: PURCHASE, publisherId: "contoso",
      offerId: "contoso-crm", planId, quantity: 10, action, status,
      timeStamp: minutes(number + 1).replace("Z", "4937Z"),
    },
  ]),
);

function bearer() {
  return key.jwt({
    aud: APP, iss: `${LOGIN}/v2.0`, iat: seconds(), nbf: seconds(), exp: seconds(3_600), azp: MARKETPLACE_API, azpacr: "2",
    tid: TENANT, oid: "1", sub: "1", uti: "u", ver: "2.0",
  });
}

async function vendor(request) {
  const address = request.url.replace("?api-version=2018-08-31", "");
  if (address === `${LOGIN}/discovery/v2.0/keys`) return Response.json({ keys: [key.jwk] });
  if (address === `${LOGIN}/oauth2/v2.0/token`) {
    const form = new URLSearchParams(await request.text());
    assert.deepEqual(Object.fromEntries(form), {
      grant_type: "client_credentials", client_id: APP, client_secret: "s3cret", scope: `${MARKETPLACE_API}/.default`,
    });
    return Response.json({ token_type: "Bearer", expires_in: 3599, access_token: "api-token" });
  }
  assert.equal(request.headers.get("authorization"), "Bearer api-token");
  if (address === `${API}/resolve`) {
    assert.equal(request.headers.get("x-ms-marketplace-token"), TOKEN);
    return Response.json({
      id: PURCHASE, subscriptionName: "Contoso CRM", offerId: "contoso-crm", planId: "silver", quantity: 10,
      subscription: subscription("silver", "PendingFulfillmentStart"),
    });
  }
  const operation = operations[address.slice(`${API}/${PURCHASE}/operations/`.length)];
  return operation ? Response.json(operation) : new Response(null, { status: 404 });
}

const webhook = (scenario, operation) => async () => {
  const body = { ...operation, operationRequestSource: "Azure", purchaseToken: null, subscription: subscription("silver") };
  const { status } = await scenario.post("webhook", body, { authorization: `Bearer ${bearer()}` });
  assert.equal(status, 200);
};

export default {
  marketplace: "microsoft",
  settings: {
    tenant_id: TENANT, client_id: APP,
    plans: { silver: { amount: 4900, currency: "USD" }, gold: { amount: 9900, currency: "USD" } },
  },
  secrets: { client_secret: "s3cret" },
  vendor,
  steps: (scenario) => ({
    async landing() {
      const query = `token=${encodeURIComponent(TOKEN)}`;
      const product = await scenario.through(await scenario.callback(`landing?${query}`, { headers: { cookie: scenario.cookie } }));
      assert.equal(product.search, `?plan=pro&${query}`);
    },
    ...Object.fromEntries(Object.values(operations).map((operation) => [operation.action, webhook(scenario, operation)])),
  }),
  ends: {
    conversions: [
      `install install:${PURCHASE} of microsoft:${PURCHASE}; attributed`,
      `sale operation:${operationId(2)} of microsoft:${PURCHASE}; api_poll, attributed; 9900 USD, refunded 0; earns 1980, 0`,
      `sale subscribe:${PURCHASE} of microsoft:${PURCHASE}; api_poll, attributed; 4900 USD, refunded 0; earns 980, 0`,
      `uninstall unsubscribe:${PURCHASE} of microsoft:${PURCHASE}; api_poll, attributed`,
    ],
    balances: ["USD: pending 2960, payable 0, reversed 0"],
    accounts: [`${PURCHASE}: uninstalled, gold`],
  },
};
