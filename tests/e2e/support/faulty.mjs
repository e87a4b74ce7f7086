// The Worker with stores that fail on request. `/test-fault/<name>` sets the fault, which stays until the next call.
import { WorkerEntrypoint } from "cloudflare:workers";
import signpost, { ClickLog as RealClickLog, Ledger as RealLedger } from "../../../src/edge/js/entry.mjs";
export { Destination, Relay, Simulation } from "../../../src/edge/js/entry.mjs";
import { instance } from "../../../src/edge/js/instance.mjs";

// `/test-later/<milliseconds>` moves the clock forward.
const real = Date.now.bind(Date);
let ahead = 0;
Date.now = () => real() + ahead;

let fault = "none";
const calls = {}; // method of a Ledger → number of calls by the Worker

const hang = () => new Promise(() => {});
const fail = () => Promise.reject(new Error("injected fault"));

/** Wraps a binding. Its methods fail or hang while `isAffected` returns true for the current fault. */
function faulty(binding, isAffected) {
  return new Proxy(binding, {
    get(target, name) {
      if (name === "constructor") return target[name]; // the `worker` crate recognises a binding by its class
      if (isAffected(fault)) {
        const behaviour = fault.endsWith("hang") || fault.endsWith("hangs") ? hang : fail;
        // Creating a stub of a namespace succeeds, and every method of the stub fails.
        if (name === "getByName") return () => new Proxy({}, { get: () => behaviour });
        return behaviour;
      }
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Wraps a namespace of click logs. While the fault is `clicks-wait`, writes hang and other calls work. */
function withHangingWrites(namespace) {
  const wrap = (stub) =>
    new Proxy(stub, {
      get: (target, name) => (fault === "clicks-wait" && (name === "append" || name === "take") ? hang : (...args) => target[name](...args)),
    });
  return new Proxy(namespace, {
    get: (target, name) => (name === "getByName" ? (id) => wrap(target.getByName(id)) : target[name]),
  });
}

/** Wraps a namespace so that its stubs count calls. */
function counted(namespace) {
  const count = (stub) =>
    new Proxy(stub, {
      get(target, name) {
        return (...args) => {
          calls[name] = (calls[name] ?? 0) + 1;
          return target[name](...args);
        };
      },
    });
  return new Proxy(namespace, {
    get: (target, name) => (name === "getByName" ? (id) => count(target.getByName(id)) : target[name]),
  });
}

function withFaults(env) {
  return {
    ...env,
    KV: faulty(env.KV, (name) => name.startsWith("kv-") || name.startsWith("all-")),
    API_LIMIT: env.API_LIMIT && faulty(env.API_LIMIT, (name) => name.startsWith("limiter-")),
    LEDGER: faulty(counted(env.LEDGER), (name) => name.startsWith("ledger-") || name.startsWith("all-")),
    CLICKLOG: faulty(withHangingWrites(env.CLICKLOG), (name) => name.startsWith("clicklog-") || name.startsWith("all-")),
  };
}

// The bindings of the objects fail as well.
export class Ledger extends RealLedger {
  constructor(ctx, env) {
    super(ctx, withFaults(env));
  }
}

export class ClickLog extends RealClickLog {
  constructor(ctx, env) {
    super(ctx, withFaults(env));
  }
}

/** Visits a link inside workerd, many times as fast as over HTTP. Responds with the number of visits that got a click id. */
async function visits(request, env, ctx) {
  const { url, count } = await request.json();
  let answered = 0;
  for (let n = 0; n < count; n += 1) {
    const response = await signpost.fetch(new Request(url, { headers: request.headers }), env, ctx);
    answered += Number(response.headers.get("location")?.includes("sp_click="));
  }
  return Response.json(answered);
}

export default class extends WorkerEntrypoint {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/test-fault/trap") {
      try {
        // A Rust panic becomes a trap under panic=abort. This trap comes from a method on an object outside the memory.
        instance().call((wasm) => wasm.ClickLogObject.prototype.last.call({ __wbg_ptr: 0xfffffff0 }));
      } catch {
        return new Response(null, { status: 500 });
      }
      return new Response(null);
    }
    if (pathname === "/test-fault/exception") {
      try {
        // A JavaScript exception that crosses wasm frames also retires the instance.
        const storage = { get sql() { throw new Error("not caught by the binding"); } };
        instance().call((wasm) => new wasm.ClickLogObject({ id: { name: "0" }, storage }, {}));
      } catch {
        return new Response(null, { status: 500 });
      }
      return new Response(null);
    }
    if (pathname === "/test-visits") return visits(request, withFaults(this.env), this.ctx);
    if (pathname === "/test-calls") return Response.json(calls);
    if (pathname.startsWith("/test-later/")) {
      ahead += Number(pathname.slice("/test-later/".length));
      return new Response(null);
    }
    if (pathname.startsWith("/test-fault/")) {
      fault = pathname.slice("/test-fault/".length);
      return new Response(null);
    }
    return signpost.fetch(request, withFaults(this.env), this.ctx);
  }
}
