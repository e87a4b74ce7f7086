//! What a conversion earns its partners, and how that is booked.

use super::{
    super::{
        call::Call,
        problem::Problem,
        refunds,
        views::{self, CommissionView, CreditView},
    },
    AttributionView, ConversionView,
    shown::{link_id, partner_id, view},
};
use crate::{
    domain::{
        attribution::{Attribution, AttributionStatus, rules::Model},
        event::EventType,
        money::{
            Currency, WHOLE_BP,
            accounts::{Account, TransferKind},
        },
        programme::Program,
        values::id::{CouponId, ListingId, TransferId},
    },
    store::{
        books::accounts::Transfer,
        commissions::{self, Commission, usage_counters::Use},
        conversions::{self, BoundTouch, Conversion, credits},
        log::change::Change,
        programme::listings,
        reports::counts::ConversionDelta,
    },
};

mod besides;
mod coupon;
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
    /// The listing that it happened on.
    pub listing_id: Option<ListingId>,
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
    let listing_id = sale.listing_id().cloned();
    Ok(Earned { own, besides, uses: sale.tally.added, listing_id })
}

/// A credit by a click, or by a coupon whose id stands where the click's does.
pub fn credit(
    call: &Call<'_>,
    partner_no: u32,
    link_no: u32,
    id: String,
    share_bp: i64,
) -> Result<CreditView, Problem> {
    let partner_id = partner_id(call, partner_no)?;
    Ok(match CouponId::parse(&id) {
        Some(coupon) => {
            CreditView { partner_id, link_id: None, click_id: None, coupon_id: Some(coupon), share_bp }
        }
        None => {
            let link_id = Some(link_id(call, link_no)?);
            CreditView { partner_id, link_id, click_id: Some(id), coupon_id: None, share_bp }
        }
    })
}

/// The first answer.
pub fn show(
    call: &Call<'_>,
    conversion: &Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    earned: &Earned,
    model: Model,
) -> Result<ConversionView, Problem> {
    let mut credits = Vec::with_capacity(attribution.credits.len());
    for credit in &attribution.credits {
        let id = candidates.get(credit.touch).map(|bound| bound.touch.click_id.clone());
        let (partner_no, link_no) = (credit.partner_no, credit.link_no);
        credits.push(self::credit(call, partner_no, link_no, id.unwrap_or_default(), credit.share_bp)?);
    }
    let mut shown: Vec<CommissionView> = Vec::with_capacity(earned.own.len());
    for commission in &earned.own {
        // Most are of a partner who is credited, and so is known already.
        let mut known = attribution.credits.iter().zip(&credits);
        let credited = known.find(|(credit, _)| credit.partner_no == commission.partner_no);
        let partner_id = match credited {
            Some((_, credit)) => credit.partner_id.clone(),
            None => partner_id(call, commission.partner_no)?,
        };
        shown.push(views::commission(commission, &partner_id));
    }
    let status =
        if credits.is_empty() { AttributionStatus::Unattributed } else { AttributionStatus::Attributed };
    let attribution = AttributionView { status, model, credits, reason: attribution.reason };
    Ok(view(call, conversion, earned.listing_id.clone(), attribution, shown))
}

/// Where a commission is counted, without any sums: under its conversion's time and listing, and under the place of the
/// credit that earned it. What no credit earned has no link, and is of no country.
pub fn counts(
    call: &Call<'_>,
    commission: &Commission,
    conversion: Option<&Conversion>,
) -> Result<ConversionDelta, Problem> {
    let nowhere = ConversionDelta {
        partner_no: commission.partner_no,
        occurred_at: commission.created_at,
        link_no: commission.link_no,
        listing_no: 0,
        country: String::new(),
        device: 0,
        currency: commission.currency.to_string(),
        counted: None,
        uncounted: false,
        revenue: 0,
        refunds: 0,
        commission: 0,
    };
    let Some(conversion) = conversion else { return Ok(nowhere) };
    let earned_at = (commission.partner_no, commission.link_no);
    // A credit of the whole is the conversion's own place; those that share it stand in rows of their own.
    let place = if commission.share_bp == WHOLE_BP {
        Some(conversion.place.clone()).filter(|place| (place.partner_no, place.link_no) == earned_at)
    } else {
        let credits = credits::of(call.sql, conversion.no)?.into_iter();
        let mut own = credits.filter(|credit| (credit.place.partner_no, credit.place.link_no) == earned_at);
        own.find(|credit| commission.click_id.as_deref() == Some(credit.click_id.as_str()))
            .map(|credit| credit.place)
    };
    let (country, device) = place.map_or_else(|| (String::new(), 0), |place| (place.country, place.device));
    let listing_no = conversion.listing_no.unwrap_or(0);
    Ok(ConversionDelta { occurred_at: conversion.occurred_at, listing_no, country, device, ..nowhere })
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
    let place = counts(call, &commission, conversion)?;
    let counts = ConversionDelta { commission: commission.amount, ..place };
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
