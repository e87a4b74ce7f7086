// Events that are sent to endpoints: how many a second, how late, what one costs, and what it costs sales and redirects. The receivers
// run in another process. workerd runs all objects on one thread, so every figure is for that thread; the platform has one for each
// object.
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { bundle } from "../../xtask/runner/bundle.mjs";
import { writeSales } from "./conversions.mjs";
import { median, processorMs, runLoad, startLoad, waitFor } from "./load.mjs";
import { OPERATOR_KEY, api, makeLink, startSignpost } from "./servers.mjs";
import { writeVisits } from "./visitors.mjs";

/** Deliveries of a round of the throughput test, over all endpoints. */
const DELIVERIES = 4_000;
/** The maximum of the API. */
const LINES_PER_IMPORT = 1_000;
const RATE = 50;
const MAX_LAG_MS = 2_000;
const MANY = 200;
/** Of 200 endpoints, so many hang and so many answer 500. */
const FAILING = 10;
/** Sales per second beside redirects. Each is sent to 20 endpoints. */
const RATE_BESIDE_REDIRECTS = 10;
/** The deadline of all deliveries of a round. */
const DELIVERED_MS = 60_000;

/** Starts the receivers. */
async function startReceivers() {
  const child = fork(new URL("receivers.mjs", import.meta.url));
  const [{ port }] = await once(child, "message");
  const ask = async (question) => {
    child.send(question);
    return (await once(child, "message"))[0];
  };
  return {
    url: `http://127.0.0.1:${port}`,
    /** Returns what arrived since the last report, and begins anew. */
    report: () => ask("report"),
    /** Waits until so many events were confirmed, and returns the report. */
    async confirmed(number) {
      const settled = await waitFor(async () => (await ask("count")).confirmed >= number, DELIVERED_MS);
      const report = await ask("report");
      if (settled === undefined) throw new Error(`${report.confirmed} of ${number} events arrived within ${DELIVERED_MS} ms`);
      return report;
    },
    stop: () => child.disconnect(),
  };
}

async function start({ scratch, ...options }, receivers, routes) {
  const state = path.join(scratch, crypto.randomUUID());
  await mkdir(state, { recursive: true });
  const server = await startSignpost({ scratch, ...options, state, shared: { allowLoopback: true } });
  server.path = await makeLink(server);
  server.salesFile = path.join(state, "sales.json");
  await writeSales(server, server.salesFile);
  server.next = 0;
  await subscribe(server, receivers, routes);
  return server;
}

async function subscribe(server, receivers, routes) {
  for (const route of routes) {
    const url = `${receivers.url}/${route}`;
    await api(server, "POST", "/v1/webhooks", { url, events: ["conversion.created"] }, `endpoint ${route}`);
  }
  // One event reaches all, so that the measurement does not include the start of their objects.
  if (routes.length > 0) {
    await importSales(server, 1);
    await receivers.confirmed(routes.filter((route) => route.startsWith("ok/")).length);
  }
}

const routes = (number, kind = "ok") => Array.from({ length: number }, (_, n) => `${kind}/${n}`);

/** Records sales in few requests, which is faster than the deliveries. */
async function importSales(server, number) {
  for (let left = number; left > 0; left -= LINES_PER_IMPORT) await importLines(server, Math.min(left, LINES_PER_IMPORT));
}

async function importLines(server, number) {
  const lines = Array.from({ length: number }, (_, n) => ({
    object: "conversion", type: "sale", external_id: `imported-${server.next + n}`, occurred_at: new Date().toISOString(), amount: 4_990,
    currency: "EUR",
  }));
  server.next += number;
  const response = await fetch(`http://127.0.0.1:${server.port}/v1/import`, {
    method: "POST",
    headers: { authorization: `Bearer ${OPERATOR_KEY}`, "content-type": "application/x-ndjson" },
    body: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  });
  const text = await response.text();
  if (response.status !== 201) throw new Error(`an import returned ${response.status}: ${text}`);
}

/** Sends sales. All must be accepted. */
async function sell(load, server, settings) {
  const report = await runLoad(load, { port: server.port, requests: server.salesFile, first: server.next, ...settings });
  server.next += report.sent;
  const accepted = report.statuses["201"] ?? 0;
  if (accepted < report.sent) throw new Error(`${report.sent - accepted} sales were not accepted: ${JSON.stringify(report)}`);
  return report;
}

/** Records sales at once, and returns how many events a second arrive at endpoints that confirm them. */
async function deliver(server, receivers, events, confirming) {
  const since = Date.now();
  const cpu = processorMs(server.pid);
  await importSales(server, events);
  const report = await receivers.confirmed(events * confirming);
  const seconds = (report.lastAt - since) / 1e3;
  return { perSecond: report.confirmed / seconds, cpuMs: (processorMs(server.pid) - cpu) / report.confirmed, report };
}

export async function webhooks(options) {
  const receivers = await startReceivers();
  try {
    await throughput(options, receivers);
    await lag(options, receivers);
    await failing(options, receivers);
    await costs(options, receivers);
    await besideRedirectsAndSales(options, receivers);
  } finally {
    receivers.stop();
  }
}

async function throughput({ print, rounds, ...options }, receivers) {
  for (const endpoints of [1, 20, MANY]) {
    const server = await start(options, receivers, routes(endpoints));
    try {
      const runs = [];
      for (let round = 0; round < rounds; round += 1) {
        runs.push(await deliver(server, receivers, DELIVERIES / endpoints, endpoints));
      }
      const compares = `${DELIVERIES / endpoints} sales imported, median of ${rounds} rounds, data in memory`;
      const name = `webhooks: events delivered to ${endpoints} endpoint${endpoints > 1 ? "s" : ""}`;
      print({ figure: name, value: median(runs.map(({ perSecond }) => perSecond)), unit: "/s", compares });
      const cpu = median(runs.map(({ cpuMs }) => cpuMs));
      print({ figure: `${name}: processor time`, value: cpu, unit: "ms", compares: `of the whole workerd process, per delivery; ${compares}` });
    } finally {
      await server.mf.dispose();
    }
  }
}

async function lag({ print, load, seconds, ...options }, receivers) {
  // 50 sales/s to 20 endpoints are about as much as one thread can do, so this has no target.
  for (const { endpoints, rate, atMost } of [
    { endpoints: 1, rate: RATE, atMost: MAX_LAG_MS },
    { endpoints: 20, rate: RATE / 5, atMost: MAX_LAG_MS },
    { endpoints: 20, rate: RATE },
  ]) {
    const server = await start(options, receivers, routes(endpoints));
    try {
      const { sent } = await sell(load, server, { seconds: Math.max(seconds, 10), rate });
      const { lags } = await receivers.confirmed(sent * endpoints);
      const compares = `from the commit to the arrival of the first attempt; ${sent} sales, ${rate} a second, ${rate * endpoints} deliveries a second, data in memory`;
      const quantile = (share) => lags[Math.floor((lags.length - 1) * share)];
      const name = `webhooks: lag, ${rate} sales/s to ${endpoints} endpoint${endpoints > 1 ? "s" : ""}`;
      print({ figure: `${name}: p50`, value: quantile(0.5), unit: "ms", compares });
      print({ figure: `${name}: p99`, value: quantile(0.99), unit: "ms", at_most: atMost, compares });
    } finally {
      await server.mf.dispose();
    }
  }
}

/** Compares endpoints that work, beside endpoints that fail, with the same endpoints beside others that work. */
async function failing({ print, rounds, ...options }, receivers) {
  const working = routes(MANY - 2 * FAILING);
  const others = (kind, from) => Array.from({ length: FAILING }, (_, n) => `${kind}/${from + n}`);
  const mixed = await start(options, receivers, [...working, ...others("hang", MANY), ...others("error", MANY)]);
  const whole = await start(options, receivers, [...working, ...others("silent", MANY), ...others("silent", MANY + FAILING)]);
  try {
    const events = DELIVERIES / MANY;
    const ratios = [];
    for (let round = 0; round <= rounds; round += 1) {
      const beside = await deliver(mixed, receivers, events, working.length);
      const alone = await deliver(whole, receivers, events, working.length);
      if (round > 0) ratios.push(beside.perSecond / alone.perSecond); // the first round warms up
    }
    print({
      figure: "webhooks: endpoints that work, beside failing ones ÷ without",
      value: median(ratios),
      unit: "×",
      at_least: 0.9,
      compares: `events delivered per second to ${working.length} endpoints; of ${2 * FAILING} others half hang and half answer 500, or all work; median of ${rounds} alternating rounds (${ratios.map((ratio) => ratio.toFixed(2)).join(", ")})`,
    });
  } finally {
    for (const { mf } of [mixed, whole]) await mf.dispose();
  }
}

/** Counts calls and rows without endpoints and with 20, at the same rate. */
async function costs({ print, load, root, scratch, ...options }, receivers) {
  const modules = path.join(scratch, "counted");
  await mkdir(modules, { recursive: true });
  await bundle({ entry: path.join(root, "benches/load/counted.mjs"), wasmDir: path.join(root, "build/wasm"), outdir: modules });
  const server = await start({ root, scratch, modules, ...options }, receivers, []);
  const counts = () => fetch(`http://127.0.0.1:${server.port}/bench-counts`).then((response) => response.json());
  const count = async (endpoints) => {
    await waitFor(() => false, 1_000);
    const before = await counts();
    const { sent } = await sell(load, server, { seconds: 5, rate: RATE_BESIDE_REDIRECTS });
    if (endpoints > 0) await receivers.confirmed(sent * endpoints);
    await waitFor(() => false, 1_000);
    const after = await counts();
    const per = (kind, name) => ((after[kind][name] ?? 0) - (before[kind][name] ?? 0)) / sent;
    const names = [...new Set([...Object.keys(after.calls), ...Object.keys(before.calls)])];
    return {
      calls: Object.fromEntries(names.map((name) => [name, per("calls", name)])),
      rows: Object.fromEntries(Object.keys(after.rows).map((name) => [name, per("rows", name)])),
    };
  };
  try {
    const without = await count(0);
    const endpoints = 20;
    await subscribe(server, receivers, routes(endpoints));
    const withEndpoints = await count(endpoints);
    const more = (kind, name) => (withEndpoints[kind][name] ?? 0) - (without[kind][name] ?? 0);
    const sum = (kind) => Object.keys(withEndpoints[kind]).reduce((total, name) => total + more(kind, name), 0);
    const compares = `${RATE_BESIDE_REDIRECTS} sales a second to ${endpoints} endpoints, minus the same without endpoints; counted in the bindings and cursors`;
    const detail = (kind) => Object.keys(withEndpoints[kind]).map((name) => `${name} ${more(kind, name).toFixed(2)}`).join(", ");
    print({ figure: "webhooks: rows written per delivery", value: sum("rows") / endpoints, unit: "", compares: `with the times of alarms; per event: ${detail("rows")}; ${compares}` });
    print({ figure: "webhooks: calls to objects per delivery", value: sum("calls") / endpoints, unit: "", compares: `with alarms; per event: ${detail("calls")}; ${compares}` });
    print({ figure: "webhooks: rows of the Ledger per event", value: more("rows", "Ledger"), unit: "", compares });
  } finally {
    await server.mf.dispose();
  }
}

async function besideRedirectsAndSales({ print, load, seconds, rounds, ...options }, receivers) {
  const endpoints = 20;
  const plain = await start(options, receivers, []);
  const sending = await start(options, receivers, routes(endpoints));
  const servers = [plain, sending];
  try {
    for (const server of servers) {
      server.visits = path.join(server.state, "visits.json");
      await writeVisits(server, server.visits);
      server.visited = 0;
    }
    const redirects = async (server) => {
      const selling = startLoad(load, { port: server.port, requests: server.salesFile, first: server.next, seconds, rate: RATE_BESIDE_REDIRECTS });
      const report = await runLoad(load, { port: server.port, requests: server.visits, first: server.visited, seconds });
      const { sent } = await selling.done;
      server.next += sent;
      server.visited += report.sent;
      if (server === sending) await receivers.confirmed(sent * endpoints);
      return report.per_second;
    };
    const sales = async (server) => {
      const cpu = processorMs(server.pid);
      const report = await sell(load, server, { seconds: 1 });
      const cpuMs = processorMs(server.pid) - cpu;
      const { confirmed, attempts } = await receivers.report();
      if (server === sending) await receivers.confirmed(report.sent * endpoints - confirmed);
      return { perSecond: report.per_second, cpuMs, attempts, sent: report.sent };
    };
    const ratios = { redirects: [], sales: [] };
    let last;
    for (let round = 0; round <= rounds; round += 1) {
      const visits = [await redirects(plain), await redirects(sending)];
      const sold = [await sales(plain), await sales(sending)];
      last = sold;
      if (round === 0) continue; // warms up
      ratios.redirects.push(visits[1] / visits[0]);
      ratios.sales.push(sold[1].perSecond / sold[0].perSecond);
    }
    const thread = "deliveries share workerd's one thread, which the platform does not";
    print({
      figure: `webhooks: redirects, ${endpoints} endpoints ÷ none`, value: median(ratios.redirects), unit: "×",
      compares: `answers per second at full load beside ${RATE_BESIDE_REDIRECTS} sales a second, median of ${rounds} alternating rounds; aim 0.95; ${thread}`,
    });
    print({
      figure: `webhooks: sales, ${endpoints} endpoints ÷ none`, value: median(ratios.sales), unit: "×",
      compares: `accepted per second at full load for a second, ${last[1].attempts} deliveries meanwhile; aim 0.95; ${thread}`,
    });
    for (const [index, name] of ["no endpoint", `${endpoints} endpoints`].entries()) {
      print({
        figure: `webhooks: processor time of a sale, ${name}`, value: last[index].cpuMs / last[index].sent, unit: "ms",
        compares: "of the whole workerd process, with the deliveries during the second",
      });
    }
  } finally {
    for (const { mf } of servers) await mf.dispose();
  }
}
