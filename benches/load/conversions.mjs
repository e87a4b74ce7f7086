// Conversions that the Ledger accepts per second in workerd, on disk. Each has a unique external id and
// Idempotency-Key, is durable before it is acknowledged, and is stored once.
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { median, runLoad } from "./load.mjs";
import { OPERATOR_KEY, makeLink, startSignpost } from "./servers.mjs";
import { conversionsStored } from "./stored.mjs";

const CLICKS = 64;
const ROUNDS = 3;

async function clickId(server, number) {
  const response = await fetch(`http://127.0.0.1:${server.port}${server.path}`, {
    redirect: "manual",
    headers: { "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Firefox/143.0", "cf-connecting-ip": `192.0.2.${number}` },
  });
  await response.arrayBuffer();
  return new URL(response.headers.get("location")).searchParams.get("sp_click");
}

/** Writes the requests of sales. */
export async function writeSales(server, file) {
  const requests = [];
  for (let number = 0; number < CLICKS; number += 1) {
    const body = {
      type: "sale",
      external_id: "order-{sequence}",
      click_id: await clickId(server, number),
      customer_id: "customer-{sequence}",
      amount: 4990,
      currency: "EUR",
    };
    requests.push({
      method: "POST",
      path: "/v1/conversions",
      headers: {
        host: "go.example.com",
        authorization: `Bearer ${OPERATOR_KEY}`,
        "content-type": "application/json",
        "idempotency-key": "sale-{sequence}",
      },
      body: JSON.stringify(body),
    });
  }
  await writeFile(file, JSON.stringify(requests));
}

export async function conversions({ print, load, scratch, disk, seconds, ...options }) {
  const state = path.join(disk, "conversions");
  await mkdir(state, { recursive: true });
  const server = await startSignpost({ scratch, ...options, state });
  try {
    server.path = await makeLink(server);
    const requests = path.join(scratch, "sales.json");
    await writeSales(server, requests);
    const reports = [];
    let first = 0;
    for (let round = 0; round <= ROUNDS; round += 1) {
      const report = await runLoad(load, { port: server.port, requests, seconds: round === 0 ? 1 : seconds, first });
      first += report.sent;
      reports.push(report);
    }
    const accepted = reports.reduce((sum, report) => sum + (report.statuses["201"] ?? 0), 0);
    const measured = reports.slice(1); // the first run warms up
    const of = (field) => median(measured.map((report) => report[field]));
    const conditions = `16 connections, data on disk, median of ${ROUNDS} rounds`;
    print({ figure: "conversions accepted per second", value: of("per_second"), unit: "/s", compares: conditions });
    print({ figure: "conversions: p50", value: of("p50_us") / 1e3, unit: "ms", compares: conditions });
    print({ figure: "conversions: p99", value: of("p99_us") / 1e3, unit: "ms", compares: conditions });
    const rows = conversionsStored(state);
    print({
      figure: "conversions: rows ÷ acknowledged",
      value: rows / accepted,
      unit: "",
      at_least: 1,
      at_most: 1,
      compares: `${rows} rows, ${accepted} responses 201, ${first - accepted} others`,
    });
  } finally {
    await server.mf.dispose();
  }
}
