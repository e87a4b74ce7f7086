// The contract, for programs and for people, as `cargo xtask build` wrote it from the API's own types.
import page from "../build/docs.html" with { type: "text" };
import openapi from "../build/openapi.json" with { type: "text" };

const headers = (contentType) => ({
  "content-type": contentType,
  "cache-control": "public, max-age=300",
  "x-content-type-options": "nosniff",
  // The page needs nothing but its own style: whatever else got into it would not run.
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'",
});

const DOCUMENTS = new Map([
  ["/docs", [page, headers("text/html; charset=utf-8")]],
  ["/openapi.json", [openapi, headers("application/json")]],
]);

/** The document at a path; nothing if there is none. */
export function document(path, method, requestId) {
  const found = DOCUMENTS.get(path);
  if (!found) return undefined;
  const [text, head] = found;
  return new Response(method === "HEAD" ? null : text, { headers: { ...head, "x-request-id": requestId } });
}
