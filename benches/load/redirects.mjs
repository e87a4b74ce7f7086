// Compares redirects of several servers. Every round measures each server in turn, so that other load on the machine
// affects all of them equally. Ratios are computed within a round, and their median is printed.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { median, processorMs, runLoad, waitFor } from "./load.mjs";
import { makeLink, startHello, startHono, startSignpost } from "./servers.mjs";
import { clicksCounted, clicksStored } from "./stored.mjs";
import { writeVisits } from "./visitors.mjs";

const HELLO = "JS hello world";
const HONO = { off: "Hono + WebCrypto, nothing stored", on: "Hono + WebCrypto, clicks stored" };
const SIGNPOST = { off: "Signpost, nothing stored", on: "Signpost, clicks stored" };
/**
 * The number of starts of every server. Throughput varies between process starts, depending on memory layout and on
 * V8's compilation: the same build was between 1.24 and 1.46 times as fast as its peer.
 */
const STARTS = 3;
/** The maximum time for the clicks of a run to reach their objects. */
const SETTLE_MS = 20_000;

async function startAll({ root, scratch }) {
  const state = async (name) => {
    const directory = path.join(scratch, name);
    await mkdir(directory, { recursive: true });
    return directory;
  };
  const servers = [{ name: HELLO, ...(await startHello({ root })) }];
  for (const stored of [false, true]) {
    const mode = stored ? "on" : "off";
    const hono = await startHono({ root, scratch, stored, state: await state(`hono-${mode}`) });
    servers.push({ name: HONO[mode], stored, ...hono });
    const signpost = await startSignpost({ root, scratch, stored, state: await state(`signpost-${mode}`) });
    signpost.path = await makeLink(signpost);
    servers.push({ name: SIGNPOST[mode], stored, ...signpost });
  }
  for (const [index, server] of servers.entries()) {
    server.requests = path.join(scratch, `visits-${index}.json`);
    server.answered = await writeVisits(server, server.requests);
    server.interrupted = 0;
    server.sent = 0;
    server.runs = [];
  }
  return servers;
}

/** Runs a load on one server, and waits until its clicks are stored. */
async function measure(load, server, seconds) {
  const cpu = processorMs(server.pid);
  const report = await runLoad(load, { port: server.port, requests: server.requests, seconds, first: server.sent });
  server.sent += report.sent;
  server.answered += report.answered;
  server.interrupted += report.failed + report.unanswered;
  if (server.stored) {
    report.settledMs = await waitFor(() => clicksStored(server.state) >= server.answered, SETTLE_MS);
  }
  // The cost of a click includes storing it after the response.
  report.cpuUs = ((processorMs(server.pid) - cpu) * 1e3) / report.answered;
  return report;
}

const expected = (server) => (server.name === HELLO ? "200" : "302");

export async function redirects({ root, load, scratch, seconds, rounds, print }) {
  const totals = [];
  for (let start = 0; start < STARTS; start += 1) {
    const servers = await startAll({ root, scratch: path.join(scratch, String(start)) });
    try {
      for (const server of servers) await measure(load, server, 1); // warms up the compiled code and the snapshot
      for (let round = 0; round < rounds; round += 1) {
        for (const server of servers) server.runs.push(await measure(load, server, seconds));
      }
      for (const server of servers) {
        if (server.stored) server.rows = clicksCounted(server.state);
      }
    } finally {
      for (const { mf } of servers) await mf.dispose();
    }
    servers.forEach((server, index) => add(totals, index, server));
  }
  for (const server of totals) describe(server, totals, print);
  for (const mode of ["off", "on"]) {
    const [signpost, hono] = [SIGNPOST[mode], HONO[mode]].map((name) => totals.find((server) => server.name === name));
    const ratio = median(signpost.runs.map((run, index) => run.per_second / hono.runs[index].per_second));
    print({
      figure: `redirect: Signpost ÷ Hono, ${mode === "on" ? "clicks stored" : "nothing stored"}`,
      value: ratio,
      unit: "×",
      at_least: 1.3,
      compares: `answers per second, median of interleaved rounds, ${STARTS} starts`,
    });
    const work = median(signpost.runs.map((run, index) => hono.runs[index].cpuUs / run.cpuUs));
    print({ figure: `redirect: Hono's processor time ÷ Signpost's, ${mode}`, value: work, unit: "×", compares: "the same rounds" });
  }
  for (const server of totals.filter(({ stored }) => stored)) printStoredRatio(server, print);
}

/** Adds the results of a server to those of the same server in earlier starts. */
function add(totals, index, { name, stored, runs, rows, sent, answered, interrupted }) {
  const total = totals[index];
  if (total === undefined) {
    totals[index] = { name, stored, runs, rows, sent, answered, interrupted };
    return;
  }
  total.runs.push(...runs);
  total.rows += rows;
  total.sent += sent;
  total.answered += answered;
  total.interrupted += interrupted;
}

function describe(server, servers, print) {
  const [hello] = servers;
  const ratios = server.runs.map((run, index) => run.per_second / hello.runs[index].per_second);
  const of = (field) => median(server.runs.map((run) => run[field]));
  const errors = server.runs.reduce((sum, run) => sum + run.sent - (run.statuses[expected(server)] ?? 0), 0);
  print({ figure: `${server.name}: answers`, value: of("per_second"), unit: "/s", compares: "median of rounds, 16 connections" });
  print({ figure: `${server.name}: ÷ hello world`, value: median(ratios), unit: "×", compares: "median of interleaved rounds" });
  print({ figure: `${server.name}: p50`, value: of("p50_us") / 1e3, unit: "ms", compares: "median of rounds" });
  print({ figure: `${server.name}: p99`, value: of("p99_us") / 1e3, unit: "ms", compares: "median of rounds; includes V8's garbage collections" });
  print({ figure: `${server.name}: processor time`, value: of("cpuUs"), unit: "µs", compares: "of the whole workerd process, per request" });
  print({ figure: `${server.name}: errors`, value: errors, unit: "", at_most: 0, compares: `answers other than ${expected(server)}, or none` });
}

/** Prints the ratio of stored clicks to answered redirects over all requests to a server. */
function printStoredRatio(server, print) {
  const { rows } = server;
  const max = server.answered + server.interrupted;
  print({
    figure: `${server.name}: clicks stored ÷ redirects answered`,
    value: rows / server.answered,
    unit: "",
    at_least: 1,
    at_most: max / server.answered,
    compares: `${rows} rows, ${server.answered} answers, ${server.interrupted} interrupted`,
  });
}
