// Filters of lists in workerd: they run on its SQLite, and clicks are read from sixteen objects.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { TEST_KEYS, api, poll, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";

let edge;
let world;
before(async () => {
  edge = await startEdge();
  world = await programme(edge);
});
after(() => edge.stop());

const list = async (target, client = world.operator) => (await client.json("GET", target)).data;

test("clicks are filtered by link, bucket and time, over all shards", async () => {
  const { operator, partner, link } = world;
  const [one, other] = [await link(await partner()), await link(await partner())];
  for (let n = 0; n < 6; n += 1) await visit(edge, one.url, { ip: `192.0.2.${n}` });
  for (let n = 0; n < 4; n += 1) await visit(edge, one.url, { ip: `192.0.2.${n}`, headers: { "user-agent": "curl/8.0" } });
  await visit(edge, other.url, { ip: "198.51.100.1" });
  const all = `/v1/clicks?limit=200&link_id=${one.id}`;
  await poll(async () => (await list(all)).length === 10, { what: "the clicks to be stored" });
  const buckets = async (query) => (await list(`${all}${query}`)).map(({ bucket }) => bucket);
  assert.deepEqual(await buckets("&bucket=bot"), Array(4).fill("bot"));
  assert.deepEqual(await buckets("&bucket=human"), Array(6).fill("human"));
  assert.deepEqual(await buckets("&bucket=human&to=2020-01-01T00:00:00Z"), []);
  const bots = await list("/v1/clicks?limit=200&bucket=bot");
  assert.deepEqual(new Set(bots.map(({ link_id }) => link_id)), new Set([one.id]));
  const { key } = await operator.json("POST", "/v1/keys", { name: "K", scopes: ["read"], partner_id: other.partner_id });
  const seen = await list("/v1/clicks?bucket=human", api(edge, key));
  assert.deepEqual(seen.map(({ link_id }) => link_id), [other.id]);
  // Each choice of filters has cursors of its own.
  const { next_cursor: cursor } = await operator.json("GET", `${all}&bucket=bot&limit=1`.replace("limit=200&", ""));
  const refused = await operator.get(`/v1/clicks?link_id=${one.id}&bucket=human&cursor=${cursor}`);
  assert.deepEqual([refused.status, refused.body.code], [422, "cursor_mismatch"]);
  const counted = await operator.json("GET", `/v1/clicks?link_id=${one.id}&bucket=bot&limit=1&count=true`);
  assert.deepEqual([counted.data.length, counted.total], [1, 4]);
  const unknown = await operator.get("/v1/clicks?bucket=people");
  assert.deepEqual([unknown.status, unknown.body.code], [422, "invalid_value"]);
});

test("conversions, partners, links and events are filtered in workerd's SQLite", async () => {
  const { operator, partner, link } = world;
  const grace = await partner({ name: "Grace Hopper", email: "grace@navy.example", country: "US", kind: "media" });
  const graces = await link(grace, { campaign: "spring", slug: "grace" });
  const { clickId } = await visit(edge, graces.url, { ip: "192.0.2.77" });
  const day = "2026-11-20T10:00:00.000Z";
  const sold = await operator.json("POST", "/v1/conversions", sale(clickId, "g-1", { customer_id: "c-g", coupon: "SPRING" }));
  const early = await operator.json("POST", "/v1/conversions", sale(null, "g-2", { click_id: undefined, occurred_at: day }));
  for (const [target, expected] of [
    ["/v1/conversions?external_id=g-1", [sold.id]],
    ["/v1/conversions?customer_id=c-g&type=sale", [sold.id]],
    [`/v1/conversions?partner_id=${grace.id}&status=attributed`, [sold.id]],
    [`/v1/conversions?link_id=${graces.id}`, [sold.id]],
    ["/v1/conversions?coupon=spring", [sold.id]],
    ["/v1/conversions?to=2026-11-21T00:00:00Z", [early.id]],
    [`/v1/conversions?status=unattributed&from=${day}&to=2026-11-21T00:00:00Z`, [early.id]],
    [`/v1/commissions?conversion_id=${sold.id}`, sold.commissions.map(({ id }) => id)],
    ["/v1/partners?q=GRA+hop", [grace.id]],
    ["/v1/partners?q=navy&kind=media&country=US&status=active", [grace.id]],
    ["/v1/partners?q=opper", []],
    ["/v1/links?campaign=spring", [graces.id]],
    ["/v1/links?slug=GRACE", [graces.id]],
    [`/v1/links?partner_id=${grace.id}&listing_id=${world.listing.id}`, [graces.id]],
  ]) {
    assert.deepEqual((await list(target)).map(({ id }) => id), expected, target);
  }
  const table = await edge.fetch("/v1/links?campaign=spring&count=true", {
    headers: { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}`, accept: "text/csv" },
  });
  assert.deepEqual(
    [table.status, table.headers.get("content-type"), table.headers.get("signpost-total")],
    [200, "text/csv; charset=utf-8", "1"],
  );
  assert.match(await table.text(), new RegExp(`^id,.*\\r\\n${graces.id},`));
  const events = await list("/v1/events?type=conversion.created");
  assert.deepEqual(events.map(({ data }) => data.external_id), ["g-1", "g-2"]);
});
