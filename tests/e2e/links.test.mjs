// Changes of links in workerd: a redirect follows them in the isolate that made them, through the snapshot and KV.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TEST_KEYS, poll, startEdge } from "./support/harness.mjs";
import { LANDING, programme, visit } from "./support/programme.mjs";

let edge;
let world;
before(async () => {
  edge = await startEdge();
  world = await programme(edge);
});
after(() => edge.stop());

const to = async (url) => (await visit(edge, url)).location.split("&sp_click=")[0];

test("a changed path, query, expiry and slug take effect", async () => {
  const { operator, link, ada } = world;
  const made = await link(ada, { slug: "spring", query: "utm_source=ana" });
  assert.equal(await to(made.url), "https://shop.example/buy?plan=pro&utm_source=ana");
  const change = (fields) => operator.json("PATCH", `/v1/links/${made.id}`, fields);
  const moved = await change({ path: "/plans", query: "a=1" });
  assert.equal(moved.url, made.url);
  assert.equal(await to(made.url), "https://shop.example/plans?plan=pro&a=1");
  assert.equal(await to(made.short_url), "https://shop.example/plans?plan=pro&a=1");
  await change({ slug: "autumn", path: null, query: null });
  assert.equal(await to(made.short_url.replace("spring", "autumn")), "https://shop.example/buy?plan=pro");
  // KV learns of the old name's end after the response, and its value is cached for a few seconds.
  const isGone = async () => (await visit(edge, made.short_url)).location === LANDING;
  await poll(isGone, { deadlineMs: 20_000, what: "the old slug to lead nowhere" });
  const ended = await change({ expires_at: "2020-01-01T00:00:00Z" });
  assert.deepEqual([ended.url, ended.status], [made.url, "expired"]);
  assert.equal((await visit(edge, made.url)).location, LANDING);
  // The token has no end of its own, so the link comes back under the same URL.
  assert.equal((await change({ expires_at: null })).url, made.url);
  assert.equal(await to(made.url), "https://shop.example/buy?plan=pro");
});

test("a later expiry gives a new url, which the slug follows", async () => {
  const { operator, link, ada } = world;
  const made = await link(ada, { slug: "ending", expires_at: "2020-01-01T00:00:00Z" });
  assert.equal((await visit(edge, made.short_url)).location, LANDING);
  const later = await operator.json("PATCH", `/v1/links/${made.id}`, { expires_at: "2099-01-01T00:00:00Z" });
  assert.notEqual(later.url, made.url);
  assert.equal(await to(later.url), "https://shop.example/buy?plan=pro");
  assert.equal((await visit(edge, made.url)).location, LANDING);
  // KV may answer with the old token from its cache for a while.
  await poll(async () => (await visit(edge, made.short_url)).location !== LANDING, { deadlineMs: 20_000, what: "the slug to follow" });
});

test("links are created from CSV, and a QR code is a PNG", async () => {
  const { ada, listing } = world;
  const body = `partner_id,listing_id,slug,query\n${ada.id},${listing.id},from-csv,utm_source=csv\n`;
  const response = await edge.fetch("/v1/links/bulk", {
    method: "POST", body, headers: { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}`, "content-type": "text/csv" },
  });
  assert.equal(response.status, 201);
  const { data: [made] } = await response.json();
  assert.equal(await to(made.short_url), "https://shop.example/buy?plan=pro&utm_source=csv");
  const png = await edge.fetch(new URL(made.qr_png_url).pathname, { headers: { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}` } });
  assert.deepEqual([png.status, png.headers.get("content-type")], [200, "image/png"]);
  const bytes = Buffer.from(await png.arrayBuffer());
  assert.deepEqual(bytes.subarray(0, 8), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  assert.equal(bytes.readUInt32BE(16), bytes.readUInt32BE(20), "it is square");
});
