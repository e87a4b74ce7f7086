// Replaces Apple's root certificate in a build. Only Apple can sign under its own root, and the root is not
// configurable.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { WASM } from "../../../xtask/runner/bundle.mjs";
import { ROOT } from "./harness.mjs";

/** The start and the end of Apple Root CA - G3 in base64. */
const [HEAD, TAIL] = ["MIICQzCCAcmgAwIBAgIILcX8iNLFS5UwCgYIKoZIzj0EAwMw", "3UT82NQz60imOlM27jbdoXt2QfyFMm+YhidDkLF1vLUagM6BgD56KyKA=="];

/** Copies the build to `directory` and writes `root` into the wasm. It must have the length of Apple's root. */
export function withRoot(root, directory) {
  const build = path.join(ROOT, "build");
  for (const name of ["worker.mjs", WASM]) cpSync(path.join(build, name), path.join(directory, name));
  const wasm = readFileSync(path.join(directory, WASM));
  const text = root.toString("base64");
  const start = wasm.indexOf(HEAD);
  const end = wasm.indexOf(TAIL, start) + TAIL.length;
  if (start < 0 || end - start !== text.length) throw new Error("Apple's root was not found in the wasm, or has another length");
  wasm.write(text, start, "latin1");
  writeFileSync(path.join(directory, WASM), wasm);
}
