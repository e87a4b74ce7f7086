// An entry for tests of src/published.mjs alone: `GET /?url=…&newer=…` answers what is known of a document, at a time that
// the test sets, with a KV that may be down.
import { documents } from "../../../src/published.mjs";

export { ClickLog, Ledger } from "../../../src/objects.mjs";

const started = Date.now();
let passed = 0;
// Minutes and days must pass here, and a test must not wait for them.
Date.now = () => started + passed;

const DOWN = {
  get: async () => { throw new Error("KV is down"); },
  put: async () => { throw new Error("KV is down"); },
};

export default {
  async fetch(request, env, ctx) {
    const { searchParams } = new URL(request.url);
    passed = Number(searchParams.get("passed"));
    const wanted = [{ url: searchParams.get("url"), newer: searchParams.has("newer") }];
    const kv = searchParams.has("down") ? { KV: DOWN } : env;
    const found = await documents(kv, ctx, wanted, "test", () => !searchParams.has("busy"));
    return Response.json(found[0]);
  },
};
