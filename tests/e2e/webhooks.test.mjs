// Events are sent to endpoints: signed, in order, at least once, and again on request. Receivers misbehave in many ways.
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import * as standard from "standardwebhooks";
import * as svix from "svix";
import { TEST_KEYS, api, poll, startEdge } from "./support/harness.mjs";
import { programme, sale, visit } from "./support/programme.mjs";
import {
  brokenBody, endlessBody, hangUp, hugeHeaders, never, ok, slowly, startReceiver, status, trickle,
} from "./support/receiver.mjs";

/** Limit of one attempt, and how long the first retry may wait. */
const [TIMEOUT_MS, RETRY_MIN_MS, RETRY_MAX_MS] = [15_000, 4_000, 6_000];
/** How long this machine may take to deliver what is due. The tests below run at the same time. */
const PROMPTLY = { deadlineMs: 10_000 };
const AFTER_A_RETRY = { deadlineMs: RETRY_MAX_MS + PROMPTLY.deadlineMs };
const AFTER_A_TIMEOUT = { deadlineMs: TIMEOUT_MS + PROMPTLY.deadlineMs };

/** An endpoint whose host does not exist, and whose event does not happen. */
const NOWHERE = { url: "https://hooks.example.com/", events: ["fx.updated"] };

let edge;
let operator;
let world;
before(async () => {
  // Waiting for attempts takes more requests a minute than a key may send.
  edge = await startEdge({ allowLoopback: true, retune: (worker) => delete worker.ratelimits });
  world = await programme(edge);
  operator = world.operator;
});
after(() => edge.stop());

async function receiver(t, answer) {
  const started = await startReceiver(answer);
  t.after(() => started.stop());
  return started;
}

const createHook = (target, fields = {}, client = operator) =>
  client.json("POST", "/v1/webhooks", { url: target.url ?? target, events: ["*"], ...fields });

const change = (hook, fields) => operator.json("PATCH", `/v1/webhooks/${hook.id}`, fields);

/** Creates a partner of the test's own, so that events of other tests do not reach its endpoints. */
async function seller({ on = edge, setting = world } = {}) {
  const partner = await setting.partner();
  const link = await setting.link(partner);
  return {
    partner,
    scope: { partner_id: partner.id },
    async sell(externalId, fields) {
      const { clickId } = await visit(on, link.url);
      return setting.operator.json("POST", "/v1/conversions", sale(clickId, externalId, fields));
    },
    refund: ({ id }, externalId, amount = 100) =>
      setting.operator.json("POST", `/v1/conversions/${id}/refunds`, { external_id: externalId, amount }),
  };
}

const attempts = async (hook, query = "") => (await operator.json("GET", `/v1/webhooks/${hook.id}/deliveries?limit=200${query}`)).data;

/** Waits for the `number`th attempt's row, counted from the oldest, and returns it. */
const attempt = (hook, number, limits = PROMPTLY) =>
  poll(async () => (await attempts(hook)).at(-number), { ...limits, intervalMs: 50, what: `attempt ${number} of ${hook.url}` });

const arrivals = (target, count, limits = PROMPTLY) =>
  poll(() => target.received.length >= count, { ...limits, what: `${count} deliveries` }).catch((error) =>
    assert.fail(`${error.message}; received ${target.received.map(({ event }) => event.type)}`),
  );

const ids = (target) => target.received.map(({ id }) => id);

/** Returns all events of the log, oldest first. */
async function log(client = operator) {
  const events = [];
  let cursor = "";
  do {
    const page = await client.json("GET", `/v1/events?limit=200${cursor}`);
    events.push(...page.data);
    cursor = page.next_cursor && `&cursor=${page.next_cursor}`;
  } while (cursor);
  return events;
}

/** What orders an event: its conversion, or else the resource that it is about. */
const keyOf = ({ data }) => data.conversion_id ?? data.id;
const eventsAbout = async ({ id }, client) => (await log(client)).filter((event) => keyOf(event) === id);
const idsOf = (events) => events.map(({ id }) => id);

/** Returns status, code, and the codes of the fields of a refusal. */
const refusal = ({ status: code, body }) => [code, body.code, ...(body.errors ?? []).map(({ pointer, code: of }) => `${pointer} ${of}`)];

describe("webhooks", { concurrency: 32 }, () => {
  test("published verifiers accept deliveries, and refuse another secret or body", async (t) => {
    const [target, other] = [await receiver(t), await receiver(t)];
    const { scope, sell } = await seller();
    const hook = await createHook(target, { ...scope, events: ["conversion.created"] });
    const stranger = await createHook(other, { ...scope, events: ["conversion.created"] });
    const sold = await sell("signed", { metadata: { note: "Grüße, 世界" } });
    await arrivals(target, 1);
    const [{ method, path, headers, body, event }] = target.received;
    assert.deepEqual([method, path, headers["content-type"]], ["POST", "/hook", "application/json"]);
    assert.match(headers["webhook-timestamp"], /^\d{10}$/);
    assert.deepEqual(Object.keys(event), ["type", "timestamp", "data", "api_version"]);
    assert.deepEqual([event.type, event.api_version], ["conversion.created", "2026-11-30"]);
    assert.equal(event.data.id, sold.id);
    for (const library of [standard, svix]) {
      assert.deepEqual(new library.Webhook(hook.secret).verify(body, headers), event);
      const refused = { name: "WebhookVerificationError", message: "No matching signature found" };
      assert.throws(() => new library.Webhook(stranger.secret).verify(body, headers), refused);
      assert.throws(() => new library.Webhook(hook.secret).verify(`${body} `, headers), refused);
      assert.throws(() => new library.Webhook(hook.secret).verify(body, { ...headers, "webhook-id": "evt_other" }), refused);
    }
  });

  test("after a rotation, the old and the new secret verify the same delivery", async (t) => {
    const target = await receiver(t);
    const { scope, sell } = await seller();
    const hook = await createHook(target, { ...scope, events: ["conversion.created"] });
    const rotated = await operator.json("POST", `/v1/webhooks/${hook.id}/rotate`);
    assert.match(rotated.secret, /^whsec_/);
    assert.notEqual(rotated.secret, hook.secret);
    await sell("rotated");
    await arrivals(target, 1);
    const [{ headers, body, event }] = target.received;
    assert.equal(headers["webhook-signature"].split(" ").length, 2);
    for (const { secret } of [hook, rotated]) {
      for (const library of [standard, svix]) assert.deepEqual(new library.Webhook(secret).verify(body, headers), event);
    }
  });

  test("a secret is shown once", async () => {
    const { scope } = await seller();
    const request = ["/v1/webhooks", { ...NOWHERE, ...scope }, { "idempotency-key": "secret-once" }];
    const first = await operator.post(...request);
    const replayed = await operator.post(...request);
    const { secret, ...view } = first.body;
    assert.deepEqual([replayed.status, replayed.headers.get("idempotent-replayed"), replayed.body], [201, "true", view]);
    assert.deepEqual(await operator.json("GET", `/v1/webhooks/${view.id}`), view);
    assert.match(secret, /^whsec_/);
    assert.doesNotMatch(JSON.stringify(await log()), /whsec_/);
  });

  test("a failed delivery holds back later events of its conversion only, and is retried under the same id", async (t) => {
    const excerpt = "x".repeat(1_000) + "y".repeat(1_000);
    let failed = false;
    const target = await receiver(t, ({ event }, response) => {
      const fails = !failed && event.data.external_id === "order-a";
      failed ||= fails;
      return fails ? status(500, excerpt)(null, response) : ok(null, response);
    });
    const { scope, sell, refund } = await seller();
    const hook = await createHook(target, scope);
    const [first, other] = [await sell("order-a"), await sell("order-b")];
    for (const [conversion, name] of [[first, "a1"], [other, "b1"], [first, "a2"], [other, "b2"]]) await refund(conversion, name);
    const expected = { first: await eventsAbout(first), other: await eventsAbout(other) };
    assert.deepEqual(
      expected.first.map(({ type }) => type).filter((type) => /conversion|refund/.test(type)),
      ["conversion.created", "refund.created", "refund.created"],
    );
    const about = ({ id }) => target.received.filter(({ event }) => keyOf(event) === id);

    await poll(() => about(other).length === expected.other.length, { ...PROMPTLY, what: "the events of the other conversion" });
    const [pending, ...morePending] = await attempts(hook, "&status=pending");
    assert.deepEqual(morePending, []);
    assert.deepEqual(pending, {
      ...pending, event_id: expected.first[0].id, type: "conversion.created", attempt: 1, status: "pending", http_status: 500,
      error: null, response_excerpt: excerpt.slice(0, 1_024), replay: false,
    });
    const pause = Date.parse(pending.next_attempt_at) - Date.parse(pending.attempted_at) - pending.latency_ms;
    assert.ok(pause >= RETRY_MIN_MS && pause <= RETRY_MAX_MS, `a pause of ${pause} ms`);
    assert.deepEqual(about(first).map(({ id }) => id), [expected.first[0].id], "the later ones wait");

    await poll(() => about(first).length === expected.first.length + 1, { ...AFTER_A_RETRY, what: "the retry and the events behind it" });
    assert.deepEqual(about(first).map(({ id }) => id), idsOf([expected.first[0], ...expected.first]));
    assert.deepEqual(about(other).map(({ id }) => id), idsOf(expected.other));
    const [before, retry] = about(first);
    assert.ok(retry.at - before.at >= RETRY_MIN_MS, `a retry after ${retry.at - before.at} ms`);
    assert.equal(retry.body, before.body);
    assert.ok(about(other).every(({ at }) => at < retry.at));

    const count = target.received.length;
    const all = await poll(async () => {
      const rows = await attempts(hook);
      return rows.length === count && rows;
    }, { what: "the rows" });
    const failedRow = { ...pending, status: "failed", next_attempt_at: null };
    assert.deepEqual(await attempts(hook, "&status=failed"), [failedRow]);
    assert.deepEqual(await attempts(hook, "&status=pending"), []);
    const retried = all.filter(({ event_id: id }) => id === pending.event_id);
    assert.deepEqual(retried[1], failedRow);
    assert.equal(retried.length, 2);
    const { latency_ms, attempted_at, ...retriedRow } = retried[0];
    assert.deepEqual(retriedRow, {
      event_id: pending.event_id, type: "conversion.created", attempt: 2, status: "delivered", http_status: 200, error: null,
      next_attempt_at: null, response_excerpt: "ok", replay: false,
    });
    assert.ok(attempted_at >= pending.next_attempt_at, "not before it is due");
    assert.ok(Number.isInteger(latency_ms) && latency_ms >= 0);
    assert.deepEqual(await attempts(hook, "&status=delivered"), all.filter((row) => row !== retried[1]));
  });

  test("attempts are paged, newest first", async (t) => {
    const target = await receiver(t);
    const { scope, sell } = await seller();
    const hook = await createHook(target, { ...scope, events: ["conversion.created"] });
    for (let n = 0; n < 5; n += 1) await sell(`paged-${n}`);
    await attempt(hook, 5);
    const route = `/v1/webhooks/${hook.id}/deliveries`;
    const pages = [await operator.json("GET", `${route}?limit=2&count=true`)];
    assert.equal(pages[0].total, 5);
    await sell("paged-later");
    await attempt(hook, 6);
    while (pages.at(-1).next_cursor) pages.push(await operator.json("GET", `${route}?limit=2&cursor=${pages.at(-1).next_cursor}`));
    assert.deepEqual(pages.map(({ data }) => data.length), [2, 2, 1]);
    const all = await attempts(hook);
    assert.deepEqual(pages.flatMap(({ data }) => data), all.slice(1));
    assert.deepEqual(all.map(({ attempted_at: at }) => at), all.map(({ attempted_at: at }) => at).sort().reverse());
    const elsewhere = await operator.get(`${route}?status=failed&cursor=${pages[0].next_cursor}`);
    assert.deepEqual(refusal(elsewhere), [422, "cursor_mismatch"]);
    const unknown = await operator.get(`${route}?status=lost`);
    assert.deepEqual(refusal(unknown), [422, "invalid_value"]);
  });

  test("Retry-After is obeyed, in seconds and as a date, up to a day", async (t) => {
    const date = new Date(Math.floor(Date.now() / 1_000) * 1_000 + 1_800_000);
    const { scope, sell } = await seller();
    const cases = [
      ["120", (row) => Date.parse(row.attempted_at) + row.latency_ms + 120_000],
      [date.toUTCString(), () => date.getTime()],
      ["900000", (row) => Date.parse(row.attempted_at) + row.latency_ms + 86_400_000],
    ].map(async ([value, expected]) => {
      const target = await receiver(t, status(503, "", { "retry-after": value }));
      const hook = await createHook(target, { ...scope, events: ["conversion.created"] });
      return { value, hook, expected };
    });
    const hooks = await Promise.all(cases);
    await sell("retry-after");
    for (const { value, hook, expected } of hooks) {
      const row = await attempt(hook, 1);
      assert.deepEqual([row.status, row.http_status], ["pending", 503], value);
      assert.equal(row.next_attempt_at, new Date(expected(row)).toISOString(), value);
    }
  });

  test("a retry goes to the changed URL", async (t) => {
    const [old, current] = [await receiver(t, status(500)), await receiver(t)];
    const { scope, sell } = await seller();
    const hook = await createHook(old, { ...scope, events: ["conversion.created"] });
    await sell("moved");
    await attempt(hook, 1);
    await change(hook, { url: current.url });
    await arrivals(current, 1, AFTER_A_RETRY);
    assert.deepEqual(ids(current), ids(old));
    assert.equal((await attempt(hook, 2)).status, "delivered");
  });

  test("a retry is on time while another delivery to its endpoint waits for a response", async (t) => {
    let failed = false;
    const target = await receiver(t, ({ event }, response) => {
      if (event.data.external_id === "on-time-hangs") return never();
      if (failed) return ok(null, response);
      failed = true;
      return status(500)(null, response);
    });
    const { scope, sell } = await seller();
    await createHook(target, { ...scope, events: ["conversion.created"] });
    await sell("on-time");
    await sell("on-time-hangs");
    await arrivals(target, 3, { deadlineMs: TIMEOUT_MS });
    const [first, , retry] = target.received;
    assert.equal(retry.id, first.id);
    assert.equal(target.open.size, 1, "the other delivery still waits");
  });

  test("a commission's reversal waits for the earlier events of its conversion", async (t) => {
    let failed = false;
    const target = await receiver(t, ({ event }, response) => {
      const fails = !failed && event.type === "conversion.created";
      failed ||= fails;
      return status(fails ? 500 : 200)(null, response);
    });
    const { scope, sell, refund } = await seller();
    const events = ["conversion.created", "commission.created", "refund.created", "commission.reversed"];
    await createHook(target, { ...scope, events });
    await refund(await sell("reversed"), "reversed-1");
    await arrivals(target, 5, AFTER_A_RETRY);
    assert.deepEqual(target.received.map(({ event }) => event.type), ["conversion.created", ...events]);
  });

  test("an endpoint receives the types that it names", async (t) => {
    const [some, every] = [await receiver(t), await receiver(t)];
    const { scope, sell, refund } = await seller();
    await createHook(some, { ...scope, events: ["refund.created", "commission.reversed"] });
    await createHook(every, scope);
    const sold = await sell("filtered");
    await refund(sold, "filtered-1");
    const types = ["refund.created", "commission.reversed"];
    const [commission] = sold.commissions;
    const isAbout = ({ data }) => data.conversion_id === sold.id || data.id === commission.id;
    const expected = (await log()).filter((event) => types.includes(event.type) && isAbout(event));
    assert.deepEqual(expected.map(({ type }) => type), types);
    await arrivals(some, 2);
    await poll(() => types.every((type) => every.received.some(({ event }) => event.type === type)), { ...PROMPTLY, what: "all events" });
    assert.deepEqual(ids(some).toSorted(), idsOf(expected).toSorted());
    assert.ok(every.received.some(({ event }) => event.type === "conversion.created"));
  });

  test("a wider filter is for later events", async (t) => {
    const target = await receiver(t);
    const { scope, sell } = await seller();
    const hook = await createHook(target, { ...scope, events: ["refund.created"] });
    const early = await sell("filter-early");
    await change(hook, { events: ["conversion.created"] });
    const late = await sell("filter-late");
    await poll(() => target.received.some(({ event }) => event.data.id === late.id), { ...PROMPTLY, what: "the later sale" });
    assert.deepEqual(target.received.map(({ event }) => event.data.id), [late.id], `the sale ${early.id} was before the change`);
  });

  test("a partner's endpoint receives what the partner's key reads", async (t) => {
    const [partners, operators, strangers] = [await receiver(t), await receiver(t), await receiver(t)];
    const { partner, scope, sell, refund } = await seller();
    const stranger = await seller();
    const { key } = await operator.json("POST", "/v1/keys", { name: "Ada", partner_id: partner.id, scopes: ["read", "webhooks:write"] });
    const client = api(edge, key);
    const hook = await createHook(partners, {}, client);
    assert.equal(hook.partner_id, partner.id);
    await createHook(operators);
    await createHook(strangers, stranger.scope);
    const sold = await sell("own", { customer_id: "customer-of-own", metadata: { note: "secret of the shop" } });
    await stranger.sell("of-another");
    await refund(sold, "own-1");
    await operator.json("PATCH", `/v1/partners/${partner.id}`, { metadata: { rating: "secret of the operator" } });

    const all = await log(client);
    const visible = all.slice(all.findIndex(({ type }) => type === "webhook.created"));
    const types = new Set(visible.map(({ type }) => type));
    for (const type of ["webhook.created", "conversion.created", "refund.created", "partner.updated"]) assert.ok(types.has(type), type);
    await arrivals(partners, visible.length);
    const received = Object.fromEntries(partners.received.map(({ id, event }) => [id, event]));
    const asPayload = ({ type, created_at: timestamp, data }) => ({ type, timestamp, data, api_version: "2026-11-30" });
    assert.deepEqual(received, Object.fromEntries(visible.map((event) => [event.id, asPayload(event)])));
    assert.doesNotMatch(JSON.stringify(received), /secret of|customer-of-own/);
    const ofSale = ({ event }) => event.type === "conversion.created" && event.data.id === sold.id;
    const whole = await poll(() => operators.received.find(ofSale), { ...PROMPTLY, what: "the operator's delivery" });
    assert.deepEqual([whole.event.data.customer_id, whole.event.data.metadata], ["customer-of-own", { note: "secret of the shop" }]);
    const isSale = ({ event }) => event.type === "conversion.created";
    await poll(() => strangers.received.some(isSale), { ...PROMPTLY, what: "the stranger's delivery" });
    assert.deepEqual(strangers.received.filter(({ id }) => id in received), []);
  });

  test("a partner's key manages the partner's endpoints only", async () => {
    const [ada, grace] = [await seller(), await seller()];
    const client = async ({ partner }, granted) =>
      api(edge, (await operator.json("POST", "/v1/keys", { name: "K", partner_id: partner.id, scopes: granted })).key);
    const scopes = ["read", "webhooks:write"];
    const [adas, graces, reader] = [await client(ada, scopes), await client(grace, scopes), await client(ada, ["read"])];
    const own = await adas.json("POST", "/v1/webhooks", NOWHERE);
    const others = [await graces.json("POST", "/v1/webhooks", NOWHERE), await operator.json("POST", "/v1/webhooks", NOWHERE)];

    assert.deepEqual((await adas.json("GET", "/v1/webhooks")).data.map(({ id }) => id), [own.id]);
    for (const { id } of others) {
      for (const [method, action, body] of [
        ["GET", ""], ["PATCH", "", { description: "mine" }], ["DELETE", ""], ["GET", "/deliveries"], ["POST", "/rotate"], ["POST", "/test"],
        ["POST", "/replay", { event_ids: [] }],
      ]) {
        const refused = await adas.call(method, `/v1/webhooks/${id}${action}`, body);
        assert.deepEqual(refusal(refused), [404, "not_found"], `${method} ${action}`);
      }
    }
    const foreign = await adas.post("/v1/webhooks", { ...NOWHERE, partner_id: grace.partner.id });
    assert.deepEqual(refusal(foreign), [404, "not_found"]);
    for (const [method, route, body] of [
      ["POST", "", NOWHERE], ["PATCH", `/${own.id}`, { description: "x" }], ["DELETE", `/${own.id}`], ["POST", `/${own.id}/test`],
    ]) {
      const refused = await reader.call(method, `/v1/webhooks${route}`, body);
      assert.deepEqual(refusal(refused), [403, "insufficient_scope"], `${method} ${route}`);
    }
    const { secret: _, ...before } = others[0];
    assert.deepEqual((await graces.json("GET", "/v1/webhooks")).data, [before], "nothing was written");

    const changed = await adas.json("PATCH", `/v1/webhooks/${own.id}`, { description: "CRM", events: ["conversion.created"] });
    assert.deepEqual([changed.description, changed.events, changed.partner_id], ["CRM", ["conversion.created"], ada.partner.id]);
    assert.deepEqual(await adas.json("GET", `/v1/webhooks/${own.id}`), changed);
    assert.equal((await adas.delete(`/v1/webhooks/${own.id}`)).status, 204);
    assert.deepEqual((await adas.json("GET", "/v1/webhooks")).data, []);
  });

  test("the twenty-first endpoint of a partner is refused", async () => {
    const { scope } = await seller();
    const fields = { ...NOWHERE, ...scope };
    for (let n = 0; n < 20; n += 1) await operator.json("POST", "/v1/webhooks", fields);
    assert.deepEqual(refusal(await operator.post("/v1/webhooks", fields)), [422, "webhook_limit"]);
    const listed = (await operator.json("GET", "/v1/webhooks?limit=200")).data;
    assert.equal(listed.filter(({ partner_id: id }) => id === scope.partner_id).length, 20);
  });

  test("events wait for a paused endpoint, and arrive once it is active again", async (t) => {
    const [target, control, later] = [await receiver(t), await receiver(t), await receiver(t)];
    const { scope, sell, refund } = await seller();
    const events = ["conversion.created", "refund.created"];
    const hook = await createHook(target, { ...scope, events });
    await createHook(control, { ...scope, events });
    const sold = await sell("paused");
    await arrivals(target, 1);
    const paused = await change(hook, { status: "paused" });
    assert.deepEqual([paused.status, paused.pause_reason], ["paused", "requested"]);
    for (const name of ["paused-1", "paused-2", "paused-3"]) await refund(sold, name);
    await arrivals(control, 4);
    assert.equal(target.received.length, 1);

    await createHook(later, { ...scope, events });
    const active = await change(hook, { status: "active" });
    assert.deepEqual([active.status, active.pause_reason, active.paused_at], ["active", null, null]);
    await refund(sold, "paused-4");
    const expected = idsOf((await eventsAbout(sold)).filter(({ type }) => events.includes(type)));
    assert.equal(expected.length, 5);
    await Promise.all([arrivals(target, 5), arrivals(control, 5), arrivals(later, 1)]);
    // What follows is delivered last, so that a repetition would have arrived before.
    await refund(sold, "paused-5");
    expected.push((await eventsAbout(sold)).findLast(({ type }) => events.includes(type)).id);
    await Promise.all([arrivals(target, 6), arrivals(control, 6), arrivals(later, 2)]);
    assert.deepEqual(ids(target), expected);
    assert.deepEqual(ids(control), expected);
    assert.deepEqual(ids(later), expected.slice(-2), "a later endpoint gets later events");
  });

  test("a deleted endpoint receives nothing more", async (t) => {
    const gone = await receiver(t, status(500));
    let asked = false;
    // Its retry comes after the time that the deleted endpoint's would.
    const control = await receiver(t, (_, response) => {
      const answer = asked ? ok : status(503, "", { "retry-after": "8" });
      asked = true;
      answer(null, response);
    });
    const { scope, sell } = await seller();
    const hook = await createHook(gone, { ...scope, events: ["conversion.created"] });
    await sell("deleted");
    await attempt(hook, 1);
    await createHook(control, { ...scope, events: ["conversion.created"] });
    assert.equal((await operator.delete(`/v1/webhooks/${hook.id}`)).status, 204);
    for (const route of ["", "/deliveries"]) {
      assert.deepEqual(refusal(await operator.get(`/v1/webhooks/${hook.id}${route}`)), [404, "not_found"]);
    }
    await sell("deleted-later");
    await arrivals(control, 2, { deadlineMs: 8_000 + PROMPTLY.deadlineMs });
    assert.equal(gone.received.length, 1);
  });

  test("an endpoint is deleted while a delivery waits for its response", async (t) => {
    const answers = [];
    const [target, control] = [await receiver(t, (_, response) => answers.push(response)), await receiver(t)];
    const [hook, other] = [await createHook(target, { events: ["fx.updated"] }), await createHook(control, { events: ["fx.updated"] })];
    const testOther = async () => {
      const { event_id: id } = await operator.json("POST", `/v1/webhooks/${other.id}/test`);
      await poll(() => ids(control).includes(id), { ...PROMPTLY, what: "a delivery to the other endpoint" });
    };
    for (let n = 0; n < 2; n += 1) await operator.json("POST", `/v1/webhooks/${hook.id}/test`);
    await arrivals(target, 1);
    assert.equal((await operator.delete(`/v1/webhooks/${hook.id}`)).status, 204);
    await testOther(); // the deletion was sent before this test
    answers[0].end("ok");
    await testOther();
    assert.deepEqual(edge.logs.filter(({ message }) => message.includes("the alarm failed")), []);
    assert.equal(target.received.length, 1, "the second test was deleted");
  });

  test("410 pauses an endpoint, and another endpoint receives the event", async (t) => {
    let answer = status(410, "gone");
    const target = await receiver(t, (delivery, response) => answer(delivery, response));
    const watcher = await receiver(t);
    const { scope, sell } = await seller();
    await createHook(watcher, { ...scope, events: ["webhook.disabled"] });
    const hook = await createHook(target, { ...scope, events: ["conversion.created"] });
    const first = await sell("gone");
    const paused = await poll(async () => {
      const seen = await operator.json("GET", `/v1/webhooks/${hook.id}`);
      return seen.status === "paused" && seen;
    }, { ...PROMPTLY, what: "the endpoint to be paused" });
    assert.equal(paused.pause_reason, "gone");
    assert.ok(paused.paused_at > hook.created_at);
    const [disabled, ...more] = (await eventsAbout(hook)).filter(({ type }) => type === "webhook.disabled");
    assert.deepEqual([disabled.data, more], [paused, []]);
    await arrivals(watcher, 1);
    assert.deepEqual([watcher.received[0].id, watcher.received[0].event.data], [disabled.id, paused]);
    const [row] = await attempts(hook);
    assert.deepEqual([row.attempt, row.http_status, row.response_excerpt], [1, 410, "gone"]);
    const second = await sell("gone-later");
    // Its delivery would come before the retry that is due once the endpoint is active again.
    answer = ok;
    assert.equal((await change(hook, { status: "active" })).pause_reason, null);
    await arrivals(target, 3, AFTER_A_RETRY);
    assert.deepEqual(target.received.map(({ event }) => event.data.id).toSorted(), [first.id, first.id, second.id].toSorted());
  });

  test("a test reaches its endpoint only, and is in no list of events", async (t) => {
    const [target, other] = [await receiver(t), await receiver(t)];
    const { scope, sell } = await seller();
    const hook = await createHook(target, { ...scope, events: ["conversion.created"] });
    await createHook(other, { ...scope, events: ["conversion.created", "webhook.test"] });
    const response = await operator.post(`/v1/webhooks/${hook.id}/test`);
    assert.equal(response.status, 202);
    await arrivals(target, 1);
    const [{ id, event, headers, body }] = target.received;
    assert.deepEqual([id, event.type, event.data.webhook_id], [response.body.event_id, "webhook.test", hook.id]);
    assert.deepEqual(new standard.Webhook(hook.secret).verify(body, headers), event);
    assert.ok(!(await log()).some((logged) => logged.id === id));
    await sell("after-test");
    await arrivals(other, 1);
    assert.deepEqual(other.received.map(({ event: { type } }) => type), ["conversion.created"]);
    const row = (await attempts(hook)).at(-1);
    assert.deepEqual([row.event_id, row.type, row.attempt, row.status, row.replay], [id, "webhook.test", 1, "delivered", false]);
  });

  test("events are sent again by id and by period, under the same ids", async (t) => {
    const target = await receiver(t);
    const { scope, sell, refund } = await seller();
    const hook = await createHook(target, { ...scope, events: ["conversion.created"] });
    const [first, second] = [await sell("again-1"), await sell("again-2")];
    await refund(first, "again-r");
    await arrivals(target, 2);
    const replay = (body) => operator.post(`/v1/webhooks/${hook.id}/replay`, body);
    const [created] = await eventsAbout(first);
    const refunded = (await eventsAbout(first)).find(({ type }) => type === "refund.created");

    // By id, also of a type that the endpoint does not receive otherwise.
    const byId = await replay({ event_ids: [created.id, refunded.id] });
    assert.deepEqual([byId.status, byId.body], [202, { webhook_id: hook.id, events: 2 }]);
    await arrivals(target, 4);
    const [original] = target.received.filter(({ id }) => id === created.id);
    assert.deepEqual(ids(target).slice(2), [created.id, refunded.id]);
    assert.equal(target.received[2].body, original.body);
    assert.deepEqual(new svix.Webhook(hook.secret).verify(target.received[2].body, target.received[2].headers), original.event);

    // By period: of the types that the endpoint receives, from the first one inclusive to the second one exclusive.
    const [later] = await eventsAbout(second);
    const byPeriod = await replay({ from: created.created_at, to: later.created_at });
    assert.deepEqual([byPeriod.status, byPeriod.body], [202, { webhook_id: hook.id, events: 1 }]);
    await arrivals(target, 5);
    const open = await replay({ from: created.created_at });
    assert.deepEqual([open.status, open.body.events], [202, 2]);
    await arrivals(target, 7);
    assert.deepEqual(ids(target).slice(4, 5), [created.id]);
    assert.deepEqual(ids(target).slice(5).toSorted(), [created.id, later.id].toSorted());
    await attempt(hook, 7);
    const rows = (await attempts(hook)).toReversed();
    assert.deepEqual(rows.map(({ replay: again, attempt: number, status: became }) => [again, number, became]), [
      ...Array(2).fill([false, 1, "delivered"]), ...Array(5).fill([true, 1, "delivered"]),
    ]);

    // Refused requests send nothing.
    const foreign = (await log()).find(({ type }) => type === "program.updated");
    for (const [body, expected] of [
      [{ event_ids: [created.id, "evt_00000000000000000000000000"] }, [422, "unknown_event_id", "/event_ids/1 unknown_event_id"]],
      [{ event_ids: [created.id, foreign.id] }, [422, "unknown_event_id", "/event_ids/1 unknown_event_id"]],
      [{ event_ids: [created.id], from: created.created_at }, [422, "misplaced_field"]],
      [{}, [422, "misplaced_field"]],
      [{ from: later.created_at, to: created.created_at }, [422, "ends_before_start", "/to ends_before_start"]],
      [{ from: "yesterday" }, [422, "invalid_time", "/from invalid_time"]],
      [{ event_ids: [created.id], force: true }, [422, "unknown_field", "/force unknown_field"]],
    ]) {
      assert.deepEqual(refusal(await replay(body)), expected, JSON.stringify(body));
    }
    const third = await sell("again-3");
    await arrivals(target, 8);
    assert.equal(target.received[7].event.data.id, third.id);

    await change(hook, { status: "paused" });
    for (const response of [await replay({ event_ids: [created.id] }), await operator.post(`/v1/webhooks/${hook.id}/test`)]) {
      assert.deepEqual(refusal(response), [409, "state_conflict"]);
      assert.match(response.body.detail, /paused/);
    }
    await change(hook, { status: "active" });
    const fourth = await sell("again-4");
    await arrivals(target, 9);
    assert.equal(target.received[8].event.data.id, fourth.id);
  });

  test("receivers that misbehave are survived, delay nobody, and their attempts say what happened", async (t) => {
    const { scope, sell } = await seller();
    const fields = { ...scope, events: ["conversion.created"] };
    const forbidden = await receiver(t);
    const closed = await startReceiver();
    await closed.stop();
    const failed = (http_status, error = null, response_excerpt = "") => ({ status: "pending", http_status, error, response_excerpt });
    const delivered = (response_excerpt) => ({ status: "delivered", http_status: 200, error: null, response_excerpt });
    const noConnection = failed(null, "The connection failed.");
    const binary = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const cases = [
      ...[301, 302, 303, 307, 308].map((code) => [
        `redirect ${code}`, status(code, "moved", { location: forbidden.url }), failed(code, null, "moved"),
      ]),
      ["304", status(304), failed(304)],
      ["an endless body", endlessBody(), delivered("e".repeat(1_024))],
      ["an endless body of a failure", endlessBody(500), failed(500, null, "e".repeat(1_024))],
      ["a binary body", status(200, binary), delivered(binary.toString())],
      ["a body that breaks off", brokenBody, delivered("only the beginning")],
      ["a body that is not gzip", status(200, "plain", { "content-encoding": "gzip" }), delivered("")],
      ["a status that does not exist", status(999, "?"), failed(999, null, "?")],
      ["no response", hangUp, noConnection],
      ["1 MB of headers", hugeHeaders, noConnection],
    ];
    // The time is counted from the event, so that what passes until its delivery does not use up the rest of the 15 s.
    const lastMoment = ({ event }, response) => slowly(Date.parse(event.timestamp) + 14_900 - Date.now())(null, response);
    const slow = [
      ["a response after 14.9 s", lastMoment, delivered("late")],
      ["a response after 15.5 s", slowly(15_500), failed(null, "No response within 15 s.")],
      ["never a response", never, failed(null, "No response within 15 s.")],
    ];
    const targets = { "a closed port": closed };
    for (const [name, answer] of [...cases, ...slow]) targets[name] = await receiver(t, answer);
    const hooks = {};
    for (const [name, target] of Object.entries(targets)) hooks[name] = await createHook(target, fields);
    cases.push(["a closed port", null, noConnection]);
    const quick = await receiver(t);
    await createHook(quick, fields);

    await sell("misbehaving-1");
    await arrivals(quick, 1);
    await sell("misbehaving-2");
    await arrivals(quick, 2);
    const waiting = targets["never a response"];
    await arrivals(waiting, 2);
    assert.equal(waiting.open.size, 2, "the other endpoint got both while these still wait");

    const check = async (name, expected, limits) => {
      const row = await attempt(hooks[name], 1, limits);
      const { status: became, http_status, error, response_excerpt } = row;
      assert.deepEqual({ status: became, http_status, error, response_excerpt }, expected, name);
      assert.equal(row.next_attempt_at === null, became === "delivered", name);
      return row;
    };
    for (const [name, , expected] of cases) await check(name, expected, PROMPTLY);
    for (const name of ["an endless body", "an endless body of a failure"]) {
      await poll(() => targets[name].open.size === 0, { ...PROMPTLY, what: `${name} to be cut off` });
    }
    for (const [name, , expected] of slow) {
      const { latency_ms: latency } = await check(name, expected, AFTER_A_TIMEOUT);
      assert.ok(latency >= 14_000 && latency < TIMEOUT_MS + 1_000, `${name}: ${latency} ms`);
    }
    assert.deepEqual(forbidden.received, [], "redirects are not followed");
    await sell("misbehaving-3");
    await arrivals(quick, 3);
  });

  test("a body that trickles is cut off after 15 s, and the retry is counted from then", async (t) => {
    const { scope, sell } = await seller();
    const fields = { ...scope, events: ["conversion.created"] };
    const [good, bad] = [await receiver(t, trickle()), await receiver(t, trickle(500))];
    const hooks = [await createHook(good, fields), await createHook(bad, fields)];
    const sold = performance.now();
    await sell("trickle");
    const [row, failed] = await Promise.all(hooks.map((hook) => attempt(hook, 1, AFTER_A_TIMEOUT)));
    const seconds = (performance.now() - sold) / 1_000;
    assert.ok(seconds > 14, `the rows were there after ${seconds} s`);
    assert.deepEqual([row.status, row.http_status, failed.status, failed.http_status], ["delivered", 200, "pending", 500]);
    for (const { response_excerpt: excerpt } of [row, failed]) assert.match(excerpt, /^t{100,1024}$/);
    await arrivals(bad, 2, AFTER_A_RETRY);
    const pause = bad.received[1].at - bad.received[0].at;
    // The receiver's clock starts a little later than the Worker's.
    assert.ok(pause >= 14_000 + RETRY_MIN_MS, `the retry came ${pause} ms after the first attempt`);
  });

  test("a crash loses no event, and repeats only those that were on their way", async (t) => {
    const own = await startEdge({ allowLoopback: true });
    t.after(() => own.stop());
    const setting = await programme(own);
    const [before, held] = [[], []];
    let isDown = false;
    // The receiver confirms 20 events, and holds the others until the crash.
    const target = await receiver(t, ({ id }, response) => {
      if (isDown) return ok(null, response);
      if (before.length === 20) return held.push(id);
      before.push(id);
      return ok(null, response);
    });
    await setting.operator.json("POST", "/v1/webhooks", { url: target.url, events: ["conversion.created", "refund.created"] });
    const { sell, refund } = await seller({ on: own, setting });
    const all = [];
    for (let n = 0; n < 20; n += 1) {
      const sold = await sell(`crash-${n}`);
      all.push(sold);
      await refund(sold, `crash-${n}-1`);
      await refund(sold, `crash-${n}-2`);
    }
    await poll(() => held.length === 6, { ...PROMPTLY, what: "six deliveries on their way" });
    await own.kill();
    isDown = true;
    await own.restart();

    const events = (await log(setting.operator)).filter(({ type }) => ["conversion.created", "refund.created"].includes(type));
    assert.equal(events.length, 60);
    await poll(() => new Set(ids(target)).size === 60, { deadlineMs: 30_000, what: "every event" }).catch((error) =>
      assert.fail(`${error.message}: ${new Set(ids(target)).size} of 60 arrived`),
    );
    const repeated = ids(target).filter((id, index) => ids(target).indexOf(id) !== index);
    // The confirmation of an event may have been lost too: its row was not written yet.
    assert.deepEqual(held.filter((id) => !repeated.includes(id)), [], "what was on its way is sent again");
    assert.deepEqual(repeated.filter((id) => !held.includes(id) && !before.slice(-6).includes(id)), []);
    for (const sold of all) {
      const firsts = [...new Set(target.received.filter(({ event }) => keyOf(event) === sold.id).map(({ id }) => id))];
      assert.deepEqual(firsts, idsOf(events.filter((event) => keyOf(event) === sold.id)), "in order");
    }
  });

  test("bad input is refused with its code, and nothing is written", async (t) => {
    // Without the development's network, as when deployed.
    const deployed = await startEdge();
    t.after(() => deployed.stop());
    const client = api(deployed, TEST_KEYS.OPERATOR_KEY);
    await programme(deployed);
    const good = { url: "https://hooks.example.com/in?from=signpost", events: ["conversion.created"] };
    const { secret: _, ...hook } = await client.json("POST", "/v1/webhooks", good);
    const events = await log(client);

    const bad = [
      ...[
        "localhost", "LOCALHOST.", "a.localhost", "127.0.0.1", "127.1", "2130706433", "017700000001", "0x7f000001", "0", "10.0.0.1",
        "169.254.169.254", "[::1]", "[::ffff:127.0.0.1]", "[fe80::1%25eth0]", "intranet", "metadata.google.internal", "printer.local",
        "xn--lcalhost-54g",
      ].map((host) => [{ url: `https://${host}/` }, "host_not_public"]),
      [{ url: "http://hooks.example.com/" }, "url_not_https"],
      [{ url: "http://127.0.0.1:8080/" }, "url_not_https"],
      [{ url: "ftp://hooks.example.com/" }, "url_not_https"],
      [{ url: "https://user:password@hooks.example.com/" }, "url_with_credentials"],
      [{ url: "https://hooks.example.com@127.0.0.1/" }, "url_with_credentials"],
      [{ url: "hooks.example.com" }, "invalid_url"],
      [{ url: "https://ⓛocalhost/" }, "invalid_url"],
      [{ url: "https://hooks.example.com/#a" }, "invalid_url"],
      [{ events: ["conversion.created", "conversion.*"] }, "unknown_event"],
      [{ description: "x".repeat(10_000) }, "invalid_text"],
    ];
    for (const [fields, code] of bad) {
      const [field] = Object.keys(fields);
      const created = await client.post("/v1/webhooks", { ...good, ...fields });
      const changed = await client.patch(`/v1/webhooks/${hook.id}`, fields);
      for (const response of [created, changed]) {
        assert.deepEqual(refusal(response), [422, code, `/${field} ${code}`], JSON.stringify(fields));
      }
    }
    for (const [body, expected] of [
      [{ ...good, secret: "whsec_mine" }, [422, "unknown_field", "/secret unknown_field"]],
      [{ ...good, partner_id: "ptn_00000000000000000000000000" }, [422, "unknown_partner", "/partner_id unknown_partner"]],
    ]) {
      assert.deepEqual(refusal(await client.post("/v1/webhooks", body)), expected);
    }
    const partnerChange = await client.patch(`/v1/webhooks/${hook.id}`, { partner_id: null });
    assert.deepEqual(refusal(partnerChange), [422, "unknown_field", "/partner_id unknown_field"]);
    assert.deepEqual((await client.json("GET", "/v1/webhooks")).data, [hook]);
    assert.deepEqual(await log(client), events);
  });
});

test("an alarm that is set while one runs is not lost", async (t) => {
  // In memory, the alarm runs again within the millisecond of the one before it.
  const memory = existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir();
  const state = await mkdtemp(path.join(memory, "signpost-alarms-"));
  const own = await startEdge({ allowLoopback: true, state });
  t.after(async () => {
    await own.stop();
    await rm(state, { recursive: true, force: true, maxRetries: 5 });
  });
  const setting = await programme(own);
  const { received, url } = await receiver(t, ok);
  for (let round = 1; round <= 10; round += 1) {
    await setting.operator.json("POST", "/v1/webhooks", { url: `${url}/${round}`, events: ["partner.created"] });
    await setting.partner({ name: `Partner ${round}` });
    await poll(() => received.some(({ path: at }) => at.endsWith(`/${round}`)), { what: `a delivery in round ${round}` });
  }
});
