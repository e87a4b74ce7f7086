// The deployed build of the Worker starts in workerd and responds.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, startEdge } from "./support/harness.mjs";

let edge;
before(async () => { edge = await startEdge(); });
after(() => edge.stop());

test("health needs no key", async () => {
  const { status, body } = await api(edge, null).get("/healthz");
  assert.equal(status, 200);
  assert.equal(body.status, "ok");
  assert.match(body.version, /^\d+\.\d+\.\d+$/);
  assert.equal(body.api_version, "1.0");
});
