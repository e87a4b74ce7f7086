//! Callbacks of marketplaces. The Worker verifies and parses them (`marketplace/receive.rs`), so that forgeries never
//! reach the Ledger. The Ledger writes the report before the vendor gets its response.

use super::{
    exchange::Exchange,
    expiring_cache::{ExpiringCache, LISTINGS},
    guard,
    http::{self, Refusal, call_store, public_url, read_body, with_timeout},
    outgoing::Vendors,
    random::CryptoEntropy,
    rate_limiter::RateLimiter,
    refused_callbacks::RefusedCallbacks,
    rpc::STORE_TIMEOUT,
    snapshot, vendor_http,
};
use crate::{
    api::http::problems::{Code, Problem},
    ledger::callbacks::report::Reported,
    marketplace::{
        adapter::{CallbackResponse, Listing},
        apple,
        receive::{CallbackRequest, Outcome, ReportResponses, receive},
    },
};
use std::{cell::RefCell, future::Future};
use worker::{Headers, Method, Request, Response};

/// How long a listing is cached with its secrets. A rotated secret is in effect everywhere after this time.
const LISTING_MS: i64 = 60_000;
/// How long it is cached that a listing does not exist.
const NO_LISTING_MS: i64 = 5_000;
/// The maximum rate of an instance's lookups of a listing in the Ledger, so that forgeries for one listing neither
/// overload it nor use up the lookups of another.
const LISTING_LOOKUPS_PER_SECOND: u32 = 50;
/// The maximum rate of an instance's lookups of apps, so that postbacks that Apple signed for other apps cannot overload the
/// Ledger.
const APP_LOOKUPS_PER_SECOND: u32 = 50;
/// The maximum number of lines logged per second. Of further lines, only their number is logged.
const LOG_LINES_PER_SECOND: u32 = 5;
/// The paths to which devices post Apple's postbacks. They are the same for all apps of a developer's domain.
const POSTBACKS: [(&str, &str); 2] = [
    ("/.well-known/skadnetwork/report-attribution", "skadnetwork"),
    ("/.well-known/appattribution/report-attribution", "adattributionkit"),
];

thread_local! {
    static LOG_LINES: RefCell<RateLimiter> = const { RefCell::new(RateLimiter::per_second(LOG_LINES_PER_SECOND)) };
    static APP_LOOKUPS: RefCell<RateLimiter> = const { RefCell::new(RateLimiter::per_second(APP_LOOKUPS_PER_SECOND)) };
    static REFUSED: RefCell<RefusedCallbacks> = RefCell::default();
    /// The rate limiters of listings that exist, by id.
    static LISTING_LOOKUPS: RefCell<ExpiringCache<String, RateLimiter, LISTINGS>> = RefCell::default();
    /// Results of lookups in the Ledger.
    static CACHED_LOOKUPS: RefCell<ExpiringCache<String, Option<String>, LISTINGS>> = RefCell::default();
}

/// Logs why a callback was refused, or which of its parts could not be parsed. The rate is limited, so that thousands
/// of forged callbacks per second cannot flood the operator's log.
pub fn log(exchange: &Exchange<'_>, line: &str) {
    let (is_allowed, dropped) = LOG_LINES.with_borrow_mut(|lines| lines.take(vendor_http::now().ms()));
    if dropped > 0 {
        worker::console_warn!("{dropped} more lines about callbacks were dropped in that second");
    }
    if is_allowed {
        worker::console_warn!("request {}: {line}", exchange.request_id);
    }
}

/// Reports to the Ledger how many callbacks were refused, in the background, if that is due. If it fails, the numbers are lost:
/// they are approximate.
fn report_refused(exchange: &Exchange<'_>) {
    let refused = REFUSED.with_borrow_mut(|refused| refused.take_due(vendor_http::now().ms()));
    if refused.is_empty() {
        return;
    }
    let stores = exchange.stores.clone();
    guard::in_background(exchange.context, async move {
        let report = async {
            let refused = serde_json::to_string(&refused)?;
            stores.ledger()?.callbacks_refused(&refused).await
        };
        if let Err(error) = with_timeout(STORE_TIMEOUT, report).await {
            worker::console_warn!("refused callbacks were not reported: {error}");
        }
    });
}

/// Returns the kind of postback that is posted to a path.
fn postback_kind(path: &str) -> Option<&'static str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    POSTBACKS.iter().find(|(known, _)| *known == path).map(|(_, kind)| *kind)
}

/// Returns whether a path belongs to a callback.
pub fn is_callback(path: &str) -> bool {
    path.starts_with("/callbacks/") || postback_kind(path).is_some()
}

/// The parsed path of a callback.
#[derive(Debug, PartialEq, Eq)]
struct Address<'a> {
    marketplace: &'a str,
    listing_id: &'a str,
    kind: &'a str,
    rest: &'a str,
}

impl<'a> Address<'a> {
    /// Parses `/callbacks/<marketplace>/<listing>[/<kind>[/<rest>]][/]`.
    fn parse(path: &'a str) -> Option<Self> {
        let path = path.strip_prefix("/callbacks/")?;
        let mut parts = path.strip_suffix('/').unwrap_or(path).splitn(4, '/');
        let (marketplace, listing_id) = (parts.next()?, parts.next()?);
        let (kind, rest) = (parts.next(), parts.next());
        let is_word =
            |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        let is_id = listing_id.strip_prefix("lst_").is_some_and(|id| {
            id.len() == 26 && id.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b))
        });
        let is_whole = kind != Some("") && rest != Some("");
        (is_word(marketplace) && is_id && is_whole).then_some(Self {
            marketplace,
            listing_id,
            kind: kind.unwrap_or_default(),
            rest: rest.unwrap_or_default(),
        })
    }
}

/// Returns the one-time id in the path of a browser that returns from a top-level redirect.
fn handoff_id(path: &str) -> Option<&str> {
    let id = path.strip_prefix("/callbacks/continue/")?;
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (id.len() == 32 && id.bytes().all(is_hex)).then_some(id)
}

fn unavailable(detail: &'static str) -> Refusal {
    Problem::new(Code::Unavailable, detail).into()
}

/// Returns the result of a lookup in the Ledger, from the cache if possible.
async fn cached_lookup(
    name: String,
    is_allowed: impl FnOnce(i64) -> bool,
    lookup: impl Future<Output = worker::Result<Option<String>>>,
) -> Result<Option<String>, Refusal> {
    let now = vendor_http::now().ms();
    if let Some(cached) = CACHED_LOOKUPS.with_borrow(|lookups| lookups.get(&name, now).cloned()) {
        return Ok(cached);
    }
    if !is_allowed(now) {
        return Err(unavailable("Too many callbacks at once. Try again."));
    }
    let found = call_store("LEDGER", lookup).await?;
    let expiry = now.saturating_add(if found.is_some() { LISTING_MS } else { NO_LISTING_MS });
    CACHED_LOOKUPS.with_borrow_mut(|lookups| lookups.insert(name, found.clone(), expiry));
    Ok(found)
}

/// Counts a lookup of a listing that exists, and returns whether it is allowed.
fn allows_listing_lookup(id: &str, now: i64) -> bool {
    LISTING_LOOKUPS.with_borrow_mut(|lookups| {
        let mut limiter =
            lookups.remove(id).unwrap_or(const { RateLimiter::per_second(LISTING_LOOKUPS_PER_SECOND) });
        let is_allowed = limiter.allows(now);
        lookups.insert(id.to_owned(), limiter, i64::MAX);
        is_allowed
    })
}

/// Returns a listing with its secrets. An invented id is refused without a lookup, so that it cannot delay the callbacks
/// of a listing that exists.
async fn listing(exchange: &Exchange<'_>, id: &str) -> Result<Option<Listing>, Refusal> {
    match snapshot::has_listing(&exchange.stores, id).await {
        Some(true) => {}
        Some(false) => return Ok(None),
        None => return Err(unavailable("The listing could not be checked. Try again.")),
    }
    let lookup = async { exchange.stores.ledger()?.callback_listing(id).await };
    let is_allowed = |now| allows_listing_lookup(id, now);
    let text = cached_lookup(id.to_owned(), is_allowed, lookup).await?;
    let parse = |text: String| {
        strict_json::from_str(&text)
            .map_err(|error| Refusal::Failed(worker::Error::RustError(format!("malformed listing: {error}"))))
    };
    text.map(parse).transpose()
}

/// Returns the id of the listing for the app that a postback names. Apple's keys are known, so a forged postback causes no
/// lookup.
async fn postback_listing(
    exchange: &Exchange<'_>,
    kind: &str,
    body: &[u8],
) -> Result<Option<String>, Refusal> {
    let Some(app) = apple::postback_app(kind, body) else { return Ok(None) };
    let lookup = async { exchange.stores.ledger()?.listing_of_app(&app).await };
    let is_allowed = |now| APP_LOOKUPS.with_borrow_mut(|lookups| lookups.allows(now));
    cached_lookup(format!("app {app}"), is_allowed, lookup).await
}

fn respond(response: CallbackResponse) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in &response.headers {
        headers.append(name, value)?;
    }
    Ok(http::with_body(response.status, headers, response.body))
}

/// Responds to a browser that returns at the top level, where it sends its cookies.
async fn resume(exchange: &Exchange<'_>, request: &Request, id: &str) -> Result<Response, Refusal> {
    let cookies = request.headers().get("cookie")?.unwrap_or_default();
    let location =
        call_store("LEDGER", async { exchange.stores.ledger()?.resume(id, &cookies).await }).await?;
    let Some(location) = location else {
        let detail = "This link has expired or was already used. Open the product again.";
        return Err(Problem::new(Code::NotFound, detail).into());
    };
    let headers = Headers::new();
    headers.set("location", &location)?;
    headers.set("cache-control", "no-store")?;
    headers.set("referrer-policy", "no-referrer")?;
    Ok(http::with_body(302, headers, String::new()))
}

/// Handles a callback. Responds 503 if it cannot be processed now, so that the vendor retries.
pub async fn handle(exchange: &Exchange<'_>, mut request: Request, path: &str) -> Result<Response, Refusal> {
    if let Some(id) = handoff_id(path).filter(|_| request.method() == Method::Get) {
        return resume(exchange, &request, id).await;
    }
    let postback = postback_kind(path);
    let parsed = Address::parse(path);
    // The response is the same as for a listing that does not exist, because no vendor can have this address.
    if postback.is_none() && parsed.is_none() {
        return Ok(respond(CallbackResponse::unauthorized())?);
    }
    let body = read_body(&mut request).await?;
    let app_listing = match postback {
        Some(kind) => postback_listing(exchange, kind, &body).await?,
        None => None,
    };
    let apple =
        |kind| Some(Address { marketplace: "apple", listing_id: app_listing.as_deref()?, kind, rest: "" });
    let Some(address) = parsed.or_else(|| postback.and_then(apple)) else {
        return Ok(respond(CallbackResponse::unauthorized())?);
    };
    let listing = listing(exchange, address.listing_id).await?;
    let callback = CallbackRequest {
        method: request.inner().method(),
        // The vendor signs the public URL that was registered with it.
        url: public_url(&exchange.stores, &request.inner().url()),
        marketplace: address.marketplace.to_owned(),
        kind: address.kind.to_owned(),
        rest: address.rest.to_owned(),
        headers: request.headers().entries().collect(),
        body,
    };
    let mut entropy = CryptoEntropy::default();
    let vendors = Vendors { exchange, listing: address.listing_id };
    match receive(&callback, listing.as_ref(), &vendors, &mut entropy).await {
        Outcome::Respond { response, log: line, refusal } => {
            if let Some(line) = line {
                log(exchange, &line);
            }
            if let (Some(reason), Some(listing)) = (refusal, &listing) {
                REFUSED.with_borrow_mut(|refused| refused.count(listing.no, reason));
            }
            report_refused(exchange);
            Ok(respond(response)?)
        }
        Outcome::RateLimited => Err(unavailable("Too many calls to marketplaces at once. Try again.")),
        Outcome::Report { report, responses, log: line } => {
            let text = serde_json::to_string(&report).map_err(worker::Error::from)?;
            let reported =
                call_store("LEDGER", async { exchange.stores.ledger()?.report(&text).await }).await?;
            let reported: Reported = strict_json::from_str(&reported)
                .map_err(|error| worker::Error::RustError(error.to_string()))?;
            if let Some(line) = line {
                log(exchange, &line);
            }
            report_refused(exchange);
            if reported == Reported::Replayed {
                log(exchange, &format!("a callback of {} was delivered again", address.listing_id));
            }
            Ok(respond(response_to(*responses, reported)?)?)
        }
    }
}

/// Returns the vendor's response for the outcome of a report.
fn response_to(responses: ReportResponses, reported: Reported) -> Result<CallbackResponse, Refusal> {
    let ReportResponses { written, replayed, kept, handoff_completed } = responses;
    match reported {
        Reported::Written => Ok(written),
        Reported::Kept => Ok(kept.unwrap_or(written)),
        Reported::HandedOver(Some(body)) => Ok(CallbackResponse { body, ..written }),
        Reported::Replayed | Reported::HandedOver(None) => Ok(replayed),
        Reported::HandoffCompleted => Ok(handoff_completed.unwrap_or(written)),
        Reported::TrailNeeded(_) => Err(Refusal::Failed(worker::Error::RustError(
            "the Ledger returned a trail request to the Worker".to_owned(),
        ))),
    }
}
