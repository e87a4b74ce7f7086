//! Callbacks of marketplaces: the Worker verifies and reads them (`marketplace/receive.rs`), so that forgeries never reach
//! the Ledger; the Ledger writes what they report; only then is the vendor answered.

use super::{
    exchange::Exchange,
    http::{self, Refusal, ask, public_url, read_body},
    outgoing::Vendors,
    random::CryptoEntropy,
    rate_limiter::RateLimiter,
    vendor_http,
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
use std::{cell::RefCell, collections::HashMap, future::Future};
use worker::{Headers, Method, Request, Response};

/// Listings are kept for so long, with their secrets: a rotation holds everywhere after it.
const LISTING_MS: i64 = 60_000;
/// "No such listing" is believed for so long.
const NO_LISTING_MS: i64 = 5_000;
/// Listings that an instance keeps at most.
const LISTINGS: usize = 1_000;
/// Listings that an instance asks the Ledger for per second: whoever makes ids up must not keep the one Ledger busy.
const LOOK_UPS_PER_SECOND: u32 = 50;
/// Lines that are logged per second; of the others only the number is.
const LINES_PER_SECOND: u32 = 5;
/// Where devices post Apple's postbacks: at the domain of the app's developer, whichever app it is.
const POSTBACKS: [(&str, &str); 2] = [
    ("/.well-known/skadnetwork/report-attribution", "skadnetwork"),
    ("/.well-known/appattribution/report-attribution", "adattributionkit"),
];

thread_local! {
    static LINES: RefCell<RateLimiter> = const { RefCell::new(RateLimiter::per_second(LINES_PER_SECOND)) };
    static LOOK_UPS: RefCell<RateLimiter> = const { RefCell::new(RateLimiter::per_second(LOOK_UPS_PER_SECOND)) };
    /// What the Ledger said to a question about listings, and until when it is believed, Unix milliseconds.
    static ANSWERS: RefCell<HashMap<String, (Option<String>, i64)>> = RefCell::default();
}

/// Logs why a callback was refused, or what of it could not be read. Whoever forges thousands a second must not fill the
/// operator's log.
fn log(exchange: &Exchange<'_>, line: &str) {
    let (is_allowed, left_out) = LINES.with_borrow_mut(|lines| lines.take(vendor_http::now().ms()));
    if left_out > 0 {
        worker::console_warn!("{left_out} more lines about callbacks are left out of that second");
    }
    if is_allowed {
        worker::console_warn!("request {}: {line}", exchange.request_id);
    }
}

/// The kind of postback that is posted at a path.
fn postback_kind(path: &str) -> Option<&'static str> {
    let path = path.strip_suffix('/').unwrap_or(path);
    POSTBACKS.iter().find(|(known, _)| *known == path).map(|(_, kind)| *kind)
}

/// Whether a path is a callback's.
pub fn is_callback(path: &str) -> bool {
    path.starts_with("/callbacks/") || postback_kind(path).is_some()
}

/// Where a callback is to go.
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

/// The one-time id of a browser that comes back.
fn handoff_id(path: &str) -> Option<&str> {
    let id = path.strip_prefix("/callbacks/continue/")?;
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    (id.len() == 32 && id.bytes().all(is_hex)).then_some(id)
}

fn unavailable(detail: &'static str) -> Refusal {
    Problem::new(Code::Unavailable, detail).into()
}

/// What the Ledger says to a question about listings, kept for a while.
async fn look_up(
    name: String,
    question: impl Future<Output = worker::Result<Option<String>>>,
) -> Result<Option<String>, Refusal> {
    let now = vendor_http::now().ms();
    let known = ANSWERS.with_borrow(|answers| {
        answers.get(&name).filter(|(_, until)| *until > now).map(|(text, _)| text.clone())
    });
    if let Some(known) = known {
        return Ok(known);
    }
    if !LOOK_UPS.with_borrow_mut(|look_ups| look_ups.allows(now)) {
        return Err(unavailable("Too many listings at once. Try again."));
    }
    let found = ask("LEDGER", question).await?;
    let until = now.saturating_add(if found.is_some() { LISTING_MS } else { NO_LISTING_MS });
    ANSWERS.with_borrow_mut(|answers| {
        if answers.len() >= LISTINGS {
            answers.clear();
        }
        answers.insert(name, (found.clone(), until));
    });
    Ok(found)
}

async fn listing(exchange: &Exchange<'_>, id: &str) -> Result<Option<Listing>, Refusal> {
    let question = async { exchange.stores.ledger()?.callback_listing(id).await };
    let text = look_up(id.to_owned(), question).await?;
    let read = |text: String| {
        strict_json::from_str(&text).map_err(|error| {
            Refusal::Failed(worker::Error::RustError(format!("a listing cannot be read: {error}")))
        })
    };
    text.map(read).transpose()
}

/// The id of the listing whose app a postback names.
async fn postback_listing(exchange: &Exchange<'_>, body: &[u8]) -> Result<Option<String>, Refusal> {
    let Some(app) = apple::postback_app(body).map(|app| app.to_string()) else { return Ok(None) };
    let question = async { exchange.stores.ledger()?.listing_of_app(&app).await };
    look_up(format!("app {app}"), question).await
}

fn respond(response: CallbackResponse) -> worker::Result<Response> {
    let headers = Headers::new();
    for (name, value) in &response.headers {
        headers.append(name, value)?;
    }
    Ok(http::with_body(response.status, headers, response.body))
}

/// A browser comes back at the top level, with its cookies.
async fn resume(exchange: &Exchange<'_>, request: &Request, id: &str) -> Result<Response, Refusal> {
    let cookies = request.headers().get("cookie")?.unwrap_or_default();
    let location = ask("LEDGER", async { exchange.stores.ledger()?.resume(id, &cookies).await }).await?;
    let Some(location) = location else {
        let detail = "This way on was used before, or is too old. Open the product again.";
        return Err(Problem::new(Code::NotFound, detail).into());
    };
    let headers = Headers::new();
    headers.set("location", &location)?;
    headers.set("cache-control", "no-store")?;
    headers.set("referrer-policy", "no-referrer")?;
    Ok(http::with_body(302, headers, String::new()))
}

/// Answers a callback. A vendor that cannot be served now gets 503 and tries again.
pub async fn answer(exchange: &Exchange<'_>, mut request: Request, path: &str) -> Result<Response, Refusal> {
    if let Some(id) = handoff_id(path).filter(|_| request.method() == Method::Get) {
        return resume(exchange, &request, id).await;
    }
    let postback = postback_kind(path);
    let named = Address::parse(path);
    // As for a listing that does not exist: nobody can have registered such an address.
    if postback.is_none() && named.is_none() {
        return Ok(respond(CallbackResponse::unauthorized())?);
    }
    let body = read_body(&mut request).await?;
    let app_listing = match postback {
        Some(_) => postback_listing(exchange, &body).await?,
        None => None,
    };
    let apple =
        |kind| Some(Address { marketplace: "apple", listing_id: app_listing.as_deref()?, kind, rest: "" });
    let Some(address) = named.or_else(|| postback.and_then(apple)) else {
        return Ok(respond(CallbackResponse::unauthorized())?);
    };
    let listing = listing(exchange, address.listing_id).await?;
    let callback = CallbackRequest {
        method: request.inner().method(),
        // What the vendor signed is the address that it was given.
        url: public_url(&exchange.stores, &request.inner().url()),
        marketplace: address.marketplace.to_owned(),
        kind: address.kind.to_owned(),
        rest: address.rest.to_owned(),
        headers: request.headers().entries().collect(),
        body,
    };
    let mut entropy = CryptoEntropy::default();
    match receive(&callback, listing.as_ref(), &Vendors { exchange }, &mut entropy).await {
        Outcome::Respond { response, log: line } => {
            if let Some(line) = line {
                log(exchange, &line);
            }
            Ok(respond(response)?)
        }
        Outcome::RateLimited => Err(unavailable("Too many calls to marketplaces at once. Try again.")),
        Outcome::Report { report, responses, log: line } => {
            let text = serde_json::to_string(&report).map_err(worker::Error::from)?;
            let reported = ask("LEDGER", async { exchange.stores.ledger()?.report(&text).await }).await?;
            let reported: Reported = serde_json::from_str(&reported).map_err(worker::Error::from)?;
            if let Some(line) = line {
                log(exchange, &line);
            }
            if reported == Reported::Replayed {
                log(exchange, &format!("a callback of {} came again", address.listing_id));
            }
            Ok(respond(response_to(*responses, reported)?)?)
        }
    }
}

/// The response to what became of a report.
fn response_to(responses: ReportResponses, reported: Reported) -> Result<CallbackResponse, Refusal> {
    let ReportResponses { written, replayed, kept, handoff_completed } = responses;
    match reported {
        Reported::Written => Ok(written),
        Reported::Kept => Ok(kept.unwrap_or(written)),
        Reported::HandedOver(Some(body)) => Ok(CallbackResponse { body, ..written }),
        Reported::Replayed | Reported::HandedOver(None) => Ok(replayed),
        Reported::HandoffCompleted => Ok(handoff_completed.unwrap_or(written)),
        Reported::TrailNeeded(_) => Err(Refusal::Failed(worker::Error::RustError(
            "the Ledger asks the Worker for a trail".to_owned(),
        ))),
    }
}
