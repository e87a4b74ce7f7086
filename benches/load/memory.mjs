// Memory of the isolate under load, as V8's inspector reports it: JavaScript's heap, and the memory outside it (array
// buffers and WebAssembly's linear memory). The size of the workerd process, which the platform does not count, is
// larger.
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { startLoad, waitFor } from "./load.mjs";
import { makeLink, startHello, startSignpost } from "./servers.mjs";
import { writeVisits } from "./visitors.mjs";

const LIMIT_MIB = 64;
const mib = (bytes) => bytes / 1024 / 1024;

/** Connects to the inspector of a Worker. `send` sends a command and resolves to its result. */
async function inspector(mf, worker) {
  const url = new URL(`/core:user:${worker}`, await mf.getInspectorURL());
  const socket = new WebSocket(url);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("the inspector did not respond"));
  });
  const pending = new Map();
  socket.onmessage = ({ data }) => {
    const { id, result, error } = JSON.parse(data);
    pending.get(id)?.(error ? Promise.reject(new Error(error.message)) : result);
    pending.delete(id);
  };
  let number = 0;
  const send = (method, params = {}) =>
    new Promise((resolve) => {
      number += 1;
      pending.set(number, resolve);
      socket.send(JSON.stringify({ id: number, method, params }));
    });
  return { send, close: () => socket.close() };
}

/** Calls `sample` every few milliseconds while a server is under load. It receives a function that sends commands. */
async function underLoad({ server, worker, load, requests, seconds }, sample) {
  const { send, close } = await inspector(server.mf, worker);
  await send("Runtime.enable");
  await send("HeapProfiler.enable");
  const { child, done } = startLoad(load, { port: server.port, requests, seconds: Math.max(seconds, 4) });
  await waitFor(async () => {
    await sample(send);
    return child.exitCode !== null;
  }, 60_000);
  await done;
  close(); // otherwise a second session would wait for this one
}

const outsideHeap = (usage) => (usage.backingStorageSize ?? 0) + (usage.embedderHeapUsedSize ?? 0);

/** Returns the peak memory of V8 in bytes. Most of it is garbage that was not collected yet. */
async function peakTotal(options) {
  let peak = 0;
  await underLoad(options, async (send) => {
    const usage = await send("Runtime.getHeapUsage");
    peak = Math.max(peak, usage.totalSize + outsideHeap(usage));
  });
  return peak;
}

/** Returns the peak memory after garbage collections under load, in bytes. */
async function peakInUse(options) {
  let peak = 0;
  await underLoad(options, async (send) => {
    await send("HeapProfiler.collectGarbage");
    const usage = await send("Runtime.getHeapUsage");
    peak = Math.max(peak, usage.usedSize + outsideHeap(usage));
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
    const signpost = { server, worker: "signpost", load, requests, seconds };
    const [total, used] = [await peakTotal(signpost), await peakInUse(signpost)];
    const helloRequests = path.join(scratch, "hello.json");
    await writeVisits(hello, helloRequests);
    const helloTotal = await peakTotal({ server: hello, worker: "peer", load, requests: helloRequests, seconds });
    print({ figure: "memory in use under load", value: mib(used), unit: "MiB", at_most: LIMIT_MIB, compares: "peak after garbage collections: heap, buffers, wasm, the engine's wrappers" });
    print({ figure: "total memory under load", value: mib(total), unit: "MiB", compares: "peak, with garbage that was not collected yet" });
    print({ figure: "total memory under load, JS hello world", value: mib(helloTotal), unit: "MiB", compares: "measured in the same way" });
  } finally {
    await Promise.all([server.mf.dispose(), hello.mf.dispose()]);
  }
}
