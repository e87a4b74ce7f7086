// Redirects side by side: every server in turn, round after round, so that whatever else the machine does meanwhile
// meets all of them alike. Ratios are taken within a round; what is shown is their median.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { median, processorMs, runLoad, waitFor } from "./load.mjs";
import { makeLink, startHello, startHono, startSignpost } from "./servers.mjs";
import { clicksCounted, clicksStored } from "./stored.mjs";
import { writeVisits } from "./visitors.mjs";

const HELLO = "JS hello world";
const HONO = { off: "Hono + WebCrypto, nothing stored", on: "Hono + WebCrypto, clicks stored" };
const OURS = { off: "Signpost, nothing stored", on: "Signpost, clicks stored" };
/**
 * A process has its luck (where its memory lies, what V8 compiled when): the same build lay between 1.24 and 1.46 times
 * its peer from start to start. So everything is started anew so often.
 */
const STARTS = 3;
/** Clicks under way after a run reach their objects within this. */
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
    const ours = await startSignpost({ root, scratch, stored, state: await state(`signpost-${mode}`) });
    ours.path = await makeLink(ours);
    servers.push({ name: OURS[mode], stored, ...ours });
  }
  for (const [index, server] of servers.entries()) {
    server.requests = path.join(scratch, `visits-${index}.json`);
    server.answered = await writeVisits(server, server.requests);
    server.cutOff = 0;
    server.sent = 0;
    server.runs = [];
  }
  return servers;
}

/** One run on one server, until its clicks are stored. */
async function visit(load, server, seconds) {
  const cpu = processorMs(server.pid);
  const report = await runLoad(load, { port: server.port, requests: server.requests, seconds, first: server.sent });
  server.sent += report.sent;
  server.answered += report.answered;
  server.cutOff += report.failed + report.unanswered;
  if (server.stored) {
    report.settledMs = await waitFor(() => clicksStored(server.state) >= server.answered, SETTLE_MS);
  }
  // Storing is part of what a click costs, also behind the answer.
  report.cpuUs = ((processorMs(server.pid) - cpu) * 1e3) / report.answered;
  return report;
}

const expected = (server) => (server.name === HELLO ? "200" : "302");

export async function redirects({ root, load, scratch, seconds, rounds, print }) {
  const contestants = [];
  for (let start = 0; start < STARTS; start += 1) {
    const servers = await startAll({ root, scratch: path.join(scratch, String(start)) });
    try {
      for (const server of servers) await visit(load, server, 1); // warm: compiled, and known to the snapshot
      for (let round = 0; round < rounds; round += 1) {
        for (const server of servers) server.runs.push(await visit(load, server, seconds));
      }
      for (const server of servers) {
        if (server.stored) server.rows = clicksCounted(server.state);
      }
    } finally {
      for (const { mf } of servers) await mf.dispose();
    }
    servers.forEach((server, index) => add(contestants, index, server));
  }
  for (const server of contestants) describe(server, contestants, print);
  for (const mode of ["off", "on"]) {
    const [ours, theirs] = [OURS[mode], HONO[mode]].map((name) => contestants.find((server) => server.name === name));
    const ratio = median(ours.runs.map((run, index) => run.per_second / theirs.runs[index].per_second));
    print({
      figure: `redirect: Signpost ÷ Hono, ${mode === "on" ? "clicks stored" : "nothing stored"}`,
      value: ratio,
      unit: "×",
      at_least: 1.3,
      compares: `answers a second, median of interleaved rounds, ${STARTS} starts`,
    });
    const work = median(ours.runs.map((run, index) => theirs.runs[index].cpuUs / run.cpuUs));
    print({ figure: `redirect: Hono's processor time ÷ Signpost's, ${mode}`, value: work, unit: "×", compares: "the same rounds" });
  }
  for (const server of contestants.filter(({ stored }) => stored)) count(server, print);
}

/** Adds what a server did since its start to what its like did before. */
function add(contestants, index, { name, stored, runs, rows, sent, answered, cutOff }) {
  const known = contestants[index];
  if (known === undefined) {
    contestants[index] = { name, stored, runs, rows, sent, answered, cutOff };
    return;
  }
  known.runs.push(...runs);
  known.rows += rows;
  known.sent += sent;
  known.answered += answered;
  known.cutOff += cutOff;
}

function describe(server, servers, print) {
  const [hello] = servers;
  const ratios = server.runs.map((run, index) => run.per_second / hello.runs[index].per_second);
  const of = (field) => median(server.runs.map((run) => run[field]));
  const errors = server.runs.reduce((sum, run) => sum + run.sent - (run.statuses[expected(server)] ?? 0), 0);
  print({ figure: `${server.name}: answers`, value: of("per_second"), unit: "/s", compares: "median of rounds, 16 connections" });
  print({ figure: `${server.name}: ÷ hello world`, value: median(ratios), unit: "×", compares: "median of interleaved rounds" });
  print({ figure: `${server.name}: p50`, value: of("p50_us") / 1e3, unit: "ms", compares: "median of rounds" });
  print({ figure: `${server.name}: p99`, value: of("p99_us") / 1e3, unit: "ms", compares: "median of rounds; V8 collects garbage in it" });
  print({ figure: `${server.name}: processor time`, value: of("cpuUs"), unit: "µs", compares: "of all workerd, a request" });
  print({ figure: `${server.name}: errors`, value: errors, unit: "", at_most: 0, compares: `answers other than ${expected(server)}, or none` });
}

/** Clicks stored ÷ redirects answered, over everything that the server was asked. */
function count(server, print) {
  const { rows } = server;
  const most = server.answered + server.cutOff;
  print({
    figure: `${server.name}: clicks stored ÷ redirects answered`,
    value: rows / server.answered,
    unit: "",
    at_least: 1,
    at_most: most / server.answered,
    compares: `${rows} rows, ${server.answered} answers, ${server.cutOff} cut off`,
  });
}
