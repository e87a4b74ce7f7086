// The general path: everything but redirects and documents. It limits, caps and forwards; the Ledger decides.
import { exportLogs } from "./export.mjs";
import { call } from "./instance.mjs";
import { LEDGER_NAME, SHARDS } from "./objects.mjs";
import { inTime } from "./patience.mjs";
import { Refusal } from "./problem.mjs";
import { renew } from "./snapshot.mjs";

/** Largest body that is read, in bytes (src/api/http/body.rs). */
const MAX_BODY_BYTES = 1_048_576;
/** Requests that a key may make in the window (wrangler.toml, `API_LIMIT`). */
const REQUESTS_A_WINDOW = 1_000;
/** The window; the platform's windows start at whole minutes. */
const WINDOW_SECONDS = 60;
/** A caller waits so long at most. What the Ledger writes after that is durable, and a retry finds it. */
const PATIENCE_MS = 20_000;
/** The Ledger's sign that redirects must learn of a change (src/api/mod.rs); it never leaves the Worker. */
const SNAPSHOT_HEADER = "x-signpost-snapshot";

const NOTHING = new Uint8Array();

/** An object's word, or the refusal that it cannot be reached. */
export async function ask(store, promise) {
  try {
    return await inTime(PATIENCE_MS, promise);
  } catch (error) {
    const detail = "Nothing was changed that was not acknowledged. Try again.";
    throw new Refusal("unavailable", detail, { cause: `${store}: ${error.message}` });
  }
}

/** What links and callbacks stand under: PUBLIC_URL, else the host that was asked. */
export const baseUrl = (env, url) => (env.PUBLIC_URL ? env.PUBLIC_URL.replace(/\/+$/, "") : url.origin);

/** A request as the Ledger reads it (`Head` in edge/ledger.rs), and its stores. */
export class Call {
  constructor(request, url, env) {
    const { headers } = request;
    this.env = env;
    this.head = {
      method: request.method === "HEAD" ? "GET" : request.method,
      path: url.pathname,
      query: url.search.slice(1),
      authorization: headers.get("authorization"),
      idempotency_key: headers.get("idempotency-key"),
      if_none_match: headers.get("if-none-match"),
      base_url: baseUrl(env, url),
    };
  }

  /** The Ledger's answer: `{status, headers, body}`. `aim` asks for something else on the caller's behalf. */
  ledger(body = NOTHING, aim = {}) {
    const head = JSON.stringify({ ...this.head, ...aim });
    return ask("LEDGER", this.env.LEDGER.getByName(LEDGER_NAME).api(head, body));
  }

  /** What a shard answers. */
  shard(number, body) {
    return ask("CLICKLOG", body(this.env.CLICKLOG.getByName(String(number))));
  }

  /** What KV answers. */
  kv(key) {
    return ask("KV", this.env.KV.get(key));
  }
}

/** Text for the Ledger. */
export const encode = (text) => new TextEncoder().encode(text);

/** `GET /v1/clicks`: the Ledger says what to ask the shards for, and shows what they answered. */
async function clicks(api) {
  const query = await api.ledger(NOTHING, { method: "GET", path: "/internal/clicks" });
  if (query.status !== 200) return query;
  const pages = await Promise.all(
    Array.from({ length: SHARDS }, (_, number) => api.shard(number, (shard) => shard.page(query.body))),
  );
  return api.ledger(encode(`{"shards":[${pages.join()}]}`), { method: "POST", path: "/internal/clicks" });
}

async function limitRate({ env, head }) {
  if (!env.API_LIMIT) return;
  // The key is hashed: the binding's counters are no place for secrets.
  const digest = await crypto.subtle.digest("SHA-256", encode(head.authorization ?? "anonymous"));
  let outcome;
  try {
    outcome = await env.API_LIMIT.limit({ key: new Uint8Array(digest).toHex() });
  } catch (error) {
    console.warn(`the rate limiter failed, and limits nobody: ${error.message}`);
    return;
  }
  if (outcome.success) return;
  const left = WINDOW_SECONDS - (Math.floor(Date.now() / 1_000) % WINDOW_SECONDS);
  throw new Refusal("rate_limited", `${REQUESTS_A_WINDOW} requests a minute and key; see Retry-After.`, {
    headers: {
      "retry-after": String(left),
      ratelimit: `"default";r=0;t=${left}`,
      "ratelimit-policy": `"default";q=${REQUESTS_A_WINDOW};w=${WINDOW_SECONDS}`,
    },
  });
}

/** Reads a body of at most 1 MiB; a longer one is not read to its end. */
export async function readBody(request) {
  const tooLarge = () => new Refusal("body_too_large", "Send at most 1,048,576 bytes.");
  if (Number(request.headers.get("content-length")) > MAX_BODY_BYTES) throw tooLarge();
  if (request.body === null || request.method === "GET" || request.method === "HEAD") return NOTHING;
  const chunks = [];
  let length = 0;
  for await (const chunk of request.body) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw tooLarge();
    chunks.push(chunk);
  }
  if (chunks.length === 1) return chunks[0];
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

const JSON_TYPE = [["content-type", "application/json"]];
const health = () => ({ status: 200, headers: JSON_TYPE, body: call((wasm) => wasm.health()) });

/** Touches every store; says which one does not answer. */
async function ready(api) {
  await api.kv("snapshot");
  await ask("LEDGER", api.env.LEDGER.getByName(LEDGER_NAME).snapshot());
  await api.shard(0, (shard) => shard.last());
  return health();
}

async function contract(api, request) {
  await limitRate(api);
  const body = await readBody(request);
  if (api.head.method === "GET" && api.head.path === "/v1/clicks") return clicks(api);
  if (api.head.method === "GET" && api.head.path === "/v1/export") return exportLogs(api);
  return api.ledger(body);
}

function route(api, request) {
  const { path } = api.head;
  if (path === "/healthz") return health();
  if (path === "/readyz") return ready(api);
  if (path.startsWith("/v1/")) return contract(api, request);
  throw new Refusal("not_found", "Check the path and the id; data of other partners are hidden.");
}

/** Answers a request. */
export async function general(request, env, requestId) {
  try {
    const { status, headers: pairs, body } = await route(new Call(request, new URL(request.url), env), request);
    const headers = new Headers(pairs);
    if (headers.has(SNAPSHOT_HEADER)) {
      await renew(env);
      headers.delete(SNAPSHOT_HEADER);
    }
    headers.set("x-request-id", requestId);
    const bodiless = status === 204 || status === 304 || request.method === "HEAD";
    return new Response(bodiless ? null : body, { status, headers });
  } catch (error) {
    if (error instanceof Refusal) return error.answer(requestId);
    throw error;
  }
}
