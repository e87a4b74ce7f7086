// The Worker that fails on demand (src/edge/faults.rs), with a count of its instances at `/test-census`.
import { census } from "./census.mjs";
import signpost from "../../../src/edge/js/entry.mjs";
import { instance } from "../../../src/edge/js/instance.mjs";

export { ClickLog, Ledger } from "../../../src/edge/js/entry.mjs";

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/test-census") return signpost.fetch(request, env, ctx);
    return Response.json({ ...census(), waiting: instance().waiting });
  },
};
