//! Accepts conversions: decides who earns a new one, then records all of it.

use super::{
    super::{
        attribution::{
            candidates::{self, CandidateQuery},
            record, shares,
        },
        commissions::compute::compute,
        error::{ConversionError, LedgerError},
        terms,
        tx::Tx,
    },
    fingerprint::RequestFingerprint,
    recording,
    reported::ReportedConversion,
};
use crate::{
    domain::{
        attribution::{Attribution, Reason, attribute},
        values::{id::ConversionId, time::Timestamp},
    },
    store::{
        SqlError,
        conversions::{self, BoundTouch, Conversion},
        value::json_text,
    },
};

/// What became of a conversion that a caller submitted.
pub enum Submitted {
    /// It was accepted just now.
    Accepted(Accepted),
    /// The same conversion was accepted before; its JSON as of then.
    Replayed(String),
}

/// A conversion that was accepted.
pub struct Accepted {
    /// Its id.
    pub id: ConversionId,
    /// Its JSON, as the event and the response show it.
    pub json: String,
    /// Whether somebody earns it.
    pub is_earned: bool,
}

/// Accepts a conversion, once however often it is submitted. Another one under the same external id is refused.
pub fn submit(tx: &Tx<'_>, reported: ReportedConversion<'_>) -> Result<Submitted, LedgerError> {
    let Some(first) = conversions::by_key(tx.sql, reported.kind, &reported.external_id)? else {
        return accept(tx, reported).map(Submitted::Accepted);
    };
    let before: RequestFingerprint =
        strict_json::from_str(&first.fingerprint).map_err(|error| SqlError::Engine(error.to_string()))?;
    match before.difference(&RequestFingerprint::of(&reported)) {
        None => Ok(Submitted::Replayed(first.answer)),
        Some(field) => Err(ConversionError::Conflict {
            kind: reported.kind,
            external_id: reported.external_id,
            accepted_as: first.id,
            field,
        }
        .into()),
    }
}

/// Accepts a conversion whose external id is new.
pub fn accept(tx: &Tx<'_>, reported: ReportedConversion<'_>) -> Result<Accepted, LedgerError> {
    let terms = terms::current(tx)?;
    let occurred_at = reported.occurred_at.unwrap_or(tx.now);
    let rules = terms.rules();
    let candidates = candidates::collect(tx, &query(&reported, occurred_at), rules)?;
    let touches = candidates.plain_touches();
    let mut attribution = attribute(&touches, occurred_at, rules);
    if candidates.click_invalid && attribution.credits.is_empty() {
        attribution.reason = Reason::ClickInvalid;
    }
    let findings = record::Findings::of(&candidates);
    let stored = record::to_json(&touches, &attribution, rules, findings)?;
    let currency = reported.known_currency();
    let mut conversion = conversion(tx, reported, occurred_at, &attribution, &candidates.touches, stored)?;
    let earned = compute(tx, &conversion, &attribution, &candidates.touches, currency, &terms, &[])?;
    conversion.counted.clone_from(&earned.counted);
    let id = conversion.id.clone();
    let json = recording::record(tx, conversion, &attribution, &candidates.touches, earned, rules.model)?;
    Ok(Accepted { id, json, is_earned: !attribution.credits.is_empty() })
}

/// The touches that may earn it.
fn query<'a>(reported: &'a ReportedConversion<'_>, occurred_at: Timestamp) -> CandidateQuery<'a> {
    CandidateQuery {
        click_id: reported.click_id.as_deref(),
        other_clicks: reported.other_clicks,
        customer: reported.customer_id.as_deref(),
        coupon: reported.coupon.as_deref(),
        listing_no: reported.listing_no(),
        occurred_at,
        new_until: occurred_at,
        needs_trail: true,
    }
}

/// The row of a new conversion.
fn conversion(
    tx: &Tx<'_>,
    reported: ReportedConversion<'_>,
    occurred_at: Timestamp,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    stored_attribution: String,
) -> Result<Conversion, SqlError> {
    let winner = attribution.main().and_then(|credit| candidates.get(credit.touch));
    let credited_listing = winner.and_then(|bound| bound.listing_no);
    // A coupon for all listings does not say on which one it was used, but a click that lost to it does.
    let eligible = candidates.iter().zip(&attribution.verdicts).filter(|(_, verdict)| verdict.is_eligible());
    let clicked = candidates::listing_click(
        eligible.map(|(bound, _)| bound),
        reported.click_id.as_deref(),
        occurred_at,
    );
    let listing_no =
        reported.listing_no().or(credited_listing).or_else(|| clicked.and_then(|bound| bound.listing_no));
    Ok(Conversion {
        no: conversions::next_no(tx.sql)?,
        id: tx.new_id(ConversionId::generate),
        metadata: json_text(&reported.metadata)?,
        fingerprint: json_text(&RequestFingerprint::of(&reported))?,
        listing_no,
        kind: reported.kind,
        external_id: reported.external_id,
        amount: reported.amount.zip(reported.currency),
        refunded: 0,
        click_id: reported.click_id,
        customer_id: reported.customer_id,
        coupon: reported.coupon,
        occurred_at,
        created_at: tx.now,
        credited: shares::main_credit(attribution, candidates),
        attribution: stored_attribution,
        answer: String::new(),
        held_reason: reported.held_reason,
        tax: reported.tax,
        discount: reported.discount,
        shipping: reported.shipping,
        sold_in: reported.country,
        counted: None,
        qualification: None,
    })
}
