// Starts the Worker in workerd as wrangler.toml configures it, for `dev`, the end-to-end tests and the load benchmarks.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import process from "node:process";
import { WASM } from "./bundle.mjs";

const NAME = "signpost";
// wrangler reads these variables when it is imported.
process.env.WRANGLER_LOG ??= "error";
process.env.CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV ??= "false";
const { unstable_getMiniflareWorkerOptions: readWranglerToml } = await import("wrangler");
const { Log, LogLevel, Miniflare, convertV4MiniflareOptions } = await import("miniflare");

/** Writes miniflare's log to standard error, because standard output is reserved for results. */
class StderrLog extends Log {
  log(message) {
    console.error(message);
  }
}

// Converts wrangler.toml to miniflare's options. wrangler requires the secrets in the environment. They are set during
// the conversion only, so that workerd does not inherit them.
function workerOptions(root, vars) {
  const before = { ...process.env };
  Object.assign(process.env, vars);
  try {
    const { workerOptions: options } = readWranglerToml(path.join(root, "wrangler.toml"));
    delete options.modulesRules; // the bundle has no further modules to find
    return { ...options, bindings: { ...options.bindings, ...vars } };
  } finally {
    process.env = before;
  }
}

// Returns an empty second Worker whose socket leads directly to the Worker. Miniflare's entry socket has a JavaScript
// proxy in front of it, at a seventh of the speed, and only such a Worker gets a socket without the proxy.
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
 * @param {number} [options.port] 0 selects a free port
 * @param {string} [options.state] directory of the stored data; without it, data is lost when the Worker stops
 * @param {Record<string, string>} [options.vars] secrets and variables
 * @param {boolean} [options.allowLoopback] lets events be sent to http addresses of this machine
 * @param {{handle: Function}} [options.mailbox] receives mail, and shows it below /dev/mail (mailbox.mjs)
 * @param {boolean} [options.logRequests] logs each request to the Worker's console
 * @param {(worker: object) => void} [options.retune] changes miniflare's options of the Worker
 * @param {(entry: {level: string, message: string}) => void} [options.onLog] the Worker's console
 * @returns {Promise<{mf: Miniflare, url: string, port: number}>}
 */
export async function startWorker({ root, modules = path.join(root, "build"), port = 0, state, vars = {}, allowLoopback = false, mailbox, logRequests = false, retune, onLog, ...shared }) {
  const worker = {
    ...workerOptions(root, vars),
    name: NAME,
    rootPath: root,
    modulesRoot: modules,
    modules: [
      { type: "ESModule", path: path.join(modules, "worker.mjs") },
      { type: "CompiledWasm", path: path.join(modules, WASM) },
    ],
  };
  // src/edge/receiver.rs sends through this network. The platform has no such bindings, so a deployed Worker cannot have it.
  if (allowLoopback) worker.serviceBindings = { ...worker.serviceBindings, DEV_LOOPBACK: { network: { allow: ["local"] } } };
  if (mailbox) worker.serviceBindings = { ...worker.serviceBindings, DEV_MAILBOX: (request) => mailbox.handle(request) };
  retune?.(worker);
  const mf = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false, // prevents miniflare from downloading a sample `cf` object
      log: new StderrLog(LogLevel.WARN),
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
    await mf.dispose().catch(() => undefined); // the first error is more important
    throw error;
  }
}

/** Returns the ids of the running workerd processes that this process started. */
export function workerdPids() {
  const processes = execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,comm="], { encoding: "utf8" });
  return processes
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, parent, state, name]) => Number(parent) === process.pid && !state.startsWith("Z") && name.endsWith("workerd"))
    .map(([pid]) => Number(pid));
}
