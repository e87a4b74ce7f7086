// The cost of a whole callback that is signed with a vendor's key pair, in workerd: reading, verification, the write in
// the Ledger, the response. Microsoft's webhook uses RS256, a postback of SKAdNetwork ECDSA on P-256, and a
// notification of the App Store three tokens with a chain of certificates (P-384), which each isolate verifies once.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { appleChain, rsa, seconds } from "../../tests/e2e/support/signers.mjs";
import { withRoot } from "../../tests/e2e/support/roots.mjs";
import { median, processorMs } from "./load.mjs";
import { api, startSignpost } from "./servers.mjs";

const CALLBACKS = 200;
const AT_MOST_MS = 10;
const TENANT = "0b6f1d1e-6c1a-4f0e-9a3b-2f6d1c7e8a90";
const CLIENT = "5f3c2d10-8f0e-4c55-9f3e-7a1b2c3d4e5f";
const APP = { bundleId: "com.acme.app", appAppleId: 1234567890, environment: "Production" };

function microsoft() {
  const key = rsa("entra-1");
  const issuer = `https://login.microsoftonline.com/${TENANT}`;
  const token = key.jwt({
    aud: CLIENT, iss: `${issuer}/v2.0`, iat: seconds(), nbf: seconds(), exp: seconds(3_600), tid: TENANT, ver: "2.0",
    azp: "20e940b3-4c77-4b0b-9a53-9e16a1b010a7",
  });
  const guid = (number) => `9d3c1f6e-3f2a-4c0b-8e57-${String(number).padStart(12, "0")}`;
  return {
    scheme: "RS256", kind: "webhook", marketplace: "microsoft", settings: { tenant_id: TENANT, client_id: CLIENT },
    vendor: () => Response.json({ keys: [key.jwk] }),
    request: (number) => ({
      headers: { authorization: `Bearer ${token}` },
      body: { id: guid(number), subscriptionId: guid(number), planId: "gold", action: "Suspend", status: "Succeeded", timeStamp: new Date().toISOString() },
    }),
  };
}

function skadnetwork(root) {
  const file = path.join(root, "fixtures/vectors/skadnetwork_postback.json");
  const { request } = JSON.parse(readFileSync(file)).vectors.find(({ id }) => id === "skan-apple-4.0-fine");
  return {
    scheme: "ECDSA P-256", kind: "skadnetwork", marketplace: "apple",
    settings: { bundle_id: APP.bundleId, app_apple_id: 525463029, ad_network_ids: ["com.example"] },
    request: () => ({ headers: {}, body: JSON.parse(request.body) }),
  };
}

function notification() {
  const chain = appleChain();
  const jws = (claims) => chain.jws({ ...claims, signedDate: Date.now(), bundleId: APP.bundleId, environment: APP.environment });
  return {
    scheme: "ES256 under x5c", kind: "notifications", marketplace: "apple",
    settings: { bundle_id: APP.bundleId, app_apple_id: APP.appAppleId }, prepare: (directory) => withRoot(chain.root, directory),
    request: (number) => {
      const id = String(2_000_000_100_000_001 + number);
      const purchase = { transactionId: id, originalTransactionId: id, productId: "pro", purchaseDate: Date.now(), price: 9990, currency: "USD" };
      const signedTransactionInfo = jws({ ...purchase, quantity: 1, inAppOwnershipType: "PURCHASED" });
      const signedRenewalInfo = jws({ originalTransactionId: id, autoRenewProductId: "pro" });
      const data = { ...APP, signedTransactionInfo, signedRenewalInfo, status: 1 };
      const uuid = `002e14d5-51f5-4503-b5a8-${String(number).padStart(12, "0")}`;
      return { headers: {}, body: { signedPayload: jws({ notificationType: "SUBSCRIBED", subtype: "INITIAL_BUY", notificationUUID: uuid, version: "2.0", data }) } };
    },
  };
}

async function measure({ scheme, kind, marketplace, settings, vendor, prepare, request }, { root, scratch, disk }) {
  const state = path.join(disk, `signed-${kind}`);
  const modules = prepare && path.join(scratch, `signed-${kind}`);
  for (const directory of [state, modules].filter(Boolean)) await mkdir(directory, { recursive: true });
  prepare?.(modules);
  const server = await startSignpost({ root, scratch, state, modules, outbound: vendor });
  try {
    await api(server, "PUT", "/v1/program", { name: "Benchmark", currency: "EUR", landing_url: "https://shop.example/" });
    const listing = await api(server, "POST", "/v1/listings", { name: "Acme", marketplace, url: "https://store.example/", settings }, "listing");
    const address = `http://127.0.0.1:${server.port}/callbacks/${marketplace}/${listing.id}/${kind}`;
    const costs = [];
    for (let number = 0; number < CALLBACKS; number += 1) {
      const { headers, body } = request(number);
      const before = processorMs(server.pid);
      const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
      await response.arrayBuffer();
      costs.push(processorMs(server.pid) - before);
      assert.equal(response.status, 200);
    }
    return { scheme, kind: `${marketplace} ${kind}`, first: costs[0], typical: median(costs) };
  } finally {
    await server.mf.dispose();
  }
}

export async function signed({ print, ...options }) {
  for (const vendor of [microsoft(), skadnetwork(options.root), notification()]) {
    const { scheme, kind, first, typical } = await measure(vendor, options);
    const compares = `${scheme}; of the whole workerd process, sequential requests, on disk`;
    print({ figure: `${kind}: processor time`, value: typical, unit: "ms", at_most: AT_MOST_MS, compares: `median of ${CALLBACKS}; ${compares}` });
    print({ figure: `${kind}: processor time of the first in an isolate`, value: first, unit: "ms", compares: `includes fetching keys and compiling code; ${compares}` });
  }
}
