// `cargo xtask dev`, as a reader starts it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import path from "node:path";

/**
 * Starts the product with its data in `<directory>/.signpost`, and returns its address and `stop`. It may call this machine,
 * because docs/webhooks.md receives events.
 */
export async function startProduct({ xtask, directory }) {
  const data = path.join(directory, ".signpost");
  // Without a group of its own it would get the signals that are meant for the tests.
  const product = spawn(xtask, ["dev", "--port", "0", "--data", data, "--allow-loopback"], { cwd: directory, stdio: ["ignore", "pipe", "inherit"], detached: true });
  const printed = [];
  const exited = once(product, "exit");
  const ready = (async () => {
    for await (const line of createInterface({ input: product.stdout })) {
      printed.push(line);
      if (line.startsWith("ready ")) return line.slice("ready ".length);
    }
    throw new Error(`the product did not start:\n${printed.join("\n")}`);
  })();
  const url = await ready;
  product.stdout.resume();
  return {
    url,
    /** What the product printed until it was ready. */
    printed: printed.join("\n"),
    async stop() {
      product.kill("SIGTERM");
      await exited;
    },
  };
}
