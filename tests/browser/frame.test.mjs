// A merchant in a real Chromium opens the product in a frame of BigCommerce's control panel. The browser does not send
// Signpost's cookies there, so the page in the frame links to the top level. The control panel is a fake under a host
// name of BigCommerce, because only such a host may frame the page.
import assert from "node:assert/strict";
import { createHmac, randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import { startEdge } from "../e2e/support/harness.mjs";
import { programme } from "../e2e/support/programme.mjs";
import { launch, local, page, secureSite, site } from "./support/sites.mjs";

const SECRET = "bc-test-client-secret";
const CLIENT_ID = "hjasdfhj09sasd80dsf04dfhg90rsds";
const PANEL = "store-z4zn3wo.mybigcommerce.com";
const OTHER_SITE = "panel.other.example";

let edge;
let app;
let panel;
let browser;
let operator;
let ada;
let link;
let base;
let load;

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Returns a `signed_payload_jwt` like BigCommerce's. */
function signedPayload(store) {
  const now = Math.floor(Date.now() / 1_000);
  const claims = {
    aud: CLIENT_ID, iss: "bc", iat: now, nbf: now - 5, exp: now + 86_400, jti: randomUUID(), sub: `stores/${store}`,
    user: { id: 9128, email: "user@example.com", locale: "en-US" }, owner: { id: 1, email: "owner@example.com" }, url: "/", channel_id: null,
  };
  const text = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${text}.${createHmac("sha256", SECRET).update(text).digest("base64url")}`;
}

before(async () => {
  app = await site((_, response) => page(response, "<title>Acme itself</title>"));
  panel = await secureSite(({ pathname }, response) => {
    const store = pathname.slice(1) || "z4zn3wo";
    page(response, `<title>Control panel</title><iframe src="${load}?signed_payload_jwt=${signedPayload(store)}" width="600" height="400"></iframe>`);
  });
  edge = await startEdge();
  base = local("go", new URL(edge.url).port);
  ({ operator, ada } = await programme(edge));
  const listing = await operator.json("POST", "/v1/listings", {
    name: "Acme at BigCommerce", marketplace: "bigcommerce", url: `${local("app", app.port)}/listing`,
    forward_to: `${local("app", app.port)}/start`, settings: { client_id: CLIENT_ID }, secrets: { client_secret: SECRET },
  });
  load = `${base}/callbacks/bigcommerce/${listing.id}/load`;
  link = await operator.json("POST", "/v1/links", { partner_id: ada.id, listing_id: listing.id });
  browser = await launch({ [PANEL]: panel.port, [OTHER_SITE]: panel.port });
});
after(async () => {
  await browser?.close();
  await edge?.stop();
  panel?.close();
  app?.close();
});

test("the page in the frame links to the top level, where the install is credited to the click", async () => {
  const merchant = await browser.newContext({ ignoreHTTPSErrors: true });
  const tab = await merchant.newPage();
  await tab.goto(`${base}${new URL(link.url).pathname}`);
  const clickId = new URL(tab.url()).searchParams.get("sp_click");
  await tab.goto(`https://${PANEL}/`);
  const frame = tab.frameLocator("iframe");
  await frame.getByText("Continue").click();
  await tab.waitForURL("**/start?**");
  assert.equal(await tab.title(), "Acme itself", "the whole window, not the frame");
  assert.match(tab.url(), /[?&]signed_payload_jwt=[\w-]+\.[\w-]+\.[\w-]+$/, "the product gets what BigCommerce sent");
  const [install, ...others] = (await operator.json("GET", "/v1/conversions")).data;
  assert.deepEqual([install.type, install.customer_id, others], ["install", "bigcommerce:stores/z4zn3wo", []]);
  const [credit] = install.attribution.credits;
  assert.deepEqual([credit.partner_id, credit.click_id], [ada.id, clickId]);
  await merchant.close();
});

test("other sites may not frame the page", async () => {
  const visitor = await browser.newContext({ ignoreHTTPSErrors: true });
  const tab = await visitor.newPage();
  const messages = [];
  tab.on("console", (message) => messages.push(message.text()));
  await tab.goto(`https://${OTHER_SITE}/another`);
  assert.ok(messages.some((line) => line.includes("frame-ancestors")), messages.join("\n"));
  await visitor.close();
});
