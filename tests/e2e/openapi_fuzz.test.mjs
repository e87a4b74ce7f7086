// Fuzzes the API over HTTP with valid and corrupted requests that are generated from its OpenAPI document.
//
// These are failures: a status, a media type, a field or a problem code that the document does not state for the
// operation; a 5xx; a response without x-request-id; a body that the document forbids and the Worker accepts; a body
// that the document allows and the Worker refuses for its form.
//
// SIGNPOST_FUZZ_SEED=<n> repeats a run. SIGNPOST_RANDOM_FACTOR=<n> repeats each test with n seeds.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Contract } from "./support/contract.mjs";
import { Dice, Generator } from "./support/generate.mjs";
import { TEST_KEYS, api, startEdge } from "./support/harness.mjs";
import { visit } from "./support/programme.mjs";

const SEED = Number(process.env.SIGNPOST_FUZZ_SEED ?? 20261122);
const FACTOR = Number(process.env.SIGNPOST_RANDOM_FACTOR ?? 1);
const MAX_REQUESTS = 1_500;
const MAX_MS = 15_000;
/** The minimum number of rounds over all operations, even on a slow machine. */
const MIN_ROUNDS = 8;
/** Refusals of a body's form. The document can express all of these, so a body that it allows never gets one. */
const FORM_CODES = new Set([
  "malformed_json", "invalid_utf8", "unknown_field", "duplicate_field", "wrong_type", "invalid_value", "invalid_text", "invalid_slug",
  "invalid_metadata", "amount_out_of_range",
]);
/** Refusals of a well-formed field, which depend on other data. */
const STATE_CODES = new Set([
  "refund_exceeds_sale", "refund_conflict", "conversion_conflict", "currency_fixed", "slug_taken", "external_id_taken", "program_changed",
  "part_exceeds_amount", "unknown_timezone",
]);

let edge;
let contract;
let dice;
/** Ids and names that exist, collected from responses, so that most requests pass the first lookup. */
const pool = new Map();

function collect(value) {
  if (Array.isArray(value)) return value.forEach(collect);
  if (value === null || typeof value !== "object") return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === "string" && (/^[a-z]{3}_[0-9a-v]{26}$/.test(inner) || name === "slug")) remember(inner);
    if (name === "url" && typeof inner === "string" && inner.includes("/r/")) remember(inner.split("/r/")[1]);
    if (name === "next_cursor" || name === "cursor") remember(inner, "cursor");
    collect(inner);
  }
}

function remember(text, kind = "id") {
  if (typeof text !== "string") return;
  const texts = pool.get(kind) ?? [];
  pool.set(kind, texts);
  if (!texts.includes(text)) texts.push(text);
  // The size is limited, because each pattern is matched against all texts.
  if (texts.length > 300) texts.splice(50, 1);
}

const existing = (pattern) => (pool.get("id") ?? []).filter((text) => text.length <= 32 && new RegExp(pattern).test(text));

/** Returns the first and the last day of last month. */
function lastMonth() {
  const now = new Date();
  const days = [Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1), Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 0)];
  return days.map((day) => new Date(day).toISOString().slice(0, 10));
}

before(async () => {
  // The rate limit has its own test.
  const retune = (worker) => {
    for (const limit of Object.values(worker.ratelimits ?? {})) limit.simple.limit = 1_000_000;
  };
  edge = await startEdge({ retune });
  const response = await edge.fetch("/openapi.json");
  assert.equal(response.status, 200);
  contract = new Contract(await response.json());
  const operator = api(edge);
  collect(await operator.json("PUT", "/v1/program", { landing_url: "https://landing.example/" }));
  const partner = await operator.json("POST", "/v1/partners", { name: "Ada", kind: "creator" });
  const listing = await operator.json("POST", "/v1/listings", { name: "Shop", marketplace: "web", url: "https://shop.example/" });
  const link = await operator.json("POST", "/v1/links", { partner_id: partner.id, listing_id: listing.id, slug: "fuzzed" });
  const sale = await operator.json("POST", "/v1/conversions", { type: "sale", external_id: "1", amount: 100, currency: "EUR" });
  // A commission, for the operations that need one.
  const { clickId } = await visit(edge, link.url);
  const earned = await operator.json("POST", "/v1/conversions", { type: "sale", external_id: "2", click_id: clickId, amount: 100, currency: "EUR" });
  // A fee of last month, and the run that pays it.
  const [from, to] = lastMonth();
  await operator.json("PUT", "/v1/program", { landing_url: "https://landing.example/", hold_days: 0 });
  const fee = { partner_id: partner.id, kind: "post", title: "Post", external_id: "p-1", fee: { amount: 100, currency: "EUR" } };
  const placement = await operator.json("POST", "/v1/placements", { ...fee, published_at: `${from}T00:00:00Z` });
  const run = await operator.json("POST", "/v1/payouts/runs", { period: { from, to } });
  const payouts = await operator.json("GET", "/v1/payouts");
  [partner, listing, link, sale, earned, placement, run, payouts].forEach(collect);
  await receiver();
  // Most texts of two or three capitals are not a country or a currency, so valid ones are added.
  ["DE", "US", "JP", "EUR", "USD", "JPY"].forEach((code) => remember(code));
});
after(() => edge?.stop());

/** Defines a test for the seed, and one for each further seed. */
function eachSeed(name, body) {
  for (let seed = SEED; seed < SEED + FACTOR; seed += 1) {
    test(seed === SEED ? name : `${name}, seed ${seed}`, (t) => {
      dice = new Dice(seed);
      return body(seed, t);
    });
  }
}

/** The parts of a request that may be corrupted. Half of all requests stay valid. */
const CORRUPTIBLE_PARTS = ["body", "body", "body", "raw", "query", "header", "path"];

/** Generates a request, with whether the document allows its body. */
function generate(operation, generator, corrupted = dice.pick([...CORRUPTIBLE_PARTS, ...CORRUPTIBLE_PARTS.map(() => undefined)])) {
  const parameters = operation.parameters ?? [];
  const headers = { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}` };
  let path = operation.path;
  const query = [];
  for (const parameter of parameters) {
    const value = parameter.name.endsWith("cursor") || parameter.name === "after" ? dice.pick(pool.get("cursor") ?? [""]) : generator.valid(parameter.schema);
    const corruption = String(generator.corrupted(parameter.schema, value)).slice(0, 300);
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(corrupted === "path" ? corruption || "x" : value));
    if (parameter.in === "query" && dice.chance(0.4)) query.push([parameter.name, corrupted === "query" ? corruption : value]);
    if (parameter.in === "header" && dice.chance(0.4)) headers[parameter.name] = corrupted === "header" ? "\u00ff".repeat(dice.int(0, 300)) : value.replaceAll(/[^ -~]/g, "?");
  }
  if (corrupted === "query" && dice.chance(0.4)) query.push(dice.pick([["nonsense", "1"], ["limit", "1"], ["limit", "%ff"], ["", ""]]));
  if (corrupted === "header" && dice.chance(0.4)) headers.authorization = dice.pick(["", "Bearer", "Bearer x", "Basic eA==", "Bearer \u00ff"]);
  // The client would resolve segments of dots as relative ones.
  path = path.replace(/(?<=\/)(\.{1,2})(?=\/|$)/g, "x$1");
  const search = query.map(([name, value]) => `${encodeURIComponent(name)}=${value === "%ff" ? value : encodeURIComponent(value)}`).join("&");
  return { operation, corrupted, route: search ? `${path}?${search}` : path, headers, ...body(operation, generator, corrupted) };
}

function body(operation, generator, corrupted) {
  const content = operation.requestBody?.content ?? {};
  // NDJSON of one line is a JSON text. The schema of a line does not say which fields go with which object.
  const schema = content["application/json"]?.schema ?? content["application/x-ndjson"]?.schema;
  if (!schema) return {};
  const value = generator.valid(schema);
  if (corrupted === "raw") return { text: corruptedText(JSON.stringify(value)) };
  const json = corrupted === "body" ? generator.corrupted(schema, value) : value;
  return { text: JSON.stringify(json), allowed: content["application/json"] && contract.allows(operation, json) };
}

/** Returns a text that is not a JSON object any more, or an unusual one. */
function corruptedText(text) {
  return dice.pick([
    () => text.slice(0, dice.int(0, text.length - 1)),
    () => Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from([0xff, 0xfe]), Buffer.from("}")]),
    () => "[".repeat(20_000),
    () => `${text}${text}`,
    () => text.replace("{", '{"name":"a","name":"b",'),
    () => text.replaceAll(/\d+/g, "1e999"),
    () => `\ufeff${text}`,
    () => '{"\\ud800":"\\ud800"}',
    () => dice.pick(["", "null", "[]", "7", '"text"', "{", "NaN", "{}"]),
    () => JSON.stringify({ name: "x".repeat(dice.chance(0.1) ? 1_048_577 : 5_000) }),
  ])();
}

async function send({ operation, route, headers, text }) {
  const json = text === undefined ? {} : { "content-type": "application/json" };
  const response = await edge.fetch(route, { method: operation.method.toUpperCase(), headers: { ...headers, ...json }, body: text });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Returns how many times an operation is called in a round. Operations with bodies have the most possible failures. */
function callsPerRound(operation, round) {
  if (operation.requestBody) return 4;
  if (!operation.parameters) return round === 0 ? 1 : 0;
  return 1;
}

/** Returns what is wrong with the response to a request. */
function violations({ operation, corrupted, allowed }, response) {
  const found = contract.violations(operation, response);
  if (allowed === false && response.status < 400) found.push("the document forbids this body, the Worker accepted it");
  if (allowed === true && !corrupted && response.status === 422) {
    const { code, errors = [] } = JSON.parse(response.text);
    for (const refused of [code, ...errors.map((error) => error.code)].filter((refused) => FORM_CODES.has(refused))) {
      found.push(`the document allows this body, the Worker refuses its form (${refused}): ${response.text}`);
    }
  }
  return found;
}

eachSeed("the document describes every response", async (seed, t) => {
  const generator = new Generator(contract.document, dice, existing);
  const failures = new Map();
  const statuses = new Map();
  const deadline = performance.now() + MAX_MS;
  let requests = 0;
  for (let round = 0; requests < MAX_REQUESTS; round += 1) {
    if (round >= MIN_ROUNDS && performance.now() > deadline) break;
    for (const operation of contract.operations.flatMap((operation) => Array(callsPerRound(operation, round)).fill(operation))) {
      const request = generate(operation, generator);
      const response = await send(request);
      requests += 1;
      statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1);
      for (const violation of violations(request, response)) {
        const key = `${operation.operationId}: ${violation.slice(0, 80)}`;
        const sent = `${operation.method} ${request.route.slice(0, 300)} ${String(request.text ?? "").slice(0, 600)}`;
        if (!failures.has(key)) failures.set(key, `${operation.operationId}: ${violation}\n    ${sent}`);
      }
      const isJson = (response.headers.get("content-type") ?? "").startsWith("application/json");
      if (response.status < 300 && isJson) collect(JSON.parse(response.text));
    }
  }
  const seen = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  t.diagnostic(`seed ${seed}, ${requests} requests, ${seen.join(", ")}`);
  assert.deepEqual([...failures.values()], [], `seed ${seed}`);
  // A run whose requests are almost all refused proves nothing.
  assert.ok((statuses.get(201) ?? 0) > requests / 40, "too few requests succeeded");
});

/** Sends a body to a resource that exists. */
async function sendToExisting(operation, generator, text) {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const { route, headers } = generate({ ...operation, requestBody: undefined }, generator, null);
    const response = await send({ operation, route, headers: { authorization: headers.authorization }, text });
    if (response.status !== 404) return response;
  }
  throw new Error(`no resource exists for ${operation.operationId}: create one in before()`);
}

/** Makes sure that a payout exists. Random requests may have rejected its fee, or recomputed its run without it. */
async function payable(seed) {
  const operator = api(edge);
  const [from, to] = lastMonth();
  await operator.json("PATCH", "/v1/program", { hold_days: 0 });
  const partner = await operator.json("POST", "/v1/partners", { name: "Paid", kind: "creator" });
  const fee = { kind: "post", title: "Post", external_id: `payable-${seed}`, fee: { amount: 100, currency: "EUR" } };
  await operator.json("POST", "/v1/placements", { ...fee, partner_id: partner.id, published_at: `${from}T00:00:00Z` });
  const { data } = await operator.json("GET", "/v1/payouts/runs");
  const draft = data.find(({ status }) => status === "draft");
  if (draft === undefined) await operator.json("POST", "/v1/payouts/runs", { period: { from, to } });
  else await operator.json("POST", `/v1/payouts/runs/${draft.id}/refresh`);
  collect(await operator.json("GET", "/v1/payouts"));
}

/** Makes sure that a webhook exists. Random requests may have deleted it. */
async function receiver() {
  collect(await api(edge).json("POST", "/v1/webhooks", { url: "https://hooks.example.com/", events: ["*"] }));
}

eachSeed("every limit of a field is enforced on both sides", async (seed) => {
  // The other fields must be valid: parsing stops at a currency that does not exist, before the field under test.
  const generator = new Generator(contract.document, dice, existing, 1);
  await payable(seed);
  await receiver();
  const failures = [];
  for (const operation of contract.operations.filter((operation) => operation.requestBody?.content["application/json"])) {
    const schema = operation.requestBody.content["application/json"].schema;
    for (const [name, field] of Object.entries(generator.resolve(schema).properties)) {
      for (const [value, allowed] of generator.limits(field)) {
        const body = { ...generator.valid(schema), [name]: value };
        const response = await sendToExisting(operation, generator, JSON.stringify(body));
        const { code, errors = [] } = response.status === 422 ? JSON.parse(response.text) : {};
        // Parsing stops at a malformed value inside another field, so the field under test was not checked.
        if (errors.length === 1 && errors[0].pointer.split("/").length > 2 && !errors[0].pointer.startsWith(`/${name}/`)) continue;
        const refusals = errors.filter((error) => error.pointer === `/${name}`);
        const wrong = allowed ? refusals.some((error) => !STATE_CODES.has(error.code)) : refusals.length === 0;
        if (wrong && !STATE_CODES.has(code)) {
          const what = allowed ? "refused within its limits" : "not refused beyond its limits";
          failures.push(`${operation.operationId} ${name}: ${what}: ${JSON.stringify(body).slice(0, 600)}: ${response.text.slice(0, 300)}`);
        }
      }
    }
  }
  assert.deepEqual(failures, [], `seed ${seed}`);
});

test("a request that no operation describes is refused with a problem", async () => {
  const headers = { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}` };
  const undocumented = [
    ["GET", "/v1", 404], ["GET", "/v1/nothing", 404], ["GET", "/v1/partners/", 404], ["GET", "/v1/partners//x", 404],
    ["DELETE", "/v1/partners", 405], ["POST", "/v1/program", 405], ["PUT", "/v1/links/bulk", 405], ["PATCH", "/v1/attribution", 405],
    ["POST", "/some-slug", 405], ["DELETE", "/r/some-token", 405], ["GET", "/internal/clicks", 404], ["POST", "/internal/export/end", 404],
  ];
  for (const [method, route, status] of undocumented) {
    const response = await send({ operation: { method }, route, headers });
    assert.deepEqual([response.status, contract.problemViolations(response)], [status, []], `${method} ${route}`);
  }
});
