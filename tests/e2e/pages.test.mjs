// Pages for visitors who are not signed in.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startEdge } from "./support/harness.mjs";

const LANGUAGES = {
  en: "This link does not work",
  es: "Este enlace no funciona",
  de: "Dieser Link funktioniert nicht",
  fr: "Ce lien ne fonctionne pas",
  it: "Questo link non funziona",
  "pt-BR": "Este link não funciona",
  ja: "このリンクは使えません",
};
const POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

describe("pages for visitors", () => {
  let edge;
  before(async () => {
    edge = await startEdge();
  });
  after(() => edge.stop());

  // No programme and no landing page exist here.
  for (const path of ["/r/damaged", "/no-such-slug", "/some/other/page.html"]) {
    test(`${path}: a browser gets a short page in its language, a program gets a problem`, async () => {
      for (const [language, title] of Object.entries(LANGUAGES)) {
        const response = await edge.fetch(path, { headers: { accept: "text/html,*/*;q=0.8", "accept-language": `nl,${language};q=0.8` } });
        assert.equal(response.status, 404);
        const page = await response.text();
        assert.ok(page.includes(`<html lang="${language}">`) && page.includes(`<h1>${title}</h1>`), page);
        for (const [name, value] of [
          ["content-type", "text/html; charset=utf-8"], ["content-security-policy", POLICY], ["x-content-type-options", "nosniff"],
          ["cache-control", "no-store"],
        ]) {
          assert.equal(response.headers.get(name), value, name);
        }
        assert.ok(response.headers.get("x-request-id"));
      }
      const problem = await edge.fetch(path, { headers: { accept: "*/*" } });
      assert.deepEqual([problem.status, (await problem.json()).code], [404, "not_found"]);
    });
  }

  test("the front page says what this is, and leads to documents that exist", async () => {
    const response = await edge.fetch("/", { headers: { "accept-language": "de" } });
    assert.deepEqual([response.status, response.headers.get("content-security-policy")], [200, POLICY]);
    const page = await response.text();
    assert.match(page, /<html lang="de">.*Dienst des Partnerprogramms/s);
    const targets = [...page.matchAll(/href="([^"]+)"/g)].map(([, target]) => target);
    assert.deepEqual(targets, ["/favicon.ico", "/docs", "/docs/guides", "/openapi.json"]);
    for (const target of targets) assert.equal((await edge.fetch(target)).status, 200, target);
    assert.equal((await edge.fetch("/favicon.ico")).headers.get("content-type"), "image/svg+xml");
    assert.equal((await edge.fetch("/", { method: "POST" })).status, 404);
  });
});
