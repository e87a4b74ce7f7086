// The Worker's entry: links are answered from here, everything else by the router in Rust.
import { WorkerEntrypoint } from "cloudflare:workers";
import { callAsync } from "./instance.mjs";
import { problem } from "./problem.mjs";
import { isLink, redirect } from "./redirect.mjs";
import { renew } from "./snapshot.mjs";

export { ClickLog, Ledger } from "./objects.mjs";

/** The Ledger's sign that redirects must learn of a change (src/api/mod.rs); it never leaves the Worker. */
const SNAPSHOT_HEADER = "x-signpost-snapshot";
/** Single segments that are ours and no slugs. */
const OWN = new Set(["/docs", "/healthz", "/readyz"]);

const failed = (requestId) =>
  problem(500, "internal_error", "Something went wrong on our side", "Try again; the log tells more.", requestId);

export default class extends WorkerEntrypoint {
  async fetch(request) {
    const requestId = crypto.randomUUID();
    try {
      // `new URL` would cost as much as the rest of a redirect. The path starts behind `https://host`.
      const { url, method } = request;
      const start = url.indexOf("/", 8);
      const mark = url.indexOf("?", start);
      const path = mark < 0 ? url.slice(start) : url.slice(start, mark);
      const read = method === "GET" || method === "HEAD";
      if (read && !OWN.has(path) && isLink(path)) {
        return await redirect(request, this, path, mark < 0 ? "" : url.slice(mark + 1), requestId);
      }
      return await this.#general(request, requestId);
    } catch (error) {
      console.error(`request ${requestId} failed: ${error.message}`);
      return failed(requestId);
    }
  }

  async #general(request, requestId) {
    const answer = await callAsync((wasm) => wasm.fetch(request, this.env, this.ctx));
    const response = new Response(answer.body, answer);
    if (response.headers.has(SNAPSHOT_HEADER)) {
      await renew(this.env);
      response.headers.delete(SNAPSHOT_HEADER);
    }
    response.headers.set("x-request-id", requestId);
    return response;
  }
}
