//! Conversions that a marketplace told of, and the credit that comes late: a click of the customer's that was not known
//! when the conversion was accepted.

use super::{
    super::{body::Amount, call::Call, commissions, problem::Problem, programme, refunds, views},
    Checked, NewConversion, accept, earn, explain, main_place, sent,
    shares::{self, Spread},
    shown::{partner_id, show},
    touches,
};
use crate::{
    domain::{
        attribution::{Attribution, attribute},
        clicks::click::ClickId,
        conversions::{ConversionType, HeldReason},
        event::EventType,
        money::Currency,
        programme::{Program, listing::Listing},
        values::{string_enum::Metadata, time::Timestamp},
    },
    marketplace::event::Evidence,
    store::{
        commissions as rows,
        conversions::{self, BoundTouch, Conversion},
        log::change::{Binding, Change},
        reports::counts::ConversionDelta,
        value::json_text,
    },
};

/// A conversion as a marketplace told of it, not accepted before.
pub struct Told<'a> {
    /// What happened.
    pub kind: ConversionType,
    /// Unique with the type, for ever.
    pub external_id: String,
    /// The newest click that came with it.
    pub click_id: Option<String>,
    /// All clicks that came with it.
    pub clicks: &'a [String],
    /// The customer.
    pub customer_id: String,
    /// Coupon that was used.
    pub coupon: Option<String>,
    /// Minor units and ISO 4217 currency.
    pub amount: Option<(i64, String)>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// The listing it happened on.
    pub listing: &'a Listing,
    /// What is told besides.
    pub metadata: Metadata,
    /// Why what it earns is held.
    pub held_reason: Option<HeldReason>,
}

/// Accepts it, by the same door as the API's. Whether somebody earned it.
pub fn accept_told(call: &Call<'_>, told: Told<'_>) -> Result<bool, Problem> {
    let (amount, currency) = told.amount.unzip();
    let checked = Checked {
        currency: currency.as_deref().and_then(Currency::parse),
        occurred_at: Some(told.occurred_at),
        listing_no: Some(told.listing.no),
        held_reason: told.held_reason,
        clicks: told.clicks,
    };
    let body = NewConversion {
        kind: told.kind,
        external_id: told.external_id,
        click_id: told.click_id,
        customer_id: Some(told.customer_id),
        coupon: told.coupon,
        amount: amount.map(Amount),
        currency,
        tax: None,
        discount: None,
        shipping: None,
        country: None,
        occurred_at: None,
        listing_id: Some(told.listing.id.to_string()),
        metadata: Some(told.metadata),
    };
    let sent = sent(&body, &checked);
    accept(call, body, &checked, &sent).map(|accepted| accepted.is_earned)
}

/// What told of a conversion is confirmed by better evidence: what it earned is no longer held, and what it earns later
/// will not be.
pub fn confirm(
    call: &Call<'_>,
    mut conversion: Conversion,
    mut metadata: Metadata,
    evidence: Evidence,
) -> Result<(), Problem> {
    for commission in rows::of_conversion(call.sql, conversion.no)? {
        if commission.held_reason == Some(HeldReason::TransportOnly) {
            commissions::confirmed(call, commission, evidence)?;
        }
    }
    metadata.insert("evidence".to_owned(), evidence.as_str().to_owned());
    conversion.metadata = json_text(&metadata)?;
    let change = Change::Confirmed {
        conversion_no: conversion.no,
        partner_no: conversion.place.partner_no,
        metadata: conversion.metadata.clone(),
    };
    call.commit(EventType::ConversionConfirmed, &change, &show(call, &conversion)?, "")
}

/// What binds a click to a customer now, and those that came with it, if the model weighs them; nothing if it is bound
/// already, or its window is over.
pub fn new_bindings(
    call: &Call<'_>,
    customer: &str,
    click_id: &str,
    clicks: &[String],
) -> Result<Vec<Binding>, Problem> {
    let rules = programme::current(call)?.rules();
    let clicked_at = ClickId::verify(click_id, &call.config.ring).map(|click| click.at);
    let named = touches::Named {
        click_id: Some(click_id),
        others: clicks,
        customer: Some(customer),
        coupon: None,
        listing_no: None,
        occurred_at: call.now,
        // What came to light late is as new as it was when it was clicked.
        new_until: clicked_at.unwrap_or(call.now),
        asks_trail: false,
    };
    let candidates = touches::candidates(call, &named, rules)?;
    let attribution = attribute(&candidates.touches(), call.now, rules);
    Ok(touches::bindings(Some(customer), &attribution, &candidates.known))
}

/// Conversions that are looked at at once, so that a customer of many does not fill the memory.
const PAGE: i64 = 500;

/// Credits a customer's conversions that nobody has earned, as far as the clicks that are known now earn them. What was
/// credited stays as it is. It reads all of them, so it is called where a click may have come to light, and not with each conversion.
pub fn credit_unearned(call: &Call<'_>, customer: &str) -> Result<(), Problem> {
    let candidates = touches::bound(call, customer)?;
    if candidates.is_empty() {
        return Ok(());
    }
    let terms = programme::current(call)?;
    let known: Vec<_> = candidates.iter().map(|bound| bound.touch.clone()).collect();
    let rules = terms.rules();
    let mut after = 0;
    loop {
        let page = conversions::unearned(call.sql, customer, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.no;
        for conversion in page {
            let attribution = attribute(&known, conversion.occurred_at, rules);
            if !attribution.credits.is_empty() {
                let stored = explain::stored(&known, &attribution, rules, explain::Found::default())?;
                credit(call, conversion, &attribution, &candidates, stored, &terms)?;
            }
        }
    }
}

/// What a conversion adds to the counts, as it stands.
pub fn delta(conversion: &Conversion) -> ConversionDelta {
    let revenue = conversion.amount.as_ref().filter(|_| conversion.kind.earns());
    ConversionDelta {
        partner_no: conversion.place.partner_no,
        occurred_at: conversion.occurred_at,
        link_no: conversion.place.link_no,
        listing_no: conversion.listing_no.unwrap_or(0),
        country: conversion.place.country.clone(),
        device: conversion.place.device,
        currency: revenue.map_or_else(String::new, |(_, currency)| currency.clone()),
        counted: Some(conversion.kind),
        uncounted: false,
        revenue: revenue.map_or(0, |(amount, _)| *amount),
        refunds: conversion.refunded,
        commission: 0,
    }
}

fn credit(
    call: &Call<'_>,
    mut conversion: Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    stored: String,
    terms: &Program,
) -> Result<(), Problem> {
    let of_nobody = delta(&conversion);
    let from = ConversionDelta {
        uncounted: true,
        revenue: of_nobody.revenue.saturating_neg(),
        refunds: of_nobody.refunds.saturating_neg(),
        ..of_nobody
    };
    conversion.place = main_place(attribution, candidates);
    conversion.attribution = stored;
    let currency = conversion.amount.as_ref().and_then(|(_, currency)| Currency::parse(currency));
    let earned = earn::work_out(call, &conversion, attribution, candidates, currency, terms)?;
    let credits = shares::credits(&conversion, attribution, candidates)?;
    let spread = Spread::new(delta(&conversion), credits, |_, credit| (credit.amount, credit.refunded));
    let (to, shares) = spread.parts();
    let change = Change::Credited {
        conversion_no: conversion.no,
        place: conversion.place.clone(),
        attribution: conversion.attribution.clone(),
        from,
        to,
        shares,
        uses: earned.uses,
    };
    let view = show(call, &conversion)?;
    call.commit(EventType::ConversionCredited, &change, &view, "")?;
    for commission in earned.own {
        let shown = views::commission(&commission, &partner_id(call, commission.partner_no)?);
        earn::book(call, commission.clone(), &shown, Some(&conversion))?;
        // Earlier refunds take of commissions that are booked only now.
        refunds::take_back(call, &commission, &conversion)?;
    }
    earn::book_besides(call, earned.besides)
}
