// Runs the Worker in real workerd for end-to-end tests, with free ports, data in a separate directory and no network.
// `restart` after `kill` has the same effect on the data as a power failure. A suite starts with
//   let edge;
//   before(async () => { edge = await startEdge(); });
//   after(() => edge.stop());
// A Worker that is started outside of a hook would also start when `cargo xtask test --filter` only lists the tests.
import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { bundle } from "../../../xtask/runner/bundle.mjs";
import { startWorker, workerdPids } from "../../../xtask/runner/worker.mjs";

export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The secrets of the tests. They are fixed, so that tokens are the same in every run. */
export const TEST_KEYS = {
  OPERATOR_KEY: "op_end_to_end_tests",
  SIGNING_KEYS: `{"sign":1,"keys":{"1":"${Buffer.alloc(32, 1).toString("base64url")}"}}`,
  DATA_KEY: Buffer.alloc(32, 2).toString("base64url"),
};

// A start identifies its workerd as the new one among the processes, so starts run one after the other.
let lastStart = Promise.resolve();
function afterLastStart(body) {
  const start = lastStart.then(body);
  lastStart = start.catch(() => undefined);
  return start;
}

/**
 * @param {object} [options]
 * @param {string} [options.entry] entry module in place of src/edge/js/entry.mjs (a path from the root)
 * @param {boolean} [options.faults] uses the wasm with fault injection (src/edge/faults.rs)
 * @param {string} [options.modules] directory of a build in place of build/
 * @param {string} [options.state] directory of the data; by default a new one that `stop` removes
 * @param {number} [options.port] by default any free one, which `restart` keeps
 * @param {Record<string, string>} [options.vars] variables in addition to `TEST_KEYS`
 * @param {boolean} [options.allowLoopback] lets events be sent to this machine
 * @param {{handle: Function}} [options.mailbox] receives mail, and shows it below /dev/mail (xtask/runner/mailbox.mjs)
 * @param {(worker: object) => void} [options.retune] changes miniflare's options of the Worker
 * @param {object} [options.shared] miniflare's options of the whole instance
 */
export async function startEdge({ entry, faults = false, modules, state, port = 0, vars = {}, allowLoopback = false, mailbox, retune, shared } = {}) {
  const scratch = await mkdtemp(path.join(os.tmpdir(), "signpost-e2e-"));
  if (entry) {
    modules = path.join(scratch, "modules");
    const wasmDir = path.join(ROOT, "build", faults ? "faults" : "wasm");
    await bundle({ entry: path.join(ROOT, entry), wasmDir, outdir: modules });
  }
  const logs = [];
  const options = {
    root: ROOT,
    modules,
    state: state ?? path.join(scratch, "state"),
    vars: { ...TEST_KEYS, ...vars },
    allowLoopback,
    mailbox,
    retune,
    onLog: (line) => logs.push(line),
    ...shared,
  };
  let running;
  let pid;
  const start = (onPort) =>
    afterLastStart(async () => {
      const before = new Set(workerdPids());
      running = await startWorker({ ...options, port: onPort });
      [pid] = workerdPids().filter((candidate) => !before.has(candidate));
    });
  await start(port);

  const edge = {
    /** The Worker's origin. It is the same after a restart. */
    url: running.url,
    /** The Worker's console lines, `{level, message}`. */
    logs,
    /** The directory of all stored data. */
    state: options.state,
    /** Miniflare, which gives access to KV and Durable Objects. */
    get mf() {
      return running.mf;
    },
    /** The process id of workerd. */
    get pid() {
      return pid;
    },
    /**
     * Fetches a path without following redirects, because the tests check them. `cf` becomes `request.cf`, and `ip` the
     * visitor's address. Without them the request has neither, as with `cargo xtask dev`.
     */
    fetch(route, { cf, ip, headers, ...init } = {}) {
      const all = new Headers(headers);
      if (cf) all.set("mf-cf-blob", JSON.stringify(cf));
      if (ip) all.set("cf-connecting-ip", ip);
      return fetch(new URL(route, edge.url), { redirect: "manual", ...init, headers: all });
    },
    /** Sends SIGKILL to workerd only. It stays down until `restart`. */
    async kill() {
      process.kill(pid, "SIGKILL");
      await poll(() => !workerdPids().includes(pid), { what: "workerd to exit" });
      await running.mf.dispose(); // otherwise miniflare would restart workerd
    },
    /** Starts workerd again with the same data and port. A running workerd is killed first. */
    async restart() {
      if (workerdPids().includes(pid)) await edge.kill();
      await start(running.port);
    },
    async stop() {
      await running.mf.dispose();
      await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return edge;
}

/** Calls `check` until it returns a truthy value, and returns that value. Throws after the deadline. */
export async function poll(check, { deadlineMs = 5_000, intervalMs = 10, what = "a condition" } = {}) {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const found = await check();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`timed out after ${deadlineMs} ms waiting for ${what}`);
    await delay(intervalMs);
  }
}

/**
 * Returns a client of the API with `key`. Each call returns `{status, headers, body}`; a JSON body is parsed. A POST
 * gets a new Idempotency-Key unless its headers contain one.
 */
export function api(edge, key = TEST_KEYS.OPERATOR_KEY) {
  const call = async (method, route, body, headers = {}) => {
    const response = await edge.fetch(route, {
      method,
      headers: {
        ...(key && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { "content-type": "application/json" }),
        ...(method === "POST" && { "idempotency-key": crypto.randomUUID() }),
        ...headers,
      },
      body: body === undefined || typeof body === "string" ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = /[/+]json\b/.test(response.headers.get("content-type") ?? "");
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  };
  return {
    get: (route, headers) => call("GET", route, undefined, headers),
    post: (route, body, headers) => call("POST", route, body, headers),
    put: (route, body, headers) => call("PUT", route, body, headers),
    patch: (route, body, headers) => call("PATCH", route, body, headers),
    delete: (route, headers) => call("DELETE", route, undefined, headers),
    call,
    /** Returns the body of a response, which must be successful. */
    async json(method, route, body, headers) {
      const response = await call(method, route, body, headers);
      if (response.status >= 300) {
        throw new Error(`${method} ${route} returned ${response.status}: ${JSON.stringify(response.body)}`);
      }
      return response.body;
    },
  };
}
