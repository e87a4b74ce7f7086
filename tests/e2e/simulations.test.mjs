// Simulations run on a copy, in slices, so that nobody waits for them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { readdirSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { api, poll, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";

/** How many sales a simulation reruns. */
const SALES = 1_000;
const PLANS = [{ name: "ten", effective_from: "2026-01-01T00:00:00Z", rate_bp: 1_000 }];

let edge;
let world;
let clickId;
let ids;
before(async () => {
  // The sales of the fixture are more requests a minute than a key may send.
  edge = await startEdge({ retune: (worker) => delete worker.ratelimits });
  world = await programme(edge);
  ({ clickId } = await visit(edge, world.adas.url, { ip: "198.51.100.1" }));
  ids = [];
  for (let from = 0; from < SALES; from += 50) {
    const posts = Array.from({ length: 50 }, (_, n) => world.operator.post("/v1/conversions", sale(clickId, `o-${from + n}`)));
    for (const { status, body } of await Promise.all(posts)) {
      assert.equal(status, 201);
      ids.push(body.id);
    }
  }
});
after(() => edge.stop());

const simulate = () => world.operator.post("/v1/attribution/simulate", { plans: PLANS });

/** The names of the databases of simulations. */
function databases() {
  const files = readdirSync(edge.state, { recursive: true });
  return files.filter((file) => /Simulation[^/]*\/[^/]+\.sqlite$/.test(file) && !file.endsWith("/metadata.sqlite"));
}

/** What every simulation of `sales` sales at 20 % finds: at 10 %, half as much would be earned. */
const found = (sales) => ({
  conversions: sales,
  changed: sales,
  inexact: 0,
  inexact_conversions: [],
  data: [{ partner_id: world.ada.id, currency: "EUR", before: 1_980 * sales, after: 990 * sales, difference: -990 * sales }],
});

test("a sale that is posted while a simulation runs is answered first, and is not simulated", async () => {
  assert.deepEqual(databases(), []);
  const order = [];
  const simulated = simulate().then((answer) => {
    order.push("simulation");
    return answer;
  });
  await poll(() => databases().length === 1, { intervalMs: 1, what: "the copy of the simulation" });
  const sold = await world.operator.post("/v1/conversions", sale(clickId, "meanwhile"));
  order.push("sale");
  assert.equal(sold.status, 201);
  const { status, body } = await simulated;
  assert.deepEqual(order, ["sale", "simulation"]);
  assert.equal(status, 200);
  const { changed_ids: changed, ...rest } = body;
  assert.deepEqual(rest, found(SALES));
  assert.equal(changed.length, 100);
  assert.ok(changed.every((id) => ids.includes(id)));
});

test("requests that are refused are refused at once, also while a simulation runs", async () => {
  let isRunning = true;
  const simulated = simulate().finally(() => {
    isRunning = false;
  });
  const refused = async (caller, body, status, code) => {
    const answer = await caller.post("/v1/attribution/simulate", body);
    assert.deepEqual([answer.status, answer.body.code, isRunning], [status, code, true]);
  };
  const { key } = await world.operator.json("POST", "/v1/keys", { name: "Ada", scopes: ["read"], partner_id: world.ada.id });
  await refused(api(edge, "nobody"), { plans: PLANS }, 401, "unauthenticated");
  await refused(api(edge, key), { plans: PLANS }, 404, "not_found");
  await refused(world.operator, { attribution: { model: "best" } }, 422, "invalid_value");
  assert.equal((await simulated).status, 200);
});

test("simulations that are requested at once run one after the other", async () => {
  const answers = await Promise.all([simulate(), simulate(), simulate()]);
  for (const { status, body } of answers) {
    const { changed_ids: _, ...rest } = body;
    assert.deepEqual([status, rest], [200, found(SALES + 1)]);
  }
});

test("no copy is left", async () => {
  for (const file of databases()) {
    const database = new DatabaseSync(path.join(edge.state, file), { readOnly: true });
    const tables = database.prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").all();
    database.close();
    assert.deepEqual([file, tables.filter(({ name }) => !name.startsWith("_cf_"))], [file, []]);
  }
});
