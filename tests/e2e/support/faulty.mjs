// The Worker with neighbours that fail on request: `/test-fault/<name>` sets what is broken from then on.
import { WorkerEntrypoint } from "cloudflare:workers";
import signpost, { ClickLog as SoundClickLog, Ledger as SoundLedger } from "../../../src/edge/js/entry.mjs";
import { instance } from "../../../src/edge/js/instance.mjs";

let fault = "none";
const calls = {}; // method of a Ledger → how often the Worker called it

const hang = () => new Promise(() => {});
const fail = () => Promise.reject(new Error("injected fault"));

/** A binding that behaves as `fault` says whenever `concerns` does. */
function spoilt(binding, concerns) {
  return new Proxy(binding, {
    get(target, name) {
      if (name === "constructor") return target[name]; // the `worker` crate recognises a binding by its class
      if (concerns(fault)) {
        const behave = fault.endsWith("hang") || fault.endsWith("hangs") ? hang : fail;
        // A namespace's stub is made first; whatever is called on it then fails.
        if (name === "getByName") return () => new Proxy({}, { get: () => behave });
        return behave;
      }
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** A click log that takes no clicks while the fault is `clicks-wait`, and answers whatever else it is asked. */
function unwritable(namespace) {
  const waiting = (stub) =>
    new Proxy(stub, {
      get: (target, name) => (fault === "clicks-wait" && (name === "append" || name === "take") ? hang : (...args) => target[name](...args)),
    });
  return new Proxy(namespace, {
    get: (target, name) => (name === "getByName" ? (id) => waiting(target.getByName(id)) : target[name]),
  });
}

/** A namespace whose stubs count calls. */
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

function spoil(env) {
  return {
    ...env,
    KV: spoilt(env.KV, (name) => name.startsWith("kv-") || name === "all-hang"),
    API_LIMIT: env.API_LIMIT && spoilt(env.API_LIMIT, (name) => name.startsWith("limiter-")),
    LEDGER: spoilt(counted(env.LEDGER), (name) => name.startsWith("ledger-") || name === "all-hang"),
    CLICKLOG: spoilt(unwritable(env.CLICKLOG), (name) => name.startsWith("clicklog-") || name === "all-hang"),
  };
}

// The objects' own neighbours fail with the others.
export class Ledger extends SoundLedger {
  constructor(ctx, env) {
    super(ctx, spoil(env));
  }
}

export class ClickLog extends SoundClickLog {
  constructor(ctx, env) {
    super(ctx, spoil(env));
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
        // What a Rust panic comes to under panic=abort: a trap. Here a method on an object far outside the memory.
        instance().call((wasm) => wasm.ClickLogObject.prototype.last.call({ __wbg_ptr: 0xfffffff0 }));
      } catch {
        return new Response(null, { status: 500 });
      }
      return new Response(null);
    }
    if (pathname === "/test-fault/exception") {
      try {
        // An exception of JavaScript's that crosses the wasm's frames: it ends the instance too, and looks like any other.
        const storage = { get sql() { throw new Error("not caught by the binding"); } };
        instance().call((wasm) => new wasm.ClickLogObject({ id: { name: "0" }, storage }, {}));
      } catch {
        return new Response(null, { status: 500 });
      }
      return new Response(null);
    }
    if (pathname === "/test-visits") return visits(request, spoil(this.env), this.ctx);
    if (pathname === "/test-calls") return Response.json(calls);
    if (pathname.startsWith("/test-fault/")) {
      fault = pathname.slice("/test-fault/".length);
      return new Response(null);
    }
    return signpost.fetch(request, spoil(this.env), this.ctx);
  }
}
