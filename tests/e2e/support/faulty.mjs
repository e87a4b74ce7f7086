// The Worker with neighbours that fail on request: `/test-fault/<name>` sets what is broken from then on.
import { WorkerEntrypoint } from "cloudflare:workers";
import Signpost, { ClickLog, Ledger } from "../../../src/entry.mjs";
import { call } from "../../../src/instance.mjs";

export { ClickLog, Ledger };

let fault = "none";

const hang = () => new Promise(() => {});
const fail = () => Promise.reject(new Error("injected fault"));

/** A binding that behaves as `fault` says whenever `concerns` does. */
function spoilt(binding, concerns) {
  return new Proxy(binding, {
    get(target, name) {
      if (name === "constructor") return target.constructor; // how the `worker` crate knows a binding
      if (concerns(fault)) {
        const behave = fault.endsWith("hang") || fault.endsWith("hangs") ? hang : fail;
        // A namespace's stub is made first; whatever is called on it then fails.
        if (name === "getByName" || name === "get_by_name") return () => new Proxy({}, { get: () => behave });
        return behave;
      }
      const value = target[name];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

function spoil(env) {
  return {
    ...env,
    KV: spoilt(env.KV, (name) => name.startsWith("kv-") || name === "all-hang"),
    LEDGER: spoilt(env.LEDGER, (name) => name.startsWith("ledger-") || name === "all-hang"),
    CLICKLOG: spoilt(env.CLICKLOG, (name) => name.startsWith("clicklog-") || name === "all-hang"),
  };
}

export default class extends WorkerEntrypoint {
  fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/test-fault/trap") {
      try {
        // What a Rust panic comes to under panic=abort: an `unreachable` inside the instance.
        call((wasm) => wasm.redirect(new Proxy({}, { get: () => { throw new WebAssembly.RuntimeError("unreachable"); } })));
      } catch {
        return new Response(null, { status: 500 });
      }
      return new Response(null);
    }
    if (pathname.startsWith("/test-fault/")) {
      fault = pathname.slice("/test-fault/".length);
      return new Response(null);
    }
    return new Signpost(this.ctx, spoil(this.env)).fetch(request);
  }
}
