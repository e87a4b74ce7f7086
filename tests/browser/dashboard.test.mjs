// A partner's own dashboard in a real Chromium polls the API from another origin, with a token, and shows a QR code by its
// address alone. The browser enforces CORS, so a page of another origin reads nothing.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge } from "../e2e/support/harness.mjs";
import { programme } from "../e2e/support/programme.mjs";
import { launch, local, page, site } from "./support/sites.mjs";

let edge;
let dashboard;
let browser;
let operator;
let ada;
let base;
let portal;
let stranger;

before(async () => {
  edge = await startEdge();
  base = local("go", new URL(edge.url).port);
  dashboard = await site((_, response) => page(response, "<title>Dashboard</title>"));
  [portal, stranger] = ["portal", "stranger"].map((name) => local(name, dashboard.port));
  ({ operator, ada } = await programme(edge));
  await operator.json("PATCH", `/v1/partners/${ada.id}`, { origins: [portal] });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await edge?.stop();
  dashboard?.close();
});

const tokenFor = (fields) => operator.json("POST", "/v1/tokens", { partner_id: ada.id, scopes: ["read"], ttl_seconds: 60, ...fields });

/** Fetches from a page of `origin`: the body and a header, or the browser's refusal. */
async function fetchFrom(origin, route, token, body) {
  const tab = await browser.newPage();
  try {
    await tab.goto(`${origin}/`);
    const call = async ([url, authorization, body]) => {
      try {
        const response = await fetch(url, { method: body ? "POST" : "GET", headers: { authorization }, body });
        return { status: response.status, etag: response.headers.get("etag"), body: await response.json() };
      } catch (error) {
        return { refused: error.message };
      }
    };
    return await tab.evaluate(call, [`${base}${route}`, `Bearer ${token}`, body]);
  } finally {
    await tab.close();
  }
}

test("a page of a registered origin reads the report, and another page does not", async () => {
  const { token } = await tokenFor({ origin: portal });
  const { status, etag, body } = await fetchFrom(portal, "/v1/attribution", token);
  assert.equal(status, 200);
  assert.match(etag, /^"[^"]+"$/, "the page may read the header");
  assert.deepEqual([body.data, body.totals.sales], [[], 0]);
  const clicks = await fetchFrom(portal, "/v1/clicks", token);
  assert.deepEqual([clicks.status, clicks.body.data], [200, []]);
  assert.deepEqual(await fetchFrom(stranger, "/v1/attribution", token), { refused: "Failed to fetch" });
});

test("a page reads why its request was refused", async () => {
  const { status, body } = await fetchFrom(portal, "/v1/attribution", "bt_made-up");
  assert.deepEqual([status, body.code], [401, "unauthenticated"]);
  // The edge refuses this one itself, before the Ledger sees it.
  const large = await fetchFrom(portal, "/v1/conversions", "bt_made-up", "x".repeat(1_048_577));
  assert.deepEqual([large.status, large.body.code], [413, "body_too_large"]);
});

test("a QR code is shown by its address until the token ends", async () => {
  const listing = await operator.json("POST", "/v1/listings", { name: "Shop", marketplace: "web", url: "https://shop.example/" });
  const link = await operator.json("POST", "/v1/links", { partner_id: ada.id, listing_id: listing.id });
  const { url } = await tokenFor({ path: `/v1/links/${link.id}/qr.svg` });
  const tab = await browser.newPage();
  await tab.goto(`${stranger}/`);
  const width = await tab.evaluate(async (address) => {
    const image = document.body.appendChild(new Image());
    image.src = address;
    await image.decode();
    return image.naturalWidth;
  }, url.replace(/^https?:\/\/[^/]+/, base));
  assert.ok(width > 0);
  await tab.close();
});
