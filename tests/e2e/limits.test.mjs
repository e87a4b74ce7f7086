// Requests that the Worker refuses before they reach the Ledger: too many requests and too large bodies. Also health.
import assert from "node:assert/strict";
import { request } from "node:http";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { TEST_KEYS, api, startEdge } from "./support/harness.mjs";

let edge;
before(async () => { edge = await startEdge(); });
after(() => edge.stop());

test("a body longer than a mebibyte is refused, with or without a Content-Length", async () => {
  const declared = await edge.fetch("/v1/partners", { method: "POST", body: "x".repeat(1024 * 1024 + 1) });
  // The body sends a mebibyte and one more byte, and then neither data nor an end. The response must not wait for the
  // end. A client that continues to write gets a closed connection.
  const chunks = [...Array.from({ length: 16 }, () => new Uint8Array(65_536)), new Uint8Array(1)];
  const stream = new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      return chunk ? controller.enqueue(chunk) : new Promise(() => undefined);
    },
  });
  const undeclared = await edge.fetch("/v1/partners", { method: "POST", body: stream, duplex: "half" });
  for (const response of [declared, undeclared]) {
    assert.deepEqual([response.status, (await response.json()).code], [413, "body_too_large"]);
  }
});

test("an encoded body is refused as such, not as invalid UTF-8", async () => {
  const body = gzipSync(JSON.stringify({ name: "Ada", kind: "influencer" }));
  const send = (encoding) => edge.fetch("/v1/partners", { method: "POST", body, headers: { "content-encoding": encoding } });
  for (const encoding of ["gzip", "br"]) {
    const response = await send(encoding);
    assert.deepEqual([response.status, (await response.json()).code], [415, "unsupported_encoding"], encoding);
    assert.equal(response.headers.get("accept-encoding"), "identity");
  }
});

test("a Host header that is no host gets a problem with status 400", async () => {
  for (const [path, method] of [["/v1/program", "GET"], ["/v1/partners", "POST"], ["/healthz", "GET"], ["/callbacks/shopify/x", "POST"]]) {
    const [status, body] = await new Promise((resolve, reject) => {
      const call = request(new URL(path, edge.url), { method, headers: { host: '"><' } }, async (response) => {
        const chunks = await response.toArray();
        resolve([response.statusCode, Buffer.concat(chunks).toString()]);
      });
      call.on("error", reject).end();
    });
    assert.deepEqual([status, JSON.parse(body).code], [400, "invalid_host"], path);
  }
});

test("readiness checks every store, and unknown paths are not found", async () => {
  assert.equal((await edge.fetch("/readyz")).status, 200);
  for (const path of ["/r/", "/no-such-slug", "/internal/export", "/v1/nothing/here"]) {
    const response = await edge.fetch(path, { headers: { authorization: "Bearer none" } });
    assert.deepEqual([response.status, (await response.json()).code], [404, "not_found"], path);
    assert.ok(response.headers.get("x-request-id"));
  }
});

/** Sends twenty requests at a time until one is refused. `send` gets the number of the request. */
async function untilRefused(send) {
  // A window may end during the test, so it sends enough requests to exceed the limit in two windows.
  for (let sent = 0; sent <= 2_000; sent += 20) {
    const responses = await Promise.all(Array.from({ length: 20 }, (_, n) => send(sent + n)));
    const refused = responses.find(({ status }) => status === 429);
    if (refused) return { status: refused.status, headers: refused.headers, body: await refused.json() };
    await Promise.all(responses.map((response) => response.arrayBuffer()));
  }
  throw new Error("no request was refused");
}

test("requests with invented keys are counted by address, and valid keys at that address are not", async () => {
  const ip = "203.0.113.7";
  const { key } = await api(edge).json("POST", "/v1/keys", { name: "portal", scopes: ["read"] });
  const read = (authorization) => edge.fetch("/v1/partners", { ip, headers: { authorization } });
  assert.equal((await read(`Bearer ${key}`)).status, 200);
  // A path that does not exist is refused before its key is checked, so that it proves nothing about the key.
  await Promise.all(Array.from({ length: 20 }, (_, n) => edge.fetch("/v1/nothing", { ip, headers: { authorization: `Bearer made-up-${n % 2}` } })));
  const refused = await untilRefused((n) => read(`Bearer made-up-${n}`));
  assert.equal(refused.body.detail, "1000 requests a minute and address without a valid key; see Retry-After.");
  const anonymous = await edge.fetch("/v1/partners", { ip });
  assert.deepEqual([(await read("Bearer made-up-0")).status, anonymous.status], [429, 429]);
  assert.equal((await read(`Bearer ${key}`)).status, 200);
  assert.equal((await edge.fetch("/v1/partners", { ip: "203.0.113.8" })).status, 401);
});

test("readiness is counted by address, and the addresses of an IPv6 network are counted together", async () => {
  const refused = await untilRefused((n) => edge.fetch("/readyz", { ip: `2001:db8:0:1::${(n + 1).toString(16)}` }));
  assert.equal(refused.body.code, "rate_limited");
  assert.equal((await edge.fetch("/readyz", { ip: "2001:db8:0:2::1" })).status, 200);
});

test("a key with more than a thousand requests a minute gets a Retry-After, however its header is spelt", async () => {
  const key = TEST_KEYS.OPERATOR_KEY;
  const spellings = [`Bearer ${key}`, `bearer ${key}`, `BEARER  ${key}`, `bEARER    ${key}`];
  const read = (n) => edge.fetch("/v1/partners", { ip: `198.51.100.${n % 250}`, headers: { authorization: spellings[n % 4] } });
  const refused = await untilRefused(read);
  assert.equal(refused.body.code, "rate_limited");
  assert.equal(refused.body.detail, "1000 requests a minute and key; see Retry-After.");
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, String(seconds));
  assert.equal(refused.headers.get("ratelimit"), `"default";r=0;t=${seconds}`);
  assert.equal(refused.headers.get("ratelimit-policy"), '"default";q=1000;w=60');
  assert.equal((await api(edge, "another-key").get("/v1/partners")).status, 401);
});
