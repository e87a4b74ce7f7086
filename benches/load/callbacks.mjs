// Callbacks accepted per second in workerd, on disk: different signed WooCommerce orders, which the Worker verifies and
// the Ledger writes before the response. Also forgeries, which never reach the Ledger.
import { createHmac } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { runLoad } from "./load.mjs";
import { api, makeLink, startSignpost } from "./servers.mjs";
import { conversionsStored } from "./stored.mjs";

const SECRET = "benchmark-secret";
/** The number of orders, which is more than a run can accept. */
const ORDERS = 20_000;

function request(target, number, secret) {
  const body = JSON.stringify({
    id: number, status: "processing", currency: "EUR", total: "29.35", customer_id: number, refunds: [],
    date_paid_gmt: "2026-11-01T00:00:08", line_items: [{ id: 1, sku: "PRO-M" }], coupon_lines: [], meta_data: [],
  });
  const signature = createHmac("sha256", secret).update(body).digest("base64");
  return {
    method: "POST", path: target, body,
    headers: { host: "go.example.com", "content-type": "application/json", "x-wc-webhook-signature": signature },
  };
}

async function run({ load, server, file, requests, seconds, first }) {
  await writeFile(file, JSON.stringify(requests));
  return runLoad(load, { port: server.port, requests: file, seconds, first });
}

export async function callbacks({ print, load, scratch, disk, seconds, ...options }) {
  const state = path.join(disk, "callbacks");
  await mkdir(state, { recursive: true });
  const server = await startSignpost({ scratch, ...options, state });
  try {
    await makeLink(server);
    const listing = await api(server, "POST", "/v1/listings", {
      name: "Store", marketplace: "woocommerce", url: "https://store.example/", secrets: { webhook_secret: SECRET },
    }, "store");
    const target = `/callbacks/woocommerce/${listing.id}/orders`;
    const genuine = Array.from({ length: ORDERS }, (_, number) => request(target, number + 1, SECRET));
    const forged = [request(target, 1, "another-secret")];
    const file = path.join(scratch, "orders.json");
    const genuineReport = await run({ load, server, file, requests: genuine, seconds, first: 0 });
    const forgedReport = await run({ load, server, file, requests: forged, seconds, first: 0 });
    const conditions = "16 connections, data on disk";
    print({ figure: "callbacks accepted per second", value: genuineReport.per_second, unit: "/s", compares: `different orders; ${conditions}` });
    print({ figure: "callbacks: p50", value: genuineReport.p50_us / 1e3, unit: "ms", compares: conditions });
    const accepted = genuineReport.statuses["200"] ?? 0;
    print({
      figure: "callbacks: conversions ÷ acknowledged", value: conversionsStored(state) / accepted, unit: "", at_least: 1, at_most: 1,
      compares: `${conversionsStored(state)} rows, ${accepted} responses 200`,
    });
    print({ figure: "forgeries refused per second", value: forgedReport.per_second, unit: "/s", compares: `${conditions}; ${forgedReport.statuses["401"] ?? 0} responses 401` });
  } finally {
    await server.mf.dispose();
  }
}
