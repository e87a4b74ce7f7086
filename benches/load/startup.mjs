// What the Worker's start costs: compiling and evaluating the module and making the wasm instance. A probe Worker
// imports it while it answers its first request; what the second request does not take is the start. (`wrangler check
// startup` imports it in the same way.) The bundle's size is that of the deployment, compressed as the platform does.
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { median } from "./load.mjs";
import { peer } from "./servers.mjs";

const STARTS = 9;
const FILES = ["worker.mjs", "index_bg.wasm"];
const PROBE = (main) => `export default { async fetch() { await import("./${main}"); return new Response("started"); } };`;

/** Milliseconds from the start of a request to its whole answer. */
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
  const ours = [probe("worker.mjs"), ...FILES.map((name) => module(name, path.join(build, name)))];
  const theirs = [probe("hello.mjs"), module("hello.mjs", hello)];
  const times = { ours: [], theirs: [] };
  for (let number = 0; number < STARTS; number += 1) {
    times.ours.push(await start(ours, scratch));
    times.theirs.push(await start(theirs, scratch));
  }
  print({
    figure: "start-up of the Worker",
    value: median(times.ours) - median(times.theirs),
    unit: "ms",
    at_most: 25,
    compares: `import of the module, less that of an empty one; median of ${STARTS} starts each, in turns`,
  });
  const bundle = Buffer.concat(FILES.map((name) => readFileSync(path.join(build, name))));
  print({
    figure: "bundle",
    value: gzipSync(bundle).length / 1024,
    unit: "KiB",
    at_most: 1536,
    compares: `gzip; ${Math.round(bundle.length / 1024)} KiB before`,
  });
}
