// Buyers of cloud marketplaces in a real Chromium: an influencer's link, the marketplace's page, and then the
// marketplace's request to Signpost. AWS and Google Cloud post a form across sites, without Signpost's cookie
// (SameSite=Lax). Microsoft redirects to the landing page.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { startEdge } from "../e2e/support/harness.mjs";
import { programme } from "../e2e/support/programme.mjs";
import aws, { registration } from "../e2e/lifecycles/aws.mjs";
import googleCloud, { signUp } from "../e2e/lifecycles/google_cloud.mjs";
import microsoft, { TOKEN } from "../e2e/lifecycles/microsoft.mjs";
import { launch, local, page as show, site as startSite } from "./support/sites.mjs";

const MARKETPLACES = [
  { lifecycle: aws, kind: "register", method: "post", fields: registration },
  { lifecycle: googleCloud, kind: "signup", method: "post", fields: signUp },
  { lifecycle: microsoft, kind: "landing", method: "get", fields: () => ({ token: TOKEN }) },
];

let browser;
before(async () => { browser = await launch(); });
after(() => browser?.close());

for (const { lifecycle, kind, method, fields } of MARKETPLACES) {
  describe(lifecycle.marketplace, () => {
    let [edge, site, base, callback, operator, ada, link] = [];

    /** Fakes the marketplace's page, the form behind its button, and the product. */
    function fakeSite({ pathname }, response) {
      if (pathname === "/listing") return show(response, '<title>Acme in the marketplace</title><a id="buy" href="/bought">Buy</a>');
      if (pathname === "/start") return show(response, "<title>Acme itself</title>");
      const inputs = Object.entries(fields()).map(([name, value]) => `<input type="hidden" name="${name}" value="${value}">`);
      return show(response, `<form method="${method}" action="${callback}">${inputs.join("")}</form>
        <script>document.forms[0].submit()</script>`);
    }

    before(async () => {
      site = await startSite(fakeSite);
      edge = await startEdge({ retune: (worker) => { worker.outboundService = (request) => lifecycle.vendor(request); } });
      base = local("go", new URL(edge.url).port);
      ({ operator, ada } = await programme(edge));
      const listing = await operator.json("POST", "/v1/listings", {
        name: "Acme", marketplace: lifecycle.marketplace, url: `${local("market", site.port)}/listing`,
        forward_to: `${local("app", site.port)}/start`, settings: lifecycle.settings, secrets: lifecycle.secrets,
      });
      callback = `${base}/callbacks/${lifecycle.marketplace}/${listing.id}/${kind}`;
      link = await operator.json("POST", "/v1/links", { partner_id: ada.id, listing_id: listing.id });
    });
    after(async () => {
      await edge?.stop();
      site?.close();
    });

    test("the buyer is credited to the influencer whose link was followed", async () => {
      const buyer = await browser.newContext();
      const page = await buyer.newPage();
      await page.goto(`${base}${new URL(link.url).pathname}`);
      assert.equal(await page.title(), "Acme in the marketplace");
      const clickId = new URL(page.url()).searchParams.get("sp_click");
      await page.click("#buy");
      await page.waitForURL("**/start?**");
      assert.equal(await page.title(), "Acme itself");
      const arrived = new URL(page.url());
      assert.equal(arrived.hostname, "app.localhost");
      for (const name of Object.keys(fields())) assert.ok(arrived.searchParams.has(name), `the product gets ${name}`);
      const [install, ...others] = (await operator.json("GET", "/v1/conversions")).data;
      assert.deepEqual(others, []);
      const [credit] = install.attribution.credits;
      assert.deepEqual([install.type, credit.partner_id, credit.click_id], ["install", ada.id, clickId]);
      await buyer.close();
    });
  });
}
