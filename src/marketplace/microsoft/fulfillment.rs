//! Microsoft's word: the SaaS fulfilment API, version 2, asked with the operator's own credentials. Nothing here changes
//! anything at Microsoft: a purchase is activated, and a change accepted, by the product.
//!
//! Sources: learn.microsoft.com, partner-center/marketplace-offers/pc-saas-fulfillment-subscription-api,
//! …/pc-saas-fulfillment-operations-api, …/pc-saas-registration.

use super::{
    super::{
        adapter::Arrival,
        event::EventKind,
        outgoing::{Answered, Request},
        proven,
        signature::{Refusal, Verified, polled},
    },
    webhook::Change,
};
use crate::domain::values::time::Timestamp;
use serde::Deserialize;

const API: &str = "https://marketplaceapi.microsoft.com/api/saas/subscriptions";
const VERSION: &str = "?api-version=2018-08-31";
/// All that the Marketplace SaaS API allows the app.
const SCOPE: &str = "20e940b3-4c77-4b0b-9a53-9e16a1b010a7/.default";
/// A token is good for an hour.
const TOKEN_KEPT_S: u32 = 600;

/// Whether a text is an id of Microsoft's. Only such a text becomes a part of an address.
pub fn is_guid(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| {
        if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    text.len() == 36 && text.bytes().enumerate().all(fits)
}

/// A time of Microsoft's: with up to seven places, and in some documents UTC without saying so.
pub fn time(text: Option<&str>) -> Option<Timestamp> {
    let text = text?;
    Timestamp::parse(text).or_else(|| Timestamp::parse(&format!("{text}Z")))
}

/// A purchase, as far as we read it. What is not told is absent, empty or `null`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    pub id: Option<String>,
    pub plan_id: Option<String>,
    saas_subscription_status: Option<String>,
    is_test: Option<bool>,
    is_free_trial: Option<bool>,
    term: Option<Term>,
    created: Option<String>,
}

/// What was paid for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Term {
    start_date: Option<String>,
}

impl Subscription {
    /// Its state; Microsoft's own examples pad it with blanks.
    pub fn status(&self) -> &str {
        self.saas_subscription_status.as_deref().unwrap_or_default().trim()
    }

    /// Whether it was bought for a test: it pays nobody.
    pub fn is_test(&self) -> bool {
        self.is_test == Some(true)
    }

    /// Whether nothing is paid for it so far.
    pub fn is_free_trial(&self) -> bool {
        self.is_free_trial == Some(true)
    }

    /// When it was bought.
    pub fn bought_at(&self) -> Option<Timestamp> {
        time(self.created.as_deref())
    }

    /// When the term began that it is in; nothing unless it says so.
    pub fn term(&self) -> Option<&str> {
        self.term.as_ref()?.start_date.as_deref().filter(|date| !date.is_empty())
    }
}

/// An operation, as far as we read it. The quantity is compared with nothing, because nothing is told of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    id: Option<String>,
    subscription_id: Option<String>,
    action: Option<String>,
    plan_id: Option<String>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

/// For the operator's log.
pub const NO_ACCESS: &str = "Microsoft does not take the listing's tenant_id, client_id and client_secret";

/// Whether Microsoft can be asked.
pub enum Access {
    /// A token is to be asked for first.
    Ask(Request),
    /// With this token.
    Granted(String),
    /// The operator does not want it.
    Unwanted,
    /// It does not work.
    Denied,
}

/// The operator's access to the API. Its token is the first answer of every callback.
pub fn access(arrival: &Arrival<'_>) -> Result<Access, Refusal> {
    let secrets = arrival.listing.secret("client_secret");
    let Some(client_secret) = secrets.first().filter(|secret| !secret.is_empty()) else {
        return Ok(Access::Unwanted);
    };
    let setting = |name| arrival.listing.setting(name).filter(|id| is_guid(id));
    let (Some(tenant), Some(client_id)) = (setting("tenant_id"), setting("client_id")) else {
        return Ok(Access::Denied);
    };
    let Some(answered) = arrival.answers.first() else {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", client_id),
            ("client_secret", client_secret),
            ("scope", SCOPE),
        ];
        let url = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
        return Ok(Access::Ask(Request::form(&url, &fields).kept_for(TOKEN_KEPT_S)));
    };
    match polled(answered) {
        Ok(proof) => {
            let granted: Granted = proven::read(&proof).map_err(|_| Refusal::Unanswered)?;
            Ok(Access::Granted(granted.access_token))
        }
        Err(Refusal::Declined) => Ok(Access::Denied),
        Err(refusal) => Err(refusal),
    }
}

/// Whose purchase a landing page's token names.
pub fn resolve(bearer: &str, token: String) -> Request {
    let url = format!("{API}/resolve{VERSION}");
    let mut request = Request { method: "POST", ..Request::get_as(&url, bearer) };
    request.headers.push(("content-type", "application/json".to_owned()));
    request.headers.push(("x-ms-marketplace-token", token));
    request
}

/// What Microsoft says when it is asked.
pub enum Said {
    /// This.
    Yes(Verified<'static>),
    /// It knows of no such thing.
    No,
    /// The credentials are not those of the offer.
    NotToUs,
}

/// Reads an answer of the API.
pub fn said(answered: &Answered) -> Result<Said, Refusal> {
    match (polled(answered), answered.status) {
        (Ok(proof), _) => Ok(Said::Yes(proof)),
        (Err(Refusal::Declined), 401 | 403) => Ok(Said::NotToUs),
        (Err(Refusal::Declined), _) => Ok(Said::No),
        (Err(refusal), _) => Err(refusal),
    }
}

/// What stands behind an event of a webhook: its body is not signed.
pub enum Word {
    /// Microsoft is to be asked first.
    Ask(Request),
    /// Microsoft confirms it.
    Confirmed(Verified<'static>),
    /// Nobody does; for the operator's log, why, if that was not to be expected.
    Unconfirmed(Option<&'static str>),
    /// Microsoft denies it; for the operator's log, why.
    Denied(&'static str),
}

fn same(told: &str, known: Option<&str>) -> bool {
    known.is_some_and(|known| known.eq_ignore_ascii_case(told))
}

fn same_or_untold(told: Option<&str>, known: Option<&str>) -> bool {
    known.is_none_or(|known| known.is_empty() || same(known, told))
}

/// Whether an operation is the one of the webhook. It may have gone on since.
fn by_operation(proof: Verified<'static>, change: &Change<'_>) -> Result<Word, Refusal> {
    let operation: Operation = proven::read(&proof).map_err(|_| Refusal::Unanswered)?;
    let is_it = same(change.action, operation.action.as_deref())
        && same_or_untold(Some(&change.operation), operation.id.as_deref())
        && same_or_untold(Some(&change.account), operation.subscription_id.as_deref())
        && same_or_untold(change.wanted_plan, operation.plan_id.as_deref());
    if !is_it {
        return Ok(Word::Denied("Microsoft knows its operation as another"));
    }
    let has_failed = matches!(operation.status.as_deref(), Some("Failed" | "Conflict"));
    Ok(match (has_failed, change.has_failed) {
        (true, false) => Word::Denied("Microsoft says that its operation failed"),
        (false, true) => Word::Denied("Microsoft does not say that its operation failed"),
        (true, true) | (false, false) => Word::Confirmed(proof),
    })
}

/// Whether a purchase stands as it must after the event. That proves no single payment, so a renewal also has to be that of
/// the term which the purchase is in; and each term is charged once.
fn by_state(proof: Verified<'static>, change: &Change<'_>) -> Result<Word, Refusal> {
    let known: Subscription = proven::read(&proof).map_err(|_| Refusal::Unanswered)?;
    if known.is_test() {
        return Ok(Word::Denied("it is a test purchase"));
    }
    let status = match change.kind {
        EventKind::Suspended => "Suspended",
        EventKind::Uninstalled => "Unsubscribed",
        _ => "Subscribed",
    };
    let is_kept = !matches!(change.kind, EventKind::PlanChanged | EventKind::Charged | EventKind::Activated)
        || same_or_untold(change.plan, known.plan_id.as_deref());
    let is_term = change.kind != EventKind::Charged || (change.term.is_some() && change.term == known.term());
    let is_it = same(&change.account, known.id.as_deref());
    Ok(match (is_it, known.status() == status && is_kept && is_term, change.pays()) {
        (true, true, _) => Word::Confirmed(proof),
        // It may have been so: the purchase can have gone on since.
        (true, false, true) => Word::Unconfirmed(Some("the purchase stands otherwise at Microsoft")),
        (true, false, false) => Word::Denied("the purchase stands otherwise at Microsoft"),
        (false, _, _) => Word::Denied("Microsoft answers with another purchase"),
    })
}

/// Asks for the operation that a webhook tells of, and, because Microsoft keeps none for what it only notifies of, for the
/// purchase.
pub fn word(arrival: &Arrival<'_>, change: &Change<'_>) -> Result<Word, Refusal> {
    const NOT_TO_US: Word = Word::Unconfirmed(Some(NO_ACCESS));
    let bearer = match access(arrival)? {
        Access::Ask(request) => return Ok(Word::Ask(request)),
        Access::Granted(bearer) => bearer,
        Access::Unwanted => return Ok(Word::Unconfirmed(None)),
        Access::Denied => return Ok(NOT_TO_US),
    };
    let ask = |url: &str| Word::Ask(Request::get_as(&format!("{url}{VERSION}"), &bearer));
    let purchase = format!("{API}/{}", change.account);
    let Some(answered) = arrival.answers.get(1) else {
        return Ok(ask(&format!("{purchase}/operations/{}", change.operation)));
    };
    match said(answered)? {
        Said::Yes(proof) => return by_operation(proof, change),
        Said::NotToUs => return Ok(NOT_TO_US),
        Said::No => {}
    }
    let Some(answered) = arrival.answers.get(2) else { return Ok(ask(&purchase)) };
    match said(answered)? {
        Said::Yes(proof) => by_state(proof, change),
        Said::NotToUs => Ok(NOT_TO_US),
        Said::No => Ok(Word::Denied("Microsoft knows no such purchase")),
    }
}

/// Whether it was the purchase that confirmed, because there is no operation.
pub fn is_by_state(arrival: &Arrival<'_>) -> bool {
    arrival.answers.len() > 2
}
