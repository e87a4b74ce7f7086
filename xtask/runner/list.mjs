// Lists the tests of suites without running them: `node list.mjs <file>…` prints `{"<file>": ["<full name>", …], …}`.
//
// node cannot do this. Its `--test-name-pattern` does not change which files run, so the top-level hooks of every file
// start their servers. Here `node:test` is replaced by list_names.mjs.
import { registerHooks } from "node:module";
import path from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { take } from "./list_names.mjs";

const NO_WORKER = `
  export const workerdPids = () => [];
  export function startWorker() {
    throw new Error("a suite starts its Worker in a before hook, so that its tests can be listed without it");
  }`;
const REPLACED = new Map([
  ["node:test", new URL("list_names.mjs", import.meta.url).href],
  // Importing wrangler takes a second, and nothing would stop a Worker that is started here.
  [new URL("worker.mjs", import.meta.url).href, `data:text/javascript,${encodeURIComponent(NO_WORKER)}`],
]);

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const url = REPLACED.get(found.url);
    return url ? { url, format: "module", shortCircuit: true } : found;
  },
});

const listed = {};
for (const file of process.argv.slice(2)) {
  await import(pathToFileURL(path.resolve(file)).href);
  listed[file] = take();
}
process.stdout.write(JSON.stringify(listed), () => process.exit(0));
