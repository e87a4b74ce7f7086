// The process that `cargo xtask dev` starts. The first line of standard input is its configuration, so that no secrets
// are on the command line. The process and workerd stop when standard input ends.
import { once } from "node:events";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

let running;
let stopping = false;
async function stop() {
  if (stopping) return;
  stopping = true;
  // If workerd is still starting, exiting ends it too.
  await running?.mf.dispose().catch((error) => console.error(`stopping: ${error.message}`));
  process.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
const input = createInterface({ input: process.stdin });
input.on("close", stop);

const [firstLine] = await once(input, "line");
const config = JSON.parse(firstLine);
const { startWorker } = await import("./worker.mjs");
const { bundleAt } = await import("./bundle.mjs");
const { printIntroduction } = await import("./demo.mjs");
const { explainFullDisk } = await import("./disk.mjs");
const { createMailbox } = await import("./mailbox.mjs");

/** Prints a message, and after it what to do if it says that the disk is full. */
function report(message) {
  console.error(message);
  const explanation = explainFullDisk(message, config.data);
  if (explanation !== undefined) console.error(explanation);
}

/** How far the Worker's clock is ahead of this machine's. */
const aheadMs = config.now === null ? 0 : config.now - Date.now();
let modules;
if (config.now !== null) {
  modules = path.join(config.data, "clock");
  await bundleAt({ now: config.now, root: config.root, outdir: modules });
}

const mailbox = createMailbox({
  file: path.join(config.data, "mail.ndjson"),
  onMail: ({ no, to, subject }) => console.log(`mail to ${to}: ${subject} (${running?.url ?? ""}/dev/mail/${no})`),
});
try {
  running = await startWorker({
    root: config.root,
    modules,
    port: config.port,
    state: config.state,
    vars: config.vars,
    allowLoopback: config.allowLoopback,
    mailbox,
    logRequests: config.verbose,
    onLog: ({ level, message }) => report(`worker ${level}: ${message}`),
  });
} catch (error) {
  if (error.code === "ERR_ADDRESS_IN_USE") {
    console.error(`error: port ${config.port} is in use by another program: choose another with --port <n>`);
  } else {
    report(`error: workerd did not start: ${error.message}`);
  }
  process.exit(1);
}

const { url } = running;
const health = await fetch(`${url}/healthz`);
if (!health.ok) {
  report(`error: the Worker returned ${health.status} on /healthz: ${await health.text()}`);
  process.exit(1);
}
const key = config.vars.OPERATOR_KEY;
// A request lets the Ledger do what became due while it was not running, or by its clock.
await fetch(`${url}/v1/program`, { headers: { authorization: `Bearer ${key}` } });
await printIntroduction({ url, key, data: config.data, root: config.root, load: config.demo, now: Date.now() + aheadMs });
console.log(`ready ${url}`);
