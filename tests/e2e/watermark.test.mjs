// The watermark of reports: up to when no further click can change them, whether or not any clicks come.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TEST_KEYS, poll, startEdge } from "./support/harness.mjs";
import { programme, totals, visit } from "./support/programme.mjs";

let edge;
let world;
before(async () => {
  edge = await startEdge({ entry: "tests/e2e/support/faulty.mjs" });
  world = await programme(edge);
});
after(() => edge.stop());

const report = async (headers = {}) => {
  const response = await edge.fetch("/v1/attribution", { headers: { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}`, ...headers } });
  const through = response.headers.get("signpost-complete-through");
  return { status: response.status, etag: response.headers.get("etag"), body: await response.text(), through };
};
/** Requests the report until its watermark differs from `before`. */
const advanced = async (before, headers) => {
  let seen;
  await poll(async () => (seen = await report(headers)).through !== before, { what: "the watermark to advance" });
  return seen;
};

test("the watermark advances although no click comes, and the report stays equal to the byte", async () => {
  const first = await report();
  assert.equal(first.status, 200);
  assert.equal(JSON.parse(first.body).complete_through, null);
  const lag = Date.now() - Date.parse(first.through);
  assert.ok(lag >= 60_000 && lag < 75_000, `it is ${lag} ms behind`);
  const second = await advanced(first.through);
  assert.ok(second.through > first.through);
  assert.deepEqual([second.body, second.etag], [first.body, first.etag]);
  const unchanged = await advanced(second.through, { "if-none-match": first.etag });
  assert.deepEqual([unchanged.status, unchanged.body], [304, ""]);
  assert.ok(unchanged.through > second.through);
});

test("new clicks change the report and not what lies before the watermark", async () => {
  const before = await report();
  const { clickId } = await visit(edge, world.adas.url, { ip: "192.0.2.9" });
  assert.ok(clickId);
  await totals(world.operator, "", ({ clicks }) => clicks === 1);
  const after = await report();
  assert.notEqual(after.etag, before.etag);
  assert.ok(JSON.parse(after.body).complete_through > after.through, "the click is newer than the watermark");
});

test("shards that do not respond hold the watermark back", async () => {
  const before = await report();
  await edge.fetch("/test-fault/clicklog-fails");
  try {
    // The instance uses its last answers again for a second.
    const asked = Date.now();
    await poll(() => Date.now() - asked > 1_100, { what: "the second to pass" });
    assert.deepEqual(await report(), before);
  } finally {
    await edge.fetch("/test-fault/none");
  }
  const later = await advanced(before.through);
  assert.ok(later.through > before.through);
});
