//! What a conversion earns its partners, and how that is booked.

use super::{
    super::{
        call::Call,
        problem::Problem,
        refunds,
        views::{self, CommissionView, CreditView},
    },
    AttributionView, ConversionView, delta, link_id, partner_id,
};
use crate::{
    domain::{
        attribution::{Attribution, AttributionStatus},
        event::EventType,
        id::TransferId,
        ledger::{Account, TransferKind},
        money::Currency,
        program::Program,
    },
    store::{
        accounts::Transfer,
        change::Change,
        commissions::{self, Commission},
        conversions::{self, BoundTouch, Conversion},
        counts::ConversionDelta,
        listings,
        uses::Use,
    },
};

mod besides;
mod credited;
mod sale;
mod tally;

pub use credited::uncounted;
use sale::Sale;

/// What a conversion brings about, not yet written.
pub struct Earned {
    /// What the conversion itself earns, whoever it is.
    pub own: Vec<Commission>,
    /// What it brings about besides: earlier sales' shortfall, bonuses.
    pub besides: Vec<Commission>,
    /// What is added to the counters of the terms.
    pub uses: Vec<Use>,
}

/// Works out what a conversion earns by the terms in force when it occurred.
pub fn work_out(
    call: &Call<'_>,
    conversion: &Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    currency: Option<Currency>,
    terms: &Program,
) -> Result<Earned, Problem> {
    let listing = conversion.listing_no.map(|no| listings::by_no(call.sql, no)).transpose()?.flatten();
    let mut sale = Sale::new(call, conversion, currency, terms, listing)?;
    let earners = credited::earners(&mut sale, attribution)?;
    let mut own = credited::commissions(&mut sale, attribution, candidates, &earners)?;
    let referrals = besides::referrals(&sale, &earners, &own)?;
    own.extend(besides::territory(&mut sale, &earners)?);
    own.extend(besides::joint_products(&mut sale)?);
    own.extend(referrals);
    let mut besides = credited::adjustments(&mut sale, &earners)?;
    besides.extend(besides::bonuses(&mut sale, &earners)?);
    let first = commissions::next_no(call.sql)?;
    for (no, commission) in (first..).zip(own.iter_mut().chain(&mut besides)) {
        commission.no = no;
    }
    Ok(Earned { own, besides, uses: sale.tally.added })
}

/// The first answer.
pub fn show(
    call: &Call<'_>,
    conversion: &Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    earned: &[Commission],
) -> Result<ConversionView, Problem> {
    let mut credits = Vec::with_capacity(attribution.credits.len());
    for credit in &attribution.credits {
        let click_id = candidates.get(credit.touch).map(|bound| bound.touch.click_id.clone());
        credits.push(CreditView {
            partner_id: partner_id(call, credit.partner_no)?,
            link_id: link_id(call, credit.link_no)?,
            click_id: click_id.unwrap_or_default(),
            share_bp: credit.share_bp,
        });
    }
    let mut shown: Vec<CommissionView> = Vec::with_capacity(earned.len());
    for commission in earned {
        shown.push(views::commission(commission, &partner_id(call, commission.partner_no)?));
    }
    let listing = conversion.listing_no.map(|no| listings::by_no(call.sql, no)).transpose()?.flatten();
    Ok(ConversionView {
        id: conversion.id.clone(),
        kind: conversion.kind,
        external_id: conversion.external_id.clone(),
        amount: conversion.amount.as_ref().map(|(amount, _)| *amount),
        currency: conversion.amount.as_ref().map(|(_, currency)| currency.clone()),
        tax: conversion.tax,
        discount: conversion.discount,
        shipping: conversion.shipping,
        refunded: 0,
        country: conversion.sold_in.clone(),
        click_id: conversion.click_id.clone(),
        customer_id: conversion.customer_id.clone(),
        coupon: conversion.coupon.clone(),
        listing_id: listing.map(|listing| listing.id),
        occurred_at: conversion.occurred_at,
        attribution: AttributionView {
            status: if credits.is_empty() {
                AttributionStatus::Unattributed
            } else {
                AttributionStatus::Attributed
            },
            model: crate::domain::program::Model::LastTouch,
            credits,
            reason: attribution.reason,
        },
        commissions: shown,
        metadata: json::read(&conversion.metadata).unwrap_or_default(),
        created_at: conversion.created_at,
    })
}

/// Where a commission is counted: under its conversion's time and listing, and under the click's place if it is the
/// credited partner's.
pub fn counts(commission: &Commission, conversion: Option<&Conversion>) -> ConversionDelta {
    let currency = commission.currency.to_string();
    match conversion.map(|conversion| (conversion, delta(conversion))) {
        Some((conversion, delta)) => {
            let place = &conversion.place;
            let is_credited =
                (commission.partner_no, commission.link_no) == (place.partner_no, place.link_no);
            ConversionDelta {
                partner_no: commission.partner_no,
                link_no: commission.link_no,
                country: if is_credited { delta.country } else { String::new() },
                device: if is_credited { delta.device } else { 0 },
                currency,
                counted: None,
                revenue: 0,
                refunds: 0,
                commission: 0,
                ..delta
            }
        }
        None => ConversionDelta {
            partner_no: commission.partner_no,
            occurred_at: commission.created_at,
            link_no: commission.link_no,
            listing_no: 0,
            country: String::new(),
            device: 0,
            currency,
            counted: None,
            uncounted: false,
            revenue: 0,
            refunds: 0,
            commission: 0,
        },
    }
}

/// Books a commission; `shown` is what its event shows.
pub fn book(
    call: &Call<'_>,
    commission: Commission,
    shown: &CommissionView,
    conversion: Option<&Conversion>,
) -> Result<(), Problem> {
    let transfer = Transfer {
        id: call.new_id(TransferId::generate),
        partner_no: commission.partner_no,
        debit: Account::Earned,
        credit: Account::Pending,
        amount: commission.amount,
        currency: commission.currency,
        kind: TransferKind::Commission,
        commission_no: commission.no,
        at: call.now,
        rate: None,
        payout_no: None,
    };
    let counts = ConversionDelta { commission: commission.amount, ..counts(&commission, conversion) };
    let change = Change::Commission { commission: Box::new(commission), transfer, counts };
    call.commit(EventType::CommissionCreated, &change, shown, "")
}

/// Books what a conversion brought about besides. What an earlier sale's refunds have taken back already is taken of what
/// that sale is short of, too.
pub fn book_besides(call: &Call<'_>, besides: Vec<Commission>) -> Result<(), Problem> {
    for commission in besides {
        let shown = views::commission(&commission, &partner_id(call, commission.partner_no)?);
        let of = commission.conversion_no.map(|no| conversions::by_no(call.sql, no)).transpose()?.flatten();
        book(call, commission.clone(), &shown, of.as_ref())?;
        if let Some(conversion) = of {
            refunds::take_back(call, &commission, &conversion)?;
        }
    }
    Ok(())
}
