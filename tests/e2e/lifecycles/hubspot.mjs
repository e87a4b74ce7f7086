// A HubSpot account that installs an app, as developers.hubspot.com documents the calls (OAuth, webhooks with signature
// v3). HubSpot takes no payments and reports no uninstalls, so both come from the operator through the API.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { billed } from "../support/lifecycles.mjs";
import { minutes } from "../support/signers.mjs";

const CLIENT_ID = "7fff1e36-2d40-4ae1-bbb1-5266d59564fb";
const SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const CODE = "na1-b1c2-d3e4";
const HUB = 62515;
const CUSTOMER = `hubspot:${HUB}`;
const GRANTED = {
  token_type: "bearer", refresh_token: "1e8fbfb1-8e96-4826-8b8d-c8af73715", access_token: "CIrToaiiMhIHAAEAQAAAARiO1ooBIOP0sgEo",
  expires_in: 1800, hub_id: HUB, user_id: 293199, scopes: ["oauth"], token_use: "access_token",
};

/** HubSpot accepts a code once; `redirectUri` is the redirect URL that was registered for it. */
let codeIsUsed, redirectUri;

async function vendor(request) {
  assert.equal(`${request.method} ${request.url}`, "POST https://api.hubapi.com/oauth/2026-03/token");
  assert.deepEqual(Object.fromEntries(new URLSearchParams(await request.text())), {
    grant_type: "authorization_code", client_id: CLIENT_ID, client_secret: SECRET, code: CODE, redirect_uri: redirectUri,
  });
  if (codeIsUsed) return Response.json({ status: "BAD_AUTH_CODE" }, { status: 400 });
  codeIsUsed = true;
  return Response.json(GRANTED);
}

/**
 * Sends a batch of webhooks. The app subscribes to deals, which are the customer's own business and not conversions.
 */
async function deal(scenario) {
  const body = JSON.stringify([{
    eventId: 3816279340, subscriptionId: 25, portalId: HUB, appId: 1160452, occurredAt: Date.now(),
    subscriptionType: "deal.propertyChange", attemptNumber: 0, objectId: 9876543210, propertyName: "dealstage",
    propertyValue: "closedwon", changeSource: "CRM_UI", sourceId: "userId:1234",
  }]);
  const time = String(Date.now());
  const signed = `POST${scenario.address("webhook")}${body}${time}`;
  const signature = createHmac("sha256", SECRET).update(signed).digest("base64");
  const { status } = await scenario.callback("webhook", {
    method: "POST", body,
    headers: { "content-type": "application/json", "x-hubspot-signature-v3": signature, "x-hubspot-request-timestamp": time },
  });
  assert.equal(status, 200);
}

export default {
  marketplace: "hubspot",
  settings: { client_id: CLIENT_ID, scopes: "oauth" },
  secrets: { client_secret: SECRET },
  vendor,
  steps(scenario) {
    [codeIsUsed, redirectUri] = [false, scenario.address("oauth")];
    return {
      async consent() {
        const response = await scenario.callback(`install?sp_click=${scenario.clickId}`);
        assert.equal(response.status, 302);
        const { origin, pathname, searchParams } = new URL(response.headers.get("location"));
        assert.equal(`${origin}${pathname}`, "https://app.hubspot.com/oauth/authorize");
        assert.deepEqual(Object.fromEntries(searchParams), {
          client_id: CLIENT_ID, redirect_uri: redirectUri, scope: "oauth", state: scenario.clickId,
        });
      },
      async installed() {
        const query = new URLSearchParams({ code: CODE, state: scenario.clickId });
        const again = codeIsUsed;
        const response = await scenario.callback(`oauth?${query}`);
        if (again) return assert.equal(response.status, 401);
        const product = await scenario.through(response);
        assert.equal(product.search, `?plan=pro&${query}`);
        const tokens = await scenario.form("token", { code: CODE, client_id: CLIENT_ID, client_secret: SECRET });
        assert.deepEqual([tokens.status, await tokens.json()], [200, GRANTED]);
      },
      deal: () => deal(scenario),
      ...scenario.billing(CUSTOMER),
      async uninstalled() {
        await scenario.operator.json("POST", "/v1/conversions", {
          type: "uninstall", external_id: `uninstall-${HUB}`, customer_id: CUSTOMER, occurred_at: minutes(60),
          metadata: { evidence: "journal" },
        });
      },
    };
  },
  ends: {
    conversions: [
      `install install:${HUB} of ${CUSTOMER}; attributed`,
      ...billed.conversions(CUSTOMER),
      `uninstall uninstall-${HUB} of ${CUSTOMER}; journal, attributed`,
    ],
    balances: billed.balances,
    accounts: [`${HUB}: installed, null`],
  },
};
