// How long a sale takes while ten readers simulate other attribution rules over thousands of conversions. Sales come at a fixed
// rate, and their latency counts from the time when they were due.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { writeSales } from "./conversions.mjs";
import { median, runLoad } from "./load.mjs";
import { OPERATOR_KEY, makeLink, startSignpost } from "./servers.mjs";

const CONVERSIONS = 5_000;
const READERS = 10;
const ROUNDS = 3;
/** Sales per second, far below what the Ledger accepts. */
const RATE = 50;
const MIN_SECONDS = 10;

/** Simulates until `isOver` returns true. Returns the number of simulations and the seconds that they took. */
async function read(server, isOver) {
  const took = [];
  while (!isOver()) {
    const since = performance.now();
    const response = await fetch(`http://127.0.0.1:${server.port}/v1/attribution/simulate`, {
      method: "POST",
      headers: { authorization: `Bearer ${OPERATOR_KEY}`, "content-type": "application/json" },
      body: JSON.stringify({ attribution: { model: "linear" } }),
    });
    const text = await response.text();
    if (response.status === 503) await delay(Number(response.headers.get("retry-after")) * 1e3);
    else if (response.status !== 200) throw new Error(`a simulation returned ${response.status}: ${text}`);
    else took.push((performance.now() - since) / 1e3);
  }
  return took;
}

export async function simulations({ print, load, scratch, disk, seconds, ...options }) {
  const state = path.join(disk, "simulations");
  await mkdir(state, { recursive: true });
  const server = await startSignpost({ scratch, ...options, state });
  try {
    server.path = await makeLink(server);
    const requests = path.join(scratch, "sales.json");
    await writeSales(server, requests);
    let first = 0;
    const sell = async (settings) => {
      const report = await runLoad(load, { port: server.port, requests, first, ...settings });
      first += report.sent;
      const others = report.sent - (report.statuses["201"] ?? 0);
      if (others > 0) throw new Error(`${others} sales were not accepted: ${JSON.stringify(report)}`);
      return report.p99_us / 1e3;
    };
    while (first < CONVERSIONS) await sell({ seconds: 1 });
    const rounds = async () => {
      const p99 = [];
      for (let round = 0; round < ROUNDS; round += 1) p99.push(await sell({ seconds: Math.max(seconds, MIN_SECONDS), rate: RATE }));
      return median(p99);
    };
    const conversions = first;
    const alone = await rounds();
    let isOver = false;
    const readers = Array.from({ length: READERS }, () => read(server, () => isOver));
    const beside = await rounds();
    isOver = true;
    const took = (await Promise.all(readers)).flat();
    const conditions = `${RATE} sales a second, data on disk, median of ${ROUNDS} rounds`;
    print({ figure: "a sale: p99", value: alone, unit: "ms", compares: conditions });
    print({ figure: `a sale beside ${READERS} readers that simulate: p99`, value: beside, unit: "ms", compares: conditions });
    print({
      figure: "a sale: p99 beside simulations ÷ p99 alone", value: beside / alone, unit: "×", at_most: 3,
      compares: `${took.length} simulations of ${conversions} to ${first} conversions; ${conditions}`,
    });
    print({ figure: "a simulation, with the wait for its turn", value: median(took), unit: "s", compares: `median of ${took.length}` });
  } finally {
    await server.mf.dispose();
  }
}
