// Requests that the Worker refuses before they reach the Ledger: too many requests and too large bodies. Also health.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { api, startEdge } from "./support/harness.mjs";

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

test("readiness checks every store, and unknown paths are not found", async () => {
  assert.equal((await edge.fetch("/readyz")).status, 200);
  for (const path of ["/r/", "/no-such-slug", "/internal/export", "/v1/nothing/here"]) {
    const response = await edge.fetch(path, { headers: { authorization: "Bearer none" } });
    assert.deepEqual([response.status, (await response.json()).code], [404, "not_found"], path);
    assert.ok(response.headers.get("x-request-id"));
  }
});

test("a key with more than a thousand requests a minute gets a Retry-After, and other keys are not limited", async () => {
  const client = api(edge);
  let refused;
  // A window may end during the test, so it sends enough requests to exceed the limit in two windows.
  for (let requests = 0; !refused && requests <= 2_000; requests += 20) {
    const responses = await Promise.all(Array.from({ length: 20 }, () => client.get("/v1/program")));
    refused = responses.find(({ status }) => status === 429);
  }
  assert.equal(refused?.body.code, "rate_limited");
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, String(seconds));
  assert.equal(refused.headers.get("ratelimit"), `"default";r=0;t=${seconds}`);
  assert.equal(refused.headers.get("ratelimit-policy"), '"default";q=1000;w=60');
  assert.equal((await api(edge, "another-key").get("/v1/program")).status, 401);
});
