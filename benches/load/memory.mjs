// Memory of the isolate under load, as V8 tells it through the inspector: JavaScript's heap, and what lies beside it
// (array buffers and WebAssembly's linear memory). workerd's own size, which the platform does not count, is larger.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { startLoad, waitFor } from "./load.mjs";
import { makeLink, startSignpost } from "./servers.mjs";
import { writeVisits } from "./visitors.mjs";

const LIMIT_MIB = 64;
const mib = (bytes) => bytes / 1024 / 1024;

/** One command to the inspector at a time. */
async function inspector(mf) {
  const url = new URL("/core:user:signpost", await mf.getInspectorURL());
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the inspector did not answer"));
  });
  const waiting = new Map();
  socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    waiting.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
    waiting.delete(id);
  };
  let number = 0;
  return (method, params = {}) =>
    new Promise((resolve) => {
      number += 1;
      waiting.set(number, resolve);
      socket.send(JSON.stringify({ id: number, method, params }));
    });
}

export async function memory({ print, load, scratch, seconds, ...options }) {
  const state = path.join(scratch, "memory");
  await mkdir(state, { recursive: true });
  const server = await startSignpost({ scratch, ...options, state, shared: { inspectorPort: 0 } });
  try {
    server.path = await makeLink(server);
    const requests = path.join(scratch, "visits.json");
    await writeVisits(server, requests);
    const ask = await inspector(server.mf);
    await ask("Runtime.enable");
    const { child, done } = startLoad(load, { port: server.port, requests, seconds: Math.max(seconds, 4) });
    let most = { all: 0 };
    await waitFor(async () => {
      const usage = await ask("Runtime.getHeapUsage");
      const all = usage.totalSize + (usage.backingStorageSize ?? 0) + (usage.embedderHeapUsedSize ?? 0);
      if (all > most.all) most = { all, ...usage };
      return child.exitCode !== null;
    }, 60_000);
    await done;
    const parts = `heap ${mib(most.totalSize).toFixed(1)} MiB, buffers and wasm ${mib(most.backingStorageSize ?? 0).toFixed(1)} MiB`;
    print({ figure: "memory of the isolate under load", value: mib(most.all), unit: "MiB", at_most: LIMIT_MIB, compares: `the most seen, clicks stored, by V8's inspector: ${parts}` });
  } finally {
    await server.mf.dispose();
  }
}
