// Reading the data back: clicks over all shards, the export in pages, and a Ledger rebuilt from the export.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { api, poll, ROOT, startEdge } from "./support/harness.mjs";
import { programme, sale, totals, visit } from "./support/programme.mjs";

const VISITORS = 40;
let edge;
let world;
const clicked = [];
before(async () => {
  edge = await startEdge();
  world = await programme(edge);
  for (let n = 0; n < VISITORS; n += 1) {
    const { clickId } = await visit(edge, world.adas.url, { ip: `192.0.2.${n}` });
    clicked.push(clickId);
    if (n % 4 === 0) await world.operator.json("POST", "/v1/conversions", sale(clickId, `order-${n}`));
  }
  await totals(world.operator, "", ({ clicks }) => clicks === VISITORS);
});
after(() => edge.stop());

/** Returns the rows of all pages of a list. */
async function pages(client, route) {
  const rows = [];
  for (let cursor = null; ;) {
    const page = await client.json("GET", `${route}${cursor ? `&cursor=${cursor}` : ""}`);
    rows.push(...page.data);
    cursor = page.next_cursor;
    if (!cursor) return rows;
  }
}

test("clicks are listed over all shards, newest first, in stable pages", async () => {
  const { operator, partner, link, ada } = world;
  const rows = await pages(operator, "/v1/clicks?limit=7");
  assert.deepEqual(rows.map(({ id }) => id).sort(), [...clicked].sort());
  const times = rows.map(({ clicked_at }) => clicked_at);
  assert.deepEqual(times, [...times].sort().reverse());
  assert.deepEqual(new Set(rows.map(({ partner_id, bucket }) => `${partner_id} ${bucket}`)), new Set([`${ada.id} human`]));

  const other = await partner({ name: "Grace" });
  await link(other);
  const created = await operator.json("POST", "/v1/keys", { name: "portal", scopes: ["read"], partner_id: other.id });
  const portal = api(edge, created.key);
  assert.deepEqual((await portal.json("GET", "/v1/clicks")).data, []);
  assert.equal((await portal.get(`/v1/clicks?link_id=${world.adas.id}`)).status, 404);
  assert.equal((await portal.get("/v1/export")).status, 404);
  const { next_cursor } = await operator.json("GET", "/v1/clicks?limit=1");
  const foreign = await operator.get(`/v1/clicks?limit=1&partner_id=${ada.id}&cursor=${next_cursor}`);
  assert.deepEqual([foreign.status, foreign.body.code], [422, "cursor_mismatch"]);
  assert.equal((await operator.get("/v1/clicks?cursor=x")).body.code, "invalid_cursor");
});

/** Returns all lines of an export over all its pages. */
async function exported(client, query = "") {
  const lines = [];
  let cursor = null;
  do {
    const { status, headers, body } = await client.get(`/v1/export?${query}${cursor ? `&cursor=${cursor}` : ""}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.match(headers.get("content-type"), /^application\/x-ndjson/);
    const page = body.trimEnd().split("\n");
    const end = JSON.parse(page.at(-1));
    assert.deepEqual([end.end, end.lines], [true, page.length - 1]);
    lines.push(...page);
    cursor = end.next_cursor;
  } while (cursor);
  return lines;
}

test("the export contains every click and event once, and a Ledger rebuilt from it equals the original", async () => {
  const { operator } = world;
  const lines = await exported(operator);
  const parsed = lines.map((line) => JSON.parse(line));
  const ids = parsed.filter(({ kind }) => kind === "click").map(({ id }) => id);
  assert.deepEqual(ids.sort(), [...clicked].sort());
  const events = parsed.filter(({ kind }) => kind === "event");
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  assert.equal(events.filter(({ type }) => type === "conversion.created").length, VISITORS / 4);

  const scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-replay-"));
  try {
    const file = path.join(scratch, "export.ndjson");
    await writeFile(file, `${lines.join("\n")}\n`);
    // Cargo has already built it for the native tests.
    const output = execFileSync("cargo", ["run", "--quiet", "--package", "replay", "--", file], { cwd: ROOT, encoding: "utf8" });
    assert.match(output, /books: balance\nbalances: equal the original's \(1 compared\)\ncounts: equal the original's/);
  } finally {
    await rm(scratch, { recursive: true });
  }
});

test("the export is limited to a period, and its cursor is valid for that period only", async () => {
  const { operator } = world;
  const empty = await exported(operator, "from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z");
  assert.deepEqual(new Set(empty.map((line) => JSON.parse(line).lines)), new Set([0]), "the pages contain only their end lines");
  assert.equal((await operator.get("/v1/export?from=yesterday")).body.code, "invalid_parameter");
  assert.equal((await operator.get("/v1/export?cursor=AAAA")).body.code, "invalid_cursor");
});

test("slugs, paths and the snapshot reach KV", async () => {
  const { link, ada } = world;
  const created = await link(ada, { slug: "in-kv", path: "/from/kv" });
  const kv = await edge.mf.getKVNamespace("KV");
  const slug = await poll(() => kv.get("slug/in-kv"), { what: "the slug in KV" });
  assert.equal(JSON.parse(slug).token, new URL(created.url).pathname.split("/").pop());
  assert.equal((await kv.list({ prefix: "path/" })).keys.length, 1);
  await poll(async () => JSON.parse((await kv.get("snapshot")) ?? "{}").max_link_no >= 3, { what: "the snapshot in KV" });
});
