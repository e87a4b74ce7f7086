// The demo that `cargo xtask dev` loads: its last month can be paid, and an interrupted load is repeated.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { bundleAt } from "../../xtask/runner/bundle.mjs";
import { printIntroduction } from "../../xtask/runner/demo.mjs";
import { api, ROOT, startEdge, TEST_KEYS } from "./support/harness.mjs";

const NOW = Date.parse("2031-03-10T12:00:00Z");
/** The demo is loaded within this time (README), on a machine that does nothing else. */
const LOAD_MS = 20_000;

let scratch;
let edge;
let operator;
const load = () => printIntroduction({ url: edge.url, key: TEST_KEYS.OPERATOR_KEY, data: scratch, root: ROOT, load: true, now: NOW });

before(async () => {
  scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-demo-"));
  const modules = path.join(scratch, "clock");
  await bundleAt({ now: NOW, root: ROOT, outdir: modules });
  edge = await startEdge({ modules });
  operator = api(edge);
});
after(async () => {
  await edge.stop();
  await rm(scratch, { recursive: true, force: true });
});

test("the demo has a history, a closed month, and a month that can be paid", async () => {
  const since = performance.now();
  await load();
  const tookMs = performance.now() - since;
  const { data: runs } = await operator.json("GET", "/v1/payouts/runs");
  assert.deepEqual(runs.map(({ period, status }) => [period.to, status]), [["2031-01-31", "settled"]]);
  const { data: months } = await operator.json("GET", "/v1/attribution?group_by=month");
  assert.deepEqual(months.map(({ key }) => key), ["2030-12", "2031-01", "2031-02", "2031-03"]);
  const { data: held } = await operator.json("GET", "/v1/commissions?held=true");
  assert.ok(held.length > 3 && held.every(({ held_reason }) => held_reason === "self_referral"), JSON.stringify(held));
  const plans = new Set((await operator.json("GET", "/v1/commissions?limit=200")).data.map(({ plan }) => plan));
  assert.deepEqual([...plans].sort(), ["creators", "influencers", "media", null].sort());

  const keys = [];
  for (const name of ["Maker", "Checker"]) {
    const created = await operator.json("POST", "/v1/keys", { name, scopes: ["read", "payouts:write"] });
    keys.push(api(edge, created.key));
  }
  const [maker, checker] = keys;
  const run = await maker.json("POST", "/v1/payouts/runs", { period: { from: "2031-02-01", to: "2031-02-28" } });
  const balances = (await operator.json("GET", "/v1/balances?at=2031-02-28T23:59:59.999Z")).data;
  const payable = balances.map((balance) => balance.payable).filter((amount) => amount > 0).reduce((sum, amount) => sum + amount, 0);
  const heldBack = run.held.reduce((sum, { amount }) => sum + amount, 0);
  assert.equal(run.totals[0].amount + heldBack, payable);
  assert.deepEqual(run.held.map(({ reason }) => reason), ["details_missing"]);
  assert.equal((await checker.json("POST", `/v1/payouts/runs/${run.id}/approve`, {})).status, "approved");
  const file = await checker.get(`/v1/payouts/runs/${run.id}/files/sepa`);
  assert.equal(file.status, 200, JSON.stringify(file.body));
  assert.match(file.body, /<Nm>Vogt Growth Consulting GmbH<\/Nm>/);
  assert.ok(tookMs < LOAD_MS, `loading took ${Math.round(tookMs)} ms`);
});

test("a load that was interrupted is repeated without a trace", async () => {
  const counts = async () => {
    const { data } = await operator.json("GET", "/v1/balances");
    return [(await operator.json("GET", "/v1/attribution?group_by=month")).data.map(({ sales, leads }) => [sales, leads]), data];
  };
  const before = await counts();
  await writeFile(path.join(scratch, "demo.json"), JSON.stringify({ begun: NOW }));
  await load();
  assert.deepEqual(await counts(), before);
});
