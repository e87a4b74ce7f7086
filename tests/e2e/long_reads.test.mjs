// Reads that take much of the Ledger's time.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { poll, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";

/** How many sales a simulation reruns. It must take more than 50 ms. */
const SALES = 400;

let edge;
let world;
before(async () => {
  edge = await startEdge();
  world = await programme(edge);
  const { clickId } = await visit(edge, world.adas.url, { ip: "198.51.100.1" });
  for (let from = 0; from < SALES; from += 50) {
    const posts = Array.from({ length: 50 }, (_, n) => world.operator.post("/v1/conversions", sale(clickId, `o-${from + n}`)));
    for (const { status } of await Promise.all(posts)) assert.equal(status, 201);
  }
});
after(() => edge.stop());

const simulate = () => world.operator.post("/v1/attribution/simulate", { attribution: { model: "linear" } });

test("of ten simulations at once one runs, and the others are told when to try again", async () => {
  const { clickId } = await visit(edge, world.adas.url, { ip: "198.51.100.2" });
  const simulations = Array.from({ length: 10 }, simulate);
  const sold = world.operator.post("/v1/conversions", sale(clickId, "meanwhile"));
  const answers = await Promise.all(simulations);
  assert.equal((await sold).status, 201);
  assert.deepEqual(answers.map(({ status }) => status).sort(), [200, ...Array(9).fill(503)]);
  for (const { status, headers, body } of answers.filter((answer) => answer.status === 503)) {
    assert.equal(body.code, "busy", status);
    assert.ok(Number(headers.get("retry-after")) >= 1);
  }
  const { body } = await poll(async () => {
    const answer = await simulate();
    return answer.status === 200 && answer;
  }, { intervalMs: 100, what: "another simulation to be admitted" });
  assert.equal(body.conversions, SALES + 1);
});
