// Postbacks of Apple's advertising frameworks, with signatures that Apple published. Devices post them to the domain of
// the app's developer, under the same path for all of the developer's apps.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { startEdge } from "./support/harness.mjs";
import { programme } from "./support/programme.mjs";

const read = (scheme) => JSON.parse(readFileSync(new URL(`../../fixtures/vectors/${scheme}.json`, import.meta.url))).vectors;
/** The app id in the postbacks that Apple published. */
const APP_ID = 525463029;

let edge;
let world;
before(async () => {
  edge = await startEdge();
  world = await programme(edge);
  await world.operator.json("POST", "/v1/listings", {
    name: "Acme", marketplace: "apple", url: "https://apps.apple.com/app/id525463029",
    settings: { bundle_id: "com.acme.app", app_apple_id: String(APP_ID), ad_network_ids: ["com.example"] },
  });
});
after(() => edge.stop());

const installs = async () => (await world.operator.json("GET", "/v1/conversions")).data.filter(({ type }) => type === "install");
const post = (path, body) => edge.fetch(`/.well-known/${path}`, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) });

test("a postback that Apple signed for the app is one unattributed install", async () => {
  const { request } = read("skadnetwork_postback").find(({ id }) => id === "skan-apple-4.0-fine");
  for (const path of ["skadnetwork/report-attribution/", "skadnetwork/report-attribution"]) {
    assert.equal((await post(path, request.body)).status, 200);
  }
  const [install, ...others] = await installs();
  assert.deepEqual(others, []);
  const { "transaction-id": id } = JSON.parse(request.body);
  assert.equal(install.customer_id, `apple:skadnetwork:${id}`);
  assert.deepEqual([install.attribution.status, install.metadata.evidence], ["unattributed", "signed"]);
});

test("a postback of another app, a corrupted one and an invalid one get the same 401 and change nothing", async () => {
  const { request } = read("skadnetwork_postback").find(({ id }) => id === "skan-apple-4.0-fine");
  const before = await installs();
  const genuine = JSON.parse(request.body);
  for (const body of [
    { ...genuine, "app-id": 1 }, { ...genuine, "transaction-id": "another" }, { "app-id": "525463029" }, {}, "nonsense", "",
    { "jws-string": "a.b.c" }, { "jws-string": `a.${Buffer.from(`{"advertised-item-identifier":${APP_ID}}`).toString("base64url")}.c` },
  ]) {
    for (const framework of ["skadnetwork", "appattribution"]) {
      const response = await post(`${framework}/report-attribution/`, body);
      assert.deepEqual([response.status, await response.text()], [401, "unauthorized"], JSON.stringify(body));
    }
  }
  assert.equal((await edge.fetch("/.well-known/skadnetwork/report-attribution/")).status, 401, "a GET");
  assert.equal((await post("skadnetwork/elsewhere", genuine)).status, 404);
  assert.deepEqual(await installs(), before);
});
