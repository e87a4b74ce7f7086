// Bundles an entry module with the wasm's JavaScript into `<outdir>/worker.mjs`, and puts the wasm beside it.
// `node bundle.mjs <entry> <wasm dir> <outdir>`; the end-to-end tests call `bundle` for entries of their own.
import { build } from "esbuild";
import { copyFile, mkdir } from "node:fs/promises";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

export const WASM = "index_bg.wasm";

export async function bundle({ entry, wasmDir, outdir }) {
  await mkdir(outdir, { recursive: true });
  await build({
    entryPoints: [entry],
    outfile: path.join(outdir, "worker.mjs"),
    bundle: true,
    format: "esm",
    target: "es2024",
    minify: true,
    // The runtime resolves these two itself.
    external: ["cloudflare:*", "*.wasm"],
    logLevel: "warning",
  });
  await copyFile(path.join(wasmDir, WASM), path.join(outdir, WASM));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [entry, wasmDir, outdir] = process.argv.slice(2);
  // esbuild has printed what is wrong.
  await bundle({ entry, wasmDir, outdir }).catch(() => process.exit(1));
}
