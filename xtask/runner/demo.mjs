// Loads the demo programme of fixtures/program.json into an empty Ledger, and prints how to use its links.
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";

/**
 * Prints the URL and the operator key. Loads the demo if the Ledger is empty and `load` is true, and prints its links.
 */
export async function printIntroduction({ url, key, data, root, load }) {
  console.log(`\nSignpost listens on ${url}\nOperator key: ${key}`);
  const api = client(url, key);
  try {
    const demo = await loadDemo({ api, file: path.join(data, "demo.json"), root, load });
    if (demo) await printHints({ api, url, key, demo });
  } catch (error) {
    // A failure of the demo must not stop the Worker.
    console.error(`the demo programme is not available: ${error.message}`);
  }
  console.log("");
}

function client(url, key) {
  return async (method, route, body, idempotencyKey) => {
    const response = await fetch(`${url}${route}`, {
      method,
      headers: {
        authorization: `Bearer ${key}`,
        ...(body && { "content-type": "application/json" }),
        ...(idempotencyKey && { "idempotency-key": idempotencyKey }),
      },
      body: body && JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${route} returned ${response.status}: ${text.slice(0, 500)}`);
    return JSON.parse(text);
  };
}

// demo.json contains the demo's links in this data directory, or the fact that loading has started. Every POST has an
// idempotency key, so an interrupted load can be repeated from its start.
async function loadDemo({ api, file, root, load }) {
  const stored = JSON.parse(await readFile(file, "utf8").catch((error) => (error.code === "ENOENT" ? "null" : Promise.reject(error))));
  if (stored?.links) return stored;
  if (!load) return undefined;
  const empty = (await api("GET", "/v1/partners?limit=1")).data.length === 0;
  if (!empty && !stored) return undefined;
  await replace(file, { begun: true });
  const demo = await loadProgram(api, JSON.parse(await readFile(path.join(root, "fixtures/program.json"), "utf8")));
  await replace(file, demo);
  return demo;
}

async function replace(file, value) {
  await writeFile(`${file}.new`, JSON.stringify(value, null, 2), { mode: 0o600 });
  await rename(`${file}.new`, file);
}

async function loadProgram(api, { program, listings, partners }) {
  await api("PUT", "/v1/program", program);
  const listingIds = new Map();
  for (const { ref, ...listing } of listings) {
    const { id } = await api("POST", "/v1/listings", listing, `demo-listing-${ref}`);
    listingIds.set(ref, id);
  }
  const links = [];
  for (const { partner, links: itsLinks } of partners) {
    const { id: partner_id } = await api("POST", "/v1/partners", partner, `demo-partner-${partner.external_id}`);
    for (const [index, { listing, ...link }] of itsLinks.entries()) {
      const body = { ...link, partner_id, listing_id: listingIds.get(listing) };
      const { id: link_id } = await api("POST", "/v1/links", body, `demo-link-${partner.external_id}-${index}`);
      links.push({ kind: partner.metadata.row, partner: partner.name, partner_id, link_id });
    }
  }
  return { currency: program.currency, click_param: program.click_param, links };
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
