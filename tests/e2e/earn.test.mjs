// The product's main job, end to end in workerd: link → click → conversion → attribution → commission → refund.
import assert from "node:assert/strict";
import { once } from "node:events";
import { get } from "node:http";
import { after, before, test } from "node:test";
import { TEST_KEYS, api, startEdge } from "./support/harness.mjs";
import { BROWSER, LANDING, programme, sale, totals, visit } from "./support/programme.mjs";

let edge;
let world;
before(async () => {
  edge = await startEdge();
  world = await programme(edge);
});
after(() => edge.stop());

test("a click leads to the listing and its sale earns a commission", async () => {
  const { operator, ada, adas } = world;
  const click = await visit(edge, adas.url, { query: "?sp_consent=1&utm_source=x&q=%20a+b", cf: { country: "DE" } });
  assert.equal(click.status, 302);
  assert.equal(click.location, `https://shop.example/buy?plan=pro&utm_source=x&q=%20a+b&sp_click=${click.clickId}`);
  assert.equal(click.clickId.length, 40);
  assert.equal(click.headers.get("cache-control"), "no-store");
  assert.equal(click.headers.get("referrer-policy"), "no-referrer-when-downgrade");
  assert.ok(click.headers.get("x-request-id"));
  assert.deepEqual(click.cookies, [
    `sp=${click.clickId}; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=Lax`,
    `sp_x=${click.clickId}; Path=/; Max-Age=34560000; Secure; HttpOnly; SameSite=None`,
  ]);

  const sold = await operator.json("POST", "/v1/conversions", sale(click.clickId, "order-1"));
  assert.equal(sold.attribution.status, "attributed");
  assert.deepEqual(sold.attribution.credits, [
    { partner_id: ada.id, link_id: adas.id, click_id: click.clickId, share_bp: 10000 },
  ]);
  assert.deepEqual(sold.commissions.map(({ amount, currency, status }) => [amount, currency, status]), [[1980, "EUR", "pending"]]);

  const seen = await totals(operator, `partner_id=${ada.id}&group_by=country`, ({ clicks }) => clicks === 1);
  assert.equal(seen.unique_clicks, 1);
  assert.equal(seen.sales, 1);
  assert.deepEqual(seen.revenue, [{ amount: 9900, currency: "EUR" }]);
  const { data } = await operator.json("GET", `/v1/attribution?partner_id=${ada.id}&group_by=country`);
  assert.deepEqual(data.map(({ key, clicks, sales }) => [key, clicks, sales]), [["DE", 1, 1]]);

  const refund = await operator.json("POST", `/v1/conversions/${sold.id}/refunds`, { external_id: "r-1" });
  assert.deepEqual([refund.amount, refund.commissions[0].reversed, refund.commissions[0].remaining], [9900, 1980, 0]);
  const { data: balances } = await operator.json("GET", `/v1/balances?partner_id=${ada.id}`);
  assert.deepEqual(balances, [{ partner_id: ada.id, currency: "EUR", pending: 0, payable: 0, paid: 0, reversed: 1980 }]);
});

test("a qualified lead is counted for its partner, who does not see the reason", async () => {
  const { operator, link, partner } = world;
  const mary = await partner({ name: "Mary" });
  const { clickId } = await visit(edge, (await link(mary)).url, { ip: "192.0.2.10" });
  const lead = await operator.json("POST", "/v1/conversions", { type: "lead", external_id: "contact-1", click_id: clickId });
  const { key } = await operator.json("POST", "/v1/keys", { name: "portal", scopes: ["read"], partner_id: mary.id });
  const portal = api(edge, key);
  const seen = async () => {
    const { totals: { leads, qualified_leads } } = await portal.json("GET", "/v1/attribution");
    const { qualification } = await portal.json("GET", `/v1/conversions/${lead.id}`);
    return [leads, qualified_leads, qualification && [qualification.status, qualification.reason]];
  };
  assert.deepEqual(await seen(), [1, 0, null]);
  for (const [status, count] of [["qualified", 1], ["unqualified", 0], ["qualified", 1]]) {
    const { qualification } = await operator.json("POST", `/v1/conversions/${lead.id}/qualify`, { status, reason: "by phone" });
    assert.deepEqual([qualification.status, qualification.reason], [status, "by phone"]);
    assert.deepEqual(await seen(), [1, count, [status, null]]);
  }
  const refused = await portal.post(`/v1/conversions/${lead.id}/qualify`, { status: "unqualified" });
  assert.deepEqual([refused.status, refused.body.code], [403, "insufficient_scope"]);
});

test("a conversion is attributed even before its click is stored", async () => {
  const { operator, link, partner } = world;
  const grace = await partner({ name: "Grace" });
  const click = await visit(edge, (await link(grace)).url, { ip: "192.0.2.9" });
  const sold = await operator.json("POST", "/v1/conversions", sale(click.clickId, "order-at-once"));
  assert.equal(sold.attribution.credits[0].partner_id, grace.id);
});

test("a revocation and a pause take effect at once in the isolate that forwarded them", async () => {
  const { operator, link, partner } = world;
  const owner = await partner({ name: "Alan" });
  const [revoked, paused] = [await link(owner), await link(owner)];
  assert.ok((await visit(edge, revoked.url)).clickId);
  await operator.json("POST", `/v1/links/${revoked.id}/revoke`, {});
  assert.deepEqual([(await visit(edge, revoked.url)).location, (await visit(edge, revoked.url)).clickId], [LANDING, null]);
  assert.ok((await visit(edge, paused.url)).clickId);
  await operator.json("PATCH", `/v1/partners/${owner.id}`, { status: "paused" });
  assert.equal((await visit(edge, paused.url)).location, LANDING);
  await operator.json("PATCH", `/v1/partners/${owner.id}`, { status: "active" });
  assert.ok((await visit(edge, paused.url)).clickId);
  await totals(operator, `partner_id=${owner.id}`, ({ filtered, clicks, unique_clicks }) =>
    filtered.revoked === 3 && clicks === 2 && unique_clicks === 2 && filtered.duplicate === 1);
});

test("slugs and paths work at once, and unknown slugs lead to the landing page", async () => {
  const { link, ada } = world;
  assert.equal((await visit(edge, `${edge.url}/spring-sale`)).location, LANDING);
  const created = await link(ada, { slug: "spring-sale", path: "/spring/offer" });
  assert.equal(created.short_url, `${edge.url}/spring-sale`);
  for (const url of [created.short_url, created.url]) {
    const { location, clickId } = await visit(edge, url);
    assert.equal(location, `https://shop.example/spring/offer?plan=pro&sp_click=${clickId}`);
  }
  const unknown = await visit(edge, `${edge.url}/no-such-slug`);
  assert.deepEqual([unknown.status, unknown.location, unknown.clickId, unknown.cookies], [302, LANDING, null, []]);
});

test("links work as people and messengers write them", async () => {
  const { link, ada } = world;
  const { url, short_url } = await link(ada, { slug: "bugs-one" });
  const token = new URL(url).pathname;
  for (const path of ["/Bugs-One", "/BUGS-ONE", "/bugs-one/", "/bugs-one.", "/bugs-one),", "/bugs-one!", "/bugs-one%20", "/bugs-one?", "/bugs-one;", "/Bugs-One%29", "/bugs-one%3B%3e"]) {
    const { location, clickId } = await visit(edge, `${edge.url}${path}`);
    assert.equal(location, `https://shop.example/buy?plan=pro&sp_click=${clickId}`, path);
  }
  const added = [..."/.,)!?;:'\"]}>* "];
  // `?` as it is begins a query; `URL` encodes the others where it must.
  const encoded = added.map((end) => `%${end.charCodeAt(0).toString(16)}`);
  const ends = [...added, ...encoded, ...encoded.map((end) => end.toUpperCase()), ").%20", "**", "%22%7D>", "%3B%2e'"];
  for (const end of ends.filter((end) => end !== " ")) {
    const { location, clickId } = await visit(edge, `${edge.url}${token}${end}`);
    assert.equal(location, `https://shop.example/buy?plan=pro&sp_click=${clickId}`, end);
  }
  assert.equal(short_url, `${edge.url}/bugs-one`);
  // Characters of tokens are not trimmed, and no escape is decoded that stands for something else.
  for (const end of ["_", "-", "%5F", "%2", "%zz", "%41"]) {
    const { location, clickId } = await visit(edge, `${edge.url}${token}${end}`);
    assert.deepEqual([location, clickId], [LANDING, null], end);
  }
});

test("a link takes GET and HEAD only, and another method does not tell whether it exists", async () => {
  const { link, ada } = world;
  const { url } = await link(ada, { slug: "read-only" });
  const invented = `${edge.url}/r/${"x".repeat(32)}`;
  const problem = {
    type: "urn:signpost:problem:method_not_allowed", title: "The method is not allowed here", status: 405,
    detail: "A link takes GET and HEAD only.", code: "method_not_allowed",
  };
  for (const address of [url, `${edge.url}/read-only`, `${edge.url}/read-only;`, invented, `${edge.url}/no-such-link`]) {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"]) {
      const response = await edge.fetch(address, { method });
      const { headers } = response;
      assert.deepEqual([response.status, headers.get("allow"), headers.get("content-type")], [405, "GET, HEAD", "application/problem+json"], `${method} ${address}`);
      assert.ok(headers.get("x-request-id"));
      assert.deepEqual(await response.json(), problem);
    }
  }
  // Signpost's own paths are no links.
  const page = await edge.fetch("/docs", { method: "POST" });
  assert.deepEqual([page.status, page.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
});

test("two Idempotency-Key headers are refused", async () => {
  const headers = new Headers({ authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}`, "content-type": "application/json" });
  for (const key of ["k-1", "k-2"]) headers.append("idempotency-key", key);
  const response = await edge.fetch("/v1/partners", { method: "POST", headers, body: '{"name":"A","kind":"media"}' });
  assert.deepEqual([response.status, (await response.json()).code], [400, "invalid_idempotency_key"]);
});

test("the cookie carries the visitor's last eight clicks, newest last", async () => {
  const { link, ada } = world;
  const { url } = await link(ada);
  let cookie = "";
  const ids = [];
  for (let n = 0; n < 10; n += 1) {
    const click = await visit(edge, url, { headers: cookie ? { cookie: `other=1; ${cookie}` } : {} });
    ids.push(click.clickId);
    [cookie] = click.cookies[0].split(";");
  }
  assert.equal(cookie, `sp=${ids.slice(-8).join(".")}`);
});

test("bots, prefetches, HEAD requests and duplicates have their own buckets", async () => {
  const { operator, link, partner } = world;
  const owner = await partner({ name: "Barbara" });
  const { url } = await link(owner);
  const ip = "192.0.2.77";
  for (let n = 0; n < 2; n += 1) await visit(edge, url, { ip });
  await visit(edge, url, { ip, headers: { "user-agent": "curl/8.5.0" } });
  await visit(edge, url, { ip, headers: { "user-agent": "" } });
  await visit(edge, url, { ip, method: "HEAD" });
  await visit(edge, url, { ip, headers: { "sec-purpose": "prefetch;prerender" } });
  const gpc = await visit(edge, url, { ip, headers: { "sec-gpc": "1" } });
  assert.deepEqual([gpc.status, gpc.cookies], [302, []]);
  const seen = await totals(operator, `partner_id=${owner.id}`, ({ clicks, filtered }) => clicks === 2 && filtered.bot === 3);
  assert.deepEqual([seen.unique_clicks, seen.filtered.duplicate, seen.filtered.prefetch], [1, 1, 1]);
});

test("a link that a page loads as an image gets no cookie, is no person's click, and earns only after a review", async () => {
  const { operator, link, partner } = world;
  const owner = await partner({ name: "Stuffer" });
  const { url } = await link(owner);
  // Node.js's `fetch` overwrites the mode, so its `http` sends these requests.
  const load = async (destination, mode) => {
    const headers = { ...BROWSER, "cf-connecting-ip": "192.0.2.78", "sec-fetch-dest": destination, "sec-fetch-mode": mode };
    const [response] = await once(get(`${edge.url}${new URL(url).pathname}`, { headers, agent: false }), "response");
    response.resume();
    return { cookies: response.headers["set-cookie"] ?? [], clickId: new URL(response.headers.location).searchParams.get("sp_click") };
  };
  for (const [destination, mode] of [["image", "no-cors"], ["iframe", "navigate"], ["empty", "cors"], ["document", "no-cors"]]) {
    assert.deepEqual((await load(destination, mode)).cookies, [], `${destination} ${mode}`);
  }
  const { clickId } = await load("image", "no-cors");
  const sold = await operator.json("POST", "/v1/conversions", sale(clickId, "stuffed"));
  assert.deepEqual(sold.commissions.map(({ status, held_reason }) => [status, held_reason]), [["pending", "not_navigation"]]);
  assert.equal((await load("document", "navigate")).cookies.length, 2);
  const seen = await totals(operator, `partner_id=${owner.id}`, ({ clicks, filtered }) => clicks === 1 && filtered.prefetch === 5);
  assert.equal(seen.unique_clicks, 1);
});

test("in regions that require it, cookies need the visitor's consent, which is not passed on", async () => {
  const { link, ada } = world;
  const { url } = await link(ada);
  const from = (country, options) => visit(edge, url, { cf: { country }, ...options });
  assert.equal((await from("US")).cookies.length, 2);
  assert.deepEqual((await from("FR")).cookies, []);
  const consenting = await from("FR", { query: "?sp_consent=1&utm=2" });
  assert.equal(consenting.cookies.length, 2);
  assert.equal(consenting.location, `https://shop.example/buy?plan=pro&utm=2&sp_click=${consenting.clickId}`);
  assert.equal((await from("FR", { headers: { cookie: "sp_consent=1" } })).cookies.length, 2);
});

test("tampered, expired and foreign tokens lead to the landing page without a click id", async () => {
  const { operator, link, ada, adas } = world;
  const token = new URL(adas.url).pathname.split("/").pop();
  const flipped = (token[5] === "A" ? "B" : "A");
  const tampered = await visit(edge, `${edge.url}/r/${token.slice(0, 5)}${flipped}${token.slice(6)}`);
  const expired = await visit(edge, (await link(ada, { expires_at: "2020-01-01T00:00:00Z" })).url);
  for (const { status, location, cookies } of [tampered, expired]) {
    assert.deepEqual([status, location, cookies], [302, LANDING, []]);
  }
  // Six others are the damaged tokens of another test.
  await totals(operator, "", ({ filtered }) => filtered.invalid === 7 && filtered.expired === 1);
});

test("a partner's key reads only its own data", async () => {
  const { operator, partner, link, ada } = world;
  const owner = await partner({ name: "Edsger" });
  const own = await link(owner);
  const created = await operator.json("POST", "/v1/keys", { name: "portal", scopes: ["read"], partner_id: owner.id });
  const portal = api(edge, created.key);
  assert.deepEqual((await portal.json("GET", "/v1/links")).data.map(({ id }) => id), [own.id]);
  assert.equal((await portal.get(`/v1/partners/${ada.id}`)).body.code, "not_found");
  assert.equal((await portal.get(`/v1/attribution?partner_id=${ada.id}`)).status, 404);
  assert.equal((await portal.post("/v1/links", { partner_id: owner.id, listing_id: own.listing_id })).body.code, "insufficient_scope");
  await operator.call("DELETE", `/v1/keys/${created.id}`);
  assert.equal((await portal.get("/v1/links")).status, 401);
});

test("local days follow the time zone, as the engine's Intl defines it", async () => {
  const { operator, partner, link } = world;
  const owner = await partner({ name: "Donald" });
  const click = await visit(edge, (await link(owner)).url, { ip: "192.0.2.50" });
  const occurred = new Date(Date.now() + 60_000);
  await operator.json("POST", "/v1/conversions", sale(click.clickId, "order-zone", { occurred_at: occurred.toISOString() }));
  for (const zone of ["Asia/Kathmandu", "America/St_Johns", "Pacific/Kiritimati", "Europe/Berlin"]) {
    const day = new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(occurred);
    const { data } = await operator.json("GET", `/v1/attribution?partner_id=${owner.id}&timezone=${encodeURIComponent(zone)}`);
    assert.deepEqual(data.filter(({ sales }) => sales).map(({ key }) => key), [day], zone);
  }
  assert.equal((await operator.get("/v1/attribution?timezone=Mars/Olympus")).body.code, "unknown_timezone");
});

test("reports get 304 for their ETag", async () => {
  const { operator, ada } = world;
  const first = await operator.get(`/v1/attribution?partner_id=${ada.id}&group_by=link`);
  const etag = first.headers.get("etag");
  assert.equal(first.headers.get("cache-control"), "private, no-transform");
  const second = await operator.get(`/v1/attribution?partner_id=${ada.id}&group_by=link`, { "if-none-match": `W/${etag}` });
  assert.deepEqual([second.status, second.body, second.headers.get("etag")], [304, "", etag]);
});
