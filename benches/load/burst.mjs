// Clicks under full load: the number of rows stored per second, whether all are stored a second after the burst, and
// the number of clicks lost by SIGKILL during the load, with the data on disk.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { median, runLoad, startLoad, waitFor } from "./load.mjs";
import { makeLink, startSignpost } from "./servers.mjs";
import { batchesToForward, clicksCounted, clicksInReports, clicksStored } from "./stored.mjs";
import { writeVisits } from "./visitors.mjs";
import { workerdPids } from "../../xtask/runner/worker.mjs";

/** The length of a burst, which is the same as in the comparison with other products. */
const BURST_SECONDS = 8;
const BURSTS = 3;
/** The maximum time for counts to reach the Ledger. Alarms deliver them, each after a pause. */
const COUNTS_TIMEOUT_MS = 30_000;

async function start(options, directory) {
  const state = path.join(directory, "state");
  await mkdir(state, { recursive: true });
  const server = await startSignpost({ ...options, state });
  server.name = "Signpost";
  server.path = await makeLink(server);
  server.requests = path.join(options.scratch, `${path.basename(directory)}.json`);
  const prepared = await writeVisits(server, server.requests);
  await waitFor(() => clicksStored(state) >= prepared, COUNTS_TIMEOUT_MS);
  return { server, state, prepared };
}

export async function clicks(options) {
  await sustained(options);
  await killed(options);
}

async function sustained({ print, load, scratch, ...options }) {
  const { server, state } = await start({ scratch, ...options }, path.join(scratch, "sustained"));
  try {
    await runLoad(load, { port: server.port, requests: server.requests, seconds: 1 }); // warms up
    await waitFor(() => false, 1_500);
    const bursts = [];
    let first = 1_000_000;
    for (let burst = 0; burst < BURSTS; burst += 1) {
      const before = clicksStored(state);
      const report = await runLoad(load, { port: server.port, requests: server.requests, seconds: BURST_SECONDS, first });
      const atEnd = clicksStored(state) - before;
      await delay(1_000);
      const later = clicksStored(state) - before;
      first += report.sent;
      const settled = await waitFor(() => clicksStored(state) - before >= report.answered, COUNTS_TIMEOUT_MS);
      bursts.push({
        answered: report.answered,
        rate: atEnd / report.seconds,
        atEnd: atEnd / report.answered,
        later: later / report.answered,
        missing: settled === undefined ? 1 : 0,
      });
    }
    const of = (field) => median(bursts.map((burst) => burst[field]));
    const burst = `${BURST_SECONDS} s burst, 16 connections, median of ${BURSTS}`;
    print({ figure: "clicks: rows stored per second under full load", value: of("rate"), unit: "/s", at_least: 5000, compares: burst });
    print({ figure: "clicks: stored at the end of the burst", value: of("atEnd") * 100, unit: "%", compares: `of answered redirects; ${burst}` });
    print({ figure: "clicks: stored 1 s after the burst", value: of("later") * 100, unit: "%", at_least: 99, compares: `of answered redirects; ${burst}` });
    const total = clicksCounted(state);
    const counted = await waitFor(() => clicksInReports(state) >= total, COUNTS_TIMEOUT_MS);
    print({
      figure: "clicks: all in the Ledger's counts after",
      value: counted === undefined ? COUNTS_TIMEOUT_MS / 1e3 : counted / 1e3,
      unit: "s",
      at_most: 5,
      compares: `${clicksInReports(state)} counted, ${total} rows; time after the last burst was stored`,
    });
  } finally {
    await server.mf.dispose();
  }
}

/** Sends SIGKILL during full load, with all data on a real disk. */
async function killed({ print, load, scratch, disk, ...options }) {
  const directory = path.join(disk, "killed");
  const { server, state, prepared } = await start({ scratch, ...options }, directory);
  let restarted;
  try {
    // The load continues until the server is killed, so that the report includes the answers up to that moment.
    const { done } = startLoad(load, { port: server.port, requests: server.requests, seconds: BURST_SECONDS + 30 });
    await delay(BURST_SECONDS * 1_000);
    process.kill(server.pid, "SIGKILL");
    const report = await done;
    await waitFor(() => !workerdPids().includes(server.pid), 5_000);
    await server.mf.dispose();
    restarted = await startSignpost({ scratch, ...options, state, port: server.port });
    const answered = report.answered + prepared;
    await fetch(`http://127.0.0.1:${restarted.port}/readyz`).then((response) => response.text());
    await waitFor(() => batchesToForward(state) === 0, COUNTS_TIMEOUT_MS);
    const rows = clicksCounted(state);
    await waitFor(() => clicksInReports(state) >= rows, COUNTS_TIMEOUT_MS);
    const lost = (count) => (Math.max(0, answered - count) / answered) * 100;
    const compares = `${answered} answers before SIGKILL, after ${BURST_SECONDS} s of full load, data on disk`;
    print({ figure: "clicks: lost by SIGKILL", value: lost(rows), unit: "%", at_most: 0.5, compares: `${rows} rows; ${compares}` });
    const inReports = clicksInReports(state);
    print({ figure: "clicks: missing in the Ledger's counts after SIGKILL", value: lost(inReports), unit: "%", at_most: 0.5, compares: `${inReports} counted; ${compares}` });
  } finally {
    await server.mf.dispose().catch(() => undefined); // its workerd was killed
    await restarted?.mf.dispose();
  }
}
