// The documentation in a real Chromium, under its own content security policy: the search, the pages without scripts, and
// narrow screens.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge } from "../e2e/support/harness.mjs";
import { launch } from "./support/sites.mjs";

const PAGES = ["/docs", "/docs/events", "/docs/enumerations", "/docs/guides", "/docs/guides/overview", "/docs/guides/marketplaces", "/docs/guides/payouts", "/docs/guides/terms"];

let edge;
let browser;

before(async () => {
  edge = await startEdge();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await edge?.stop();
});

/** Opens an address in a new profile. The browser's complaints, such as violations of the policy, fail the test. */
async function open(t, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, baseURL: edge.url, ...options });
  const tab = await context.newPage();
  const complaints = [];
  tab.on("console", (message) => complaints.push(message.text()));
  tab.on("pageerror", (error) => complaints.push(error.message));
  t.after(async () => {
    await context.close();
    assert.deepEqual(complaints, []);
  });
  await tab.goto(address);
  return tab;
}

const box = (tab) => tab.getByRole("searchbox", { name: "Search the documentation" });
const status = (tab) => tab.getByRole("status");
const results = (tab) => tab.getByRole("region", { name: "Search results" });
const focused = (tab) => tab.evaluate(() => document.activeElement.getAttribute("href") ?? document.activeElement.id);
const hits = (tab) => results(tab).locator("li").evaluateAll((items) => items.map((item) => item.querySelector("a").getAttribute("href")));

test("a reader finds an operation with the keyboard alone", async (t) => {
  const tab = await open(t, "/docs");
  await tab.keyboard.press("/");
  assert.equal(await focused(tab), "query");
  await tab.keyboard.type("refund");
  await results(tab).locator("li").first().waitFor();
  const found = await hits(tab);
  assert.equal(found[0], "/docs#createRefund");
  assert.equal(await status(tab).textContent(), `${found.length} results for “refund”`);
  assert.equal(await tab.locator("#content").isVisible(), false);
  await tab.keyboard.press("Enter");
  assert.equal(await focused(tab), found[0]);
  await tab.keyboard.press("ArrowDown");
  assert.equal(await focused(tab), found[1]);
  await tab.keyboard.press("ArrowUp");
  await tab.keyboard.press("ArrowUp");
  assert.equal(await focused(tab), "query");
  await tab.keyboard.press("ArrowDown");
  await tab.keyboard.press("Enter");
  await tab.waitForURL("**/docs#createRefund");
  assert.equal(await tab.locator("#createRefund").isVisible(), true);
  await tab.goBack();
  await results(tab).locator("li").first().waitFor();
  assert.deepEqual([await box(tab).inputValue(), await hits(tab)], ["refund", found]);
});

test("the search knows paths with methods, parameters, fields, words of enumerations and guides", async (t) => {
  const tab = await open(t, "/docs/enumerations");
  for (const [query, first, names] of [
    ["POST /v1/conversions/{id}/refunds", "/docs#createRefund", null],
    ["timezone csv", "/docs#getAttributionCsv", "parameter timezone"],
    ["obfuscated_account_id", "/docs#reportPlayInstall", "request field obfuscated_account_id"],
    ["partner.created", "/docs/enumerations#EventType.partner.created", null],
    ["velocity", "/docs/enumerations#HeldReason.velocity", null],
    ["held reason", "/docs/enumerations#HeldReason", null],
    ["recognised e-mail", "/docs/guides/fraud#fraud-rules", null],
  ]) {
    await box(tab).fill(query);
    await tab.waitForFunction((text) => document.getElementById("found").textContent.endsWith(text), ` for “${query}”`);
    assert.equal((await hits(tab))[0], first, query);
    const line = results(tab).locator("li").first().locator(".names");
    assert.equal((await line.count()) > 0 ? await line.textContent() : null, names, query);
  }
});

test("a search without a hit says what to try", async (t) => {
  const tab = await open(t, "/docs/guides");
  await box(tab).fill("xyzzy");
  await results(tab).waitFor();
  assert.equal(await status(tab).textContent(), "No results for “xyzzy”");
  assert.match(await results(tab).textContent(), /^Check the spelling, or search with fewer words/);
  await results(tab).getByRole("link", { name: "refund" }).click();
  await results(tab).locator("li").first().waitFor();
  assert.deepEqual([new URL(tab.url()).search, (await hits(tab))[0]], ["?q=refund", "/docs#createRefund"]);
});

test("of many hits the best are shown, and all are counted", async (t) => {
  const tab = await open(t, "/docs");
  await box(tab).fill("a");
  await results(tab).locator("li").first().waitFor();
  assert.equal(await results(tab).locator("li").count(), 100);
  const [, count] = /^(\d+) results for “a”$/.exec(await status(tab).textContent());
  assert.ok(Number(count) > 100, count);
  assert.equal(await results(tab).locator("p").last().textContent(), "The first 100 are shown. Add a word to see fewer.");
});

test("the address of a search can be shared", async (t) => {
  const tab = await open(t, "/docs#types");
  await box(tab).fill("idempotency key");
  await tab.waitForURL("**/docs?q=idempotency+key");
  const found = await hits(tab);
  assert.equal(await tab.title(), "idempotency key · API reference · Signpost");
  const other = await open(t, tab.url());
  await results(other).locator("li").first().waitFor();
  assert.deepEqual([await box(other).inputValue(), await hits(other)], ["idempotency key", found]);
  await other.keyboard.press("Escape");
  assert.deepEqual([await box(other).inputValue(), await status(other).textContent(), await results(other).isVisible()], ["", "", false]);
  assert.deepEqual([await other.locator("#content").isVisible(), await other.title()], [true, "API reference · Signpost"]);
  assert.equal(new URL(other.url()).search, "");
});

test("a search from far down shows its first result, and Escape leads back", async (t) => {
  const tab = await open(t, "/docs#createRefund");
  const top = () => tab.evaluate(() => document.getElementById("createRefund").getBoundingClientRect().top);
  // The heights of sections are estimates until they are drawn, so the page has moved when nothing changes for ten frames.
  await tab.evaluate(
    () =>
      new Promise((resolve) => {
        const step = (still, before) => {
          const now = `${scrollY} ${document.documentElement.scrollHeight}`;
          if (still === 10) resolve();
          else requestAnimationFrame(() => step(now === before ? still + 1 : 0, now));
        };
        step(0);
      }),
  );
  const before = await top();
  assert.ok((await tab.evaluate(() => scrollY)) > 1_000);
  await tab.keyboard.press("/");
  await tab.keyboard.type("link");
  await results(tab).locator("li").first().waitFor();
  assert.equal(await tab.evaluate(() => scrollY), 0);
  await tab.keyboard.press("Escape");
  await tab.waitForFunction(
    (expected) => Math.abs(document.getElementById("createRefund").getBoundingClientRect().top - expected) <= 1,
    before,
  );
  assert.equal(await focused(tab), "query");
});

test("a link to a part of the page ends the search", async (t) => {
  const tab = await open(t, "/docs?q=coupon");
  await results(tab).locator("li").first().waitFor();
  await tab.getByRole("navigation", { name: "Contents" }).getByRole("link", { name: "List partners" }).click();
  await tab.locator("#listPartners").waitFor();
  assert.deepEqual([await box(tab).inputValue(), await results(tab).isVisible(), new URL(tab.url()).search], ["", false, ""]);
  await tab.waitForFunction(() => document.getElementById("listPartners").getBoundingClientRect().top < innerHeight);
});

test("without scripts the pages are complete, and there is no search box", async (t) => {
  const contract = await (await edge.fetch("/openapi.json")).json();
  const operations = Object.values(contract.paths).flatMap((methods) => Object.values(methods)).map(({ operationId }) => operationId);
  const tab = await open(t, "/docs?q=refund", { javaScriptEnabled: false });
  assert.equal(await tab.locator("form").isVisible(), false);
  assert.equal(await tab.locator("#content").isVisible(), true);
  const shown = await tab.locator("section.operation").evaluateAll((sections) => sections.filter((section) => section.checkVisibility()).map(({ id }) => id));
  assert.deepEqual(shown.toSorted(), operations.toSorted());
  await tab.goto("/docs/enumerations");
  for (const word of ["payout.returned", "coupon_leakage", "payouts:write", "rate_limited"]) {
    assert.equal(await tab.getByText(word, { exact: true }).first().isVisible(), true, word);
  }
  await tab.getByRole("link", { name: "Guides", exact: true }).click();
  await tab.getByRole("main").getByRole("link", { name: "Terms" }).click();
  assert.equal(await tab.getByRole("heading", { level: 1 }).textContent(), "Terms");
});

test("no page is wider than a narrow screen", async (t) => {
  const tab = await open(t, "/docs?q=external_id", { viewport: { width: 390, height: 844 } });
  const overflow = () => tab.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  await results(tab).locator("li").first().waitFor();
  assert.equal(await overflow(), 0, "results");
  for (const address of PAGES) {
    await tab.goto(address);
    assert.equal(await overflow(), 0, address);
    const { x, width } = await box(tab).boundingBox();
    assert.ok(x >= 0 && x + width <= 390, address);
  }
});

test("the pages follow the reader's colour scheme", async (t) => {
  for (const [colorScheme, ground] of [["light", "rgb(255, 255, 255)"], ["dark", "rgb(15, 17, 21)"]]) {
    const tab = await open(t, "/docs/guides/terms", { colorScheme });
    assert.equal(await tab.evaluate(() => getComputedStyle(document.body).backgroundColor), ground);
  }
});

test("the policy stops a script that is written into a page", async () => {
  const tab = await browser.newPage();
  const complaints = [];
  tab.on("console", (message) => complaints.push(message.text()));
  await tab.goto(`${edge.url}/docs`);
  await tab.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.injected = true";
    document.body.append(script);
  });
  assert.equal(await tab.evaluate(() => window.injected), undefined);
  assert.ok(complaints.some((line) => line.includes("script-src 'self'")), complaints.join("\n"));
  await tab.close();
});
