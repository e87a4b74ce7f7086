// The Worker with fault injection (src/edge/faults.rs). `/test-census` returns the number of its instances and calls.
import { census } from "./census.mjs";
import signpost from "../../../src/edge/js/entry.mjs";
import { instance } from "../../../src/edge/js/instance.mjs";

export { ClickLog, Destination, Ledger, Relay, Simulation } from "../../../src/edge/js/entry.mjs";

export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/test-census") return signpost.fetch(request, env, ctx);
    return Response.json({ ...census(), pendingCalls: instance().pendingCalls });
  },
};
