// Memory of the isolate under load, as V8 tells it through the inspector: JavaScript's heap, and what lies beside it
// (array buffers and WebAssembly's linear memory). workerd's own size, which the platform does not count, is larger.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { startLoad, waitFor } from "./load.mjs";
import { makeLink, startHello, startSignpost } from "./servers.mjs";
import { writeVisits } from "./visitors.mjs";

const LIMIT_MIB = 64;
const mib = (bytes) => bytes / 1024 / 1024;

/** One command to the inspector at a time. */
async function inspector(mf, worker) {
  const url = new URL(`/core:user:${worker}`, await mf.getInspectorURL());
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
  const ask = (method, params = {}) =>
    new Promise((resolve) => {
      number += 1;
      waiting.set(number, resolve);
      socket.send(JSON.stringify({ id: number, method, params }));
    });
  return { ask, close: () => socket.close() };
}

/** V8's figures under load, every few milliseconds; `look` gets them, and may ask for more. */
async function underLoad({ server, worker, load, requests, seconds }, look) {
  const { ask, close } = await inspector(server.mf, worker);
  await ask("Runtime.enable");
  await ask("HeapProfiler.enable");
  const { child, done } = startLoad(load, { port: server.port, requests, seconds: Math.max(seconds, 4) });
  await waitFor(async () => {
    await look(ask);
    return child.exitCode !== null;
  }, 60_000);
  await done;
  close(); // a second session would wait for this one
}

const beside = (usage) => (usage.backingStorageSize ?? 0) + (usage.embedderHeapUsedSize ?? 0);

/** The most that V8 took: with the garbage that it had not collected yet, which is most of it. */
async function most(options) {
  let peak = 0;
  await underLoad(options, async (ask) => {
    const usage = await ask("Runtime.getHeapUsage");
    peak = Math.max(peak, usage.totalSize + beside(usage));
  });
  return peak;
}

/** The most that was in use: what a collection amid the load left. */
async function inUse(options) {
  let peak = 0;
  await underLoad(options, async (ask) => {
    await ask("HeapProfiler.collectGarbage");
    const usage = await ask("Runtime.getHeapUsage");
    peak = Math.max(peak, usage.usedSize + beside(usage));
  });
  return peak;
}

export async function memory({ print, root, load, scratch, seconds }) {
  const state = path.join(scratch, "memory");
  await mkdir(state, { recursive: true });
  const shared = { inspectorPort: 0 };
  const hello = await startHello({ root, shared });
  const server = await startSignpost({ root, scratch, stored: true, state, shared });
  try {
    server.path = await makeLink(server);
    const requests = path.join(scratch, "visits.json");
    await writeVisits(server, requests);
    const ours = { server, worker: "signpost", load, requests, seconds };
    const [taken, used] = [await most(ours), await inUse(ours)];
    const helloRequests = path.join(scratch, "hello.json");
    await writeVisits(hello, helloRequests);
    const theirs = await most({ server: hello, worker: "peer", load, requests: helloRequests, seconds });
    print({ figure: "memory in use under load", value: mib(used), unit: "MiB", at_most: LIMIT_MIB, compares: "the most that a collection amid the load left: heap, buffers, wasm, the engine's wrappers" });
    print({ figure: "memory taken under load", value: mib(taken), unit: "MiB", compares: "the most seen, with garbage that V8 had not collected yet" });
    print({ figure: "memory taken under load, JS hello world", value: mib(theirs), unit: "MiB", compares: "the same way" });
  } finally {
    await Promise.all([server.mf.dispose(), hello.mf.dispose()]);
  }
}
