// Signpost with its click storage switched off, for the benchmark alone: everything is done up to the call of a ClickLog,
// which goes nowhere.
import Signpost from "../../src/entry.mjs";

export { ClickLog, Ledger } from "../../src/entry.mjs";

const nowhere = { getByName: () => ({ append: () => Promise.resolve(), take: () => Promise.resolve() }) };
let unstored;

export default {
  fetch(request, env, ctx) {
    unstored ??= { ...env, CLICKLOG: nowhere };
    return Signpost.fetch(request, unstored, ctx);
  },
};
