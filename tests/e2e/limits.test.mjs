// What the Worker refuses before the Ledger is asked: too many requests, too large bodies; and what health says.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { api, startEdge } from "./support/harness.mjs";

let edge;
before(async () => { edge = await startEdge(); });
after(() => edge.stop());

test("a body of more than a mebibyte is refused, with or without a Content-Length", async () => {
  const told = await edge.fetch("/v1/partners", { method: "POST", body: "x".repeat(1024 * 1024 + 1) });
  // A mebibyte and one byte more, then nothing, neither data nor an end: the answer comes without. Whoever goes on writing
  // meets a closed connection, sooner or later.
  const chunks = [...Array.from({ length: 16 }, () => new Uint8Array(65_536)), new Uint8Array(1)];
  const stream = new ReadableStream({
    pull(controller) {
      const chunk = chunks.shift();
      return chunk ? controller.enqueue(chunk) : new Promise(() => undefined);
    },
  });
  const untold = await edge.fetch("/v1/partners", { method: "POST", body: stream, duplex: "half" });
  for (const answer of [told, untold]) {
    assert.deepEqual([answer.status, (await answer.json()).code], [413, "body_too_large"]);
  }
});

test("readiness checks every store, and unknown paths are not found", async () => {
  assert.equal((await edge.fetch("/readyz")).status, 200);
  for (const path of ["/", "/r/", "/favicon.ico", "/internal/export", "/v1/nothing/here"]) {
    const answer = await edge.fetch(path, { headers: { authorization: "Bearer none" } });
    assert.deepEqual([answer.status, (await answer.json()).code], [404, "not_found"], path);
    assert.ok(answer.headers.get("x-request-id"));
  }
});

test("beyond a thousand requests a minute a key gets a Retry-After, and other keys are not limited", async () => {
  const eager = api(edge);
  let refused;
  // A window may end on the way: two hold all that is sent.
  for (let sent = 0; !refused && sent <= 2_000; sent += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => eager.get("/v1/program")));
    refused = answers.find(({ status }) => status === 429);
  }
  assert.equal(refused?.body.code, "rate_limited");
  const seconds = Number(refused.headers.get("retry-after"));
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, String(seconds));
  assert.equal(refused.headers.get("ratelimit"), `"default";r=0;t=${seconds}`);
  assert.equal(refused.headers.get("ratelimit-policy"), '"default";q=1000;w=60');
  assert.equal((await api(edge, "another-key").get("/v1/program")).status, 401);
});
