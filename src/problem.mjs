// The problems that are answered outside Rust (RFC 9457). A test holds the table against src/api/http/problems.rs.

const PROBLEMS = {
  not_found: { status: 404, title: "The resource was not found" },
  body_too_large: { status: 413, title: "The body is larger than 1 MiB" },
  rate_limited: { status: 429, title: "Too many requests" },
  internal_error: { status: 500, title: "Something went wrong on our side" },
  unavailable: { status: 503, title: "The ledger cannot be reached at the moment; try again" },
};

/** The answer to a problem, by its stable code. */
export function problem(code, detail, requestId, headers = {}) {
  const { status, title } = PROBLEMS[code];
  return new Response(JSON.stringify({ type: `urn:signpost:problem:${code}`, title, status, detail, code }), {
    status,
    headers: { ...headers, "content-type": "application/problem+json", "x-request-id": requestId },
  });
}

/** A problem on its way to its answer. `cause` is for the log, never for the caller. */
export class Refusal extends Error {
  constructor(code, detail, { cause, headers } = {}) {
    super(cause === undefined ? code : `${code}: ${cause}`);
    Object.assign(this, { code, detail, headers, ours: cause !== undefined });
  }

  answer(requestId) {
    if (this.ours) console.error(`request ${requestId}: ${this.message}`);
    return problem(this.code, this.detail, requestId, this.headers);
  }
}
