// The cost of the Worker's start: compiling and evaluating the module and creating the wasm instance. A probe Worker
// imports the module during its first request. The cost is the difference between the first and the second request.
// (`wrangler check startup` imports it in the same way.) The bundle's size is that of the deployment, compressed as on
// the platform.
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { median } from "./load.mjs";
import { peer } from "./servers.mjs";

const STARTS = 9;
const FILES = ["worker.mjs", "index_bg.wasm"];
const PROBE = (main) => `export default { async fetch() { await import("./${main}"); return new Response("started"); } };`;

/** Returns the milliseconds from the start of a request to its complete response. */
async function request(port) {
  const since = performance.now();
  const response = await fetch(`http://127.0.0.1:${port}/`);
  if ((await response.text()) !== "started") throw new Error("the probe could not start the Worker");
  return performance.now() - since;
}

async function start(modules, modulesRoot) {
  const { mf, port } = await peer({ modules, modulesRoot });
  try {
    return (await request(port)) - (await request(port));
  } finally {
    await mf.dispose();
  }
}

export async function startup({ root, scratch, print }) {
  const build = path.join(root, "build");
  const hello = path.join(scratch, "hello.mjs");
  await writeFile(hello, "export default {};");
  const probe = (main) => ({ type: "ESModule", path: path.join(scratch, "probe.mjs"), contents: PROBE(main) });
  const module = (name, file) => ({
    type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
    path: path.join(scratch, name),
    contents: name.endsWith(".wasm") ? readFileSync(file) : readFileSync(file, "utf8"),
  });
  const worker = [probe("worker.mjs"), ...FILES.map((name) => module(name, path.join(build, name)))];
  const empty = [probe("hello.mjs"), module("hello.mjs", hello)];
  const times = { worker: [], empty: [] };
  for (let number = 0; number < STARTS; number += 1) {
    times.worker.push(await start(worker, scratch));
    times.empty.push(await start(empty, scratch));
  }
  print({
    figure: "start-up of the Worker",
    value: median(times.worker) - median(times.empty),
    unit: "ms",
    at_most: 25,
    compares: `import of the module minus import of an empty one; medians of ${STARTS} alternating starts`,
  });
  const bundle = Buffer.concat(FILES.map((name) => readFileSync(path.join(build, name))));
  print({
    figure: "bundle",
    value: gzipSync(bundle).length / 1024,
    unit: "KiB",
    at_most: 1536,
    compares: `gzip; ${Math.round(bundle.length / 1024)} KiB uncompressed`,
  });
}
