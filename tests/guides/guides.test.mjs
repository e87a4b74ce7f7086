// Runs every command of README.md and of docs/ in order, in one shell, against the product with its demo programme. A
// command must succeed, and print what the document says.
import assert from "node:assert/strict";
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { pattern } from "./support/expected.mjs";
import { steps } from "./support/fences.mjs";
import { startProduct } from "./support/product.mjs";
import { Session } from "./support/session.mjs";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
/** The address in the documents. */
const DOCUMENTED_URL = "http://127.0.0.1:8787";
/** The documents in the order of use, which is the order of README's list of guides. */
const DOCUMENTS = ["README.md", ...[...(await readFile(path.join(ROOT, "README.md"), "utf8")).matchAll(/^- \[[^\]]+\]\((docs\/[a-z-]+\.md)\)/gm)].map(([, file]) => file)];

let directory;
let product;
let session;

before(async () => {
  const xtask = process.env.XTASK;
  assert.ok(xtask, "run these tests with `cargo xtask test --filter guides`, which names the program that they start");
  directory = await mkdtemp(path.join(os.tmpdir(), "signpost-guides-"));
  product = await startProduct({ xtask, directory });
  session = await Session.start({ directory, scratch: path.join(directory, ".shell"), xtask });
});
after(async () => {
  await session?.end();
  await product?.stop();
  if (directory) await rm(directory, { recursive: true, force: true, maxRetries: 5 });
});

async function runs({ line, command, expected }) {
  const { status, output, errors } = await session.run(command.replaceAll(DOCUMENTED_URL, product.url));
  const shown = `line ${line}: ${command}\n${output}${errors}`;
  assert.equal(status, 0, shown);
  if (expected) assert.match(output.replaceAll(product.url, DOCUMENTED_URL), pattern(expected), shown);
}

test("README.md lists every guide", async () => {
  const files = (await readdir(path.join(ROOT, "docs"))).filter((name) => name.endsWith(".md")).map((name) => `docs/${name}`);
  assert.deepEqual(DOCUMENTS.slice(1).toSorted(), files.toSorted());
});

for (const file of DOCUMENTS) {
  test(`the commands of ${file} work`, async (t) => {
    for (const step of steps(await readFile(path.join(ROOT, file), "utf8"))) {
      const name = `line ${step.line}: ${step.command.split("\n").find((text) => !text.startsWith("#"))}`;
      await t.test(name, { skip: step.reason }, () => runs(step));
    }
  });
}

test("the lines that the product prints at its start turn a click into a sale", async () => {
  const lines = product.printed.split("\n");
  const begin = lines.findIndex((line) => line.startsWith("KEY="));
  const { status, output, errors } = await session.run(lines.slice(begin).join("\n").replace(/^ready .*$/m, ""));
  assert.equal(status, 0, errors);
  assert.match(output, /"commissions":\[\{"id":"com_[0-9a-v]{26}",.*"amount":137225,/);
});

test("an output that differs is found", () => {
  const expected = '{"id":"cnv_06h0c88dep0do2bc8hut9l3dv8",…\n "amount":499000,"at":"2026-11-23T00:00:00Z"}';
  const printed = '{"id":"cnv_16h0c88dep0do2bc8hut9l3dv8","type":"sale","amount":499000,"at":"2027-01-01T10:00:00.123Z"}\n';
  assert.match(printed, pattern(expected));
  assert.doesNotMatch(printed.replace("499000", "499001"), pattern(expected));
  assert.doesNotMatch(printed.replace("cnv_", "com"), pattern(expected));
  assert.doesNotMatch(`${printed}{}`, pattern(expected));
});
