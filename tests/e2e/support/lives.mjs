// The whole life of a customer on a marketplace (install, charge, change, refund, end), as its vendor tells it: in order,
// backwards, shuffled, and everything twice. Each way must end in the same ledger.
//
// A life (tests/e2e/lives/<marketplace>.mjs) is
//   marketplace, settings, secrets   of the listing
//   vendor(request)                  what the vendor's APIs and key servers answer
//   prepare(directory)               makes a build of its own there (optional)
//   begin(at)                        what comes before all steps (optional)
//   steps(at)                        by name, each of which calls back and asserts what it is answered
//   ends                             what the ledger must hold then (`ledgerOf`)
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { startEdge } from "./harness.mjs";
import { Dice } from "./generate.mjs";
import { programme, visit } from "./programme.mjs";

const FORWARD_TO = "https://app.example/start?plan=pro";

/** A customer who has followed an influencer's link to the listing, and the address that the vendor calls back. */
async function arrive(edge, life) {
  const world = await programme(edge);
  const { operator } = world;
  const listing = await operator.json("POST", "/v1/listings", {
    name: "Acme", marketplace: life.marketplace, url: life.url ?? "https://store.example/app", forward_to: FORWARD_TO,
    settings: life.settings ?? {}, secrets: life.secrets ?? {},
  });
  const link = await operator.json("POST", "/v1/links", { partner_id: world.ada.id, listing_id: listing.id });
  const { cookies, location, clickId } = await visit(edge, link.url);
  const cookie = cookies.map((line) => line.split(";")[0]).join("; ");
  const address = `/callbacks/${life.marketplace}/${listing.id}`;
  return {
    edge, operator, listing, cookie, location, clickId,
    /** Where the listing is called back, as its vendor knows it. */
    address: (kind) => new URL(`${address}/${kind}`, edge.url).href,
    callback: (kind, init) => edge.fetch(`${address}/${kind}`, init),
    /** Posts JSON. */
    post: (kind, body, headers = {}) =>
      edge.fetch(`${address}/${kind}`, {
        method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...headers },
      }),
    /** Posts a form across sites, as a browser does: without our cookies. */
    form: (kind, fields) => edge.fetch(`${address}/${kind}`, { method: "POST", body: new URLSearchParams(fields) }),
    /** The browser goes where the answer leads, with its cookies, and ends up at the product. */
    async through(response) {
      assert.equal(response.status, 303);
      const way = new URL(response.headers.get("location"), edge.url);
      assert.match(way.pathname, /^\/callbacks\/continue\/[0-9a-f]{32}$/);
      const onward = await edge.fetch(way.pathname, { headers: { cookie } });
      assert.equal(onward.status, 302);
      const location = onward.headers.get("location");
      assert.ok(location.startsWith(FORWARD_TO), location);
      return new URL(location);
    },
  };
}

/** All pages of a list. */
async function all(operator, path) {
  const found = [];
  for (let cursor = ""; cursor !== null; ) {
    const page = await operator.json("GET", `${path}?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    found.push(...page.data);
    cursor = page.next_cursor;
  }
  return found;
}

/** What the ledger holds, without what the order of arrival gives it. */
async function ledgerOf({ operator, listing }) {
  const conversions = (await all(operator, "/v1/conversions")).map((conversion) => {
    const { type, external_id, amount, currency, refunded, customer_id, attribution, commissions, metadata } = conversion;
    const [earned] = commissions.map(({ amount, reversed, held_reason }) => [amount, reversed, ...(held_reason ? [held_reason] : [])]);
    return [
      `${type} ${external_id.replace(`${listing.id}/`, "")} of ${customer_id}`,
      // Which of several messages told of an install is the order of arrival's.
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
  return { conversions: conversions.sort(), accounts: Array.from(accounts.values()).sort() };
}

function shuffled(list, seed) {
  const [dice, rest, out] = [new Dice(seed), [...list], []];
  while (rest.length > 0) out.push(...rest.splice(dice.int(0, rest.length - 1), 1));
  return out;
}

/** The ways in which a life is told, each a list of names of steps. */
const WAYS = {
  "in order": (names) => names,
  backwards: (names) => names.toReversed(),
  shuffled: (names) => shuffled(names, 1),
  "everything twice, shuffled": (names) => shuffled([...names, ...names], 2),
};

/** Tells a life in every way. */
export async function tell(test, life) {
  const scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-life-"));
  test.after(() => rm(scratch, { recursive: true }));
  life.prepare?.(scratch);
  for (const [way, order] of Object.entries(WAYS)) {
    await test.test(way, async () => {
      const edge = await startEdge({
        modules: life.prepare && scratch,
        retune: (worker) => { worker.outboundService = (request) => life.vendor(request); },
      });
      try {
        const at = await arrive(edge, life);
        await life.begin?.(at);
        const steps = life.steps(at);
        for (const name of order(Object.keys(steps))) await steps[name]();
        assert.deepEqual(await ledgerOf(at), life.ends);
      } finally {
        await edge.stop();
      }
    });
  }
}
