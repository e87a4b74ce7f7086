// The Worker at a time that the test sets, with a KV that may be down: `/fault/document?url=…&newer=…` (src/edge/faults.rs)
// answers what src/edge/published.rs knows of a document.
import signpost from "../../../src/edge/js/entry.mjs";

export { ClickLog, Ledger } from "../../../src/edge/js/entry.mjs";

const started = Math.floor(Date.now() / 1_000) * 1_000;
let passed = 0;
// Minutes and days must pass here, and a test must not wait for them.
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
