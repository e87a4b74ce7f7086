// How the Worker behaves while the stores fail, and how it limits the lookups that invented ids cause in the Ledger.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, afterEach, before, describe, test } from "node:test";
import { poll, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";

describe("the edge", () => {
  let edge;
  let world;
  before(async () => {
    edge = await startEdge({ entry: "tests/e2e/support/faulty.mjs" });
    world = await programme(edge);
  });
  after(() => edge.stop());
  const fault = (name) => edge.fetch(`/test-fault/${name}`);
  afterEach(() => fault("none"));
  /** Returns how many times the Worker has called a method of the Ledger. */
  const calls = async (method) => (await (await edge.fetch("/test-calls")).json())[method] ?? 0;

  /** Runs `body`. Returns its result, and the number of seconds of the clock in which it may have run. */
  async function timed(body) {
    const since = performance.now();
    const result = await body();
    return [result, Math.ceil((performance.now() - since) / 1_000) + 1];
  }

  test("if the rate limiter fails, requests are not limited, and this is logged", async () => {
    await fault("limiter-fails");
    assert.equal((await world.operator.get("/v1/program")).status, 200);
    const lines = edge.logs.filter(({ message }) => message.startsWith("the rate limiter failed, so requests are not limited:"));
    assert.equal(lines.length, 1);
    assert.match(lines[0].message, /injected fault/);
  });

  test("invented slugs are not found, and at most twenty per second are looked up in the Ledger", async () => {
    const before = await calls("slug");
    const [statuses, seconds] = await timed(() =>
      Promise.all(Array.from({ length: 60 }, async (_, n) => (await edge.fetch(`/invented-${n}`)).status)));
    assert.deepEqual(new Set(statuses), new Set([302]));
    const lookups = (await calls("slug")) - before;
    assert.ok(lookups >= 20 && lookups <= 20 * seconds, `${lookups} in ${seconds} s`);
  });

  test("an unknown slug is looked up once in five seconds, and a known slug only once", async () => {
    await world.link(world.ada, { slug: "cached-slug" });
    for (const [slug, host] of [["cached-slug", "shop.example"], ["unknown-slug", "acme.example"]]) {
      const target = async () => new URL((await edge.fetch(`/${slug}`, { redirect: "manual" })).headers.get("location")).host;
      // The previous test may have used up this second's lookups.
      await poll(async () => (await target()) === host, { what: `${slug} to be looked up` });
      const before = await calls("slug");
      for (let n = 0; n < 5; n += 1) assert.equal(await target(), host);
      assert.equal(await calls("slug"), before, slug);
    }
  });

  const invented = (n) => `lst_${n.toString(32).padStart(26, "0")}`;
  const invent = async (n) => (await edge.fetch(`/callbacks/woocommerce/${invented(n)}/orders`, { method: "POST", body: "{}" })).status;
  const store = () =>
    world.operator.json("POST", "/v1/listings", {
      name: "Store", marketplace: "woocommerce", url: "https://store.example/app", forward_to: "https://app.example/start",
      secrets: { webhook_secret: "wc-secret-0001" },
    });

  test("invented listings are refused without a lookup, and the snapshot is fetched at most once per second", async () => {
    const [lookups, snapshots] = [await calls("callbackListing"), await calls("snapshot")];
    const [statuses, seconds] = await timed(() => Promise.all(Array.from({ length: 300 }, (_, n) => invent(n))));
    assert.deepEqual(new Set(statuses), new Set([401]));
    assert.equal(await calls("callbackListing"), lookups);
    const fetched = (await calls("snapshot")) - snapshots;
    assert.ok(fetched >= 1 && fetched <= seconds, `${fetched} in ${seconds} s`);
  });

  test("three hundred invented listings a second do not delay the genuine callback of a listing", async () => {
    const { id } = await store();
    const body = JSON.stringify({
      id: 727, status: "processing", currency: "EUR", total: "29.35", customer_id: 26, date_paid_gmt: "2026-11-01T00:00:08",
      line_items: [], coupon_lines: [], refunds: [], meta_data: [],
    });
    const signature = createHmac("sha256", "wc-secret-0001").update(body).digest("base64");
    const before = await calls("callbackListing");
    const flood = Array.from({ length: 300 }, (_, n) => invent(1_000 + n));
    const genuine = edge.fetch(`/callbacks/woocommerce/${id}/orders`, {
      method: "POST", body, headers: { "content-type": "application/json", "x-wc-webhook-signature": signature },
    });
    const later = Array.from({ length: 300 }, (_, n) => invent(2_000 + n));
    assert.equal((await genuine).status, 200);
    assert.deepEqual(new Set(await Promise.all([...flood, ...later])), new Set([401]));
    assert.equal((await calls("callbackListing")) - before, 1);
  });

  test("hundreds of forgeries cause five log lines per second, and the number of dropped lines is logged", async () => {
    const { id } = await store();
    const forge = () => edge.fetch(`/callbacks/woocommerce/${id}/orders`, { method: "POST", body: "{}", headers: { "x-wc-webhook-signature": "AAAA" } });
    const before = edge.logs.length;
    const [statuses, seconds] = await timed(() => Promise.all(Array.from({ length: 200 }, async () => (await forge()).status)));
    assert.deepEqual(new Set(statuses), new Set([401]));
    const logged = () => edge.logs.slice(before).map(({ message }) => message);
    const dropped = () => logged().map((line) => /^(\d+) more lines about callbacks were dropped in that second$/.exec(line)?.[1]);
    await poll(async () => {
      await forge(); // the first line of the next second contains the number
      return dropped().some((number) => number !== undefined);
    }, { intervalMs: 300, what: "the number of dropped lines" });
    const refused = logged().filter((line) => /is refused/.test(line)).length;
    assert.ok(refused >= 5 && refused <= 5 * (seconds + 3), `${refused} lines in ${seconds} s`);
  });

  test("postbacks with invented apps are refused without a lookup", async () => {
    const before = await calls("listingOfApp");
    const invented = (n) => ({ version: "4.0", "ad-network-id": "com.example", "source-identifier": "5239", "app-id": 1_000 + n,
      "transaction-id": String(n), redownload: false, "fidelity-type": 1, "did-win": true, "postback-sequence-index": 0,
      "attribution-signature": "MEUCIGRmSMrqedNu6uaHyhVcifs118R5z/AB6cvRaKrRRHWRAiEAv96ne3dKQ5kJpbsfk4eYiePmrZUU6sQmo+7zfP/1Bxo=" });
    const post = async (n) => (await edge.fetch("/.well-known/skadnetwork/report-attribution/", { method: "POST", body: JSON.stringify(invented(n)) })).status;
    const statuses = await Promise.all(Array.from({ length: 100 }, (_, n) => post(n)));
    assert.deepEqual(new Set(statuses), new Set([401]));
    assert.equal(await calls("listingOfApp"), before);
  });

  test("a conversion waits half a second for a ClickLog that hangs, and is then attributed to its click alone", async () => {
    await world.operator.json("PUT", "/v1/program", {
      name: "Acme partners", currency: "EUR", landing_url: "https://acme.example/partners", commission_bp: 2000, hold_days: 30,
      attribution: { model: "linear" },
    });
    const { clickId } = await visit(edge, world.adas.url, { ip: "198.51.100.1" });
    const isStored = async () => (await world.operator.json("GET", "/v1/clicks")).data.some(({ id }) => id === clickId);
    await poll(isStored, { what: "the click to be stored" });
    const before = edge.logs.length;
    await fault("clicklog-hangs");
    const since = performance.now();
    const sold = await world.operator.post("/v1/conversions", sale(clickId, "without-trail"));
    const waited = performance.now() - since;
    assert.equal(sold.status, 201, JSON.stringify(sold.body));
    assert.deepEqual(sold.body.attribution.credits.map(({ click_id }) => click_id), [clickId]);
    const { trail } = await world.operator.json("GET", `/v1/conversions/${sold.body.id}/attribution`);
    assert.equal(trail, "unavailable");
    assert.ok(waited >= 450 && waited < 3_000, `${waited} ms`);
    const lines = edge.logs.slice(before).filter(({ message }) => message.startsWith("Ledger: no trail of a click"));
    assert.equal(lines.length, 1);
    assert.match(lines[0].message, /no response within 500 ms/);
  });

  test("lost clicks are counted, and logged at the first and at each doubling", async () => {
    const lines = () => edge.logs.map(({ message }) => /^(\d+) clicks of this isolate were not stored so far: .*injected fault/.exec(message)?.[1]).filter(Boolean);
    const lose = () => visit(edge, world.adas.url, { ip: "198.51.100.2" });
    const waitForLines = (number) => poll(() => lines().length === number, { deadlineMs: 20_000, intervalMs: 50, what: `line ${number}` });
    await fault("clicklog-fails");
    assert.ok((await lose()).clickId, "the visitor is redirected nevertheless");
    await waitForLines(1); // after four retries in six seconds
    await lose();
    await waitForLines(2);
    await Promise.all([lose(), lose()]); // the third is not logged, whether or not it is in a batch with the fourth
    await waitForLines(3);
    assert.deepEqual(lines(), ["1", "2", "4"]);
  });
});
