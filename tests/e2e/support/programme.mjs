// The fixture of most suites: a programme with a landing page, a listing, a partner and a link. Also the requests of
// visitors and shops.
import assert from "node:assert/strict";
import { api, poll } from "./harness.mjs";

/** The headers of a browser. */
export const BROWSER = {
  "user-agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
  accept: "text/html",
};

export const LANDING = "https://acme.example/partners";
export const SHOP = "https://shop.example/buy?plan=pro";

/** Sets the programme up and adds a partner with a link. The returned functions create more of both. */
export async function programme(edge, { commission_bp = 2000, hold_days = 30 } = {}) {
  const operator = api(edge);
  await operator.json("PUT", "/v1/program", {
    name: "Acme partners", currency: "EUR", landing_url: LANDING, commission_bp, hold_days,
  });
  const listing = await operator.json("POST", "/v1/listings", { name: "Shop", marketplace: "web", url: SHOP });
  const partner = (fields = {}) =>
    operator.json("POST", "/v1/partners", { name: "Ada", kind: "influencer", ...fields });
  const link = (owner, fields = {}) =>
    operator.json("POST", "/v1/links", { partner_id: owner.id, listing_id: listing.id, ...fields });
  const ada = await partner();
  return { operator, listing, partner, link, ada, adas: await link(ada) };
}

/** Requests a link as a browser does. Returns the redirect's location, the click id and the cookies. */
export async function visit(edge, url, { ip = "192.0.2.1", query = "", headers = {}, method = "GET", cf } = {}) {
  const response = await edge.fetch(new URL(url).pathname + query, { ip, cf, method, headers: { ...BROWSER, ...headers } });
  const location = response.headers.get("location");
  const target = location ? new URL(location) : null;
  return {
    status: response.status,
    headers: response.headers,
    location,
    clickId: target?.searchParams.get("sp_click") ?? null,
    cookies: response.headers.getSetCookie(),
  };
}

/** Returns the body of a sale that names a click. */
export function sale(clickId, externalId, fields = {}) {
  return { type: "sale", external_id: externalId, click_id: clickId, amount: 9900, currency: "EUR", ...fields };
}

/** Waits until `isExpected` returns true for the report's totals, and returns them. The API promises five seconds. */
export async function totals(operator, query, isExpected, deadlineMs = 5_000) {
  let seen;
  const check = async () => {
    seen = (await operator.json("GET", `/v1/attribution?${query}`)).totals;
    return isExpected(seen) && seen;
  };
  try {
    return await poll(check, { deadlineMs, intervalMs: 50, what: "the counts in the report" });
  } catch (error) {
    assert.fail(`${error.message}; last seen: ${JSON.stringify(seen)}`);
  }
}
