// Real panics (src/edge/faults.rs) in every kind of call. Only the call that panics fails, its change is rolled back,
// the next call succeeds, and nothing leaks.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { readFileSync } from "node:fs";
import { poll, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";

const IN_FLIGHT = 50;
const MIB = 1024 * 1024;

/** Connects to the inspector of the Worker's isolate. */
async function inspector(mf) {
  const url = new URL("/core:user:signpost", await mf.getInspectorURL());
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the inspector did not respond"));
  });
  const call = (method) =>
    new Promise((resolve, reject) => {
      socket.onmessage = ({ data }) => {
        const { id, error, result } = JSON.parse(data);
        if (id === 1) (error ? reject(new Error(error.message)) : resolve(result));
      };
      socket.send(JSON.stringify({ id: 1, method, params: {} }));
    });
  return { call, close: () => socket.close() };
}

describe("a panic", () => {
  let edge;
  let world;
  before(async () => {
    edge = await startEdge({ entry: "tests/e2e/support/panics.mjs", faults: true, shared: { inspectorPort: 0 } });
    world = await programme(edge);
  });
  after(() => edge.stop());

  const fault = async (name) => {
    const response = await edge.fetch(`/fault/${name}`);
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const rows = async () => Number((await fault("ledger/rows")).text);
  const retirements = () => edge.logs.filter(({ message }) => message.startsWith("the wasm instance is retired")).length;
  const census = async () => (await edge.fetch("/test-census")).json();
  let orders = 0;

  /** Runs `body` while calls wait in the Worker, in the Ledger and at a redirect. All of these must succeed. */
  async function withCallsInFlight(body) {
    const waits = Array.from({ length: IN_FLIGHT - 20 }, () => fault("wait"));
    const sales = Array.from({ length: 10 }, () => world.operator.post("/v1/conversions", sale(undefined, `in-flight-${(orders += 1)}`)));
    const visits = Array.from({ length: 10 }, (_, n) => visit(edge, world.adas.url, { ip: `192.0.2.${n}` }));
    const result = await body();
    assert.deepEqual((await Promise.all(waits)).map(({ status }) => status), Array(IN_FLIGHT - 20).fill(200));
    assert.deepEqual((await Promise.all(sales)).map(({ status }) => status), Array(10).fill(201));
    assert.deepEqual((await Promise.all(visits)).map(({ status }) => status), Array(10).fill(302));
    return result;
  }

  /** Makes one call of every kind. */
  async function nextCallsSucceed() {
    assert.equal((await edge.fetch("/readyz")).status, 200);
    const { clickId } = await visit(edge, world.adas.url);
    const sold = await world.operator.json("POST", "/v1/conversions", sale(clickId, `next-${(orders += 1)}`));
    assert.equal(sold.attribution.status, "attributed");
  }

  for (const name of ["panic", "panic-later", "exception", "ledger/panic", "ledger/transaction"]) {
    test(`${name}: fails only that call, with ${IN_FLIGHT} others in flight`, async () => {
      const [before, stored] = [retirements(), await rows()];
      const failed = await withCallsInFlight(() => fault(name));
      assert.equal(failed.status, 500);
      assert.equal(JSON.parse(failed.text).code, "internal_error");
      assert.equal(failed.headers.get("content-type"), "application/problem+json");
      assert.ok(failed.headers.get("x-request-id"));
      assert.equal(retirements(), before + 1, "the log reports the retired instance");
      await nextCallsSucceed();
      assert.equal(await rows(), stored, "nothing was written");
    });
  }

  test("in a transaction is rolled back; a refused transaction is rolled back without retiring the instance", async () => {
    const [before, stored] = [retirements(), await rows()];
    assert.equal((await fault("ledger/refuse")).text, "Ok(())");
    assert.equal(await rows(), stored);
    assert.equal((await fault("ledger/commit")).text, "Ok(())");
    assert.equal(await rows(), stored + 1);
    assert.equal(retirements(), before);
    assert.equal((await fault("ledger/transaction")).status, 500);
    assert.equal(await rows(), stored + 1);
    assert.equal(retirements(), before + 1);
  });

  test("in an alarm is retried like a failed alarm, and no other call fails", async () => {
    const before = retirements();
    const failures = () => edge.logs.filter(({ message }) => /^Ledger: the alarm failed, next attempt in 1000 ms: the call panicked/.test(message));
    assert.deepEqual(failures(), []);
    await withCallsInFlight(async () => {
      assert.equal((await fault("ledger/alarm")).status, 200);
      await poll(() => failures().length > 0, { what: "the alarm to be postponed" });
    });
    assert.equal(retirements(), before + 1);
    const { id } = await world.link(world.ada, { slug: "after-alarm" });
    const kv = await edge.mf.getKVNamespace("KV");
    await poll(() => kv.get("slug/after-alarm"), { what: `the slug of ${id} in KV` });
    assert.equal(failures().length, 1);
    await nextCallsSucceed();
  });

  test("in the background fails no other call", async () => {
    const before = retirements();
    const response = await withCallsInFlight(() => fault("background"));
    assert.equal(response.status, 200);
    await poll(() => retirements() === before + 1, { what: "the panic" });
    await nextCallsSucceed();
  });

  test("among futures of one turn fails none of the others", async () => {
    const before = retirements();
    const completed = () => edge.logs.filter(({ message }) => /^future \d+ of the turn completed$/.test(message));
    const response = await withCallsInFlight(() => fault("turn"));
    assert.equal(response.status, 200);
    await poll(() => completed().length >= 10, { what: "the other futures of the turn" });
    const expected = Array.from({ length: 10 }, (_, n) => `future ${n * 2} of the turn completed`);
    assert.deepEqual(completed().map(({ message }) => message), expected);
    assert.equal(retirements(), before + 1, "one instance was retired");
    await nextCallsSucceed();
  });

  test("a thousand times in a row leaks nothing", async () => {
    const { call, close } = await inspector(edge.mf);
    const used = async () => {
      await call("HeapProfiler.collectGarbage");
      await edge.fetch("/healthz"); // weak references are cleared between two tasks
      await call("HeapProfiler.collectGarbage");
      const { usedSize, backingStorageSize = 0, embedderHeapUsedSize = 0 } = await call("Runtime.getHeapUsage");
      return usedSize + backingStorageSize + embedderHeapUsedSize;
    };
    try {
      await call("HeapProfiler.enable");
      const resident = () => Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${edge.pid}/status`, "utf8"))[1]) * 1024;
      const before = { ...(await census()), used: await used(), resident: resident() };
      const kinds = ["panic", "panic-later", "ledger/panic", "ledger/transaction"];
      for (let round = 0; round < 250; round += 1) {
        const failed = await Promise.all(kinds.map(fault));
        assert.deepEqual(failed.map(({ status }) => status), [500, 500, 500, 500]);
      }
      await nextCallsSucceed();
      const done = async () => {
        const [heap, { created, alive, pendingCalls }] = [await used(), await census()];
        return alive <= 2 && pendingCalls === 0 && { created, heap };
      };
      const { created, heap } = await poll(done, { what: "the retired instances and all calls to be freed" });
      assert.ok(created >= before.created + 250, `${created - before.created} instances were created`);
      assert.ok(heap < before.used + 8 * MIB, `${before.used} bytes in use before, ${heap} after`);
      assert.ok(resident() < before.resident + 64 * MIB, `${before.resident} bytes resident before, ${resident()} after`);
    } finally {
      close();
    }
  });
});
