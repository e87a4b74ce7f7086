// What the Worker does when its neighbours fail, and how seldom it asks the one Ledger on behalf of strangers.
import assert from "node:assert/strict";
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
  /** How often the Worker has called a method of the Ledger. */
  const calls = async (method) => (await (await edge.fetch("/test-calls")).json())[method] ?? 0;

  /** Runs `body`; answers its result, and how many different seconds of the clock it may have touched. */
  async function timed(body) {
    const since = performance.now();
    const result = await body();
    return [result, Math.ceil((performance.now() - since) / 1_000) + 1];
  }

  test("a rate limiter that fails limits nobody, and the log says so", async () => {
    await fault("limiter-fails");
    assert.equal((await world.operator.get("/v1/program")).status, 200);
    const lines = edge.logs.filter(({ message }) => message.startsWith("the rate limiter failed, and limits nobody:"));
    assert.equal(lines.length, 1);
    assert.match(lines[0].message, /injected fault/);
  });

  test("made-up slugs are not found, and the Ledger is asked for twenty a second", async () => {
    const before = await calls("slug");
    const [statuses, seconds] = await timed(() =>
      Promise.all(Array.from({ length: 60 }, async (_, n) => (await edge.fetch(`/made-up-${n}`)).status)));
    assert.deepEqual(new Set(statuses), new Set([404]));
    const asked = (await calls("slug")) - before;
    assert.ok(asked >= 20 && asked <= 20 * seconds, `${asked} in ${seconds} s`);
  });

  test("a slug that nobody has is asked for once in five seconds, a link's for good", async () => {
    await world.link(world.ada, { slug: "kept-slug" });
    for (const [slug, status] of [["kept-slug", 302], ["nobodys-slug", 404]]) {
      // The test before may have used up this second's look-ups.
      await poll(async () => (await edge.fetch(`/${slug}`)).status === status, { what: `${slug} to be looked up` });
      const before = await calls("slug");
      for (let n = 0; n < 5; n += 1) assert.equal((await edge.fetch(`/${slug}`)).status, status);
      assert.equal(await calls("slug"), before, slug);
    }
  });

  test("made-up listings are looked for fifty times a second; past that, senders are told to try again", async () => {
    const before = await calls("callbackListing");
    const id = (n) => `lst_${n.toString(32).padStart(26, "0")}`;
    const [statuses, seconds] = await timed(() =>
      Promise.all(Array.from({ length: 300 }, async (_, n) => (await edge.fetch(`/callbacks/woocommerce/${id(n)}/orders`, { method: "POST", body: "{}" })).status)));
    const asked = (await calls("callbackListing")) - before;
    assert.ok(asked >= 50 && asked <= 50 * seconds, `${asked} in ${seconds} s`);
    assert.deepEqual(
      { unauthorized: statuses.filter((status) => status === 401).length, later: statuses.filter((status) => status === 503).length },
      { unauthorized: asked, later: 300 - asked },
    );
  });

  test("a listing that is not there is looked for once in five seconds", async () => {
    const post = () => edge.fetch("/callbacks/woocommerce/lst_000000000000000000000000vv/orders", { method: "POST", body: "{}" });
    await poll(async () => (await post()).status === 401, { intervalMs: 200, what: "a look-up" }); // the test before used this second up
    const before = await calls("callbackListing");
    for (let n = 0; n < 5; n += 1) assert.equal((await post()).status, 401);
    assert.equal(await calls("callbackListing"), before);
  });

  test("forgeries by the hundred leave five lines a second in the log, and how many are left out", async () => {
    const { id } = await world.operator.json("POST", "/v1/listings", {
      name: "Store", marketplace: "woocommerce", url: "https://store.example/app", forward_to: "https://app.example/start",
      secrets: { webhook_secret: "wc-secret-0001" },
    });
    const forge = () => edge.fetch(`/callbacks/woocommerce/${id}/orders`, { method: "POST", body: "{}", headers: { "x-wc-webhook-signature": "AAAA" } });
    const before = edge.logs.length;
    const [statuses, seconds] = await timed(() => Promise.all(Array.from({ length: 200 }, async () => (await forge()).status)));
    assert.deepEqual(new Set(statuses), new Set([401]));
    const logged = () => edge.logs.slice(before).map(({ message }) => message);
    const leftOut = () => logged().map((line) => /^(\d+) more lines about callbacks are left out of that second$/.exec(line)?.[1]);
    await poll(async () => {
      await forge(); // the first line of another second tells
      return leftOut().some((number) => number !== undefined);
    }, { intervalMs: 300, what: "the number of lines that are left out" });
    const refused = logged().filter((line) => /is refused/.test(line)).length;
    assert.ok(refused >= 5 && refused <= 5 * (seconds + 3), `${refused} lines in ${seconds} s`);
  });

  test("a conversion waits half a second for a ClickLog that hangs, and goes on with the click alone", async () => {
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
    assert.match(lines[0].message, /no answer within 500 ms/);
  });

  test("clicks that could not be stored are counted: a line at the first, and at each doubling", async () => {
    const lines = () => edge.logs.map(({ message }) => /^(\d+) clicks of this isolate were not stored so far: .*injected fault/.exec(message)?.[1]).filter(Boolean);
    const lose = () => visit(edge, world.adas.url, { ip: "198.51.100.2" });
    const told = (number) => poll(() => lines().length === number, { deadlineMs: 20_000, intervalMs: 50, what: `line ${number}` });
    await fault("clicklog-fails");
    assert.ok((await lose()).clickId, "the visitor is sent on all the same");
    await told(1); // after four retries in six seconds
    await lose();
    await told(2);
    await Promise.all([lose(), lose()]); // together or not, the third brings no line
    await told(3);
    assert.deepEqual(lines(), ["1", "2", "4"]);
  });
});
