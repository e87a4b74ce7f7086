// Loads the demo programme of fixtures/program.json with a history into an empty Ledger, and prints how to use its links.
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { base, closedMonth, history, payouts } from "./demo_history.mjs";

/** Lines of an import: fewer than the API accepts, so that one call takes well under a second. */
const LINES_PER_CALL = 500;

/**
 * Prints the URL and the operator key. Loads the demo if the Ledger is empty and `load` is true, and prints its links. `now`
 * is the time of the Worker's clock.
 */
export async function printIntroduction({ url, key, data, root, load, now }) {
  console.log(`\nSignpost listens on ${url}\nOperator key: ${key}`);
  const api = client(url, key);
  try {
    const demo = await loadDemo({ api, file: path.join(data, "demo.json"), root, load, now });
    if (demo) await printHints({ api, url, key, demo });
  } catch (error) {
    // A failure of the demo must not stop the Worker.
    console.error(`the demo programme is not available: ${error.message}`);
  }
  console.log("");
}

function client(url, key) {
  return async (method, route, body) => {
    const isLines = Array.isArray(body);
    const response = await fetch(`${url}${route}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body && { "content-type": isLines ? "application/x-ndjson" : "application/json" }),
      },
      body: isLines ? body.map((line) => JSON.stringify(line)).join("\n") : body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route} returned ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  };
}

// demo.json contains the demo's links in this data directory, or the fact that loading has started, and when. Lines that were
// imported before change nothing, so an interrupted load can be repeated from its start.
async function loadDemo({ api, file, root, load, now }) {
  const stored = JSON.parse(await readFile(file, "utf8").catch((error) => (error.code === "ENOENT" ? "null" : Promise.reject(error))));
  if (stored?.links) return stored;
  if (!load) return undefined;
  const empty = (await api("GET", "/v1/partners?limit=1")).data.length === 0;
  if (!empty && !stored) return undefined;
  const begun = stored?.begun ?? now;
  await replace(file, { begun });
  const demo = await loadProgram(api, JSON.parse(await readFile(path.join(root, "fixtures/program.json"), "utf8")), begun);
  await replace(file, demo);
  return demo;
}

async function replace(file, value) {
  await writeFile(`${file}.new`, JSON.stringify(value, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

/** Imports lines in calls of a size that the API accepts, and returns the ids by external id. */
async function importAll(api, lines, onProgress) {
  const ids = new Map();
  for (let from = 0; from < lines.length; from += LINES_PER_CALL) {
    const { data } = await api("POST", "/v1/import", lines.slice(from, from + LINES_PER_CALL));
    for (const { external_id, id } of data) ids.set(external_id, id);
    onProgress(data.length);
  }
  return ids;
}

async function loadProgram(api, programme, now) {
  await api("PUT", "/v1/program", programme.program);
  const past = history(programme, now);
  const { endMs, paidMs } = closedMonth(now);
  const before = past.filter(({ ms }) => ms <= paidMs).map(({ fields }) => fields);
  const after = past.filter(({ ms }) => ms > paidMs).map(({ fields }) => fields);
  const progress = new Progress(past.length);
  const ids = await importAll(api, base(programme, now), () => undefined);
  const externalIds = new Map();
  const links = [];
  for (const { partner, links: itsLinks, payout_details } of programme.partners) {
    const partner_id = ids.get(partner.external_id);
    externalIds.set(partner_id, partner.external_id);
    if (payout_details) await api("PUT", `/v1/partners/${partner_id}/payout-details`, payout_details);
    for (const index of itsLinks.keys()) {
      const link_id = ids.get(`demo-${partner.external_id}-${index}`);
      links.push({ kind: partner.metadata.row, partner: partner.name, partner_id, link_id });
    }
  }
  await importAll(api, before, (lines) => progress.add(lines));
  const { data: balances } = await api("GET", `/v1/balances?at=${new Date(endMs).toISOString()}`);
  await importAll(api, payouts(now, balances, externalIds), () => undefined);
  await importAll(api, after, (lines) => progress.add(lines));
  progress.end();
  const { currency, click_param } = programme.program;
  return { currency, click_param, links };
}

/** A line on standard error that says how much of the history is loaded. A terminal shows it as it grows. */
class Progress {
  #loaded = 0;
  #since = performance.now();

  constructor(total) {
    this.total = total;
    this.#print();
  }

  add(lines) {
    this.#loaded += lines;
    if (process.stderr.isTTY) this.#print();
  }

  #print() {
    const text = `the demo's history … ${this.#loaded} of ${this.total} lines`;
    process.stderr.write(process.stderr.isTTY ? `\r${text}` : `${text}\n`);
  }

  end() {
    const seconds = ((performance.now() - this.#since) / 1_000).toFixed(1);
    process.stderr.write(`${process.stderr.isTTY ? "\r" : ""}the demo's history … ${this.total} lines, ${seconds} s\n`);
  }
}

async function printHints({ api, url, key, demo }) {
  console.log("\nOne link for each kind of partner to click:");
  const firstOfKind = [...new Map(demo.links.toReversed().map((link) => [link.kind, link])).values()].toReversed();
  const width = Math.max(...firstOfKind.map(({ kind, partner }) => `${kind}: ${partner}`.length));
  const addressed = [];
  for (const link of firstOfKind) {
    const stored = await api("GET", `/v1/links/${link.link_id}`);
    addressed.push({ ...link, address: stored.short_url ?? stored.url });
  }
  for (const { kind, partner, address } of addressed) console.log(`  ${`${kind}: ${partner}`.padEnd(width)}  ${address}`);
  const [{ address, partner, partner_id }] = addressed;
  // The user agent is a browser's, because a click of `curl` would be counted as a bot's (and would still earn).
  console.log(`
Turn a click on ${partner}'s link into a sale, and show its commission (paste all lines):

KEY='${key}'
CLICK=$(curl -s -o /dev/null -w '%{redirect_url}' -A 'Mozilla/5.0' '${address}' | sed 's/.*[?&]${demo.click_param}=//; s/[&#].*//')
curl -s '${url}/v1/conversions' -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' \\
  -H "Idempotency-Key: sale-$CLICK" -d '{"type":"sale","external_id":"order-'"$CLICK"'","click_id":"'"$CLICK"'","amount":499000,"currency":"${demo.currency}"}'; echo
curl -s '${url}/v1/attribution?partner_id=${partner_id}' -H "Authorization: Bearer $KEY"; echo`);
}
