// The documentation and the contract as static assets of the Worker: addresses, headers, caching, and methods.
import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT, TEST_KEYS, startEdge } from "./support/harness.mjs";

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HTML = "text/html; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";
const ASSETS = {
  "/docs": HTML, "/docs/": HTML, "/docs/enumerations": HTML, "/docs/guides": HTML, "/docs/guides/": HTML, "/docs/guides/overview": HTML,
  "/docs/guides/sharing-credit": HTML, "/docs/guides/terms/": HTML, "/docs/docs.css": "text/css; charset=utf-8",
  "/docs/search.js": SCRIPT, "/docs/search-index.js": SCRIPT, "/openapi.json": "application/json",
};
const METHODS = "GET, HEAD, OPTIONS";

describe("the documentation", () => {
  let edge;
  before(async () => {
    edge = await startEdge();
  });
  after(() => edge.stop());

  for (const [address, mediaType] of Object.entries(ASSETS)) {
    test(`${address} is served with its headers, also for HEAD, and is not sent twice`, async () => {
      const response = await edge.fetch(address);
      const etag = response.headers.get("etag");
      const headersOf = ({ headers }) =>
        ["content-type", "content-security-policy", "x-content-type-options", "cache-control", "access-control-allow-origin", "etag"]
          .map((name) => headers.get(name));
      const expected = [mediaType, POLICY, "nosniff", "public, max-age=300", "*", etag];
      assert.equal(response.status, 200);
      assert.deepEqual(headersOf(response), expected);
      assert.match(etag, /^(W\/)?"[^"]+"$/);
      assert.ok((await response.text()).length > 1_000);
      const head = await edge.fetch(address, { method: "HEAD" });
      assert.deepEqual([head.status, headersOf(head), await head.text()], [200, expected, ""]);
      const same = await edge.fetch(address, { headers: { "if-none-match": etag } });
      assert.deepEqual([same.status, headersOf(same), await same.text()], [304, expected, ""]);
      const other = await edge.fetch(address, { headers: { "if-none-match": '"other"' } });
      assert.deepEqual([other.status, headersOf(other)], [200, expected]);
      await other.body.cancel();
    });
  }

  test("every link of every page is served", async () => {
    const guides = (await readdir(path.join(ROOT, "docs"))).map((name) => `/docs/guides/${path.basename(name, ".md")}`);
    const seen = new Set(["/docs"]);
    for (const address of seen) {
      const response = await edge.fetch(address);
      assert.equal(response.status, 200, address);
      const isPage = response.headers.get("content-type") === HTML;
      const text = await response.text();
      if (!isPage) continue;
      for (const [, link] of text.matchAll(/ (?:href|src)="(\/[^"#]*)/g)) seen.add(link);
    }
    for (const guide of guides) assert.ok(seen.has(guide), guide);
  });

  test("what is not a page of the documentation is not found", async () => {
    for (const address of ["/docs/nothing", "/docs/guides/nothing", "/docs//guides", "/docs/docs.html", "/docs/guides/terms.md", "/docs/.hidden", "/docs/nothing.js", "/openapi.json/"]) {
      for (const method of ["GET", "OPTIONS", "POST"]) {
        const response = await edge.fetch(address, { method });
        assert.deepEqual([response.status, (await response.json()).code], [404, "not_found"], `${method} ${address}`);
      }
    }
  });

  for (const address of ["/openapi.json", "/docs", "/docs/guides/terms"]) {
    test(`pages of every origin may read ${address}, and other methods are refused`, async () => {
      const preflight = await edge.fetch(address, {
        method: "OPTIONS",
        headers: { origin: "https://explorer.example", "access-control-request-method": "GET", "access-control-request-headers": "if-none-match" },
      });
      const headers = ["allow", "access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers", "access-control-max-age"];
      assert.deepEqual(
        [preflight.status, ...headers.map((name) => preflight.headers.get(name)), await preflight.text()],
        [204, METHODS, "*", METHODS, "authorization, content-type, idempotency-key, if-none-match", "600", ""],
      );
      const plain = await edge.fetch(address, { method: "OPTIONS" });
      assert.deepEqual([plain.status, plain.headers.get("allow")], [204, METHODS]);
      for (const method of ["POST", "PUT", "DELETE"]) {
        const response = await edge.fetch(address, { method });
        assert.deepEqual([response.status, response.headers.get("allow"), (await response.json()).code], [405, METHODS, "method_not_allowed"]);
      }
    });
  }

  test("no link can take the address of the documentation", async () => {
    const call = async (route, body) => {
      const headers = { authorization: `Bearer ${TEST_KEYS.OPERATOR_KEY}` };
      const response = await edge.fetch(route, { method: "POST", headers, body: JSON.stringify(body) });
      return { status: response.status, body: await response.json() };
    };
    const { body: partner } = await call("/v1/partners", { name: "Ada", kind: "creator" });
    const { body: listing } = await call("/v1/listings", { name: "Shop", marketplace: "web", url: "https://shop.example/" });
    const refused = await call("/v1/links", { partner_id: partner.id, listing_id: listing.id, slug: "docs" });
    assert.deepEqual([refused.status, refused.body.errors.map(({ pointer, code }) => [pointer, code])], [422, [["/slug", "reserved_slug"]]]);
  });
});
