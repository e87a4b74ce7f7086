// `cargo xtask restore <file>`: sends the pages of an export to an empty deployment, in order, and reports what differs from
// the original and what must be set again. A page that was sent before changes nothing, so an interrupted restore is repeated
// from its start.
import { createReadStream } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { client, run } from "./api.mjs";

/** How long clicks may take to reach the counts. */
const COUNTS_MS = 120_000;
const POLL_MS = 500;

/** The pages of a file, each with the line that ends it. */
async function* pagesOf(file) {
  let page = "";
  let isComplete = false;
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    page += `${line}\n`;
    if (!/^\{"end":(true|false),/.test(line)) continue;
    isComplete = JSON.parse(line).end;
    yield page;
    page = "";
  }
  if (page !== "" || !isComplete) throw new Error(`${file} is not a complete export: its last line is not {"end":true,…}`);
}

/** Sends the pages, waits until the clicks are counted, and returns what the deployment says of the restore. */
export async function restoreFrom(send, file, onPage = () => undefined) {
  // The whole file is checked before anything is written.
  for await (const page of pagesOf(file)) void page;
  let status;
  for await (const page of pagesOf(file)) {
    status = JSON.parse(await send("POST", "/v1/restore", page));
    onPage(status);
  }
  const deadline = performance.now() + COUNTS_MS;
  while (status.clicks_on_their_way > 0 && performance.now() < deadline) {
    await delay(POLL_MS);
    status = JSON.parse(await send("GET", "/v1/restore"));
  }
  return status;
}

/** Returns the lines of the report, and whether nothing differs. */
export function report({ events, clicks, clicks_on_their_way, is_compared, different_balances, different_counts, missing }) {
  const lines = [`restored ${events} events and ${clicks} clicks`];
  const compare = (what, different) => {
    if (!is_compared) return lines.push(`${what}: not compared, because the export does not begin at the beginning`);
    for (const name of different) lines.push(`DIFFERS ${what} ${name}`);
    return lines.push(`${what}: ${different.length > 0 ? "DIFFER from" : "equal"} the original's`);
  };
  compare("balances", different_balances);
  if (clicks_on_their_way > 0) lines.push(`counts: not compared yet, because ${clicks_on_their_way} clicks are still on their way: GET /v1/restore`);
  else compare("counts", different_counts);
  const { listing_secrets, payout_details, payer_account, signing_key } = missing;
  for (const { listing_id, name, secrets } of listing_secrets) lines.push(`missing: secrets of ${listing_id} (${name}): ${secrets.join(", ")}`);
  for (const { partner_id, name, fields } of payout_details) lines.push(`missing: payout details of ${partner_id} (${name}): ${fields.join(", ")}`);
  if (payer_account) lines.push("missing: the payer's account: set payer.iban with PATCH /v1/program");
  if (signing_key) lines.push("missing: SIGNING_KEYS of the original: until they are set, its links lead nowhere");
  lines.push("missing: API keys, which no export contains: make new ones with POST /v1/keys");
  return { lines, isEqual: different_balances.length === 0 && different_counts.length === 0 };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await run(async ({ url, key, file }) => {
    const status = await restoreFrom(client(url, key), file, ({ pages, events, clicks }) =>
      console.error(`page ${pages}: ${events} events, ${clicks} clicks`),
    );
    const { lines, isEqual } = report(status);
    console.log(lines.join("\n"));
    return isEqual;
  });
}
