// The clock of `cargo xtask dev --now`: the Worker's time and its alarms.
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { bundleAt } from "../../xtask/runner/bundle.mjs";
import { api, poll, ROOT, startEdge } from "./support/harness.mjs";

const NOW = Date.parse("2031-03-10T12:00:00Z");

let scratch;
let edge;
before(async () => {
  scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-clock-"));
  await bundleAt({ now: NOW, root: ROOT, outdir: scratch });
  edge = await startEdge({ modules: scratch });
});
after(async () => {
  await edge.stop();
  await rm(scratch, { recursive: true, force: true });
});

test("the clock of --now starts at its time, and alarms run by it", async () => {
  const operator = api(edge);
  const partner = await operator.json("POST", "/v1/partners", { name: "Early", kind: "media" });
  assert.match(partner.created_at, /^2031-03-10T12:0/);
  const listing = await operator.json("POST", "/v1/listings", { name: "Shop", marketplace: "web", url: "https://shop.example/" });
  await operator.json("POST", "/v1/links", { partner_id: partner.id, listing_id: listing.id, slug: "early" });
  // The Ledger's alarm writes the slug. An alarm at the shifted time of the platform's clock would run in years.
  const kv = await edge.mf.getKVNamespace("KV");
  await poll(() => kv.get("slug/early"), { deadlineMs: 10_000, what: "the slug in KV" });
  await edge.fetch("/early");
  const counted = async () => (await operator.json("GET", "/v1/attribution")).totals.filtered.bot === 1;
  await poll(counted, { deadlineMs: 10_000, what: "the click in the report" });
});
