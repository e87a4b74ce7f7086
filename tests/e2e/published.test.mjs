// Keys that vendors publish, against a vendor that fails, stalls, rotates and redirects: fetched from the one address,
// kept as long as the vendor says, asked for anew once a minute at most, and served beyond their time while it is down.
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { poll, startEdge } from "./support/harness.mjs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
let edge;
let vendor; // url → Response
let asked = [];
let address = 0;
let url;
let now = 0;

before(async () => {
  edge = await startEdge({
    entry: "tests/e2e/support/published.mjs",
    faults: true,
    retune: (worker) => {
      worker.outboundService = (request) => {
        asked.push(request.url);
        return vendor(request);
      };
    },
  });
});
after(() => edge.stop());
beforeEach(() => {
  // Each test has an address of its own, so that what one leaves behind is not another's.
  url = `https://keys.example/${(address += 1)}`;
  asked = [];
});

const serve = (text, cacheControl, headers = {}) => {
  vendor = () => new Response(text, { headers: { ...(cacheControl && { "cache-control": cacheControl }), ...headers } });
};
const fail = (status = 503) => {
  vendor = () => new Response("down", { status });
};
async function at(address, flags = "") {
  const response = await edge.fetch(`/fault/document?url=${encodeURIComponent(address)}&passed=${now}${flags}`);
  const { text, absent, newest } = await response.json();
  return [text, absent, newest];
}
const get = (flags) => at(url, flags);
const newer = () => get("&newer");

test("a document is fetched once, and again when its time is over", async () => {
  serve("one", "public, max-age=7200");
  assert.deepEqual(await get(), ["one", false, true], "it cannot be had newer");
  serve("two", "public, max-age=7200");
  now += HOUR;
  assert.deepEqual(await get(), ["one", false, false]);
  assert.deepEqual(asked, [url]);
  now += HOUR;
  assert.deepEqual(await get(), ["two", false, true]);
  assert.deepEqual(asked, [url, url]);
});

test("the age that a cache tells counts, a time that is none does not, and nothing is kept for less than a minute or more than a day", async () => {
  serve("aged", "max-age=7200", { age: "3600" });
  await get();
  now += HOUR - 1;
  await get();
  assert.equal(asked.length, 1);
  now += 1;
  await get();
  assert.equal(asked.length, 2);
  for (const [cacheControl, least] of [
    ["no-store", MINUTE], ["max-age=0", MINUTE], ["max-age=999999999", DAY], ["max-age=soon", HOUR], ["", HOUR], ["max-age=\"7200\"", 2 * HOUR],
  ]) {
    url += "/next";
    asked = [];
    serve("kept", cacheControl);
    await get();
    now += least - 1;
    assert.equal((await get())[0], "kept", cacheControl);
    assert.equal(asked.length, 1, cacheControl);
    now += 1;
    await get();
    assert.equal(asked.length, 2, cacheControl);
  }
});

test("newer keys are asked for once a minute at most, however many tokens name keys that are not there", async () => {
  serve("one", "max-age=7200");
  await get();
  now += MINUTE;
  serve("two", "max-age=7200");
  const answers = [];
  for (let token = 0; token < 20; token += 1) answers.push(await newer());
  assert.deepEqual(answers, Array(20).fill(["two", false, true]));
  assert.equal(asked.length, 2);
  now += MINUTE - 1;
  assert.deepEqual(await newer(), ["two", false, true]);
  assert.equal(asked.length, 2);
  now += 1;
  assert.deepEqual(await get(), ["two", false, false], "what is fresh is not asked for anew unless it is wanted");
  assert.deepEqual(await newer(), ["two", false, true]);
  assert.equal(asked.length, 3);
});

test("a vendor that is down is asked once a minute, and its keys serve for a day beyond their time", async () => {
  serve("one", "max-age=3600");
  await get();
  fail();
  now += HOUR;
  assert.deepEqual(await get(), ["one", false, true]);
  assert.deepEqual(await newer(), ["one", false, true]);
  assert.equal(asked.length, 2);
  now += DAY - 1;
  assert.deepEqual(await get(), ["one", false, true]);
  now += 1;
  assert.deepEqual(await get(), [null, false, true]);
});

for (const cacheControl of ["max-age=3600, must-revalidate", "max-age=3600, stale-if-error=0"]) {
  test(`keys do not serve beyond their time where the vendor forbids it: ${cacheControl}`, async () => {
    serve("one", cacheControl);
    await get();
    fail();
    now += HOUR - 1;
    assert.deepEqual(await get(), ["one", false, false]);
    now += 1;
    assert.deepEqual(await get(), [null, false, true]);
  });
}

test("a vendor of whom nothing is known is asked again after five seconds", async () => {
  fail();
  assert.deepEqual(await get(), [null, false, true]);
  serve("one", "max-age=3600");
  now += 4_999;
  assert.deepEqual(await get(), [null, false, true]);
  assert.equal(asked.length, 1);
  now += 1;
  assert.deepEqual(await get(), ["one", false, true]);
});

test("a document that is not there is believed not to be there for a minute", async () => {
  fail(404);
  assert.deepEqual(await get(), [null, true, true]);
  serve("one", "max-age=3600");
  now += MINUTE - 1;
  assert.deepEqual(await get(), [null, true, true]);
  assert.equal(asked.length, 1);
  now += 1;
  assert.deepEqual(await get(), ["one", false, true]);
});

test("a redirect is not followed, too much is not read, and a vendor that stalls is left after four seconds", async () => {
  vendor = () => new Response(null, { status: 302, headers: { location: "https://evil.example/keys" } });
  assert.deepEqual(await get(), [null, false, true]);
  assert.deepEqual(asked, [url]);
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

test("another isolate finds it in KV, and is not stopped by a KV that is down", async () => {
  serve("one", "max-age=7200");
  await get();
  const kv = await edge.mf.getKVNamespace("KV");
  await poll(() => kv.get(`published/${url}`), { what: "the keys in KV" });
  await edge.kill();
  await edge.restart();
  fail();
  // The clock begins anew with the isolate, a moment later than the last.
  assert.deepEqual((await get()).slice(0, 2), ["one", false]);
  assert.equal(asked.length, 1);
  url += "/new";
  serve("two", "max-age=7200");
  assert.deepEqual(await get("&down"), ["two", false, true]);
});

/** Uses up all calls to vendors that an instance makes in a second; the clock stands still in between. */
async function callOthers(name) {
  now += 1_000;
  for (let number = 0; number < 50; number += 1) await at(`https://others.example/${name}/${number}`);
  assert.equal(asked.splice(0).length, 50);
}

test("beyond the rate of calls nothing is asked, and what is known serves", async () => {
  serve("one", "max-age=3600");
  await callOthers("first");
  assert.deepEqual(await get(), [null, false, true]);
  assert.deepEqual(asked, []);
  now += 1_000;
  assert.deepEqual(await get(), ["one", false, true]);
  assert.deepEqual(asked.splice(0), [url]);
  now += HOUR;
  await callOthers("second");
  assert.deepEqual(await get(), ["one", false, true]);
  assert.deepEqual(asked, []);
});

test("an instance keeps a hundred documents, and forgets the oldest for another", async () => {
  serve("one", "max-age=7200");
  const addresses = Array.from({ length: 101 }, (_, number) => `https://many.example/${number}`);
  for (const [number, address] of addresses.entries()) {
    if (number % 40 === 0) now += 1_000;
    await at(address, "&down");
  }
  assert.equal(asked.splice(0).length, 101);
  now += 1_000;
  for (const address of addresses.slice(1)) assert.deepEqual(await at(address, "&down"), ["one", false, true]);
  assert.deepEqual(asked, [], "a hundred are kept");
  assert.deepEqual(await at(addresses[0], "&down"), ["one", false, true]);
  assert.deepEqual(asked, [addresses[0]], "the first was forgotten");
});
