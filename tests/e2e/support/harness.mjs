// The Worker in real workerd, for end-to-end tests: free ports, data in a directory of its own, nothing on the
// network. `restart` after `kill` is what a power cut looks like to the data. A suite begins with
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

/** Secrets of the tests: fixed, so that tokens can be compared from run to run. */
export const TEST_KEYS = {
  OPERATOR_KEY: "op_end_to_end_tests",
  SIGNING_KEYS: `{"sign":1,"keys":{"1":"${Buffer.alloc(32, 1).toString("base64url")}"}}`,
  DATA_KEY: Buffer.alloc(32, 2).toString("base64url"),
};

// A start takes note of the workerd it brings up by looking which one is new, so starts take turns.
let turn = Promise.resolve();
function inTurn(body) {
  const mine = turn.then(body);
  turn = mine.catch(() => undefined);
  return mine;
}

/**
 * @param {object} [options]
 * @param {string} [options.entry] another entry module than src/edge/js/entry.mjs (a path from the root)
 * @param {boolean} [options.faults] the wasm that fails on demand (src/edge/faults.rs)
 * @param {string} [options.modules] directory of another build than the one in build/
 * @param {string} [options.state] directory of the data; by default a new one that `stop` removes
 * @param {number} [options.port] by default any free one, which `restart` keeps
 * @param {Record<string, string>} [options.vars] on top of `TEST_KEYS`
 * @param {(worker: object) => void} [options.retune] changes miniflare's options of the Worker
 * @param {object} [options.shared] miniflare's options of the whole instance
 */
export async function startEdge({ entry, faults = false, modules, state, port = 0, vars = {}, retune, shared } = {}) {
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
    retune,
    onLog: (line) => logs.push(line),
    ...shared,
  };
  let running;
  let pid;
  const start = (onPort) =>
    inTurn(async () => {
      const before = new Set(workerdPids());
      running = await startWorker({ ...options, port: onPort });
      [pid] = workerdPids().filter((candidate) => !before.has(candidate));
    });
  await start(port);

  const edge = {
    /** Where it listens; the same after a restart. */
    url: running.url,
    /** Console lines of the Worker, `{level, message}`. */
    logs,
    /** Directory of all that is stored. */
    state: options.state,
    /** Miniflare: KV and Durable Object access, `dispatchFetch` with a `cf` of your own. */
    get mf() {
      return running.mf;
    },
    /** Process id of workerd. */
    get pid() {
      return pid;
    },
    /**
     * `fetch` of a path; redirects are not followed, because they are what is tested. `cf` is what the Worker finds
     * as `request.cf`, `ip` the visitor's address; without them it sees neither, as under `cargo xtask dev`.
     */
    fetch(route, { cf, ip, headers, ...init } = {}) {
      const all = new Headers(headers);
      if (cf) all.set("mf-cf-blob", JSON.stringify(cf));
      if (ip) all.set("cf-connecting-ip", ip);
      return fetch(new URL(route, edge.url), { redirect: "manual", ...init, headers: all });
    },
    /** SIGKILL to workerd, and to nothing else. It stays down until `restart`. */
    async kill() {
      process.kill(pid, "SIGKILL");
      await poll(() => !workerdPids().includes(pid), { what: "workerd to be gone" });
      await running.mf.dispose(); // or miniflare would bring it back by itself
    },
    /** Starts again on the same data and port; a running one is killed first. */
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

/** Calls `look` until it gives something true, and returns that. */
export async function poll(look, { deadlineMs = 5_000, intervalMs = 10, what = "a condition" } = {}) {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`waited ${deadlineMs} ms in vain for ${what}`);
    await delay(intervalMs);
  }
}

/**
 * The API as the holder of `key` sees it. Each call gives `{status, headers, body}`, the body parsed where it is JSON.
 * A POST gets an Idempotency-Key of its own unless it brings one.
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
    /** The body of an answer that must be a success. */
    async json(method, route, body, headers) {
      const answer = await call(method, route, body, headers);
      if (answer.status >= 300) {
        throw new Error(`${method} ${route} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
      }
      return answer.body;
    },
  };
}
