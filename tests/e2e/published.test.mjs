// Keys that vendors publish, with a vendor that fails, stalls, rotates and redirects. They are fetched from one URL,
// cached for as long as the vendor states, fetched again at most once a minute, and used while stale if the vendor is
// down.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { poll, startEdge } from "./support/harness.mjs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
let edge;
let vendor; // url → Response
let calls = [];
let address = 0;
let url;
let now = 0;

before(async () => {
  edge = await startEdge({
    entry: "tests/e2e/support/published.mjs",
    faults: true,
    retune: (worker) => {
      worker.outboundService = (request) => {
        calls.push(request.url);
        return vendor(request);
      };
    },
  });
});
after(() => edge.stop());
beforeEach(() => {
  // Each test has its own URL, so that tests do not share cached documents.
  url = `https://keys.example/${(address += 1)}`;
  calls = [];
});

const serve = (text, cacheControl, headers = {}) => {
  vendor = () => new Response(text, { headers: { ...(cacheControl && { "cache-control": cacheControl }), ...headers } });
};
const fail = (status = 503) => {
  vendor = () => new Response("down", { status });
};
/** Returns the document's text, whether it does not exist, and whether no newer one can be fetched now. */
async function getFrom(address, flags = "") {
  const response = await edge.fetch(`/fault/document?url=${encodeURIComponent(address)}&passed=${now}${flags}`);
  const { text, absent, newest } = await response.json();
  return [text, absent, newest];
}
const get = (flags) => getFrom(url, flags);
const newer = () => get("&newer");

test("a document is fetched once, and again when it is stale", async () => {
  serve("one", "public, max-age=7200");
  assert.deepEqual(await get(), ["one", false, true], "there is no newer one");
  serve("two", "public, max-age=7200");
  now += HOUR;
  assert.deepEqual(await get(), ["one", false, false]);
  assert.deepEqual(calls, [url]);
  now += HOUR;
  assert.deepEqual(await get(), ["two", false, true]);
  assert.deepEqual(calls, [url, url]);
});

test("Age is subtracted, malformed times are ignored, and documents are cached for between a minute and a day", async () => {
  serve("aged", "max-age=7200", { age: "3600" });
  await get();
  now += HOUR - 1;
  await get();
  assert.equal(calls.length, 1);
  now += 1;
  await get();
  assert.equal(calls.length, 2);
  for (const [cacheControl, least] of [
    ["no-store", MINUTE], ["max-age=0", MINUTE], ["max-age=999999999", DAY], ["max-age=soon", HOUR], ["", HOUR], ["max-age=\"7200\"", 2 * HOUR],
  ]) {
    url += "/next";
    calls = [];
    serve("kept", cacheControl);
    await get();
    now += least - 1;
    assert.equal((await get())[0], "kept", cacheControl);
    assert.equal(calls.length, 1, cacheControl);
    now += 1;
    await get();
    assert.equal(calls.length, 2, cacheControl);
  }
});

test("newer keys are fetched at most once a minute, however many tokens name missing keys", async () => {
  serve("one", "max-age=7200");
  await get();
  now += MINUTE;
  serve("two", "max-age=7200");
  const documents = [];
  for (let token = 0; token < 20; token += 1) documents.push(await newer());
  assert.deepEqual(documents, Array(20).fill(["two", false, true]));
  assert.equal(calls.length, 2);
  now += MINUTE - 1;
  assert.deepEqual(await newer(), ["two", false, true]);
  assert.equal(calls.length, 2);
  now += 1;
  assert.deepEqual(await get(), ["two", false, false], "a fresh document is fetched again only if a newer one is requested");
  assert.deepEqual(await newer(), ["two", false, true]);
  assert.equal(calls.length, 3);
});

test("a vendor that is down is called once a minute, and its stale keys are used for a day", async () => {
  serve("one", "max-age=3600");
  await get();
  fail();
  now += HOUR;
  assert.deepEqual(await get(), ["one", false, true]);
  assert.deepEqual(await newer(), ["one", false, true]);
  assert.equal(calls.length, 2);
  now += DAY - 1;
  assert.deepEqual(await get(), ["one", false, true]);
  now += 1;
  assert.deepEqual(await get(), [null, false, true]);
});

for (const cacheControl of ["max-age=3600, must-revalidate", "max-age=3600, stale-if-error=0"]) {
  test(`stale keys are not used if the vendor forbids it: ${cacheControl}`, async () => {
    serve("one", cacheControl);
    await get();
    fail();
    now += HOUR - 1;
    assert.deepEqual(await get(), ["one", false, false]);
    now += 1;
    assert.deepEqual(await get(), [null, false, true]);
  });
}

test("a vendor that failed is called again after five seconds if nothing is cached", async () => {
  fail();
  assert.deepEqual(await get(), [null, false, true]);
  serve("one", "max-age=3600");
  now += 4_999;
  assert.deepEqual(await get(), [null, false, true]);
  assert.equal(calls.length, 1);
  now += 1;
  assert.deepEqual(await get(), ["one", false, true]);
});

test("it is cached for a minute that a document does not exist", async () => {
  fail(404);
  assert.deepEqual(await get(), [null, true, true]);
  serve("one", "max-age=3600");
  now += MINUTE - 1;
  assert.deepEqual(await get(), [null, true, true]);
  assert.equal(calls.length, 1);
  now += 1;
  assert.deepEqual(await get(), ["one", false, true]);
});

test("a redirect is not followed, a response that is too long is not used, and a call times out after four seconds", async () => {
  vendor = () => new Response(null, { status: 302, headers: { location: "https://evil.example/keys" } });
  assert.deepEqual(await get(), [null, false, true]);
  assert.deepEqual(calls, [url]);
  url += "/large";
  serve("k".repeat(64 * 1024 + 1), "max-age=3600");
  assert.deepEqual(await get(), [null, false, true]);
  url += "/whole";
  serve("k".repeat(64 * 1024), "max-age=3600");
  assert.equal((await get())[0].length, 64 * 1024);
  url += "/stalled";
  vendor = () => new Promise(() => undefined);
  const since = performance.now();
  assert.deepEqual(await get(), [null, false, true]);
  const waited = performance.now() - since;
  assert.ok(waited > 3_500 && waited < 8_000, `${waited} ms`);
});

test("another isolate reads the document from KV, and fetches it if KV is down", async () => {
  serve("one", "max-age=7200");
  await get();
  const kv = await edge.mf.getKVNamespace("KV");
  await poll(() => kv.get(`published/${url}`), { what: "the keys in KV" });
  await edge.kill();
  await edge.restart();
  fail();
  // The clock restarts with the isolate, slightly later than the previous one.
  assert.deepEqual((await get()).slice(0, 2), ["one", false]);
  assert.equal(calls.length, 1);
  url += "/new";
  serve("two", "max-age=7200");
  assert.deepEqual(await get("&down"), ["two", false, true]);
});

/** Uses up a listing's rate limit of calls to the vendor for one second, during which the clock stands still. */
async function exhaustRateLimit(name) {
  now += 1_000;
  for (let number = 0; number < 50; number += 1) await getFrom(`https://keys.example/${name}/${number}`, "&listing=lst_a");
  assert.equal(calls.splice(0).length, 50);
}

test("above the rate limit no vendor is called, and cached documents are used", async () => {
  const get = () => getFrom(url, "&listing=lst_a");
  serve("one", "max-age=3600");
  await exhaustRateLimit("first");
  assert.deepEqual(await get(), [null, false, true]);
  assert.deepEqual(calls, []);
  now += 1_000;
  assert.deepEqual(await get(), ["one", false, true]);
  assert.deepEqual(calls.splice(0), [url]);
  now += HOUR;
  await exhaustRateLimit("second");
  assert.deepEqual(await get(), ["one", false, true]);
  assert.deepEqual(calls, []);
});

test("what callbacks of one listing use up does not delay those of another, nor calls to another vendor", async () => {
  serve("one", "max-age=3600");
  await exhaustRateLimit("third");
  assert.deepEqual(await getFrom(url, "&listing=lst_b"), ["one", false, true]);
  const other = "https://other-vendor.example/keys";
  assert.deepEqual(await getFrom(other, "&listing=lst_a"), ["one", false, true]);
  assert.deepEqual(calls.splice(0), [url, other]);
});

test("an instance caches a hundred documents, and evicts the oldest for another", async () => {
  serve("one", "max-age=7200");
  const addresses = Array.from({ length: 101 }, (_, number) => `https://many.example/${number}`);
  for (const [number, address] of addresses.entries()) {
    if (number % 40 === 0) now += 1_000;
    await getFrom(address, "&down");
  }
  assert.equal(calls.splice(0).length, 101);
  now += 1_000;
  for (const address of addresses.slice(1)) assert.deepEqual(await getFrom(address, "&down"), ["one", false, true]);
  assert.deepEqual(calls, [], "a hundred are cached");
  assert.deepEqual(await getFrom(addresses[0], "&down"), ["one", false, true]);
  assert.deepEqual(calls, [addresses[0]], "the first was evicted");
});
