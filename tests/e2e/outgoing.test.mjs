// Calls to vendors, from a real Worker to a fake of the vendor's API: their number, and what the log contains.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Response } from "miniflare";
import { startEdge } from "./support/harness.mjs";
import { programme } from "./support/programme.mjs";

const SECRET = "bc-client-secret-0001";
/** The number of invented codes that are sent at once. It exceeds the rate limit for the time that they take. */
const INVENTED_CODES = 500;

let edge;
let auth;
let world;
const calls = [];

/** BigCommerce's token endpoint, which accepts one code. */
async function api(request) {
  const { code } = JSON.parse(await request.text());
  calls.push(`${request.method} ${request.url} ${code}`);
  return code === "known"
    ? new Response(JSON.stringify({ access_token: "token-0001", context: "stores/abc", scope: "s", user: {} }))
    : new Response('{"error":"invalid_grant"}', { status: 400 });
}

before(async () => {
  edge = await startEdge({ retune: (worker) => { worker.outboundService = api; } });
  world = await programme(edge);
  const { id } = await world.operator.json("POST", "/v1/listings", {
    name: "Acme", marketplace: "bigcommerce", url: "https://store.example/app", forward_to: "https://app.example/start",
    settings: { client_id: "client-1" }, secrets: { client_secret: SECRET },
  });
  auth = (code) => edge.fetch(`/callbacks/bigcommerce/${id}/auth?code=${code}&context=stores%2Fabc&scope=s`);
});
after(() => edge.stop());

test("a code is exchanged at BigCommerce's token endpoint, and neither it nor the secret is logged", async () => {
  assert.equal((await auth("known")).status, 200);
  assert.deepEqual(calls.splice(0), ["POST https://login.bigcommerce.com/oauth2/token known"]);
  const [install] = (await world.operator.json("GET", "/v1/conversions")).data;
  assert.deepEqual([install.customer_id, install.metadata.evidence], ["bigcommerce:stores/abc", "code_exchange"]);
  assert.equal((await auth("another")).status, 401);
  const logged = JSON.stringify(edge.logs);
  assert.match(logged, /is refused: the vendor rejected the request/);
  for (const secret of [SECRET, "known", "another", "token-0001"]) assert.ok(!logged.includes(secret), secret);
  calls.splice(0);
});

test("hundreds of invented codes do not cause as many requests to the vendor", async () => {
  const since = performance.now();
  const statuses = await Promise.all(Array.from({ length: INVENTED_CODES }, async (_, number) => (await auth(`c${number}`)).status));
  const seconds = Math.ceil((performance.now() - since) / 1_000) + 1;
  assert.deepEqual(new Set(statuses), new Set([401, 503]));
  assert.ok(calls.length <= seconds * 50, `${calls.length} in ${seconds} s`);
  assert.equal(statuses.filter((status) => status === 401).length, calls.length, "the others got 503");
});
