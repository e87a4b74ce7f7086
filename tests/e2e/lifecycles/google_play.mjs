// A subscriber on Google Play, as developer.android.com documents it (google/play/billing: rtdn-reference, lifecycle;
// google/play/installreferrer): the app's report of its first run, the notifications that Pub/Sub pushes, and the
// Developer API, which is the only source of amounts.
import assert from "node:assert/strict";
import { createHash, createVerify } from "node:crypto";
import { minutes, rsa, seconds } from "../support/signers.mjs";

const PACKAGE = "com.acme.app";
const USER = "user-1";
const [OLD, NEW] = ["gpbdlkmnfaolkcjh.AO-J1Ox", "bfdjlhkmcoanigpe.AO-J1Oy"];
const [FIRST, RENEWAL, UPGRADE] = ["GPA.3345-1234-5678-90123", "GPA.3345-1234-5678-90123..0", "GPA.3390-2345-6789-01234"];
const AUDIENCE = "https://go.example/push";
const PUSHER = "push@acme-prod.iam.gserviceaccount.com";
const SUBSCRIPTION = "projects/acme-prod/subscriptions/play-push";
const ACCOUNT = "signpost@acme-prod.iam.gserviceaccount.com";
const API = `https://androidpublisher.googleapis.com/androidpublisher/v3/applications/${PACKAGE}`;
const [pusher, service] = [rsa("oidc-1"), rsa("service-1")];

/** The key file of a service account. */
export const keyFile = JSON.stringify({
  type: "service_account", client_email: ACCOUNT, private_key: service.pem, private_key_id: service.kid,
  token_uri: "https://evil.example/token",
});

/** Returns an access token for that service account, which must request `scope` (RFC 7523). */
export function grant(form, scope) {
  assert.equal(form.get("grant_type"), "urn:ietf:params:oauth:grant-type:jwt-bearer");
  const [header, claims, signature] = form.get("assertion").split(".");
  const verified = createVerify("RSA-SHA256").update(`${header}.${claims}`).verify(service.publicKey, signature, "base64url");
  assert.ok(verified, "the assertion is signed with the service account's key");
  const parsed = JSON.parse(Buffer.from(claims, "base64url"));
  assert.deepEqual([parsed.iss, parsed.aud, parsed.scope], [ACCOUNT, "https://oauth2.googleapis.com/token", scope]);
  return Response.json({ access_token: "api-token", expires_in: 3599, token_type: "Bearer" });
}

const money = (units, nanos) => ({ currencyCode: "EUR", units, nanos });
const subscription = (state, plan, order, fields) => ({
  kind: "androidpublisher#subscriptionPurchaseV2", regionCode: "DE", startTime: minutes(1),
  subscriptionState: `SUBSCRIPTION_STATE_${state}`, externalAccountIdentifiers: { obfuscatedExternalAccountId: USER },
  lineItems: [{
    productId: "pro", expiryTime: minutes(50_000), latestSuccessfulOrderId: order,
    offerDetails: { basePlanId: plan, offerTags: [] },
  }],
  ...fields,
});
const order = (state, minute, total, fields) => ({ state, createTime: minutes(minute), total, ...fields });
const nine = money("9", 990_000_000);
const part = {
  state: "PROCESSED_SUCCESSFULLY", createTime: minutes(4), processTime: minutes(4),
  refundDetails: { total: money("3", 330_000_000), tax: money("0", 530_000_000) },
};
const upgraded = (state) => subscription(state, "yearly", UPGRADE, { linkedPurchaseToken: OLD });

const about = (notificationType, purchaseToken) => ({
  subscriptionNotification: { version: "1.0", notificationType, purchaseToken, subscriptionId: "pro" },
});
const voided = (purchaseToken, orderId, refundType) => ({
  voidedPurchaseNotification: { purchaseToken, orderId, productType: 1, refundType },
});
/** The notifications: their minute, their content, and the API's responses at that time, by path. */
const notifications = {
  purchased: [1, about(4, OLD), {
    [`purchases/subscriptionsv2/tokens/${OLD}`]: subscription("ACTIVE", "monthly", FIRST),
    [`orders/${FIRST}`]: order("PROCESSED", 1, nine),
  }],
  renewed: [2, about(2, OLD), {
    [`purchases/subscriptionsv2/tokens/${OLD}`]: subscription("ACTIVE", "monthly", RENEWAL),
    [`orders/${RENEWAL}`]: order("PROCESSED", 2, nine),
  }],
  upgraded: [3, about(4, NEW), {
    [`purchases/subscriptionsv2/tokens/${NEW}`]: upgraded("ACTIVE"),
    [`orders/${UPGRADE}`]: order("PROCESSED", 3, money("19", 990_000_000)),
  }],
  replaced: [3, about(13, OLD), {
    [`purchases/subscriptionsv2/tokens/${OLD}`]:
      subscription("EXPIRED", "monthly", RENEWAL, { canceledStateContext: { replacementCancellation: {} } }),
  }],
  partlyRefunded: [4, voided(OLD, RENEWAL, 2), {
    [`orders/${RENEWAL}`]: order("PARTIALLY_REFUNDED", 2, nine, { orderHistory: { partialRefundEvents: [part] } }),
  }],
  refunded: [5, voided(NEW, UPGRADE, 1), {
    [`orders/${UPGRADE}`]: order("REFUNDED", 3, money("19", 990_000_000)),
  }],
  revoked: [6, about(12, NEW), { [`purchases/subscriptionsv2/tokens/${NEW}`]: upgraded("EXPIRED") }],
  expired: [7, about(13, NEW), { [`purchases/subscriptionsv2/tokens/${NEW}`]: upgraded("EXPIRED") }],
};

/** The API's responses that were not requested yet. */
let pending = {};

async function vendor(request) {
  if (request.url === "https://www.googleapis.com/oauth2/v3/certs") return Response.json({ keys: [pusher.jwk] });
  if (request.url === "https://oauth2.googleapis.com/token") {
    return grant(new URLSearchParams(await request.text()), "https://www.googleapis.com/auth/androidpublisher");
  }
  assert.deepEqual([request.method, request.headers.get("authorization")], ["GET", "Bearer api-token"]);
  const path = request.url.slice(`${API}/`.length);
  const { [path]: found, ...rest } = pending;
  assert.ok(request.url.startsWith(`${API}/`) && found, `unexpected request to ${request.url}`);
  pending = rest;
  return Response.json(found);
}

const push = (scenario, name, [minute, content, responses]) => async () => {
  pending = responses;
  const token = pusher.jwt({
    aud: AUDIENCE, iss: "https://accounts.google.com", azp: "1", sub: "1", email: PUSHER, email_verified: true,
    iat: seconds(), exp: seconds(3_600),
  });
  const notification = {
    version: "1.0", packageName: PACKAGE, eventTimeMillis: String(Date.parse(minutes(minute))), ...content,
  };
  const data = Buffer.from(JSON.stringify(notification)).toString("base64");
  const body = {
    message: { data, messageId: `118345678901${name}`, publishTime: minutes(minute), attributes: {} },
    subscription: SUBSCRIPTION, deliveryAttempt: 1,
  };
  const { status } = await scenario.post("rtdn", body, { authorization: `Bearer ${token}` });
  assert.deepEqual([status, pending], [204, {}]);
};

const ended = createHash("sha256").update(NEW).digest("hex");

export default {
  marketplace: "google-play",
  url: `https://play.google.com/store/apps/details?id=${PACKAGE}`,
  settings: { package_name: PACKAGE, audience: AUDIENCE, push_email: PUSHER, subscription: SUBSCRIPTION },
  secrets: { service_account: keyFile },
  vendor,
  steps: (scenario) => ({
    /** On its first run the app reads the store's referrer, and its backend passes that on. */
    async installed() {
      const store = new URL(scenario.location);
      assert.deepEqual([store.hostname, store.searchParams.get("id")], ["play.google.com", PACKAGE]);
      await scenario.operator.json("POST", "/v1/installs/google-play", {
        listing_id: scenario.listing.id, install_id: "installation-1", referrer: store.searchParams.get("referrer"),
        package_name: PACKAGE, obfuscated_account_id: USER,
        install_begin_timestamp_server_seconds: Math.floor(Date.parse(minutes(0)) / 1_000),
      });
    },
    ...Object.fromEntries(Object.entries(notifications).map(([name, notification]) => [name, push(scenario, name, notification)])),
  }),
  ends: {
    conversions: [
      `install install:installation-1 of google-play:${USER}; attributed`,
      `sale order:${FIRST} of google-play:${USER}; api_poll, attributed; 999 EUR, refunded 0; earns 200, 0`,
      `sale order:${RENEWAL} of google-play:${USER}; api_poll, attributed; 999 EUR, refunded 333; earns 200, 67`,
      `sale order:${UPGRADE} of google-play:${USER}; api_poll, attributed; 1999 EUR, refunded 1999; earns 400, 400`,
      `uninstall ended:${ended} of google-play:${USER}; api_poll, attributed`,
    ],
    balances: ["EUR: pending 333, payable 0, reversed 467"],
    accounts: [`${USER}: uninstalled, pro:yearly`],
  },
};
