// A customer of Google Workspace Marketplace, as developers.google.com documents its calls (identity/protocols/oauth2,
// workspace/marketplace/reference): the first sign-in, the app's report of a colleague's sign-in, and the customer's
// licence. Google takes no payments there, so the operator's shop reports the sale.
import assert from "node:assert/strict";
import { minutes, rsa, seconds } from "../support/signers.mjs";
import { grant, keyFile } from "./google_play.mjs";

const DOMAIN = "fabrikam.example";
const CLIENT = "1234-abc.apps.googleusercontent.com";
const CLIENT_SECRET = "GOCSPX-s3cret";
const APP_SECRET = "app-secret-0123456789abcdef0123456789";
const APPLICATION = "471100815";
const CODE = "4/0Ab_code";
const LICENSE = `https://appsmarket.googleapis.com/appsmarket/v2/customerLicense/${APPLICATION}/${DOMAIN}`;
const key = rsa("google-1");

const idToken = (sub) =>
  key.jwt({
    iss: "https://accounts.google.com", azp: CLIENT, aud: CLIENT, sub, hd: DOMAIN, email: `${sub}@${DOMAIN}`,
    email_verified: true, iat: seconds(), exp: seconds(3_599),
  });

/** The token response for the code, which is valid once, and the current state of the licence. */
let granted, redirectUri, state;

async function vendor(request) {
  if (request.url === "https://www.googleapis.com/oauth2/v3/certs") return Response.json({ keys: [key.jwk] });
  if (request.url === "https://oauth2.googleapis.com/token") {
    const form = new URLSearchParams(await request.text());
    if (form.has("assertion")) return grant(form, "https://www.googleapis.com/auth/appsmarketplace.license");
    assert.deepEqual(Object.fromEntries(form), {
      grant_type: "authorization_code", client_id: CLIENT, client_secret: CLIENT_SECRET, code: CODE, redirect_uri: redirectUri,
    });
    const response = granted;
    granted = null;
    return response ? Response.json(response) : Response.json({ error: "invalid_grant" }, { status: 400 });
  }
  assert.deepEqual([request.url, request.headers.get("authorization")], [LICENSE, "Bearer api-token"]);
  return Response.json({ kind: "appsmarket#customerLicense", id: "1", applicationId: APPLICATION, customerId: DOMAIN, state });
}

const bearer = { authorization: `Bearer ${APP_SECRET}` };

const license = (scenario, newState) => async () => {
  state = newState;
  const response = await scenario.post("license", { customer: DOMAIN }, bearer);
  assert.deepEqual([response.status, await response.json()], [200, { state: newState }]);
};

export default {
  marketplace: "google-workspace",
  settings: { client_id: CLIENT, application_id: APPLICATION },
  secrets: { client_secret: CLIENT_SECRET, app_secret: APP_SECRET, service_account: keyFile },
  vendor,
  steps(scenario) {
    // Both users signed in before the first report.
    const [tokens, colleague] = [{ access_token: "ya29.user", expires_in: 3599, id_token: idToken("ada") }, idToken("ben")];
    [granted, redirectUri] = [tokens, scenario.address("oauth")];
    let used = false;
    return {
      async oauth() {
        const query = new URLSearchParams({ state: "of-the-app", code: CODE, scope: "openid" });
        const response = await scenario.callback(`oauth?${query}`, { headers: { cookie: scenario.cookie } });
        if (used) return assert.equal(response.status, 401, "a code is valid once");
        used = true;
        const product = await scenario.through(response);
        assert.equal(product.search, `?plan=pro&${query}`);
        const fetched = await scenario.form("token", { code: CODE, client_id: CLIENT, client_secret: CLIENT_SECRET });
        assert.deepEqual([fetched.status, await fetched.json()], [200, tokens]);
      },
      async colleague() {
        const response = await scenario.post("sign-in", { id_token: colleague }, bearer);
        assert.deepEqual([response.status, await response.json()], [200, { customer_id: `google-workspace:${DOMAIN}` }]);
      },
      async sale() {
        await scenario.operator.json("POST", "/v1/conversions", {
          type: "sale", external_id: "invoice-1", customer_id: `google-workspace:${DOMAIN}`, amount: 12_345, currency: "EUR",
          occurred_at: minutes(1), metadata: { evidence: "invoice" },
        });
      },
      active: license(scenario, "ACTIVE"),
      unlicensed: license(scenario, "UNLICENSED"),
    };
  },
  ends: {
    conversions: [
      `install install:${DOMAIN} of google-workspace:${DOMAIN}; attributed`,
      `sale invoice-1 of google-workspace:${DOMAIN}; invoice, attributed; 12345 EUR, refunded 0; earns 2469, 0`,
      `uninstall uninstall:${DOMAIN} of google-workspace:${DOMAIN}; api_poll, attributed`,
    ],
    balances: ["EUR: pending 2469, payable 0, reversed 0"],
    accounts: [`${DOMAIN}: uninstalled, null`],
  },
};
