// Signpost with its click storage switched off, for the benchmark alone: everything is done up to the call of a ClickLog,
// which goes nowhere.
import Signpost from "../../src/edge/js/entry.mjs";

export { ClickLog, Ledger } from "../../src/edge/js/entry.mjs";

const nowhere = {
  // The `worker` crate recognises a binding by the name of its class.
  constructor: { name: "DurableObjectNamespace" },
  getByName: () => ({ append: () => Promise.resolve(), take: () => Promise.resolve() }),
};
let unstored;

export default {
  fetch(request, env, ctx) {
    unstored ??= { ...env, CLICKLOG: nowhere };
    return Signpost.fetch(request, unstored, ctx);
  },
};
