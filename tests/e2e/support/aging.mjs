// The Worker with a clock that tests move forward, also for alarms, and with a KV that fails on request:
// `/test-later/<milliseconds>`, `/test-kv/<works|fails>`, and `/test-events`, which describes the Ledger's table of events.
import { WorkerEntrypoint } from "cloudflare:workers";
import signpost, {
  ClickLog as ClickLogClass, Destination as DestinationClass, Ledger as LedgerClass, Relay as RelayClass, Simulation,
} from "../../../src/edge/js/entry.mjs";

const real = Date.now.bind(Date);
let ahead = 0;
Date.now = () => real() + ahead;

let isKvFailing = false;

/** Makes an object's alarms run by the moved clock. The platform knows the real one only. */
function moveAlarms(storage) {
  const setAlarm = storage.setAlarm.bind(storage);
  const getAlarm = storage.getAlarm.bind(storage);
  Object.defineProperties(storage, {
    setAlarm: { value: (at, options) => setAlarm(Number(at) - ahead, options) },
    getAlarm: {
      value: async (options) => {
        const at = await getAlarm(options);
        return at === null ? null : at + ahead;
      },
    },
  });
}

/** Wraps the KV binding so that its reads fail on request. */
const withFailingReads = (kv) =>
  new Proxy(kv, {
    get(target, name) {
      if (name === "constructor") return target[name]; // the `worker` crate recognises a binding by its class
      if (isKvFailing && name.startsWith("get")) return () => Promise.reject(new Error("injected fault"));
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });

const aging = (Class) =>
  class extends Class {
    constructor(ctx, env) {
      moveAlarms(ctx.storage);
      super(ctx, { ...env, KV: withFailingReads(env.KV) });
    }
  };

export const ClickLog = aging(ClickLogClass);
export const Destination = aging(DestinationClass);
export const Relay = aging(RelayClass);
export class Ledger extends aging(LedgerClass) {
  events() {
    const { sql } = this.ctx.storage;
    const { rows, last } = sql.exec("SELECT count(*) AS rows, max(seq) AS last FROM events").one();
    const { segments } = sql.exec("SELECT count(*) AS segments FROM event_segments").one();
    return { rows, last, segments, databaseSize: sql.databaseSize };
  }
}
export { Simulation };

export default class extends WorkerEntrypoint {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    const argument = pathname.split("/").pop();
    if (pathname.startsWith("/test-later/")) {
      ahead += Number(argument);
      return new Response(null);
    }
    if (pathname.startsWith("/test-kv/")) {
      isKvFailing = argument === "fails";
      return new Response(null);
    }
    if (pathname === "/test-events") return Response.json(await this.env.LEDGER.getByName("main").events());
    return signpost.fetch(request, { ...this.env, KV: withFailingReads(this.env.KV) }, this.ctx);
  }
}
