//! Conversions: accepted only with their attribution, money and events in the same transaction.

use super::{
    call::Call,
    http::Response,
    problem::{Code, Problem},
    programme,
    views::{self, CommissionView, CreditView, view},
};
use crate::{
    domain::{
        attribution::{Attribution, AttributionStatus, Reason, Rules, attribute},
        conversion::ConversionType,
        event::EventType,
        id::{ConversionId, LinkId, ListingId, PartnerId},
        program::Model,
        time::Timestamp,
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

mod earn;
pub mod explain;
mod sent;
mod suspicion;
mod told;
mod touches;

use earn::Earned;
use sent::{Checked, Sent, check, keepable, sent};

pub use earn::{book, counts as commission_counts, uncounted};
pub use sent::NewConversion;
pub use told::{Told, accept_told, confirm, credit_unearned, delta, new_binding};

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
        /// Of the amount: tax, minor units.
        tax: Option<i64>,
        /// Of the amount: discount, minor units.
        discount: Option<i64>,
        /// Of the amount: shipping, minor units.
        shipping: Option<i64>,
        /// Refunded so far, minor units.
        refunded: i64,
        /// Where the customer is, as sent.
        country: Option<String>,
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
        tax: sent.tax,
        discount: sent.discount,
        shipping: sent.shipping,
        sold_in: sent.country.clone(),
    };
    let earned =
        earn::work_out(call, &conversion, &attribution, &candidates.known, checked.currency, &terms)?;
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
    earned: Earned,
) -> Result<Response, Problem> {
    let view = earn::show(call, &conversion, attribution, candidates, &earned.own)?;
    let answer = json_text(&view)?;
    let counts = delta(&conversion);
    let binding = touches::binding(conversion.customer_id.as_deref(), attribution, candidates);
    let written = Box::new(conversion.clone());
    let change = Change::Conversion { conversion: written, binding, counts, uses: earned.uses };
    call.commit(EventType::ConversionCreated, &change, &view, &answer)?;
    for (commission, shown) in earned.own.into_iter().zip(&view.commissions) {
        earn::book(call, commission, shown, Some(&conversion))?;
    }
    earn::book_besides(call, earned.besides)?;
    Ok(Response::json(201, answer).with_header("location", format!("/v1/conversions/{}", view.id)))
}

/// The conversion as it stands now.
fn show(call: &Call<'_>, conversion: &Conversion) -> Result<ConversionView, Problem> {
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
        tax: conversion.tax,
        discount: conversion.discount,
        shipping: conversion.shipping,
        refunded: conversion.refunded,
        country: conversion.sold_in.clone(),
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
