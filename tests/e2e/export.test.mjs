// Reading the data back: clicks over all shards, the export in pages, and a Ledger rebuilt from the export.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { client } from "../../xtask/runner/api.mjs";
import { exportTo } from "../../xtask/runner/export.mjs";
import { api, poll, ROOT, startEdge, TEST_KEYS } from "./support/harness.mjs";
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
  const lead = await world.operator.json("POST", "/v1/conversions", { type: "lead", external_id: "contact-1", click_id: clicked[1] });
  await world.operator.json("POST", `/v1/conversions/${lead.id}/qualify`, { status: "qualified", reason: "by phone" });
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
  let cursor;
  do {
    const { status, headers, body } = await client.get(`/v1/export?${query}${cursor ? `&cursor=${cursor}` : ""}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.match(headers.get("content-type"), /^application\/x-ndjson/);
    const page = body.trimEnd().split("\n");
    const end = JSON.parse(page.at(-1));
    // Only the last page says that the export ends.
    assert.deepEqual([end.end, end.lines], [end.next_cursor === undefined, page.length - 1]);
    lines.push(...page);
    cursor = end.next_cursor;
  } while (cursor);
  return lines;
}

const send = (key = TEST_KEYS.OPERATOR_KEY) => client(edge.url, key, 1);

/** Rebuilds a Ledger from a file, and returns what `replay` prints. Cargo has already built it for the native tests. */
const replayed = (file) => execFileSync("cargo", ["run", "--quiet", "--package", "replay", "--", file], { cwd: ROOT, encoding: "utf8" });

test("the export contains every click and event once, and a Ledger rebuilt from it equals the original", async () => {
  const { operator } = world;
  const parsed = (await exported(operator)).map((line) => JSON.parse(line));
  const ids = parsed.filter(({ kind }) => kind === "click").map(({ id }) => id);
  assert.deepEqual(ids.sort(), [...clicked].sort());
  const events = parsed.filter(({ kind }) => kind === "event");
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1));
  assert.equal(events.filter(({ type }) => type === "conversion.created").length, VISITORS / 4 + 1);

  const scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-replay-"));
  try {
    const file = path.join(scratch, "export.ndjson");
    // Right after a click has reached its shard: it is on its way to the counts.
    const { clickId } = await visit(edge, world.adas.url, { ip: "192.0.2.200" });
    clicked.push(clickId);
    await poll(async () => (await operator.json("GET", "/v1/clicks?limit=1")).data[0].id === clickId, { what: "the click in its shard" });
    const { lines } = await exportTo(send(), file);
    const text = await readFile(file, "utf8");
    assert.equal(text.split("\n").filter((line) => line.includes('"kind"')).length, lines);
    assert.deepEqual(await readdir(scratch), ["export.ndjson"]);
    const output = replayed(file);
    assert.match(output, /books: balance\n/);
    assert.match(output, /balances: equal the original's \(1 compared\)\ncounts: equal the original's/);
    assert.doesNotMatch(output, /DIFFER/);
    // An end that was written before the counts had arrived.
    const [end] = text.trimEnd().split("\n").slice(-1).map((line) => JSON.parse(line));
    assert.deepEqual([end.totals.counts.leads, end.totals.counts.qualified_leads], ["1", "1"]);
    const early = { ...end, totals: { ...end.totals, counts: { ...end.totals.counts, clicks: "1" } }, included: { ...end.included, clicks: [] } };
    await writeFile(file, text.replace(JSON.stringify(end), JSON.stringify(early)));
    const lagging = replayed(file);
    assert.match(lagging, new RegExp(`clicks: not compared, because ${clicked.length} were still on their way to the original's counts`));
    assert.match(lagging, /balances: equal the original's \(1 compared\)\nclicks: .*\ncounts: equal the original's/);
  } finally {
    await rm(scratch, { recursive: true });
  }
});

test("an export that fails leaves no file behind", async () => {
  const scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-export-"));
  try {
    const file = path.join(scratch, "export.ndjson");
    await assert.rejects(exportTo(send("wrong"), file), /^Error: GET \/v1\/export was answered with 401: unauthenticated: /);
    const cut = async () => '{"kind":"event"}\n{"end":true,"lines":2}\n';
    await assert.rejects(exportTo(cut, file), /^Error: a page of the export was cut off/);
    assert.deepEqual(await readdir(scratch), []);
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

test("segments of an earlier version lose the payer's account, and nothing else", async () => {
  const other = JSON.stringify({ type: "partner.created", data: { name: "DE89370400440532013000" } });
  const old = (iban) => JSON.stringify({ type: "program.updated", data: { payer: { name: "Acme", iban } } });
  const segment = (iban) => `${other}\n${old(iban)}\n`;
  const upgraded = await startEdge({});
  try {
    const kv = await upgraded.mf.getKVNamespace("KV");
    const metadata = { from_ms: 1_790_000_000_000, to_ms: 1_790_000_000_001 };
    // More than one step of the alarm rewrites.
    for (let number = 0; number < 45; number += 1) {
      await kv.put(`log/events/9${String(number).padStart(11, "0")}`, segment("DE89370400440532013000"), { metadata });
    }
    await api(upgraded).json("POST", "/v1/partners", { name: "Ada", kind: "media" });
    const last = "log/events/900000000044";
    const redacted = segment("••••3000");
    await poll(async () => (await kv.get(last)) === redacted, { deadlineMs: 10_000, what: "the last segment" });
    const { keys } = await kv.list({ prefix: "log/events/9" });
    assert.equal(keys.length, 45);
    for (const { name, metadata: kept } of keys) {
      assert.equal(await kv.get(name), redacted, name);
      assert.deepEqual(kept, metadata, name);
    }
  } finally {
    await upgraded.stop();
  }
});
