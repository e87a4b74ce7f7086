//! From a callback's HTTP request to an [`Outcome`]: find the adapter, verify, parse. The caller writes the report to
//! the Ledger and sends the response.

use super::{
    adapter::{
        AccountEmail, AccountName, Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Listing,
        ParsedCallback, Proof, Reply, Unreadable, Verification, VerifyError,
    },
    event::Event,
    kept::{self, KeptCallback},
    oauth, page, registry,
    signature::{Callback, Refusal},
    vendor_api::{LimitedApi, VendorApi, VendorError},
};
use crate::domain::{
    programme::listing::Marketplace,
    values::{digest::sha256_hex, entropy::Entropy, time::Timestamp},
};
use serde::{Deserialize, Serialize};

/// A browser must complete its handoff within this time.
pub const BROWSER_HANDOFF_MS: i64 = 10 * 60 * 1000;

/// An app must fetch its token response within this time.
pub const TOKEN_HANDOFF_MS: i64 = 10 * 60 * 1000;

/// A callback's HTTP request, with its path already split.
#[derive(Debug, Clone)]
pub struct CallbackRequest {
    /// Method.
    pub method: String,
    /// Full URL, under the public host name.
    pub url: String,
    /// The marketplace in the path.
    pub marketplace: String,
    /// The kind in the path; empty if there is none.
    pub kind: String,
    /// The rest of the path after the kind.
    pub rest: String,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// A browser that has been sent to the page where our cookies are visible.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BrowserHandoff {
    /// SHA-256 of the one-time id, hexadecimal.
    pub id_hash: String,
    /// The customer's account.
    pub account: String,
    /// Where the browser goes after that page.
    pub location: String,
    /// Whether the browser is in a frame, where the visitor must follow a link.
    pub in_frame: bool,
}

/// A single-use token, or one that may be reused at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The key under which it is remembered.
    pub key: String,
    /// Until when it is remembered.
    pub keep_until: Timestamp,
    /// The place (listing and kind) that accepts it again if it was first used there; `None` for a strictly single-use
    /// token.
    pub again_at: Option<String>,
}

/// A vendor's token response that is stored for the app.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredTokenResponse {
    /// SHA-256 of the code that it is requested with, hexadecimal.
    pub code_hash: String,
    /// The response body, with its tokens.
    pub body: String,
}

impl std::fmt::Debug for StoredTokenResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredTokenResponse({})", self.code_hash)
    }
}

/// What the Ledger writes for a callback. It crosses an object boundary as JSON, possibly between two versions of the
/// Worker, so its serialised names must not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Number of the listing.
    pub listing_no: u16,
    /// Account names that were proven to belong together. They are learnt before the events are applied.
    #[serde(default)]
    pub names: Vec<AccountName>,
    /// E-mail addresses of customers. They are learnt before the events are applied.
    #[serde(default)]
    pub emails: Vec<AccountEmail>,
    /// Events, in order.
    pub events: Vec<Event>,
    /// The token that proved the callback, if it is not valid everywhere at any time.
    pub single_use: Option<Token>,
    /// A browser that is being handed off.
    #[serde(rename = "relay")]
    pub browser_handoff: Option<BrowserHandoff>,
    /// A token response to store for the app.
    #[serde(rename = "keep")]
    pub store_token_response: Option<StoredTokenResponse>,
    /// The hash of the code with which the app requests its stored token response.
    #[serde(rename = "ask_for")]
    pub requested_code_hash: Option<String>,
    /// The callback itself, if it or a part of it could not be read.
    #[serde(default)]
    pub unprocessed: Option<KeptCallback>,
    /// What the callback is recognised by if an earlier delivery was kept ([`kept::digest`]); `None` if nothing of it
    /// could be read.
    #[serde(default)]
    pub digest: Option<String>,
    /// Whether the operator's own app sent it, and not the marketplace or a browser.
    #[serde(default)]
    pub is_from_app: bool,
}

impl Report {
    /// A report of a listing that says nothing.
    #[must_use]
    pub fn new(listing_no: u16) -> Self {
        Self {
            listing_no,
            names: Vec::new(),
            emails: Vec::new(),
            events: Vec::new(),
            single_use: None,
            browser_handoff: None,
            store_token_response: None,
            requested_code_hash: None,
            unprocessed: None,
            digest: None,
            is_from_app: false,
        }
    }
}

/// What the caller must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Send the response.
    Respond {
        /// The response.
        response: CallbackResponse,
        /// A line for the operator's log.
        log: Option<String>,
        /// Why the callback of a listing that exists is refused, if it is. It quotes nothing of the
        /// message but names of fields.
        refusal: Option<String>,
    },
    /// Write the report to the Ledger, then send one of the responses.
    Report {
        /// The report.
        report: Box<Report>,
        /// The responses.
        responses: Box<ReportResponses>,
        /// A line for the operator's log.
        log: Option<String>,
    },
    /// The Worker makes too many vendor calls at the moment: answer 503 with the problem `unavailable`.
    RateLimited,
}

/// The responses to a report, by what the Ledger says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportResponses {
    /// Everything is written. If the report requested a token response, that is the body.
    pub written: CallbackResponse,
    /// The token was used before, or no token response is stored under the code.
    pub replayed: CallbackResponse,
    /// Nothing of the callback could be read, and it is kept.
    pub kept: Option<CallbackResponse>,
    /// The account has completed its handoff before, so its frame is redirected.
    pub handoff_completed: Option<CallbackResponse>,
}

/// The response to a callback that cannot be judged now.
fn unanswered() -> CallbackResponse {
    let detail = "The marketplace does not answer. Try again.";
    let mut response = CallbackResponse::with_body(503, "text/plain", detail);
    response.headers.extend([("retry-after", "5".to_owned()), ("cache-control", "no-store".to_owned())]);
    response
}

/// A log line: which callback, what happened to it, and why.
fn line(
    request: &CallbackRequest,
    listing: &Listing,
    became: &str,
    reason: &dyn std::fmt::Display,
) -> String {
    format!("a callback of {}, {} {}, {became}: {reason}", listing.id, request.marketplace, request.kind)
}

fn refused(
    response: CallbackResponse,
    request: &CallbackRequest,
    listing: &Listing,
    reason: impl std::fmt::Display,
) -> Outcome {
    let log = Some(line(request, listing, "is refused", &reason));
    Outcome::Respond { response, log, refusal: Some(reason.to_string()) }
}

/// Verifies and parses a callback. `listing` is `None` if there is no such listing.
pub async fn receive(
    request: &CallbackRequest,
    listing: Option<&Listing>,
    api: &dyn VendorApi,
    entropy: &mut dyn Entropy,
) -> Outcome {
    let adapter = Marketplace::parse(&request.marketplace).and_then(registry::find);
    let (Some(adapter), Some(listing)) = (adapter, listing) else {
        return Outcome::Respond { response: CallbackResponse::unauthorized(), log: None, refusal: None };
    };
    receive_with(adapter, request, listing, api, entropy).await
}

/// The same with a given adapter.
pub async fn receive_with(
    adapter: &dyn Adapter,
    request: &CallbackRequest,
    listing: &Listing,
    api: &dyn VendorApi,
    entropy: &mut dyn Entropy,
) -> Outcome {
    let kind = adapter.kinds().iter().find(|kind| kind.name == request.kind);
    let Some(kind) = kind.filter(|_| listing.marketplace == adapter.marketplace()) else {
        return refused(CallbackResponse::unauthorized(), request, listing, "there is no such callback");
    };
    if !kind.methods.contains(&request.method.as_str()) {
        let reason = "the method is not one of the vendor's";
        return refused(CallbackResponse::unauthorized(), request, listing, reason);
    }
    let headers: Vec<(&str, &str)> =
        request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let callback =
        Callback { method: &request.method, url: &request.url, headers: &headers, body: &request.body };
    let context = CallbackContext { callback, kind: *kind, rest: &request.rest, listing, now: api.now() };
    let proof = match adapter.verify(&context, &LimitedApi::new(api)).await {
        // The sender is not at fault: vendors and browsers retry.
        Err(VerifyError::Refused(Refusal::Unanswered)) => {
            return refused(unanswered(), request, listing, Refusal::Unanswered);
        }
        Err(VerifyError::Refused(refusal)) => {
            return refused(adapter.refused(*kind), request, listing, refusal);
        }
        Err(VerifyError::Limited(VendorError::RateLimited)) => return Outcome::RateLimited,
        Err(VerifyError::Limited(error)) => {
            return refused(CallbackResponse::empty(500), request, listing, error);
        }
        Ok(Verification::Respond { response, log }) => {
            let log = log.map(|why| line(request, listing, "tells nothing", &why));
            return Outcome::Respond { response, log, refusal: None };
        }
        Ok(Verification::Verified(proof)) => proof,
    };
    let context = CallbackContext { now: api.now(), ..context };
    match adapter.parse(&proof, &context) {
        Ok(mut parsed) => {
            let log = parsed.unprocessed.clone().or(parsed.log);
            parsed.log = log.map(|why| line(request, listing, "was taken in part", &why));
            report(&proof, parsed, &context, adapter.refused(*kind), entropy)
        }
        Err(error) => unprocessed(adapter, &proof, &context, request, &error),
    }
}

/// A verified callback that could not be read: it is kept before the vendor is answered.
fn unprocessed(
    adapter: &dyn Adapter,
    proof: &Proof<'_>,
    context: &CallbackContext<'_>,
    request: &CallbackRequest,
    error: &Unreadable,
) -> Outcome {
    let Some(response) = adapter.unprocessed(context.kind) else {
        return refused(CallbackResponse::empty(500), request, context.listing, error);
    };
    let report = Report {
        unprocessed: Some(kept::keep(proof, context, &error.0, false)),
        is_from_app: context.kind.origin == CallbackOrigin::App,
        ..Report::new(context.listing.no)
    };
    let responses = ReportResponses {
        // A Ledger that is one version older keeps nothing.
        written: unanswered(),
        replayed: response.clone(),
        kept: Some(response),
        handoff_completed: None,
    };
    let log = Some(line(request, context.listing, "is kept unprocessed", error));
    Outcome::Report { report: Box::new(report), responses: Box::new(responses), log }
}

fn report(
    proof: &Proof<'_>,
    parsed: ParsedCallback,
    context: &CallbackContext<'_>,
    replayed: CallbackResponse,
    entropy: &mut dyn Entropy,
) -> Outcome {
    let reloads = matches!(parsed.reply, Reply::FrameHandoff { reloads: true, .. });
    let mut report = Report {
        names: parsed.names,
        emails: parsed.emails,
        events: parsed.events,
        unprocessed: parsed.unprocessed.map(|why| kept::keep(proof, context, &why, true)),
        digest: Some(kept::digest(context)),
        store_token_response: parsed.token_handoff.map(|handoff| StoredTokenResponse {
            code_hash: sha256_hex(handoff.code.as_bytes()),
            body: handoff.body,
        }),
        is_from_app: context.kind.origin == CallbackOrigin::App,
        ..Report::new(context.listing.no)
    };
    let mut handoff_completed = None;
    let (written, browser_handoff) = match parsed.reply {
        Reply::TokenHandoff { code } => {
            report.requested_code_hash = Some(sha256_hex(code.as_bytes()));
            let responses = ReportResponses {
                written: oauth::token_response(),
                replayed: oauth::invalid_grant(),
                kept: None,
                handoff_completed: None,
            };
            return Outcome::Report {
                report: Box::new(report),
                responses: Box::new(responses),
                log: parsed.log,
            };
        }
        Reply::Plain(response) => (response, None),
        Reply::BrowserHandoff { account, query } => {
            match browser_handoff(context, account, &query, entropy) {
                // 303: the browser continues with GET, and a top-level navigation with a safe method sends Lax cookies.
                Some((path, handoff)) => (CallbackResponse::redirect(303, path), Some(handoff)),
                None => {
                    let log = format!("the listing {} has no forward_to", context.listing.id);
                    let response = CallbackResponse::empty(500);
                    return Outcome::Respond { response, log: Some(log), refusal: None };
                }
            }
        }
        Reply::FrameHandoff { account, query, frame_ancestors, .. } => {
            match browser_handoff(context, account, &query, entropy) {
                Some((path, handoff)) => {
                    handoff_completed = Some(CallbackResponse::redirect(302, handoff.location.clone()));
                    let page = page::continue_at_top(&frame_ancestors, &path);
                    (page, Some(BrowserHandoff { in_frame: true, ..handoff }))
                }
                None => (page::connected(&frame_ancestors), None),
            }
        }
    };
    report.browser_handoff = browser_handoff;
    report.single_use = proof.verified.single_use().map(|token| Token {
        key: token.key().to_owned(),
        keep_until: token.keep_until(),
        again_at: reloads.then(|| format!("{}/{}", context.listing.id, context.kind.name)),
    });
    let responses = ReportResponses { written, replayed, kept: None, handoff_completed };
    Outcome::Report { report: Box::new(report), responses: Box::new(responses), log: parsed.log }
}

/// The path of the page where our cookies are visible, under a new one-time id, and what the Ledger stores under that
/// id. `None` if the listing has no `forward_to`.
fn browser_handoff(
    context: &CallbackContext<'_>,
    account: String,
    query: &str,
    entropy: &mut dyn Entropy,
) -> Option<(String, BrowserHandoff)> {
    let location = context.listing.forward_url(query)?;
    let mut random = [0; 16];
    entropy.fill(&mut random);
    let id = data_encoding::HEXLOWER.encode(&random);
    let handoff = BrowserHandoff { id_hash: sha256_hex(id.as_bytes()), account, location, in_frame: false };
    Some((format!("/callbacks/continue/{id}"), handoff))
}
