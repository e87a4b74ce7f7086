// The contract, for programs and for people, as `cargo xtask build` wrote it from the API's own types. The files are
// static assets: they weigh nothing in the Worker that redirects visitors.

const CONTENT_TYPES = new Map([
  ["/docs", "text/html; charset=utf-8"],
  ["/openapi.json", "application/json"],
]);
const FILES = new Map([
  ["/docs", "/docs.html"],
  ["/openapi.json", "/openapi.json"],
]);

/** Whether there is a document at the path. */
export const isDocument = (path) => FILES.has(path);

/** The document at a path. */
export async function document(path, method, env, requestId) {
  const file = await env.ASSETS.fetch(`https://assets${FILES.get(path)}`);
  if (!file.ok) throw new Error(`${FILES.get(path)} is not among the assets: ${file.status}`);
  return new Response(method === "HEAD" ? null : file.body, {
    headers: {
      "content-type": CONTENT_TYPES.get(path),
      "cache-control": "public, max-age=300",
      "x-content-type-options": "nosniff",
      // The page needs nothing but its own style: whatever else got into it would not run.
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
      "x-request-id": requestId,
    },
  });
}
