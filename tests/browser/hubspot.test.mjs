// A customer in a real Chromium installs a HubSpot app: from an influencer's link over HubSpot's page of consent to the app,
// which fetches its tokens from Signpost. HubSpot's page and its API are stand-ins; the API's is where workerd's own calls
// end, so what is tested is what is deployed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { startEdge } from "../e2e/support/harness.mjs";
import { programme } from "../e2e/support/programme.mjs";
import { launch, local, page as show, secureSite, site as startSite } from "./support/sites.mjs";

const CLIENT_ID = "7fff1e36-2d40-4ae1-bbb1-5266d59564fb";
const SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy";
const SCOPES = "oauth crm.objects.contacts.read";
const CONSENT = "https://app.hubspot.com/oauth/authorize";

let edge;
let hubspot;
let app;
let browser;
let operator;
let ada;
let base; // of Signpost, as the browser knows it
let listing;
let link;
let callbacks;

/** Codes that HubSpot gave out and that were not exchanged, each with its redirect URI. */
const codes = new Map();
/** Accounts of the customers, in turn. */
const accounts = [62515, 62516, 62517];
/** What reached HubSpot's API, and how it answers. */
const asked = [];
let answer = grant;
/** Token answers that the app was given. */
const fetched = [];
const tokens = (hub_id) => ({
  token_type: "bearer", access_token: `access-${hub_id}`, refresh_token: `refresh-${hub_id}`, expires_in: 1800, hub_id, user_id: 7,
  scopes: SCOPES.split(" "), token_use: "access_token",
});

/** HubSpot's token endpoint: takes a code once, for the redirect URI that it was given out for. */
function grant(form) {
  const redirect_uri = codes.get(form.get("code"));
  codes.delete(form.get("code"));
  const fits = form.get("grant_type") === "authorization_code" && form.get("client_id") === CLIENT_ID
    && form.get("client_secret") === SECRET && form.get("redirect_uri") === redirect_uri;
  if (!fits) return Response.json({ status: "BAD_AUTH_CODE", message: "missing or unknown auth code" }, { status: 400 });
  return Response.json(tokens(accounts.shift()));
}

async function api(request) {
  const text = await request.text();
  asked.push(`${request.method} ${request.url}`);
  return answer(new URLSearchParams(text));
}

function giveOut(redirect_uri) {
  const code = `na1-${crypto.randomUUID()}`;
  codes.set(code, redirect_uri);
  return code;
}

/** HubSpot's pages: consent, and the marketplace's own way to it. */
function stand({ pathname, searchParams }, response) {
  const way = (address, parameters) => show(response, `<title>HubSpot</title><a href="${new URL(`${address}?${new URLSearchParams(parameters)}`)}">Connect app</a>`);
  if (pathname === "/oauth/authorize") {
    const redirect_uri = searchParams.get("redirect_uri");
    assert.deepEqual([searchParams.get("client_id"), searchParams.get("scope")], [CLIENT_ID, SCOPES]);
    const state = searchParams.has("state") ? { state: searchParams.get("state") } : {};
    return way(redirect_uri, { code: giveOut(redirect_uri), ...state });
  }
  const returnUrl = "https://app.hubspot.com/finalize";
  if (pathname === "/marketplace") return way(`${callbacks}/oauth`, { step: "authorize", returnUrl });
  if (pathname !== "/finalize") return show(response, "");
  const code = giveOut(`${callbacks}/oauth`);
  return way(`${callbacks}/oauth`, { step: "finalize", code, state: searchParams.get("state"), returnUrl });
}

/** The app: asks Signpost for its tokens as it would ask HubSpot. */
async function start({ pathname, searchParams }, response) {
  if (pathname !== "/start") return show(response, "");
  if (searchParams.get("step") === "authorize") {
    response.writeHead(302, { location: `${searchParams.get("returnUrl")}?state=made-by-the-app` });
    return response.end();
  }
  const code = searchParams.get("code");
  const body = new URLSearchParams({ grant_type: "authorization_code", client_id: CLIENT_ID, client_secret: SECRET, code });
  const given = await edge.fetch(`${new URL(callbacks).pathname}/token`, { method: "POST", body });
  fetched.push([given.status, await given.json()]);
  return show(response, "<title>Acme itself</title>");
}

before(async () => {
  hubspot = await secureSite(stand);
  app = await startSite(start);
  edge = await startEdge({ retune: (worker) => { worker.outboundService = api; } });
  base = local("go", new URL(edge.url).port);
  ({ operator, ada } = await programme(edge));
  listing = await operator.json("POST", "/v1/listings", {
    name: "Acme at HubSpot", marketplace: "hubspot", url: `${base}/`, forward_to: `${local("app", app.port)}/start`,
    settings: { client_id: CLIENT_ID, scopes: SCOPES }, secrets: { client_secret: SECRET },
  });
  callbacks = `${base}/callbacks/hubspot/${listing.id}`;
  await operator.json("PATCH", `/v1/listings/${listing.id}`, { url: `${callbacks}/install` });
  link = await operator.json("POST", "/v1/links", { partner_id: ada.id, listing_id: listing.id });
  browser = await launch({ "app.hubspot.com": hubspot.port });
});
after(async () => {
  await browser?.close();
  await edge?.stop();
  hubspot?.close();
  app?.close();
});

const conversions = async () => (await operator.json("GET", "/v1/conversions")).data;
const install = async (hubId) => (await conversions()).find(({ customer_id }) => customer_id === `hubspot:${hubId}`);
const follow = (page) => page.goto(`${base}${new URL(link.url).pathname}`);

/** Consents, and waits for the app. */
async function connect(page) {
  await page.click("text=Connect app");
  await page.waitForURL("**/start?**");
  assert.equal(await page.title(), "Acme itself");
  return new URL(page.url());
}

test("an influencer's link leads over HubSpot's consent to the app, which gets its tokens, and the install is the influencer's", async () => {
  const visitor = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await visitor.newPage();
  await follow(page);
  const consent = new URL(page.url());
  assert.equal(consent.origin + consent.pathname, CONSENT);
  assert.equal(consent.searchParams.get("redirect_uri"), `${callbacks}/oauth`);
  const clickId = consent.searchParams.get("state");
  assert.match(clickId, /^[\w-]{40}$/);
  const arrived = await connect(page);
  assert.deepEqual([...arrived.searchParams.keys()], ["code", "state"], "the app gets what HubSpot sent");
  assert.deepEqual(fetched, [[200, tokens(62515)]]);
  assert.deepEqual(asked, ["POST https://api.hubapi.com/oauth/2026-03/token"]);
  const [only, ...others] = await conversions();
  assert.deepEqual([only.type, only.customer_id, only.metadata.evidence, others], ["install", "hubspot:62515", "code_exchange", []]);
  const [credit] = only.attribution.credits;
  assert.deepEqual([credit.partner_id, credit.click_id], [ada.id, clickId]);
  // The code counted once: a callback that is loaded again tells nothing new.
  const again = await page.goto(`${callbacks}/oauth${arrived.search}`);
  assert.deepEqual([again.status(), (await conversions()).length], [401, 1]);
  await visitor.close();
});

test("state alone carries the click, where the browser keeps no cookies", async () => {
  const visitor = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await visitor.newPage();
  await follow(page);
  await visitor.clearCookies();
  await connect(page);
  assert.equal((await install(62516)).attribution.credits[0].partner_id, ada.id);
  await visitor.close();
});

test("the cookie alone does, where the install begins in HubSpot's marketplace", async () => {
  const visitor = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await visitor.newPage();
  await follow(page);
  await page.goto("https://app.hubspot.com/marketplace");
  await page.click("text=Connect app");
  await page.waitForURL("https://app.hubspot.com/finalize?state=made-by-the-app");
  const arrived = await connect(page);
  assert.deepEqual([...arrived.searchParams.keys()], ["step", "code", "state", "returnUrl"]);
  assert.deepEqual([arrived.searchParams.get("state"), fetched.at(-1)], ["made-by-the-app", [200, tokens(62517)]]);
  assert.equal((await install(62517)).attribution.credits[0].partner_id, ada.id);
  await visitor.close();
});

test("what HubSpot does not confirm is not told, and neither codes nor secrets are logged", async () => {
  const before = await conversions();
  const held = [];
  const hangs = () => new Promise((release) => held.push(release));
  const elsewhere = () => new Response(null, { status: 307, headers: { location: "https://elsewhere.example/" } });
  const unused = `code=na1-unused&state=${"A".repeat(40)}`;
  for (const [said, answers, status, calls] of [
    ["no", grant, 401, 1], ["another place", elsewhere, 503, 1], ["its own failure", () => new Response("", { status: 500 }), 503, 2],
    ["nothing", hangs, 503, 2],
  ]) {
    answer = answers;
    asked.length = 0;
    const refused = await edge.fetch(`${new URL(callbacks).pathname}/oauth?${unused}`);
    assert.deepEqual([refused.status, refused.headers.get("location")], [status, null], said);
    assert.deepEqual(new Set(asked), new Set(["POST https://api.hubapi.com/oauth/2026-03/token"]), said);
    assert.equal(asked.length, calls, said);
  }
  answer = grant;
  for (const release of held) release(new Response("too late"));
  assert.deepEqual(await conversions(), before);
  const logged = JSON.stringify(edge.logs);
  assert.match(logged, /no answer within 4000 ms/);
  assert.match(logged, /hubspot oauth, is refused: the vendor rejected the request/);
  for (const secret of [SECRET, "na1-", "access-6251", "refresh-6251"]) assert.ok(!logged.includes(secret), secret);
});
