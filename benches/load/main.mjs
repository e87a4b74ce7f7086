// The process that runs the load tests of `cargo xtask bench`. The first line of standard input is its configuration.
// It prints figures, one JSON object per line.
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

const input = createInterface({ input: process.stdin });
const { value: firstLine } = await input[Symbol.asyncIterator]().next();
const { root, load, disk, seconds, rounds, sections } = JSON.parse(firstLine);
// Exiting also ends workerd. Standard input closes when the parent process ends for any reason.
process.stdin.on("end", () => process.exit(1));

const print = (figure) => console.log(JSON.stringify(figure));
const memory = existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir();

/** The parts of the benchmark; `cargo xtask bench --only <name>` runs one. */
const all = {
  startup: async (options) => (await import("./startup.mjs")).startup(options),
  redirects: async (options) => (await import("./redirects.mjs")).redirects(options),
  clicks: async (options) => (await import("./burst.mjs")).clicks(options),
  conversions: async (options) => (await import("./conversions.mjs")).conversions(options),
  simulation: async (options) => (await import("./simulations.mjs")).simulations(options),
  callbacks: async (options) => (await import("./callbacks.mjs")).callbacks(options),
  signed: async (options) => (await import("./signed.mjs")).signed(options),
  webhooks: async (options) => (await import("./webhooks.mjs")).webhooks(options),
  memory: async (options) => (await import("./memory.mjs")).memory(options),
};

for (const section of sections) {
  // Tests of throughput store data in memory, because the disk of this machine differs from the platform's. Tests of
  // durability store data on disk.
  const scratch = await mkdtemp(path.join(memory, "signpost-bench-"));
  const onDisk = await mkdtemp(path.join(disk, "bench-"));
  try {
    await all[section]({ root, load, scratch, disk: onDisk, seconds, rounds, print });
  } finally {
    for (const directory of [scratch, onDisk]) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  }
}
process.exit(0);
