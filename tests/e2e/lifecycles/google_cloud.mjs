// A customer of Google Cloud Marketplace, as cloud.google.com documents its calls (marketplace/docs/partners,
// integrated-saas): the sign-up form's token, the events that Pub/Sub pushes, and the procurement API.
import assert from "node:assert/strict";
import { createVerify } from "node:crypto";
import { certificate, minutes, rsa, seconds } from "../support/signers.mjs";

const SIGNUP = "https://www.googleapis.com/robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com";
const PUSH = "https://accounts.google.com";
const ACCOUNT = "4a1f9e3b-7c2d-4e5f-8a6b-9c0d1e2f3a4b";
const ENTITLEMENT = "c91aecd0-de62-43fc-88fd-ab0b77c57c7c";
const ORDER = "8e4c1d2f-1a2b-4c3d-9e8f-7a6b5c4d3e2f";
const AUDIENCE = "https://go.example/push";
const PUSHER = "push@acme-prod.iam.gserviceaccount.com";
const SUBSCRIPTION = "projects/acme-prod/subscriptions/marketplace-push";
const [signer, pusher, service] = [rsa("cloud-1"), rsa("oidc-1"), rsa("service-1")];
const published = certificate(signer.privateKey);

const events = ["CREATION_REQUESTED", "ACTIVE", "PLAN_CHANGED", "RENEWED", "CANCELLED"].map((event, number) => ({
  eventId: `ENTITLEMENT_${event}-709a3d39`, eventType: `ENTITLEMENT_${event}`, providerId: "acme-public",
  entitlement: { id: ENTITLEMENT, updateTime: minutes(number + 1), ...(event === "PLAN_CHANGED" && { newPlan: "gold" }) },
}));

/** The entitlement's state in the API at the time of the event. */
let state = {};

async function vendor(request) {
  if (request.url === SIGNUP) return Response.json({ [signer.kid]: published });
  if (request.url === "https://www.googleapis.com/oauth2/v3/certs") return Response.json({ keys: [pusher.jwk] });
  if (request.url === "https://oauth2.googleapis.com/token") {
    const form = new URLSearchParams(await request.text());
    assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
    const [header, claims, signature] = form.get("assertion").split(".");
    const verified = createVerify("RSA-SHA256").update(`${header}.${claims}`).verify(service.publicKey, signature, "base64url");
    assert.ok(verified, "the assertion is signed with the service account's key");
    const { iss, aud } = JSON.parse(Buffer.from(claims, "base64url"));
    assert.deepEqual([iss, aud], ["signpost@acme-prod.iam.gserviceaccount.com", request.url]);
    return Response.json({ access_token: "api-token", expires_in: 3599, token_type: "Bearer" });
  }
  assert.equal(request.headers.get("authorization"), "Bearer api-token");
  assert.equal(request.url, `https://cloudcommerceprocurement.googleapis.com/v1/providers/acme-public/entitlements/${ENTITLEMENT}`);
  return Response.json({
    name: `providers/acme-public/entitlements/${ENTITLEMENT}`, account: `providers/acme-public/accounts/${ACCOUNT}`,
    provider: "acme-public", productExternalName: "acme", orderId: ORDER, ...state,
  });
}

const push = (scenario, event, number) => async () => {
  state = {
    plan: number < 2 ? "silver" : "gold", updateTime: event.entitlement.updateTime,
    state: event.eventType === "ENTITLEMENT_CANCELLED" ? "ENTITLEMENT_CANCELLED" : "ENTITLEMENT_ACTIVE",
  };
  const token = pusher.jwt({
    aud: AUDIENCE, iss: PUSH, azp: "1", sub: "1", email: PUSHER, email_verified: true, iat: seconds(), exp: seconds(3_600),
  });
  const data = Buffer.from(JSON.stringify(event)).toString("base64");
  const body = {
    message: { data, messageId: `1183456789013${number}`, publishTime: event.entitlement.updateTime, attributes: {} },
    subscription: SUBSCRIPTION, deliveryAttempt: 1,
  };
  const { status } = await scenario.post("events", body, { authorization: `Bearer ${token}` });
  assert.equal(status, 204);
};

const token = () =>
  signer.jwt({
    iss: SIGNUP, aud: "app.acme.example", iat: seconds(), exp: seconds(300), sub: ACCOUNT,
    google: { roles: ["GCP_ROLE"], user_identity: "114567890123456789012", orders: [ORDER] },
  });

/** The form that a buyer's browser posts for Google. */
export const signUp = () => ({ "x-gcp-marketplace-token": token() });

export default {
  marketplace: "google-cloud",
  settings: {
    domain: "app.acme.example", audience: AUDIENCE, push_email: PUSHER, subscription: SUBSCRIPTION, provider_id: "acme-public",
    plans: { silver: { amount: 4900, currency: "USD" }, gold: { amount: 9900, currency: "USD" } },
  },
  secrets: {
    service_account: JSON.stringify({
      type: "service_account", client_email: "signpost@acme-prod.iam.gserviceaccount.com", private_key: service.pem,
      private_key_id: service.kid, token_uri: "https://evil.example/token",
    }),
  },
  vendor,
  steps(scenario) {
    const fields = signUp(); // both deliveries have the same fields, as when a browser repeats a request
    let used = false;
    return {
      async signUp() {
        const response = await scenario.form("signup", fields);
        if (used) return assert.equal(response.status, 401, "a sign-up token is valid once");
        used = true;
        const product = await scenario.through(response);
        assert.equal(product.search, `?plan=pro&${new URLSearchParams(fields)}`);
      },
      ...Object.fromEntries(events.map((event, number) => [event.eventType, push(scenario, event, number)])),
    };
  },
  ends: {
    conversions: [
      `install install:${ACCOUNT} of google-cloud:${ACCOUNT}; attributed`,
      `sale ENTITLEMENT_RENEWED-709a3d39 of google-cloud:${ACCOUNT}; api_poll, attributed; 9900 USD, refunded 0; earns 1980, 0`,
      `uninstall uninstall:${ACCOUNT} of google-cloud:${ACCOUNT}; api_poll, attributed`,
    ],
    balances: ["USD: pending 1980, payable 0, reversed 0"],
    accounts: [`${ACCOUNT}: uninstalled, gold`],
  },
};
