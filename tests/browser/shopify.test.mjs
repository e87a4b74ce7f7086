// A merchant in a real Chromium installs the product from Shopify: through the redirect of the authorization code grant
// at the top level, and in a frame of the admin. The browser does not send Signpost's cookies in the frame, so the page
// links to the top level. Shopify's sites are fakes under host names of Shopify, because only such hosts may frame the
// page.
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { startEdge } from "../e2e/support/harness.mjs";
import { programme } from "../e2e/support/programme.mjs";
import { launch, local, page, secureSite, site } from "./support/sites.mjs";

const SECRET = "shpss_0123456789abcdef0123456789abcdef";
const CLIENT_ID = "8f1b0c0de5a94e0f8d7c6b5a49382716";
const ADMIN = "admin.shopify.com";
const TOP_LEVEL = "top-level.myshopify.com";
const FRAMED = "framed.myshopify.com";

let edge;
let app;
let shopify;
let browser;
let operator;
let ada;
let link;
let callbacks;

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const mac = (text) => createHmac("sha256", SECRET).update(text);

/** Returns a query that Shopify signed. The values must not need escapes. */
function signedQuery(parameters) {
  const all = { ...parameters, timestamp: String(Math.floor(Date.now() / 1_000)) };
  const text = Object.keys(all).sort().map((name) => `${name}=${all[name]}`).join("&");
  return `hmac=${mac(text).digest("hex")}&${text}`;
}

function idToken(shop) {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    iss: `https://${shop}/admin`, dest: `https://${shop}`, aud: CLIENT_ID, sub: "42", exp: now + 60, nbf: now, iat: now,
    jti: randomUUID(), sid: randomUUID(),
  };
  const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${text}.${mac(text).digest("base64url")}`;
}

/** Fakes Shopify: the consent page that redirects to the app, and the admin with the app in a frame. */
function fakeShopify({ pathname }, response) {
  if (pathname === "/admin/oauth/authorize") {
    const query = signedQuery({ code: "a94a110d86d2452eb3e2af4cfb8a3828", host: "YWRtaW4", shop: TOP_LEVEL });
    return page(response, `<title>Install app</title><a id="install" href="${callbacks}/oauth?${query}">Install</a>`);
  }
  const query = signedQuery({ embedded: "1", host: "YWRtaW4", id_token: idToken(FRAMED), locale: "de-DE", shop: FRAMED });
  return page(response, `<title>Admin</title><iframe src="${callbacks}/app?${query}" width="600" height="400"></iframe>`);
}

before(async () => {
  app = await site((_, response) => page(response, "<title>Acme itself</title>"));
  shopify = await secureSite(fakeShopify);
  edge = await startEdge();
  const base = local("go", new URL(edge.url).port);
  ({ operator, ada } = await programme(edge));
  const listing = await operator.json("POST", "/v1/listings", {
    name: "Acme at Shopify", marketplace: "shopify", url: `${local("app", app.port)}/listing`,
    forward_to: `${local("app", app.port)}/start`, settings: { client_id: CLIENT_ID }, secrets: { client_secret: SECRET },
  });
  callbacks = `${base}/callbacks/shopify/${listing.id}`;
  const created = await operator.json("POST", "/v1/links", { partner_id: ada.id, listing_id: listing.id });
  link = `${base}${new URL(created.url).pathname}`;
  browser = await launch({ [ADMIN]: shopify.port, [TOP_LEVEL]: shopify.port });
});
after(async () => {
  await browser?.close();
  await edge?.stop();
  shopify?.close();
  app?.close();
});

/** Creates a merchant who has followed the influencer's link. */
async function referredMerchant() {
  const merchant = await browser.newContext({ ignoreHTTPSErrors: true });
  const tab = await merchant.newPage();
  await tab.goto(link);
  return { merchant, tab, clickId: new URL(tab.url()).searchParams.get("sp_click") };
}

async function creditOf(shop) {
  const conversions = (await operator.json("GET", "/v1/conversions")).data;
  const installs = conversions.filter(({ customer_id: customer }) => customer === `shopify:${shop}`);
  assert.deepEqual(installs.map(({ type }) => type), ["install"]);
  return installs[0].attribution.credits[0];
}

test("a merchant who returns from Shopify's consent page is credited to the influencer", async () => {
  const { merchant, tab, clickId } = await referredMerchant();
  await tab.goto(`https://${TOP_LEVEL}/admin/oauth/authorize?client_id=${CLIENT_ID}`);
  await tab.click("#install");
  await tab.waitForURL("**/start?**");
  assert.equal(await tab.title(), "Acme itself");
  const query = new URL(tab.url()).search;
  assert.match(query, /^\?hmac=[0-9a-f]{64}&code=a94a110d86d2452eb3e2af4cfb8a3828&host=YWRtaW4&shop=top-level\.myshopify\.com&timestamp=\d+$/);
  const { partner_id: partner, click_id: click } = await creditOf(TOP_LEVEL);
  assert.deepEqual([partner, click], [ada.id, clickId]);
  await merchant.close();
});

test("in the admin's frame the page links to the top level once, the install is credited, and later loads stay in the frame", async () => {
  const { merchant, tab, clickId } = await referredMerchant();
  await tab.goto(`https://${ADMIN}/store/framed/apps/acme`);
  await tab.frameLocator("iframe").getByText("Continue").click();
  await tab.waitForURL("**/start?**");
  assert.equal(await tab.title(), "Acme itself", "the whole window, not the frame");
  const { partner_id: partner, click_id: click } = await creditOf(FRAMED);
  assert.deepEqual([partner, click], [ada.id, clickId]);
  await tab.goto(`https://${ADMIN}/store/framed/apps/acme`);
  assert.equal(await tab.title(), "Admin");
  const frame = tab.frames().find((candidate) => candidate.parentFrame() !== null);
  assert.equal(await frame.title(), "Acme itself");
  assert.match(frame.url(), /\/start\?hmac=[0-9a-f]{64}&embedded=1&/);
  await merchant.close();
});
