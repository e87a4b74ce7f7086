// Plays the lifecycle of a customer on a marketplace (install, charge, renewal, refund, end) with its callbacks in
// order, backwards, shuffled, and each twice. The ledger must have the same content after every order.
//
// A lifecycle (tests/e2e/lifecycles/<marketplace>.mjs) has
//   marketplace, url, settings, secrets of the listing vendor(request) the vendor's APIs and key servers
//   prepare(directory) writes a separate build there (optional) begin(scenario) runs before all steps (optional)
//   steps(scenario) the callbacks by name; each asserts its response ends the ledger's content afterwards (`ledgerOf`)
//   accountsByArrival true if the vendor sends no times, so that the last callback decides an account's
//                                         status; `ends.accounts` is then checked in order only
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { startEdge } from "./harness.mjs";
import { Dice } from "./generate.mjs";
import { programme, visit } from "./programme.mjs";
import { minutes } from "./signers.mjs";

const FORWARD_TO = "https://app.example/start?plan=pro";

/** Creates a customer who has followed an influencer's link to the listing, and the callback URLs of the listing. */
async function startScenario(edge, lifecycle) {
  const world = await programme(edge);
  const { operator } = world;
  const listing = await operator.json("POST", "/v1/listings", {
    name: "Acme", marketplace: lifecycle.marketplace, url: lifecycle.url ?? "https://store.example/app", forward_to: FORWARD_TO,
    settings: lifecycle.settings ?? {}, secrets: lifecycle.secrets ?? {},
  });
  const link = await operator.json("POST", "/v1/links", { partner_id: world.ada.id, listing_id: listing.id });
  const { cookies, location, clickId } = await visit(edge, link.url);
  const cookie = cookies.map((line) => line.split(";")[0]).join("; ");
  const address = `/callbacks/${lifecycle.marketplace}/${listing.id}`;
  /** Requests the path that binds the visitor's clicks, with the visitor's cookies. Returns the redirect's location. */
  async function resume(path) {
    const { pathname } = new URL(path, edge.url);
    assert.match(pathname, /^\/callbacks\/continue\/[0-9a-f]{32}$/);
    const response = await edge.fetch(pathname, { headers: { cookie } });
    assert.equal(response.status, 302);
    const location = response.headers.get("location");
    assert.ok(location.startsWith(FORWARD_TO), location);
    return new URL(location);
  }
  return {
    edge, operator, listing, cookie, location, clickId,
    /** Returns a callback URL of the listing. */
    address: (kind) => new URL(`${address}/${kind}`, edge.url).href,
    callback: (kind, init) => edge.fetch(`${address}/${kind}`, init),
    /** Posts JSON. */
    post: (kind, body, headers = {}) =>
      edge.fetch(`${address}/${kind}`, {
        method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers },
      }),
    /** Posts a form across sites as a browser does, without Signpost's cookies. */
    form: (kind, fields) => edge.fetch(`${address}/${kind}`, { method: "POST", body: new URLSearchParams(fields) }),
    /** Follows a redirect to the product as the browser does. */
    through(response) {
      assert.equal(response.status, 303);
      return resume(response.headers.get("location"));
    },
    /** Follows the link of a page in a frame to the product as the browser does. */
    async throughPage(response) {
      assert.equal(response.status, 200);
      const [, path] = /<a href="([^"]+)" target="_top">Continue<\/a>/.exec(await response.text());
      return resume(path);
    },
    /**
     * Returns steps for vendors that report no charges, so that the operator's billing posts them to the API: a first
     * payment of 100.00, a renewal of 60.00, and a refund of 25.00 of the renewal.
     */
    billing: (customer) => billing(operator, customer),
  };
}

function billing(operator, customer) {
  const post = (type, invoice, amount, minute) =>
    operator.json("POST", "/v1/conversions", {
      type, external_id: invoice, customer_id: customer, amount, currency: "EUR", occurred_at: minutes(minute),
      metadata: { evidence: "invoice" },
    });
  const renew = () => post("subscription_renewed", "invoice-2", 6_000, 31);
  return {
    paid: () => post("subscription_started", "invoice-1", 10_000, 1),
    renewed: renew,
    async refunded() {
      // A refund names the conversion, so the renewal comes first in every order; posting it again changes nothing.
      const { id } = await renew();
      await operator.json("POST", `/v1/conversions/${id}/refunds`, { external_id: "credit-note-1", amount: 2_500 });
    },
  };
}

/** The conversions and the balance of `billing`, as `ends` has them. */
export const billed = {
  conversions: (customer) => [
    `subscription_renewed invoice-2 of ${customer}; invoice, attributed; 6000 EUR, refunded 2500; earns 1200, 500`,
    `subscription_started invoice-1 of ${customer}; invoice, attributed; 10000 EUR, refunded 0; earns 2000, 0`,
  ],
  balances: ["EUR: pending 2700, payable 0, reversed 500"],
};

/** Returns the rows of all pages of a list. */
async function allRows(operator, path) {
  const found = [];
  for (let cursor = ""; cursor !== null; ) {
    const page = await operator.json("GET", `${path}?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...page.data);
    cursor = page.next_cursor;
  }
  return found;
}

/** Returns the ledger's content, without the parts that depend on the order of arrival. */
async function ledgerOf({ operator, listing }) {
  const conversions = (await allRows(operator, "/v1/conversions")).map((conversion) => {
    const { type, external_id, amount, currency, refunded, customer_id, attribution, commissions, metadata } = conversion;
    const [earned] = commissions.map(({ amount, reversed, held_reason }) => [amount, reversed, ...(held_reason ? [held_reason] : [])]);
    return [
      `${type} ${external_id.replace(`${listing.id}/`, "")} of ${customer_id.replace(`${listing.id}/`, "")}`,
      // The callback that reports an install first is its evidence.
      type === "install" ? attribution.status : `${metadata.evidence}, ${attribution.status}`,
      ...(amount === null ? [] : [`${amount} ${currency}, refunded ${refunded}`]),
      ...(earned ? [`earns ${earned.join(", ")}`] : []),
    ].join("; ");
  });
  const accounts = new Map();
  const { data: events } = await operator.json("GET", "/v1/events?limit=200");
  for (const { type, data } of events) {
    if (type === "account.updated") accounts.set(data.account, `${data.account}: ${data.status}, ${data.plan}`);
  }
  const balances = (await operator.json("GET", "/v1/balances")).data.map(
    ({ currency, pending, payable, reversed }) => `${currency}: pending ${pending}, payable ${payable}, reversed ${reversed}`,
  );
  return { conversions: conversions.sort(), balances: balances.sort(), accounts: Array.from(accounts.values()).sort() };
}

function shuffled(list, seed) {
  const [dice, rest, out] = [new Dice(seed), [...list], []];
  while (rest.length > 0) out.push(...rest.splice(dice.int(0, rest.length - 1), 1));
  return out;
}

/** The orders in which steps are played, each as a list of their names. */
const ORDERS = {
  "in order": (names) => names,
  backwards: (names) => names.toReversed(),
  shuffled: (names) => shuffled(names, 1),
  "each twice, shuffled": (names) => shuffled([...names, ...names], 2),
};

/** Plays a lifecycle in every order. */
export async function play(test, lifecycle) {
  const scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-lifecycle-"));
  test.after(() => rm(scratch, { recursive: true }));
  lifecycle.prepare?.(scratch);
  for (const [name, order] of Object.entries(ORDERS)) {
    await test.test(name, async () => {
      const edge = await startEdge({
        modules: lifecycle.prepare && scratch,
        retune: (worker) => { worker.outboundService = (request) => lifecycle.vendor(request); },
      });
      try {
        const scenario = await startScenario(edge, lifecycle);
        await lifecycle.begin?.(scenario);
        const steps = lifecycle.steps(scenario);
        for (const step of order(Object.keys(steps))) await steps[step]();
        const found = await ledgerOf(scenario);
        if (lifecycle.accountsByArrival && name !== "in order") found.accounts = lifecycle.ends.accounts;
        assert.deepEqual(found, lifecycle.ends);
      } finally {
        await edge.stop();
      }
    });
  }
}
