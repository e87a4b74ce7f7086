// What `cargo xtask dev --verbose` logs of requests, and what it must not.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TEST_KEYS, poll, startEdge } from "./support/harness.mjs";

let edge;
before(async () => { edge = await startEdge({ shared: { logRequests: true } }); });
after(() => edge.stop());

/** The log line of a request, once it is there, with its duration as `<n>`. */
async function lineOf(route, init) {
  const from = edge.logs.length;
  await (await edge.fetch(route, init)).text();
  const line = () => edge.logs.slice(from).map(({ message }) => message).find((message) => / ms$/.test(message));
  return (await poll(line, { what: "the request's line in the log" })).replace(/\d+ ms$/, "<n> ms");
}

test("a request is logged with its method, path and status", async () => {
  assert.equal(await lineOf("/healthz"), "GET /healthz 200 <n> ms");
  assert.equal(await lineOf("/v1/partners", { method: "POST", body: "{}" }), "POST /v1/partners 401 <n> ms");
});

test("the values of a query and one-time ids are left out", async () => {
  assert.equal(await lineOf("/v1/clicks?limit=2&cursor=s3cret&limit=3"), "GET /v1/clicks?limit=…&cursor=… 401 <n> ms");
  assert.equal(await lineOf(`/callbacks/continue/${"0f".repeat(16)}?code=s3cret`), "GET /callbacks/continue/…?code=… 404 <n> ms");
});

test("neither keys nor addresses are logged, and a key works", async () => {
  const from = edge.logs.length;
  const headers = { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}` };
  assert.equal(await lineOf("/v1/partners", { headers, ip: "192.0.2.77" }), "GET /v1/partners 200 <n> ms");
  const text = edge.logs.slice(from).map(({ message }) => message).join("\n");
  assert.doesNotMatch(text, /192\.0\.2\.77/);
  assert.ok(!text.includes(TEST_KEYS.OPERATOR_KEY));
});
