// The entry of `cargo xtask dev --now`: the Worker with a clock that is ahead of the machine's, or behind it, by a constant.
import worker, { ClickLog as ClickLogClass, Destination, Ledger as LedgerClass, Relay, Simulation } from "../../src/edge/js/entry.mjs";

/** How far ahead the clock is. The bundler replaces the name (bundle.mjs). */
const AHEAD_MS = CLOCK_AHEAD_MS;

const real = Date.now.bind(Date);
Date.now = () => real() + AHEAD_MS;

/** Makes an object's alarms run by the shifted clock. The platform knows the real one only. */
function shiftAlarms(storage) {
  const setAlarm = storage.setAlarm.bind(storage);
  const getAlarm = storage.getAlarm.bind(storage);
  Object.defineProperties(storage, {
    setAlarm: { value: (at, options) => setAlarm(Number(at) - AHEAD_MS, options) },
    getAlarm: {
      value: async (options) => {
        const at = await getAlarm(options);
        return at === null ? null : at + AHEAD_MS;
      },
    },
  });
}

const shifted = (Class) =>
  class extends Class {
    constructor(ctx, env) {
      shiftAlarms(ctx.storage);
      super(ctx, env);
    }
  };

export const ClickLog = shifted(ClickLogClass);
export const Ledger = shifted(LedgerClass);
export { Destination, Relay, Simulation };
export default worker;
