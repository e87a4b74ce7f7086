// A resource of a DigitalOcean add-on, as docs.digitalocean.com documents the calls (add-ons: provisioning, single
// sign-on, notifications). DigitalOcean bills and reports no amounts, so charges come from the operator through the
// API.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { billed } from "../support/lifecycles.mjs";
import { seconds } from "../support/signers.mjs";

const UUID = "61d2f6a0-7f0c-4a57-8d1f-0d6f7f3f7f11";
const SALT = "sso-salt-0001";
const CUSTOMER = `digitalocean:${UUID}`;
const authorization = `Basic ${Buffer.from("acme:1234").toString("base64")}`;

const server = (scenario, method, kind, status, body) => async () => {
  const response = await scenario.callback(kind, {
    method, headers: { authorization, "content-type": "application/json" }, body: body && JSON.stringify(body),
  });
  assert.equal(response.status, status);
};

const notification = (scenario, type, createdAt) =>
  server(scenario, "POST", "notifications", 204, { type, created_at: createdAt, payload: { resources_uuids: [UUID] } });

export default {
  marketplace: "digitalocean",
  settings: { config: { ACME_URL: "https://acme.example" } },
  secrets: { credentials: "acme:1234", sso_salt: SALT },
  vendor: (request) => assert.fail(`unexpected request to ${request.url}`),
  steps(scenario) {
    const now = seconds();
    const token = createHmac("sha256", SALT).update(`${now}:${UUID}`).digest("hex");
    const fields = { resource_uuid: UUID, token, timestamp: String(now), user_id: "7", user_email: "a@b.example" };
    let used = false;
    return {
      provisioned: server(scenario, "POST", "resources", 201, {
        resource_name: "acme-1", app_slug: "acme", plan_slug: "basic", uuid: UUID, metadata: {}, email: "abc@xyz.example", creator_id: 4321,
        oauth_grant: { type: "authorization_code", code: "d1b2c3", expires_at: "2026-11-22T12:05:00Z" },
      }),
      async signedOn() {
        const response = await scenario.form("sso", fields);
        if (used) return assert.equal(response.status, 401, "a sign-on token is valid once");
        used = true;
        const product = await scenario.through(response);
        assert.equal(product.search, `?plan=pro&${new URLSearchParams(fields)}`);
      },
      planChanged: server(scenario, "PUT", `resources/${UUID}`, 200, { plan_slug: "pro" }),
      suspended: notification(scenario, "resources.suspended", now - 60),
      reactivated: notification(scenario, "resources.reactivated", now - 30),
      ...scenario.billing(CUSTOMER),
      deprovisioned: server(scenario, "DELETE", `resources/${UUID}`, 204),
    };
  },
  accountsByArrival: true,
  ends: {
    conversions: [
      `install install:${UUID} of ${CUSTOMER}; attributed`,
      ...billed.conversions(CUSTOMER),
      `uninstall delete:${UUID} of ${CUSTOMER}; credentials, attributed`,
    ],
    balances: billed.balances,
    accounts: [`${UUID}: uninstalled, pro`],
  },
};
