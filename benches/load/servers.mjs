// The servers under test, each in a workerd of its own on a raw socket, and the links that lead to them.
import { build } from "esbuild";
import { createHmac, hkdfSync } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { bundle } from "../../xtask/runner/bundle.mjs";
import { startWorker, workerdPids } from "../../xtask/runner/worker.mjs";

const { Log, LogLevel, Miniflare, convertV4MiniflareOptions } = await import("miniflare");

const COMPATIBILITY = "2026-11-01";
const SHOP = "https://shop.example/buy?plan=pro";
const key = (label) => Buffer.from(hkdfSync("sha256", "signpost benchmark", "", label, 32)).toString("base64url");
const SIGNING = key("signing");
export const OPERATOR_KEY = "op_benchmark_operator";
const DATA_KEY = key("data");

/** Starts a server and finds out which workerd is its own. */
async function inWorkerd(start) {
  const before = new Set(workerdPids());
  const running = await start();
  const [pid] = workerdPids().filter((candidate) => !before.has(candidate));
  return { ...running, pid };
}

function miniflare(worker, state, shared = {}) {
  return new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      port: 0,
      cf: false,
      log: new Log(LogLevel.WARN),
      logRequests: false,
      resourcePersistencePath: state,
      unsafeInspectDurableObjects: false,
      ...shared,
      workers: [
        { ...worker, name: "peer", compatibilityDate: COMPATIBILITY },
        {
          name: "socket",
          modules: true,
          script: "export default {}",
          compatibilityDate: COMPATIBILITY,
          unsafeDirectSockets: [{ host: "127.0.0.1", port: 0, serviceName: "peer" }],
        },
      ],
    }),
  );
}

export async function peer(worker, state, shared) {
  return inWorkerd(async () => {
    const mf = miniflare(worker, state, shared);
    await mf.ready;
    const { port } = await mf.unsafeGetDirectURL("socket");
    return { mf, port: Number(port), path: "/" };
  });
}

/** (a) The engine's limit. */
export function startHello({ root, shared }) {
  const script = path.join(root, "benches/peers/hello/worker.mjs");
  const modules = [{ type: "ESModule", path: script }];
  return peer({ modules, modulesRoot: path.dirname(script) }, undefined, shared);
}

/** The Hono peer's bundle. */
async function bundlePeer(root, scratch) {
  const outfile = path.join(scratch, "hono/worker.mjs");
  await build({
    entryPoints: [path.join(root, "benches/peers/hono/src/index.ts")],
    outfile,
    bundle: true,
    format: "esm",
    target: "es2024",
    minify: true,
    external: ["cloudflare:*"],
    logLevel: "warning",
  });
  return outfile;
}

/** A link token under the peer's keys: layout of src/domain/token.rs. */
function peerToken() {
  const payload = Buffer.alloc(12);
  payload.writeUInt8(0x11, 0);
  payload.writeUInt32BE(1, 2);
  payload.writeUInt16BE(1, 6);
  const subkey = createHmac("sha256", Buffer.from(SIGNING, "base64url")).update("signpost link token v1").digest();
  const tag = createHmac("sha256", subkey).update(payload).digest().subarray(0, 12);
  return Buffer.concat([payload, tag]).toString("base64url");
}

/** (b) The same work in Hono and WebCrypto. */
export async function startHono({ root, scratch, state, stored }) {
  const script = await bundlePeer(root, scratch);
  const server = await peer(
    {
      modules: [{ type: "ESModule", path: script }],
      modulesRoot: path.dirname(script),
      bindings: {
        SIGNING_KEY: SIGNING,
        DATA_KEY,
        LISTINGS: JSON.stringify({ 1: SHOP }),
        STORE: stored ? "on" : "off",
      },
      durableObjects: { CLICKLOG: { className: "ClickLog", useSQLite: true } },
    },
    state,
  );
  return { ...server, path: `/r/${peerToken()}`, state };
}

/** Signpost itself, as `dev` and the tests start it; `stored: false` = without its click storage, `modules` = another build,
 *  `outbound` = what vendors answer. */
export async function startSignpost({ root, scratch, state, stored = true, modules, outbound, port = 0, shared = {} }) {
  if (!stored) {
    modules = path.join(scratch, "unstored");
    await mkdir(modules, { recursive: true });
    await bundle({
      entry: path.join(root, "benches/load/unstored.mjs"),
      wasmDir: path.join(root, "build/wasm"),
      outdir: modules,
    });
  }
  const vars = { OPERATOR_KEY, SIGNING_KEYS: JSON.stringify({ sign: 1, keys: { 1: SIGNING } }), DATA_KEY };
  const onLog = ({ level, message }) => {
    if (level === "error" || level === "warn") console.error(`signpost ${level}: ${message}`);
  };
  // One operator key does all the work here: its limit of 1,000 requests a minute would be all there is to see.
  const retune = (worker) => {
    delete worker.ratelimits;
    if (outbound) worker.outboundService = outbound;
  };
  const server = await inWorkerd(() => startWorker({ root, modules, port, state, vars, onLog, retune, ...shared }));
  return { ...server, state };
}

/** Calls Signpost's API. */
export async function api(server, method, target, body, idempotency) {
  const response = await fetch(`http://127.0.0.1:${server.port}${target}`, {
    method,
    headers: {
      authorization: `Bearer ${OPERATOR_KEY}`,
      "content-type": "application/json",
      ...(idempotency && { "idempotency-key": idempotency }),
    },
    body: body && JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${target} answered ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Sets a programme up and answers the path of a link. */
export async function makeLink(server) {
  await api(server, "PUT", "/v1/program", { name: "Benchmark", currency: "EUR", landing_url: "https://shop.example/" });
  const listing = await api(server, "POST", "/v1/listings", { name: "Shop", marketplace: "web", url: SHOP }, "listing");
  const partner = await api(server, "POST", "/v1/partners", { name: "Ada", kind: "influencer" }, "partner");
  const link = await api(
    server, "POST", "/v1/links", { partner_id: partner.id, listing_id: listing.id }, "link",
  );
  return new URL(link.url).pathname;
}
