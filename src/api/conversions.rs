//! Conversions: accepted only with their attribution, money and events in the same transaction.

use super::{
    body::{Amount, Checks},
    call::Call,
    http::Response,
    problem::{Code, Problem},
    programme,
    views::{self, CommissionView, CreditView, view},
};
use crate::{
    domain::{
        attribution::{Attribution, AttributionStatus, Reason, Rules, attribute},
        conversion::{ConversionType, HeldReason},
        event::EventType,
        id::{CommissionId, ConversionId, LinkId, ListingId, PartnerId},
        money::Currency,
        program::Model,
        time::{DAY_MS, Timestamp},
        words::Metadata,
    },
    store::{
        SqlError,
        change::Change,
        commissions,
        conversions::{self, BoundTouch, Conversion, Place},
        links, listings, partners,
        value::json_text,
    },
};
use json::FromJson;
use serde::Serialize;

mod earn;
pub mod explain;
mod told;
mod touches;

pub use told::{Told, accept_told, confirm, credit_unearned, delta, new_binding};

/// A conversion to accept.
#[derive(Debug, Clone, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewConversion {
    /// What happened.
    #[serde(rename = "type")]
    kind: ConversionType,
    /// Your id of it: unique with the type, for ever.
    external_id: String,
    /// The click id that the redirect put into the URL.
    click_id: Option<String>,
    /// Your id of the customer: binds later conversions to the same touches.
    customer_id: Option<String>,
    /// Coupon that was used.
    coupon: Option<String>,
    /// Amount in minor units; sales and subscriptions need it.
    amount: Option<Amount>,
    /// ISO 4217 currency of the amount.
    currency: Option<String>,
    /// When it happened; now if absent; at most 24 hours ahead.
    occurred_at: Option<String>,
    /// The listing it happened on; the credited link's if absent.
    listing_id: Option<String>,
    /// Free annotations.
    metadata: Option<Metadata>,
}

view! {
    /// Who earns a conversion, and why.
    pub struct AttributionView {
        /// Whether somebody earns it.
        status: AttributionStatus,
        /// The model in force.
        model: Model,
        /// Shares; they add up to 10,000.
        credits: Vec<CreditView>,
        /// Why, in a word.
        reason: Reason,
    }

    /// A conversion.
    pub struct ConversionView {
        /// Id.
        id: ConversionId,
        /// What happened.
        #[serde(rename = "type")]
        kind: ConversionType,
        /// The caller's id.
        external_id: String,
        /// Amount in minor units.
        amount: Option<i64>,
        /// ISO 4217 currency.
        currency: Option<String>,
        /// Refunded so far, minor units.
        refunded: i64,
        /// Click id as sent.
        click_id: Option<String>,
        /// The caller's id of the customer.
        customer_id: Option<String>,
        /// Coupon as sent.
        coupon: Option<String>,
        /// The listing it happened on.
        listing_id: Option<ListingId>,
        /// When it happened.
        occurred_at: Timestamp,
        /// Who earns it.
        attribution: AttributionView,
        /// What they earn.
        commissions: Vec<CommissionView>,
        /// Free annotations.
        metadata: Metadata,
        /// When it was accepted.
        created_at: Timestamp,
    }
}

/// What a caller sent, in the form that decides whether a later one is the same.
#[derive(Serialize, FromJson, PartialEq, Eq)]
struct Sent {
    click_id: Option<String>,
    customer_id: Option<String>,
    coupon: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    occurred_at: Option<i64>,
    listing_id: Option<String>,
    metadata: Metadata,
}

impl Sent {
    /// The first field in which two differ.
    fn differs(&self, other: &Self) -> Option<&'static str> {
        [
            (self.click_id != other.click_id, "click_id"),
            (self.customer_id != other.customer_id, "customer_id"),
            (self.coupon != other.coupon, "coupon"),
            (self.amount != other.amount, "amount"),
            (self.currency != other.currency, "currency"),
            (self.occurred_at != other.occurred_at, "occurred_at"),
            (self.listing_id != other.listing_id, "listing_id"),
            (self.metadata != other.metadata, "metadata"),
        ]
        .into_iter()
        .find_map(|(differs, field)| differs.then_some(field))
    }
}

/// A body whose fields have been found right.
struct Checked {
    currency: Option<Currency>,
    occurred_at: Option<Timestamp>,
    listing_no: Option<u16>,
    /// Why what it earns is held.
    held_reason: Option<HeldReason>,
}

fn check(call: &Call<'_>, body: &NewConversion) -> Result<Checked, Problem> {
    let mut checks = Checks::default();
    checks.text("external_id", Some(&body.external_id), 255);
    checks.text("customer_id", body.customer_id.as_deref(), 255);
    checks.text("coupon", body.coupon.as_deref(), 100);
    checks.metadata("metadata", body.metadata.as_ref());
    let currency = checks.currency("currency", body.currency.as_deref());
    if body.amount.is_none() && (body.kind.is_sale() || body.currency.is_some()) {
        checks.refuse(
            Code::MissingField,
            "amount",
            "Sales and subscriptions, and whatever has a currency, need an amount.",
        );
    }
    if body.currency.is_none() && (body.kind.is_sale() || body.amount.is_some()) {
        checks.refuse(
            Code::MissingField,
            "currency",
            "Sales and subscriptions, and whatever has an amount, need a currency.",
        );
    }
    let occurred_at = checks.time("occurred_at", body.occurred_at.as_deref());
    if occurred_at.is_some_and(|at| at > call.now.plus_ms(DAY_MS)) {
        let detail = format!("It is {} here; a conversion may lie at most 24 hours ahead.", call.now);
        checks.refuse(Code::OccurredInFuture, "occurred_at", detail);
    }
    let listing = match body.listing_id.as_deref().map(ListingId::parse) {
        Some(Some(id)) => listings::by_id(call.sql, &id)?,
        Some(None) | None => None,
    };
    if body.listing_id.is_some() && listing.is_none() {
        checks.refuse(Code::UnknownListing, "listing_id", "There is no listing with this id.");
    }
    checks.finish()?;
    let listing_no = listing.map(|listing| listing.no);
    Ok(Checked { currency, occurred_at, listing_no, held_reason: None })
}

/// A click id as it is kept. It comes from the visitor's own address bar and may be anything: a sale is not refused
/// for it. What cannot be one of ours is cut to what a row and an answer can hold.
fn keepable(click_id: String) -> String {
    click_id.chars().filter(|c| !c.is_control()).take(255).collect()
}

fn sent(body: &NewConversion, checked: &Checked) -> Sent {
    Sent {
        click_id: body.click_id.clone(),
        customer_id: body.customer_id.clone(),
        coupon: body.coupon.clone(),
        amount: body.amount.map(|amount| amount.0),
        currency: body.currency.clone(),
        occurred_at: checked.occurred_at.map(Timestamp::ms),
        listing_id: body.listing_id.clone(),
        metadata: body.metadata.clone().unwrap_or_default(),
    }
}

/// `POST /v1/conversions`
pub fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let mut body: NewConversion = call.body()?;
    body.click_id = body.click_id.map(keepable);
    let checked = check(call, &body)?;
    let sent = sent(&body, &checked);
    if let Some(first) = conversions::by_key(call.sql, body.kind, &body.external_id)? {
        let before: Sent = json::read(&first.sent).map_err(|error| SqlError::Engine(error.to_string()))?;
        return match before.differs(&sent) {
            None => Ok(Response::json(200, first.answer).with_header("idempotent-replayed", "true")),
            Some(field) => {
                let detail = format!(
                    "{} {:?} was accepted as {} with another {field}; send a new external_id for a new conversion.",
                    body.kind.as_str(),
                    body.external_id,
                    first.id
                );
                Err(Problem::field(Code::ConversionConflict, format!("/{field}"), detail))
            }
        };
    }
    accept(call, body, &checked, &sent).map(|accepted| accepted.answer)
}

/// A conversion that was accepted.
struct Accepted {
    answer: Response,
    /// Whether somebody earned it.
    is_earned: bool,
}

/// Decides who earns a new conversion, then records all of it.
fn accept(call: &Call<'_>, body: NewConversion, checked: &Checked, sent: &Sent) -> Result<Accepted, Problem> {
    let terms = programme::current(call)?;
    let occurred_at = checked.occurred_at.unwrap_or(call.now);
    let candidates = touches::candidates(call, body.click_id.as_deref(), body.customer_id.as_deref())?;
    let rules = Rules { model: terms.model, window_days: terms.window_days };
    let touches: Vec<_> = candidates.known.iter().map(|bound| bound.touch.clone()).collect();
    let mut attribution = attribute(&touches, occurred_at, rules);
    if candidates.click_invalid && attribution.credits.is_empty() {
        attribution.reason = Reason::ClickInvalid;
    }
    let winner = attribution.credits.first().and_then(|credit| candidates.known.get(credit.touch));
    let conversion = Conversion {
        no: conversions::next_no(call.sql)?,
        id: call.new_id(ConversionId::generate),
        kind: body.kind,
        external_id: body.external_id,
        amount: body.amount.map(|amount| amount.0).zip(body.currency),
        refunded: 0,
        click_id: body.click_id,
        customer_id: body.customer_id,
        coupon: body.coupon,
        listing_no: checked.listing_no.or(winner.and_then(|bound| bound.listing_no)),
        occurred_at,
        metadata: json_text(&sent.metadata)?,
        created_at: call.now,
        place: place(&attribution, winner),
        sent: json_text(sent)?,
        attribution: explain::stored(&touches, &attribution, rules)?,
        answer: String::new(),
        held_reason: checked.held_reason,
    };
    let earned =
        earn::commissions(call, &conversion, &attribution, &candidates.known, checked.currency, &terms)?;
    let answer = record(call, conversion, &attribution, &candidates.known, earned)?;
    Ok(Accepted { answer, is_earned: !attribution.credits.is_empty() })
}

fn place(attribution: &Attribution, winner: Option<&BoundTouch>) -> Place {
    match (attribution.credits.first(), winner) {
        (Some(credit), Some(bound)) => Place {
            partner_no: credit.partner_no,
            link_no: credit.link_no,
            country: bound.country.clone(),
            device: bound.device,
        },
        _ => Place::default(),
    }
}

/// Writes the conversion with everything that follows from it.
fn record(
    call: &Call<'_>,
    conversion: Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    earned: Vec<commissions::Commission>,
) -> Result<Response, Problem> {
    let view = earn::show(call, &conversion, attribution, candidates, &earned)?;
    let answer = json_text(&view)?;
    let counts = delta(&conversion);
    let binding = touches::binding(conversion.customer_id.as_deref(), attribution, candidates);
    let change = Change::Conversion { conversion: Box::new(conversion), binding, counts: counts.clone() };
    call.commit(EventType::ConversionCreated, &change, &view, &answer)?;
    for (commission, shown) in earned.into_iter().zip(&view.commissions) {
        earn::book(call, commission, shown, &counts)?;
    }
    Ok(Response::json(201, answer).with_header("location", format!("/v1/conversions/{}", view.id)))
}

/// The conversion as it stands now.
pub fn show(call: &Call<'_>, conversion: &Conversion) -> Result<ConversionView, Problem> {
    let listing = conversion.listing_no.map(|no| listings::by_no(call.sql, no)).transpose()?.flatten();
    let earned = commissions::of_conversion(call.sql, conversion.no)?;
    let mut shown = Vec::with_capacity(earned.len());
    for commission in earned.iter().filter(|commission| call.caller.sees(commission.partner_no)) {
        shown.push(views::commission(commission, &partner_id(call, commission.partner_no)?));
    }
    let attribution = explain::summary(call, conversion)?;
    Ok(ConversionView {
        id: conversion.id.clone(),
        kind: conversion.kind,
        external_id: conversion.external_id.clone(),
        amount: conversion.amount.as_ref().map(|(amount, _)| *amount),
        currency: conversion.amount.as_ref().map(|(_, currency)| currency.clone()),
        refunded: conversion.refunded,
        click_id: conversion.click_id.clone().filter(|click| own_click(call, &attribution, click)),
        customer_id: conversion.customer_id.clone(),
        coupon: conversion.coupon.clone(),
        listing_id: listing.map(|listing| listing.id),
        occurred_at: conversion.occurred_at,
        attribution,
        commissions: shown,
        metadata: json::read(&conversion.metadata).unwrap_or_default(),
        created_at: conversion.created_at,
    })
}

/// Whether the caller may see the click that a conversion named: a partner's key sees the one that earned, for the
/// conversion may have named another partner's.
fn own_click(call: &Call<'_>, attribution: &AttributionView, click_id: &str) -> bool {
    call.caller.partner.is_none() || attribution.credits.iter().any(|credit| credit.click_id == click_id)
}

fn partner_id(call: &Call<'_>, no: u32) -> Result<PartnerId, Problem> {
    let partner = partners::by_no(call.sql, no)?;
    Ok(partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?.id)
}

fn link_id(call: &Call<'_>, no: u32) -> Result<LinkId, Problem> {
    let link = links::by_no(call.sql, no)?;
    Ok(link.ok_or(SqlError::Shape { column: 0, expected: "a link that exists" })?.id)
}

/// A conversion by id, if the caller may see it.
pub fn named(call: &Call<'_>) -> Result<Conversion, Problem> {
    let id = call.id(ConversionId::parse)?;
    conversions::by_id(call.sql, &id)?
        .filter(|conversion| call.caller.sees(conversion.place.partner_no))
        .ok_or_else(Problem::not_found)
}

/// `GET /v1/conversions`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let fetch = |page| conversions::list(call.sql, call.caller.partner, page);
    call.page("conversions", fetch, |conversion| conversion.no, |conversion| show(call, conversion))
}

/// `GET /v1/conversions/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &show(call, &named(call)?)?)
}

/// `GET /v1/conversions/{id}/attribution`
pub fn attribution(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &explain::show(call, &named(call)?)?)
}

/// Makes a commission's id: here, because the parts that earn share it.
fn new_commission_id(call: &Call<'_>) -> CommissionId {
    call.new_id(CommissionId::generate)
}
