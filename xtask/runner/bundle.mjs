// Bundles an entry module with the JavaScript of the wasm into `<outdir>/worker.mjs`, and copies the wasm there. The
// module of wasm-bindgen has one instance as its state. The bundle wraps it in a function that creates instances
// (`wasm-factory`). Usage: `node bundle.mjs <entry> <wasm dir> <outdir>`. The end-to-end tests call `bundle` with other
// entries.
import { build } from "esbuild";
import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const WASM = "index_bg.wasm";

/** Modules that the runtime resolves itself. */
const PLATFORM = ["cloudflare:*", "*.wasm"];
const TARGET = "es2024";

/**
 * Returns the text of a module. Its `instantiate` creates a wasm instance with a `queueMicrotask` and host functions.
 */
async function factory(wasmDir) {
  const { outputFiles } = await build({
    entryPoints: [path.join(wasmDir, "index.js")],
    bundle: true,
    format: "cjs",
    target: TARGET,
    external: [...PLATFORM, "host"],
    write: false,
    logLevel: "warning",
  });
  const [{ text }] = outputFiles;
  // The names below must differ from those in the output of wasm-bindgen, such as `wasm`.
  return `
    import compiledModule from "./${WASM}";
    export function instantiate(queueMicrotask, host) {
      const module = { exports: {} };
      const require = (name) => (name === "host" ? host : compiledModule);
      ${text}
      return module.exports;
    }`;
}

const wasmFactory = (wasmDir) => ({
  name: "wasm-factory",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^wasm-factory$/ }, () => ({ path: "wasm-factory", namespace: "wasm-factory" }));
    onLoad({ filter: /.*/, namespace: "wasm-factory" }, async () => ({ contents: await factory(wasmDir), resolveDir: wasmDir }));
  },
});

/**
 * @param {object} options
 * @param {string} options.entry the entry module
 * @param {string} options.wasmDir directory of the wasm and its bindings
 * @param {string} options.outdir directory of the bundle
 * @param {Record<string, string>} [options.define] constants, as source text
 */
export async function bundle({ entry, wasmDir, outdir, define }) {
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: [entry],
    outfile: path.join(outdir, "worker.mjs"),
    bundle: true,
    format: "esm",
    target: TARGET,
    minify: true,
    external: PLATFORM,
    define,
    plugins: [wasmFactory(wasmDir)],
    logLevel: "warning",
  });
  await copyFile(path.join(wasmDir, WASM), path.join(outdir, WASM));
}

/** Bundles the Worker with a clock that shows `now` (Unix milliseconds) at this moment and runs on. */
export function bundleAt({ now, root, outdir }) {
  const entry = path.join(root, "xtask/runner/clock.mjs");
  const define = { CLOCK_AHEAD_MS: String(now - Date.now()) };
  return bundle({ entry, wasmDir: path.join(root, "build/wasm"), outdir, define });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, wasmDir, outdir] = process.argv.slice(2);
  // esbuild has already printed the errors.
  await bundle({ entry, wasmDir, outdir }).catch(() => process.exit(1));
}
