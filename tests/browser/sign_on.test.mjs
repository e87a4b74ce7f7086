// A visitor in a real Chromium follows an influencer's link to a marketplace's page, installs there, and opens the
// product with a form that the marketplace posts across sites. The fake marketplace and the product have different
// local host names, so that the browser's rules for cookies apply as on the internet.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { after, before, test } from "node:test";
import { startEdge } from "../e2e/support/harness.mjs";
import { programme } from "../e2e/support/programme.mjs";
import { launch, local, page as show, site as startSite } from "./support/sites.mjs";

const UUID = "61d2f6a0-7f0c-4a57-8d1f-0d6f7f3f7f11";
const ANOTHER_UUID = "72e3a7b1-7f0c-4a57-8d1f-0d6f7f3f7f11";
const SALT = "sso-salt-0001";
const BASIC = `Basic ${Buffer.from("acme:1234").toString("base64")}`;

let edge;
let site;
let browser;
let operator;
let base; // Signpost's origin for the browser
let listing;
let ada;
let link;

/** Fakes the marketplace's page, its button that signs the customer on, and the product. */
function fakeSite({ pathname, searchParams }, response) {
  if (pathname === "/listing") {
    return show(response, `<title>Acme in the marketplace</title><a id="open" href="/dashboard?uuid=${UUID}">Open</a>`);
  }
  if (pathname === "/start") return show(response, "<title>Acme itself</title>");
  // A DigitalOcean dashboard posts a form across sites at once.
  const uuid = searchParams.get("uuid");
  const seconds = Math.floor(Date.now() / 1_000);
  const token = createHmac("sha256", SALT).update(`${seconds}:${uuid}`).digest("hex");
  const fields = { resource_uuid: uuid, token, timestamp: seconds, user_id: 7, user_email: "a@b.example" };
  const inputs = Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
  return show(response, `<form method="post" action="${base}/callbacks/digitalocean/${listing.id}/sso">${inputs.join("")}</form>
    <script>document.forms[0].submit()</script>`);
}

before(async () => {
  site = await startSite(fakeSite);
  edge = await startEdge();
  base = local("go", new URL(edge.url).port);
  ({ operator, ada } = await programme(edge));
  const { port } = site;
  listing = await operator.json("POST", "/v1/listings", {
    name: "Acme at DigitalOcean", marketplace: "digitalocean", url: `${local("market", port)}/listing`,
    forward_to: `${local("app", port)}/start`, secrets: { credentials: "acme:1234", sso_salt: SALT },
  });
  link = await operator.json("POST", "/v1/links", { partner_id: ada.id, listing_id: listing.id });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await edge?.stop();
  site?.close();
});

test("the customer who signs on from the marketplace is credited to the influencer whose link was followed", async () => {
  const visitor = await browser.newContext();
  const page = await visitor.newPage();
  await page.goto(`${base}${new URL(link.url).pathname}`);
  assert.equal(await page.title(), "Acme in the marketplace");
  const clickId = new URL(page.url()).searchParams.get("sp_click");
  const provisioned = await edge.fetch(`/callbacks/digitalocean/${listing.id}/resources`, {
    method: "POST", headers: { authorization: BASIC }, body: JSON.stringify({ uuid: UUID, plan_slug: "basic" }),
  });
  assert.equal(provisioned.status, 201);
  const installs = async () => (await operator.json("GET", "/v1/conversions")).data.filter(({ type }) => type === "install");
  assert.equal((await installs())[0].attribution.reason, "no_touch", "the server's call has no cookie");

  await page.click("#open");
  await page.waitForURL("**/start?**");
  assert.equal(await page.title(), "Acme itself");
  const arrived = new URL(page.url());
  assert.equal(arrived.hostname, "app.localhost");
  assert.equal(arrived.searchParams.get("resource_uuid"), UUID, "the product gets what the marketplace sent");
  const [install, ...others] = await installs();
  assert.deepEqual(others, []);
  const [credit] = install.attribution.credits;
  assert.deepEqual([credit.partner_id, credit.click_id], [ada.id, clickId]);
  await visitor.close();
});

test("a visitor without a click can sign on too, and no partner is credited", async () => {
  const visitor = await browser.newContext();
  const page = await visitor.newPage();
  const before = (await operator.json("GET", "/v1/commissions")).data.length;
  await page.goto(`${local("market", site.port)}/dashboard?uuid=${ANOTHER_UUID}`);
  await page.waitForURL("**/start?**");
  assert.equal((await operator.json("GET", "/v1/commissions")).data.length, before);
  await visitor.close();
});
