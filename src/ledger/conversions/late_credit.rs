//! Credit that comes late: a click of the customer's that was not known when the conversion was accepted.

use super::{
    super::{
        attribution::{
            candidates::{self, CandidateQuery},
            record,
            shares::{self, Spread, delta},
        },
        commissions::{booking, compute::compute, view::show as show_commission},
        error::LedgerError,
        refunds::reversal::apply_earlier_refunds,
        terms,
        tx::Tx,
        viewer::Viewer,
    },
    recording::record_secondary,
    view::show,
};
use crate::{
    domain::{
        attribution::{Attribution, attribute},
        clicks::click::ClickId,
        event::EventType,
        money::Currency,
        programme::Program,
    },
    store::{
        SqlError, commissions,
        conversions::{self, BoundTouch, Conversion},
        log::change::{Binding, Change},
        reports::counts::ConversionDelta,
    },
};

/// What binds a click to a customer now, and the clicks that came with it if the model weighs them. It is empty if the
/// click is bound already, or if its window has closed.
pub fn new_bindings(
    tx: &Tx<'_>,
    customer: &str,
    click_id: &str,
    clicks: &[String],
) -> Result<Vec<Binding>, LedgerError> {
    let rules = terms::current(tx)?.rules();
    let clicked_at = ClickId::verify(click_id, &tx.config.ring).map(|click| click.at);
    let query = CandidateQuery {
        click_id: Some(click_id),
        other_clicks: clicks,
        customer: Some(customer),
        coupon: None,
        listing_no: None,
        occurred_at: tx.now,
        // A click that becomes known late is as new as it was when it was made.
        new_until: clicked_at.unwrap_or(tx.now),
        needs_trail: false,
    };
    let candidates = candidates::collect(tx, &query, rules)?;
    let attribution = attribute(&candidates.plain_touches(), tx.now, rules);
    Ok(candidates::bindings(Some(customer), &attribution, &candidates.touches))
}

/// How many conversions are read at once, so that a customer with many does not fill the memory.
const PAGE: i64 = 500;

/// Credits a customer's unearned conversions, as far as the clicks that are known now earn them. Credited conversions stay
/// as they are. It reads all unearned conversions, so call it only where a click may have become known.
pub fn credit_unearned(tx: &Tx<'_>, customer: &str) -> Result<(), SqlError> {
    let candidates = candidates::of_customer(tx, customer)?;
    if candidates.is_empty() {
        return Ok(());
    }
    let terms = terms::current(tx)?;
    let known: Vec<_> = candidates.iter().map(|bound| bound.touch.clone()).collect();
    let rules = terms.rules();
    let mut after = 0;
    loop {
        let page = conversions::unattributed(tx.sql, customer, after, PAGE)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.no;
        for conversion in page {
            let attribution = attribute(&known, conversion.occurred_at, rules);
            if !attribution.credits.is_empty() {
                let stored = record::to_json(&known, &attribution, rules, record::Findings::default())?;
                credit(tx, conversion, &attribution, &candidates, stored, &terms)?;
            }
        }
    }
}

fn credit(
    tx: &Tx<'_>,
    mut conversion: Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    stored: String,
    terms: &Program,
) -> Result<(), SqlError> {
    let unattributed = delta(&conversion);
    let from = ConversionDelta {
        uncounted: true,
        revenue: unattributed.revenue.saturating_neg(),
        refunds: unattributed.refunds.saturating_neg(),
        ..unattributed
    };
    let Some(credited) = shares::main_credit(attribution, candidates) else { return Ok(()) };
    conversion.credited = Some(credited.clone());
    conversion.attribution = stored;
    let currency = conversion.amount.as_ref().and_then(|(_, currency)| Currency::parse(currency));
    let booked = commissions::of_conversion(tx.sql, conversion.no)?;
    let earned = compute(tx, &conversion, attribution, candidates, currency, terms, &booked)?;
    conversion.counted.clone_from(&earned.counted);
    let credits = shares::credits(&conversion, attribution, candidates)?;
    let spread = Spread::new(delta(&conversion), credits, |_, credit| (credit.amount, credit.refunded));
    let (to, shares) = spread.parts();
    let change = Change::Credited {
        conversion_no: conversion.no,
        credited,
        attribution: conversion.attribution.clone(),
        from,
        to,
        shares,
        uses: earned.usage,
        counted: earned.counted,
    };
    let view = show(tx, &conversion, Viewer::Programme)?;
    tx.commit(EventType::ConversionCredited, &change, &view, "")?;
    for commission in earned.primary_commissions {
        let view = show_commission(tx.sql, &commission, Viewer::Programme)?;
        booking::record(tx, commission.clone(), &view, Some(&conversion))?;
        // Earlier refunds apply to commissions that are recorded only now.
        apply_earlier_refunds(tx, &commission, &conversion)?;
    }
    record_secondary(tx, earned.secondary_commissions)
}
