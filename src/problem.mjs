// The few problems that are answered before Rust is asked (RFC 9457; the codes are those of src/api/problem.rs).

export function problem(status, code, title, detail, requestId) {
  return new Response(JSON.stringify({ type: `urn:signpost:problem:${code}`, title, status, detail, code }), {
    status,
    headers: { "content-type": "application/problem+json", "x-request-id": requestId },
  });
}
