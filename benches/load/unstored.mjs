// Signpost without click storage, for the benchmark only. Calls to ClickLogs do nothing; everything else is unchanged.
import Signpost from "../../src/edge/js/entry.mjs";

export { ClickLog, Destination, Ledger, Relay, Simulation } from "../../src/edge/js/entry.mjs";

const discardingClickLog = {
  // The `worker` crate recognises a binding by the name of its class.
  constructor: { name: "DurableObjectNamespace" },
  getByName: () => ({ append: () => Promise.resolve(), take: () => Promise.resolve() }),
};
let envWithoutStorage;

export default {
  fetch(request, env, ctx) {
    envWithoutStorage ??= { ...env, CLICKLOG: discardingClickLog };
    return Signpost.fetch(request, envWithoutStorage, ctx);
  },
};
