// A user of an app in the App Store, as developer.apple.com documents App Store Server Notifications V2. No browser is
// involved, so the app's backend reports the click with the token that the app passes to Apple (`appAccountToken`).
import assert from "node:assert/strict";
import { appleChain } from "../support/signers.mjs";
import { withRoot } from "../support/roots.mjs";

const TOKEN = "7E3FB20B-4CDB-47CC-936D-99D65F608138";
const USER = `apple:${TOKEN.toLowerCase()}`;
const APP = { bundleId: "com.acme.app", appAppleId: 1234567890, environment: "Production" };
const FIRST = "2000000100000001";
const chain = appleChain();

/** Returns a step that sends a notification, `number` seconds after the start. */
function notify(scenario, start, number, [type, subtype], transaction) {
  return async () => {
    const time = start + number * 1_000;
    const signedTransactionInfo = chain.jws({
      transactionId: FIRST, originalTransactionId: FIRST, bundleId: APP.bundleId, environment: APP.environment,
      productId: "com.acme.app.pro.monthly", purchaseDate: time, signedDate: time, quantity: 1, type: "Auto-Renewable Subscription",
      appAccountToken: TOKEN, inAppOwnershipType: "PURCHASED", price: 9990, currency: "USD", storefront: "USA", ...transaction,
    });
    const signedPayload = chain.jws({
      notificationType: type, ...(subtype && { subtype }), notificationUUID: `002e14d5-51f5-4503-b5a8-c3a1af68eb2${number}`,
      version: "2.0", signedDate: time, data: { ...APP, bundleVersion: "1.2.3", signedTransactionInfo, status: 1 },
    });
    assert.equal((await scenario.post("notifications", { signedPayload })).status, 200);
  };
}

export default {
  marketplace: "apple",
  url: "https://apps.apple.com/app/apple-store/id1234567890?pt=118123456&ct=partners&mt=8",
  settings: { bundle_id: APP.bundleId, app_apple_id: APP.appAppleId },
  prepare: (directory) => withRoot(chain.root, directory),
  vendor: (request) => assert.fail(`unexpected request to ${request.url}`),
  async begin(scenario) {
    await scenario.operator.json("POST", "/v1/conversions", {
      type: "lead", external_id: "user-4711", customer_id: USER, click_id: scenario.clickId,
    });
  },
  steps(scenario) {
    const start = Date.now();
    const yearly = { transactionId: "2000000100000003", productId: "com.acme.app.pro.yearly", price: 99990 };
    return {
      bought: notify(scenario, start, 1, ["SUBSCRIBED", "INITIAL_BUY"], {}),
      renewed: notify(scenario, start, 2, ["DID_RENEW"], { transactionId: "2000000100000002" }),
      upgraded: notify(scenario, start, 3, ["DID_CHANGE_RENEWAL_PREF", "UPGRADE"], yearly),
      refunded: notify(scenario, start, 4, ["REFUND"], {
        transactionId: "2000000100000002", revocationDate: start + 4_000, revocationReason: 0, revocationType: "REFUND_PRORATED",
        revocationPercentage: 50000,
      }),
      expired: notify(scenario, start, 5, ["EXPIRED", "VOLUNTARY"], yearly),
    };
  },
  ends: {
    conversions: [
      `lead user-4711 of ${USER}; undefined, attributed`,
      `sale transaction:2000000100000001 of ${USER}; signed, attributed; 999 USD, refunded 0; earns 200, 0`,
      `sale transaction:2000000100000002 of ${USER}; signed, attributed; 999 USD, refunded 500; earns 200, 100`,
      `sale transaction:2000000100000003 of ${USER}; signed, attributed; 9999 USD, refunded 0; earns 2000, 0`,
      `uninstall ended:2000000100000003 of ${USER}; signed, attributed`,
    ],
    balances: ["USD: pending 2300, payable 0, reversed 100"],
    accounts: [`${TOKEN.toLowerCase()}: uninstalled, com.acme.app.pro.yearly`],
  },
};
