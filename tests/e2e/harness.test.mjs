// Guarantees of the harness for the other suites: stored data and the port survive SIGKILL, and requests reach the
// Worker unchanged.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge, TEST_KEYS } from "./support/harness.mjs";

let edge;
before(async () => { edge = await startEdge({ entry: "tests/e2e/support/rows.mjs" }); });
after(() => edge.stop());

const rows = async (query = "") => (await edge.fetch(`/${query}`)).json();

test("a row of a Durable Object survives kill -9", async () => {
  assert.deepEqual(await rows("?add=first"), ["first"]);
  const { url, pid } = edge;
  await edge.kill();
  await assert.rejects(edge.fetch("/"), ({ cause }) => cause.code === "ECONNREFUSED", "the port is closed while workerd is down");
  await edge.restart();
  assert.equal(edge.url, url);
  assert.notEqual(edge.pid, pid);
  assert.deepEqual(await rows("?add=second"), ["first", "second"]);
});

test("a value in KV survives kill -9", async () => {
  const before = await edge.mf.getKVNamespace("KV");
  await before.put("name", "value");
  await edge.restart();
  const namespace = await edge.mf.getKVNamespace("KV");
  assert.equal(await namespace.get("name"), "value");
});

test("two Workers in one process share nothing", async () => {
  const other = await startEdge({ entry: "tests/e2e/support/rows.mjs" });
  try {
    assert.notEqual(other.pid, edge.pid);
    assert.deepEqual(await (await other.fetch("/")).json(), []);
    await other.kill();
    assert.equal((await edge.fetch("/")).status, 200);
  } finally {
    await other.stop();
  }
});

test("a request arrives as it was sent", async () => {
  const plain = await (await edge.fetch("/seen")).json();
  assert.equal(plain.cf, null);
  assert.equal(plain.headers["cf-connecting-ip"], undefined);
  assert.equal(plain.key, TEST_KEYS.OPERATOR_KEY);

  const enriched = await edge.fetch("/seen", { cf: { country: "DE" }, ip: "192.0.2.7", headers: { "sec-gpc": "1" } });
  const { cf, headers } = await enriched.json();
  assert.deepEqual(cf, { country: "DE" });
  assert.equal(headers["cf-connecting-ip"], "192.0.2.7");
  assert.equal(headers["sec-gpc"], "1");
  assert.equal(headers["mf-cf-blob"], undefined);
});
