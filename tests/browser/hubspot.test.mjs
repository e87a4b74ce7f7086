// A customer in a real Chromium installs a HubSpot app: from an influencer's link through HubSpot's consent page to the
// app, which fetches its tokens from Signpost. HubSpot's pages and its API are fakes. workerd sends its outgoing calls
// to the fake API, so the tested build is the deployed one.
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
let base; // Signpost's origin for the browser
let listing;
let link;
let callbacks;

/** Codes that HubSpot issued and that were not exchanged yet, each with its redirect URI. */
const codes = new Map();
/** The accounts of the customers, in the order of their installs. */
const accounts = [62515, 62516, 62517];
/** The requests to HubSpot's API, and its handler. */
const apiCalls = [];
let handleApiCall = grant;
/** Token responses that the app received. */
const fetched = [];
const tokens = (hub_id) => ({
  token_type: "bearer", access_token: `access-${hub_id}`, refresh_token: `refresh-${hub_id}`, expires_in: 1800, hub_id, user_id: 7,
  scopes: SCOPES.split(" "), token_use: "access_token",
});

/** HubSpot's token endpoint. It accepts a code once, with the redirect URI for which it was issued. */
function grant(form) {
  const redirect_uri = codes.get(form.get("code"));
  codes.delete(form.get("code"));
  const isValid = form.get("grant_type") === "authorization_code" && form.get("client_id") === CLIENT_ID
    && form.get("client_secret") === SECRET && form.get("redirect_uri") === redirect_uri;
  if (!isValid) return Response.json({ status: "BAD_AUTH_CODE", message: "missing or unknown auth code" }, { status: 400 });
  return Response.json(tokens(accounts.shift()));
}

async function api(request) {
  const text = await request.text();
  apiCalls.push(`${request.method} ${request.url}`);
  return handleApiCall(new URLSearchParams(text));
}

function issueCode(redirect_uri) {
  const code = `na1-${crypto.randomUUID()}`;
  codes.set(code, redirect_uri);
  return code;
}

/** Fakes HubSpot's pages: the consent page, and the marketplace's pages before it. */
function fakeHubspot({ pathname, searchParams }, response) {
  const linkPage = (address, parameters) => show(response, `<title>HubSpot</title><a href="${new URL(`${address}?${new URLSearchParams(parameters)}`)}">Connect app</a>`);
  if (pathname === "/oauth/authorize") {
    const redirect_uri = searchParams.get("redirect_uri");
    assert.deepEqual([searchParams.get("client_id"), searchParams.get("scope")], [CLIENT_ID, SCOPES]);
    const state = searchParams.has("state") ? { state: searchParams.get("state") } : {};
    return linkPage(redirect_uri, { code: issueCode(redirect_uri), ...state });
  }
  const returnUrl = "https://app.hubspot.com/finalize";
  if (pathname === "/marketplace") return linkPage(`${callbacks}/oauth`, { step: "authorize", returnUrl });
  if (pathname !== "/finalize") return show(response, "");
  const code = issueCode(`${callbacks}/oauth`);
  return linkPage(`${callbacks}/oauth`, { step: "finalize", code, state: searchParams.get("state"), returnUrl });
}

/** Fakes the app, which requests its tokens from Signpost as it would from HubSpot. */
async function fakeApp({ pathname, searchParams }, response) {
  if (pathname !== "/start") return show(response, "");
  if (searchParams.get("step") === "authorize") {
    response.writeHead(302, { location: `${searchParams.get("returnUrl")}?state=made-by-the-app` });
    return response.end();
  }
  const code = searchParams.get("code");
  const body = new URLSearchParams({ grant_type: "authorization_code", client_id: CLIENT_ID, client_secret: SECRET, code });
  const tokenResponse = await edge.fetch(`${new URL(callbacks).pathname}/token`, { method: "POST", body });
  fetched.push([tokenResponse.status, await tokenResponse.json()]);
  return show(response, "<title>Acme itself</title>");
}

before(async () => {
  hubspot = await secureSite(fakeHubspot);
  app = await startSite(fakeApp);
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

/** Clicks on the link of the consent page, and waits for the app. */
async function connect(page) {
  await page.click("text=Connect app");
  await page.waitForURL("**/start?**");
  assert.equal(await page.title(), "Acme itself");
  return new URL(page.url());
}

test("an influencer's link leads through HubSpot's consent page to the app, which gets its tokens, and the install is credited", async () => {
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
  assert.deepEqual(apiCalls, ["POST https://api.hubapi.com/oauth/2026-03/token"]);
  const [only, ...others] = await conversions();
  assert.deepEqual([only.type, only.customer_id, only.metadata.evidence, others], ["install", "hubspot:62515", "code_exchange", []]);
  const [credit] = only.attribution.credits;
  assert.deepEqual([credit.partner_id, credit.click_id], [ada.id, clickId]);
  // The code is valid once, so loading the callback again records nothing.
  const again = await page.goto(`${callbacks}/oauth${arrived.search}`);
  assert.deepEqual([again.status(), (await conversions()).length], [401, 1]);
  await visitor.close();
});

test("the state alone credits an install if the browser has no cookies", async () => {
  const visitor = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await visitor.newPage();
  await follow(page);
  await visitor.clearCookies();
  await connect(page);
  assert.equal((await install(62516)).attribution.credits[0].partner_id, ada.id);
  await visitor.close();
});

test("the cookie alone credits an install that starts in HubSpot's marketplace", async () => {
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

test("an install that HubSpot does not confirm is not recorded, and neither codes nor secrets are logged", async () => {
  const before = await conversions();
  const held = [];
  const hang = () => new Promise((release) => held.push(release));
  const redirect = () => new Response(null, { status: 307, headers: { location: "https://other.example/" } });
  const unused = `code=na1-unused&state=${"A".repeat(40)}`;
  for (const [name, handler, status, calls] of [
    ["a refusal", grant, 401, 1], ["a redirect", redirect, 503, 1], ["a failure", () => new Response("", { status: 500 }), 503, 2],
    ["no response", hang, 503, 2],
  ]) {
    handleApiCall = handler;
    apiCalls.length = 0;
    const refused = await edge.fetch(`${new URL(callbacks).pathname}/oauth?${unused}`);
    assert.deepEqual([refused.status, refused.headers.get("location")], [status, null], name);
    assert.deepEqual(new Set(apiCalls), new Set(["POST https://api.hubapi.com/oauth/2026-03/token"]), name);
    assert.equal(apiCalls.length, calls, name);
  }
  handleApiCall = grant;
  for (const release of held) release(new Response("too late"));
  assert.deepEqual(await conversions(), before);
  const logged = JSON.stringify(edge.logs);
  assert.match(logged, /no response within 4000 ms/);
  assert.match(logged, /hubspot oauth, is refused: the vendor rejected the request/);
  for (const secret of [SECRET, "na1-", "access-6251", "refresh-6251"]) assert.ok(!logged.includes(secret), secret);
});
