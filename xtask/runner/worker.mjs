// Starts the Worker in workerd as wrangler.toml describes it: the one way that `dev`, the end-to-end tests and the
// load benchmarks share.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { WASM } from "./bundle.mjs";

const NAME = "signpost";
// Importing wrangler takes a second and makes it look at the environment, so it is told first to stay quiet.
process.env.WRANGLER_LOG ??= "error";
process.env.CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV ??= "false";
const { unstable_getMiniflareWorkerOptions: readWranglerToml } = await import("wrangler");
const { Log, LogLevel, Miniflare, convertV4MiniflareOptions } = await import("miniflare");

/** Miniflare's own words, on standard error: standard output is for what its reader was promised. */
class Warnings extends Log {
  log(message) {
    console.error(message);
  }
}

// What wrangler.toml says, in miniflare's words. wrangler looks for the required secrets in the environment; they
// are shown to it for the moment of reading, and not inherited by workerd.
function bindings(root, vars) {
  const before = { ...process.env };
  Object.assign(process.env, vars);
  try {
    const { workerOptions } = readWranglerToml(path.join(root, "wrangler.toml"));
    delete workerOptions.modulesRules; // the bundle is whole: there is nothing to look for
    return { ...workerOptions, bindings: { ...workerOptions.bindings, ...vars } };
  } finally {
    process.env = before;
  }
}

// Requests go straight into the Worker's own socket. Miniflare's entry socket runs a JavaScript proxy in front of
// it, at a seventh of the speed; a second, empty Worker is the way to be given a socket without it.
function directSocket(port) {
  return {
    name: "socket",
    modules: true,
    script: "export default {}",
    compatibilityDate: "2026-11-01",
    unsafeDirectSockets: [{ host: "127.0.0.1", port, serviceName: NAME }],
  };
}

/** A socket whose Worker logs each request and passes it on. */
function loggingSocket(port) {
  return {
    ...directSocket(port),
    script: readFileSync(new URL("request_log.mjs", import.meta.url), "utf8"),
    serviceBindings: { SIGNPOST: NAME },
    unsafeDirectSockets: [{ host: "127.0.0.1", port }],
  };
}

/**
 * @param {object} options
 * @param {string} options.root the repository
 * @param {string} [options.modules] directory of worker.mjs and its wasm
 * @param {number} [options.port] 0 = any free one
 * @param {string} [options.state] directory of everything stored; without it nothing outlives the Worker
 * @param {Record<string, string>} [options.vars] secrets and variables
 * @param {boolean} [options.logRequests] logs each request to the Worker's console
 * @param {(worker: object) => void} [options.retune] changes miniflare's options of the Worker
 * @param {(entry: {level: string, message: string}) => void} [options.onLog] the Worker's console
 * @returns {Promise<{mf: Miniflare, url: string, port: number}>}
 */
export async function startWorker({ root, modules = path.join(root, "build"), port = 0, state, vars = {}, logRequests = false, retune, onLog, ...shared }) {
  const worker = {
    ...bindings(root, vars),
    name: NAME,
    rootPath: root,
    modulesRoot: modules,
    modules: [
      { type: "ESModule", path: path.join(modules, "worker.mjs") },
      { type: "CompiledWasm", path: path.join(modules, WASM) },
    ],
  };
  retune?.(worker);
  const mf = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false, // never fetch a sample of it
      log: new Warnings(LogLevel.WARN),
      logRequests: false,
      resourcePersistencePath: state,
      unsafeTriggerHandlers: true,
      unsafeInspectDurableObjects: false,
      handleStructuredLogs: onLog,
      ...shared,
      workers: [worker, logRequests ? loggingSocket(port) : directSocket(port)],
    }),
  );
  try {
    await mf.ready;
    const { origin: url, port: bound } = await mf.unsafeGetDirectURL("socket");
    return { mf, url, port: Number(bound) };
  } catch (error) {
    await mf.dispose().catch(() => undefined); // what broke the start is what matters
    throw error;
  }
}

/** The workerd processes that this process started and that live. */
export function workerdPids() {
  const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,comm="], { encoding: "utf8" });
  return processes
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state, name]) => Number(parent) === process.pid && !state.startsWith("Z") && name.endsWith("workerd"))
    .map(([pid]) => Number(pid));
}
