// Callbacks of marketplaces: what came in is verified and read by Rust (src/marketplace/step.rs), what it tells is written
// by the Ledger, and only then is the vendor answered.
import { ask, baseUrl, readBody } from "./api.mjs";
import { call } from "./instance.mjs";
import { LEDGER_NAME } from "./objects.mjs";
import { askVendor, sign } from "./outgoing.mjs";
import { ASecond } from "./pace.mjs";
import { Refusal } from "./problem.mjs";
import { documents } from "./published.mjs";

const CALLBACK = /^\/callbacks\/([a-z-]+)\/(lst_[0-9a-v]{26})(?:\/([^/]+)(?:\/(.+?))?)?\/?$/;
/** Where devices post what Apple says of advertisements: at the domain of the app's developer, whichever app it is. */
const WELL_KNOWN = /^\/\.well-known\/(skadnetwork|appattribution)\/report-attribution\/?$/;
const POSTBACKS = { skadnetwork: "skadnetwork", appattribution: "adattributionkit" };
const CONTINUE = /^\/callbacks\/continue\/([0-9a-f]{32})$/;
/** A listing's secrets are kept in the isolate for so long: a rotation holds everywhere after it. */
const LISTING_MS = 60_000;
/** "No such listing" is believed for so long. */
const NO_LISTING_MS = 5_000;
/** Listings that an isolate keeps at most. */
const LISTINGS = 1_000;
/** Listings that an isolate asks the Ledger for, a second: whoever makes ids up must not keep the one Ledger busy. */
const LOOK_UPS_A_SECOND = 50;
/** What one callback asks its vendor, or has signed, at most. */
const ANSWERS = 6;
/** How often one callback asks for keys at most: those at hand, then newer ones, of two signatures. */
const FETCHES = 4;
/** Calls to vendors that an isolate makes, a second: anybody can make codes up, and a vendor must not bar us for it. */
const CALLS_A_SECOND = 50;
/** Lines that are logged a second; of the others only the number is. */
const LOGGED_A_SECOND = 5;

const lines = new ASecond(LOGGED_A_SECOND, (more) => {
  console.warn(`${more} more lines about callbacks are left out of that second`);
});
const lookUps = new ASecond(LOOK_UPS_A_SECOND);
const calls = new ASecond(CALLS_A_SECOND);
const listings = new Map(); // id, or app → {text, until}; text is empty if there is none

/** Logs why a callback was refused, or what of it could not be read. Whoever forges thousands a second must not fill the
 *  operator's log. */
function note(line, now) {
  if (lines.take(now)) console.warn(line);
}

/** Whether a path is a callback's. */
export const isCallback = (path) => path.startsWith("/callbacks/") || WELL_KNOWN.test(path);

const ledger = (env) => env.LEDGER.getByName(LEDGER_NAME);

/** What the Ledger says to a question about listings, kept for a while; empty if there is nothing. */
async function lookUp(name, now, question) {
  const known = listings.get(name);
  if (known !== undefined && known.until > now) return known.text;
  if (!lookUps.take(now)) throw new Refusal("unavailable", "Too many listings at once. Try again.");
  const text = (await ask("LEDGER", question())) ?? "";
  if (listings.size >= LISTINGS) listings.clear();
  listings.set(name, { text, until: now + (text === "" ? NO_LISTING_MS : LISTING_MS) });
  return text;
}

const listingOf = (env, id, now) => lookUp(id, now, () => ledger(env).callbackListing(id));

/** The listing's id and the kind of a postback that Apple had sent to the domain. */
async function postback(env, framework, body, now) {
  const app = call((wasm) => wasm.postback_app(body));
  const id = app && (await lookUp(`app ${app}`, now, () => ledger(env).listingOfApp(app)));
  return id ? [undefined, "apple", id, POSTBACKS[framework]] : [];
}

function respond({ status, headers, body }, requestId) {
  const response = new Response(body === "" ? null : body, { status, headers });
  response.headers.set("x-request-id", requestId);
  return response;
}

/** The browser comes back at the top level, with its cookies. */
async function goOn(request, env, id, requestId) {
  const cookies = request.headers.get("cookie") ?? "";
  const location = await ask("LEDGER", ledger(env).resume(id, cookies));
  if (location === undefined) {
    throw new Refusal("not_found", "This way on was used before, or is too old. Open the product again.");
  }
  const headers = [["location", location], ["cache-control", "no-store"], ["referrer-policy", "no-referrer"]];
  return respond({ status: 302, headers, body: "" }, requestId);
}

async function take(request, env, ctx, url, requestId) {
  const wellKnown = WELL_KNOWN.exec(url.pathname);
  const named = wellKnown ? [] : CALLBACK.exec(url.pathname);
  // As for a listing that is not there: nobody can have registered such an address.
  const unknown = () => respond(JSON.parse(call((wasm) => wasm.callback_unknown())), requestId);
  if (named === null) return unknown();
  const body = await readBody(request);
  const now = Date.now();
  const address = wellKnown ? await postback(env, wellKnown[1], body, now) : named;
  const [, marketplace, listingId, kind = "", rest = ""] = address;
  if (marketplace === undefined) return unknown();
  const listing = await listingOf(env, listingId, now);
  const base = baseUrl(env, url);
  const head = {
    method: request.method,
    // What the vendor signed is the address that it was given.
    url: `${base}${request.url.slice(url.origin.length)}`,
    marketplace,
    kind,
    rest,
    headers: Array.from(request.headers),
  };
  const { answer: final, report: told } = await step(env, ctx, head, body, listing, requestId);
  if (final) {
    if (final.log) note(`request ${requestId}: ${final.log}`, now);
    return respond(final.answer, requestId);
  }
  const reported = await ask("LEDGER", ledger(env).report(JSON.stringify(told.report)));
  if (told.log) note(`request ${requestId}: ${told.log}`, now);
  return respond(answerTo(told, reported, () => note(`request ${requestId}: a callback of ${listingId} came again`, now)), requestId);
}

/** The answer to what became of a report. */
function answerTo({ answer, otherwise, known }, reported, noteReplay) {
  if (reported === "written") return answer;
  if (reported === "known") return known;
  const { handed_over: kept } = reported;
  if (kept) return { ...answer, body: kept };
  if (reported === "replayed") noteReplay();
  return otherwise;
}

/** One more call to a vendor, or to be tried again. */
function pace() {
  if (!calls.take(Date.now())) throw new Refusal("unavailable", "Too many calls to marketplaces at once. Try again.");
}

/** What a callback comes to, after the vendor was asked whatever there is to ask. */
async function step(env, ctx, head, body, listing, requestId) {
  const [headJson, answers, published] = [JSON.stringify(head), [], new Map()];
  for (let fetches = 0; ; ) {
    // A call may take seconds: the time is that of each step.
    const known = [JSON.stringify(answers), JSON.stringify(Array.from(published.values()))];
    const outcome = JSON.parse(call((wasm) => wasm.callback_step(headJson, body, listing, ...known, Date.now())));
    if (outcome.answer || outcome.report) return outcome;
    if (answers.length === ANSWERS || fetches === FETCHES) throw new Error("an adapter asks its vendor without end");
    if (outcome.fetch) {
      fetches += 1;
      const found = await documents(env, ctx, outcome.fetch.documents, requestId, () => calls.take(Date.now()));
      for (const document of found) published.set(document.url, document);
    } else if (outcome.sign) {
      answers.push(await sign(outcome.sign.to_sign, requestId));
    } else {
      pace();
      answers.push(await askVendor(outcome.ask.request, requestId));
    }
  }
}

/** Answers a callback. A vendor that cannot be served now gets 503 and tries again. */
export async function callback(request, env, ctx, requestId) {
  try {
    const url = new URL(request.url);
    const way = CONTINUE.exec(url.pathname);
    if (way && request.method === "GET") return await goOn(request, env, way[1], requestId);
    return await take(request, env, ctx, url, requestId);
  } catch (error) {
    if (error instanceof Refusal) return error.answer(requestId);
    throw error;
  }
}
