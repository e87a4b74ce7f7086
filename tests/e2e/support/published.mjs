// The Worker with a clock that the test sets, and with a KV that may be down. `/fault/document?url=…&newer=…`
// (src/edge/faults.rs) returns a document as src/edge/published.rs does.
import signpost from "../../../src/edge/js/entry.mjs";

export { ClickLog, Destination, Ledger, Relay, Simulation } from "../../../src/edge/js/entry.mjs";

const started = Math.floor(Date.now() / 1_000) * 1_000;
let passed = 0;
// The tests need minutes and days to pass without waiting for them.
Date.now = () => started + passed;

const fail = () => Promise.reject(new Error("KV is down"));
const DOWN = { get: fail, getWithMetadata: fail, put: fail, list: fail, delete: fail };

export default {
  fetch(request, env, ctx) {
    const { searchParams } = new URL(request.url);
    passed = Number(searchParams.get("passed"));
    return signpost.fetch(request, searchParams.has("down") ? { ...env, KV: DOWN } : env, ctx);
  },
};
