// A build with another root in Apple's place: nobody but Apple can sign under Apple's, and no setting leads around it.
import { cpSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { WASM } from "../../../xtask/runner/bundle.mjs";
import { ROOT } from "./harness.mjs";

/** What Apple Root CA - G3 begins and ends with, in base64. */
const [HEAD, TAIL] = ["MIICQzCCAcmgAwIBAgIILcX8iNLFS5UwCgYIKoZIzj0EAwMw", "3UT82NQz60imOlM27jbdoXt2QfyFMm+YhidDkLF1vLUagM6BgD56KyKA=="];

/** Copies the build to `directory` and puts `root`, which is as long as Apple's, into the wasm. */
export function withRoot(root, directory) {
  const build = path.join(ROOT, "build");
  for (const name of ["worker.mjs", WASM]) cpSync(path.join(build, name), path.join(directory, name));
  const wasm = readFileSync(path.join(directory, WASM));
  const text = root.toString("base64");
  const start = wasm.indexOf(HEAD);
  const end = wasm.indexOf(TAIL, start) + TAIL.length;
  if (start < 0 || end - start !== text.length) throw new Error("Apple's root does not stand in the wasm as it is known here");
  wasm.write(text, start, "latin1");
  writeFileSync(path.join(directory, WASM), wasm);
}
