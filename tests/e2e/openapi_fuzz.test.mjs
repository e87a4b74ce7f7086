// The API from outside, by what its own document says: valid requests, and spoilt ones.
//
// What counts as failure: a status, a media type, a field or a problem code that the document does not name for the
// operation; a 5xx; an answer without x-request-id; a body that the document forbids and the Worker accepts; a body
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
const MOST_REQUESTS = 1_500;
const MOST_MS = 15_000;
/** Rounds over all operations that are made however slow the machine is. */
const LEAST_ROUNDS = 8;
/** Refusals of a body's form. The document can express all of these, so a body that it allows meets none. */
const FORM = new Set([
  "malformed_json", "invalid_utf8", "unknown_field", "duplicate_field", "wrong_type", "invalid_value", "invalid_text", "invalid_slug",
  "invalid_metadata", "amount_out_of_range",
]);
/** Refusals of a field that is well formed: they depend on what else there is. */
const MEANING = new Set([
  "refund_exceeds_sale", "refund_conflict", "conversion_conflict", "currency_fixed", "slug_taken", "external_id_taken", "program_changed",
  "part_exceeds_amount", "unknown_timezone",
]);

let edge;
let contract;
let dice;
/** Ids and names that exist, from answers: so that most requests get past the first look-up. */
const pool = new Map();

function learn(value) {
  if (Array.isArray(value)) return value.forEach(learn);
  if (value === null || typeof value !== "object") return undefined;
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === "string" && (/^[a-z]{3}_[0-9a-v]{26}$/.test(inner) || name === "slug")) remember(inner);
    if (name === "url" && typeof inner === "string" && inner.includes("/r/")) remember(inner.split("/r/")[1]);
    if (name === "next_cursor" || name === "cursor") remember(inner, "cursor");
    learn(inner);
  }
}

function remember(text, kind = "id") {
  if (typeof text !== "string") return;
  const of = pool.get(kind) ?? [];
  pool.set(kind, of);
  if (!of.includes(text)) of.push(text);
  // Enough to choose from: all are tried against each pattern.
  if (of.length > 300) of.splice(50, 1);
}

const known = (pattern) => (pool.get("id") ?? []).filter((text) => text.length <= 32 && new RegExp(pattern).test(text));

/** The first and the last day of last month. */
function lastMonth() {
  const now = new Date();
  const days = [Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1), Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 0)];
  return days.map((day) => new Date(day).toISOString().slice(0, 10));
}

before(async () => {
  // The limit of requests is tested by itself.
  const retune = (worker) => {
    for (const limit of Object.values(worker.ratelimits ?? {})) limit.simple.limit = 1_000_000;
  };
  edge = await startEdge({ retune });
  const response = await edge.fetch("/openapi.json");
  assert.equal(response.status, 200);
  contract = new Contract(await response.json());
  const operator = api(edge);
  learn(await operator.json("PUT", "/v1/program", { landing_url: "https://landing.example/" }));
  const partner = await operator.json("POST", "/v1/partners", { name: "Ada", kind: "creator" });
  const listing = await operator.json("POST", "/v1/listings", { name: "Shop", marketplace: "web", url: "https://shop.example/" });
  const link = await operator.json("POST", "/v1/links", { partner_id: partner.id, listing_id: listing.id, slug: "fuzzed" });
  const sale = await operator.json("POST", "/v1/conversions", { type: "sale", external_id: "1", amount: 100, currency: "EUR" });
  // A commission that is there, for what is asked of one.
  const { clickId } = await visit(edge, link.url);
  const earned = await operator.json("POST", "/v1/conversions", { type: "sale", external_id: "2", click_id: clickId, amount: 100, currency: "EUR" });
  // A fee of last month's, and the run that pays it.
  const [from, to] = lastMonth();
  await operator.json("PUT", "/v1/program", { landing_url: "https://landing.example/", hold_days: 0 });
  const fee = { partner_id: partner.id, kind: "post", title: "Post", external_id: "p-1", fee: { amount: 100, currency: "EUR" } };
  const placement = await operator.json("POST", "/v1/placements", { ...fee, published_at: `${from}T00:00:00Z` });
  const run = await operator.json("POST", "/v1/payouts/runs", { period: { from, to } });
  const payouts = await operator.json("GET", "/v1/payouts");
  [partner, listing, link, sale, earned, placement, run, payouts].forEach(learn);
  // Two or three capitals are a country or a currency by form only.
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

/** What of a request may be spoilt: half of all requests are left whole. */
const SPOILS = ["body", "body", "body", "raw", "query", "header", "path"];

/** What the request is, and what is to be expected of it. */
function plan(operation, generator, spoil = dice.pick([...SPOILS, ...SPOILS.map(() => undefined)])) {
  const parameters = operation.parameters ?? [];
  const headers = { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}` };
  let path = operation.path;
  const query = [];
  for (const parameter of parameters) {
    const value = parameter.name.endsWith("cursor") || parameter.name === "after" ? dice.pick(pool.get("cursor") ?? [""]) : generator.valid(parameter.schema);
    const strange = String(generator.spoilt(parameter.schema, value)).slice(0, 300);
    if (parameter.in === "path") path = path.replace(`{${parameter.name}}`, encodeURIComponent(spoil === "path" ? strange || "x" : value));
    if (parameter.in === "query" && dice.chance(0.4)) query.push([parameter.name, spoil === "query" ? strange : value]);
    if (parameter.in === "header" && dice.chance(0.4)) headers[parameter.name] = spoil === "header" ? "\u00ff".repeat(dice.int(0, 300)) : value.replaceAll(/[^ -~]/g, "?");
  }
  if (spoil === "query" && dice.chance(0.4)) query.push(dice.pick([["nonsense", "1"], ["limit", "1"], ["limit", "%ff"], ["", ""]]));
  if (spoil === "header" && dice.chance(0.4)) headers.authorization = dice.pick(["", "Bearer", "Bearer x", "Basic eA==", "Bearer \u00ff"]);
  // Dots alone are no segment of their own: the client would take them for a step up.
  path = path.replace(/(?<=\/)(\.{1,2})(?=\/|$)/g, "x$1");
  const search = query.map(([name, value]) => `${encodeURIComponent(name)}=${value === "%ff" ? value : encodeURIComponent(value)}`).join("&");
  return { operation, spoil, route: search ? `${path}?${search}` : path, headers, ...body(operation, generator, spoil) };
}

function body(operation, generator, spoil) {
  const schema = operation.requestBody?.content["application/json"].schema;
  if (!schema) return {};
  const value = generator.valid(schema);
  if (spoil === "raw") return { text: raw(JSON.stringify(value)) };
  const sent = spoil === "body" ? generator.spoilt(schema, value) : value;
  return { text: JSON.stringify(sent), allowed: contract.allows(operation, sent) };
}

/** A text that is no JSON object any more, or an odd one. */
function raw(text) {
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

/** How often an operation is called in a round: bodies have the most to go wrong; what takes nothing never changes. */
function turns(operation, round) {
  if (operation.requestBody) return 4;
  if (!operation.parameters) return round === 0 ? 1 : 0;
  return 1;
}

/** What is wrong with the answer, seen with what was asked. */
function faults({ operation, spoil, allowed }, answer) {
  const found = contract.faults(operation, answer);
  if (allowed === false && answer.status < 400) found.push("the document forbids this body, the Worker took it");
  if (allowed === true && !spoil && answer.status === 422) {
    const { code, errors = [] } = JSON.parse(answer.text);
    for (const refused of [code, ...errors.map((error) => error.code)].filter((refused) => FORM.has(refused))) {
      found.push(`the document allows this body, the Worker refuses its form (${refused}): ${answer.text}`);
    }
  }
  return found;
}

eachSeed("the document describes every response", async (seed, t) => {
  const generator = new Generator(contract.document, dice, known);
  const failures = new Map();
  const statuses = new Map();
  const deadline = performance.now() + MOST_MS;
  let requests = 0;
  for (let round = 0; requests < MOST_REQUESTS; round += 1) {
    if (round >= LEAST_ROUNDS && performance.now() > deadline) break;
    for (const operation of contract.operations.flatMap((operation) => Array(turns(operation, round)).fill(operation))) {
      const request = plan(operation, generator);
      const answer = await send(request);
      requests += 1;
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      for (const fault of faults(request, answer)) {
        const key = `${operation.operationId}: ${fault.slice(0, 80)}`;
        const asked = `${operation.method} ${request.route.slice(0, 300)} ${String(request.text ?? "").slice(0, 600)}`;
        if (!failures.has(key)) failures.set(key, `${operation.operationId}: ${fault}\n    ${asked}`);
      }
      const isJson = (answer.headers.get("content-type") ?? "").startsWith("application/json");
      if (answer.status < 300 && isJson) learn(JSON.parse(answer.text));
    }
  }
  const seen = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`);
  t.diagnostic(`seed ${seed}, ${requests} requests, ${seen.join(", ")}`);
  assert.deepEqual([...failures.values()], [], `seed ${seed}`);
  // A run that is refused everything proves nothing.
  assert.ok((statuses.get(201) ?? 0) > requests / 40, "too few requests got through");
});

/** Sends a body to a thing that is there. */
async function sendToExisting(operation, generator, text) {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const { route, headers } = plan({ ...operation, requestBody: undefined }, generator, null);
    const answer = await send({ operation, route, headers: { authorization: headers.authorization }, text });
    if (answer.status !== 404) return answer;
  }
  throw new Error(`there is nothing to send to ${operation.operationId}: set up the scenario for it in before()`);
}

eachSeed("every limit of a field is enforced on both sides", async (seed) => {
  // The other fields must be valid: a currency that does not exist would end the reading before the field in question.
  const generator = new Generator(contract.document, dice, known, 1);
  const failures = [];
  for (const operation of contract.operations.filter((operation) => operation.requestBody)) {
    const schema = operation.requestBody.content["application/json"].schema;
    for (const [name, field] of Object.entries(generator.resolve(schema).properties)) {
      for (const [value, allowed] of generator.limits(field)) {
        const body = { ...generator.valid(schema), [name]: value };
        const answer = await sendToExisting(operation, generator, JSON.stringify(body));
        const { code, errors = [] } = answer.status === 422 ? JSON.parse(answer.text) : {};
        // A value below another field that cannot be read ends the reading there: nothing is said of the field in question.
        if (errors.length === 1 && errors[0].pointer.split("/").length > 2 && !errors[0].pointer.startsWith(`/${name}/`)) continue;
        const refusals = errors.filter((error) => error.pointer === `/${name}`);
        const wrong = allowed ? refusals.some((error) => !MEANING.has(error.code)) : refusals.length === 0;
        if (wrong && !MEANING.has(code)) {
          const what = allowed ? "refused within its limits" : "not refused beyond its limits";
          failures.push(`${operation.operationId} ${name}: ${what}: ${JSON.stringify(body).slice(0, 600)}: ${answer.text.slice(0, 300)}`);
        }
      }
    }
  }
  assert.deepEqual(failures, [], `seed ${seed}`);
});

test("a request that no operation describes is refused with a problem", async () => {
  const headers = { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}` };
  const strangers = [
    ["GET", "/v1", 404], ["GET", "/v1/nothing", 404], ["GET", "/v1/partners/", 404], ["GET", "/v1/partners//x", 404],
    ["DELETE", "/v1/partners", 405], ["POST", "/v1/program", 405], ["PUT", "/v1/links/bulk", 405], ["PATCH", "/v1/attribution", 405],
    ["GET", "/internal/clicks", 404], ["POST", "/internal/export/end", 404],
  ];
  for (const [method, route, status] of strangers) {
    const response = await edge.fetch(route, { method, headers });
    const answer = { status: response.status, headers: response.headers, text: await response.text() };
    assert.deepEqual([answer.status, contract.problemFaults(answer)], [status, []], `${method} ${route}`);
  }
});
