// The process behind the load part of `cargo xtask bench`. The first line of standard input is its configuration; it
// prints figures, one JSON object a line.
import { mkdtemp, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { createInterface } from "node:readline";

const input = createInterface({ input: process.stdin });
const { value: firstLine } = await input[Symbol.asyncIterator]().next();
const { root, load, seconds, rounds, sections } = JSON.parse(firstLine);
// Leaving ends workerd too. Standard input ends with the program that started this one, whatever ended it.
process.stdin.on("end", () => process.exit(1));

const print = (figure) => console.log(JSON.stringify(figure));
const memory = existsSync("/dev/shm") ? "/dev/shm" : os.tmpdir();

const all = {
  redirects: async (options) => (await import("./redirects.mjs")).redirects(options),
};

for (const section of sections) {
  const scratch = await mkdtemp(path.join(memory, "signpost-bench-"));
  try {
    await all[section]({ root, load, scratch, seconds, rounds, print });
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}
process.exit(0);
