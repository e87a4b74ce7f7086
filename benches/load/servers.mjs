// Starts the servers under test, each in a separate workerd on a raw socket, and creates links.
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

/** Starts a server and finds the id of its workerd process. */
async function withPid(start) {
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
  return withPid(async () => {
    const mf = miniflare(worker, state, shared);
    await mf.ready;
    const { port } = await mf.unsafeGetDirectURL("socket");
    return { mf, port: Number(port), path: "/" };
  });
}

/** Starts the hello-world Worker, which shows the limit of the engine. */
export function startHello({ root, shared }) {
  const script = path.join(root, "benches/peers/hello/worker.mjs");
  const modules = [{ type: "ESModule", path: script }];
  return peer({ modules, modulesRoot: path.dirname(script) }, undefined, shared);
}

/** Bundles the Hono peer and returns the path of the bundle. */
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

/** Returns a link token signed with the peer's keys, with the layout of src/domain/links/token.rs. */
function peerToken() {
  const payload = Buffer.alloc(12);
  payload.writeUInt8(0x11, 0);
  payload.writeUInt32BE(1, 2);
  payload.writeUInt16BE(1, 6);
  const subkey = createHmac("sha256", Buffer.from(SIGNING, "base64url")).update("signpost link token v1").digest();
  const tag = createHmac("sha256", subkey).update(payload).digest().subarray(0, 12);
  return Buffer.concat([payload, tag]).toString("base64url");
}

/** Starts the peer, which does the same work with Hono and WebCrypto. */
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

/**
 * Starts Signpost as `dev` and the tests do. With `stored: false`, clicks are not stored. `modules` is the directory of
 * another build. `outbound` handles the requests to vendors.
 */
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
  // The benchmark uses one operator key, so the rate limit of 1,000 requests a minute is disabled.
  const retune = (worker) => {
    delete worker.ratelimits;
    if (outbound) worker.outboundService = outbound;
  };
  const server = await withPid(() => startWorker({ root, modules, port, state, vars, onLog, retune, ...shared }));
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
  if (!response.ok) throw new Error(`${method} ${target} returned ${response.status}: ${text}`);
  return JSON.parse(text);
}

/** Sets up a programme and returns the path of a link. */
export async function makeLink(server) {
  await api(server, "PUT", "/v1/program", { name: "Benchmark", currency: "EUR", landing_url: "https://shop.example/" });
  const listing = await api(server, "POST", "/v1/listings", { name: "Shop", marketplace: "web", url: SHOP }, "listing");
  const partner = await api(server, "POST", "/v1/partners", { name: "Ada", kind: "influencer" }, "partner");
  const link = await api(
    server, "POST", "/v1/links", { partner_id: partner.id, listing_id: listing.id }, "link",
  );
  return new URL(link.url).pathname;
}
