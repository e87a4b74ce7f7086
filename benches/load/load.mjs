// Runs the load generator (xtask/load), and measures the servers.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, readdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** Starts a load. `done` resolves to its report. */
export function startLoad(binary, { port, requests, connections = 16, seconds, rate, first = 0 }) {
  const args = ["--port", port, "--requests", requests, "--connections", connections, "--seconds", seconds, "--first", first];
  if (rate) args.push("--rate", rate);
  const child = spawn(binary, args.map(String), { stdio: ["ignore", "pipe", "inherit"] });
  let text = "";
  child.stdout.on("data", (chunk) => {
    text += chunk;
  });
  const done = once(child, "close").then(([code]) => {
    if (code !== 0) throw new Error(`the load generator ended with code ${code}`);
    return JSON.parse(text);
  });
  return { child, done };
}

export const runLoad = (binary, options) => startLoad(binary, options).done;

export const median = (values) => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Calls `check` until it returns true. Returns the milliseconds waited, or undefined after `limitMs`. */
export async function waitFor(check, limitMs) {
  const since = performance.now();
  for (;;) {
    if (await check()) return performance.now() - since;
    if (performance.now() - since > limitMs) return undefined;
    await delay(20);
  }
}

/** Returns the processor time of all threads of a process so far, in milliseconds. */
export function processorMs(pid) {
  const tasks = readdirSync(`/proc/${pid}/task`).map((task) => readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8"));
  return tasks.reduce((sum, text) => sum + Number(text.split(" ")[0]), 0) / 1e6;
}
