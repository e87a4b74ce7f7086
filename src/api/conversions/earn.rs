//! What a conversion earns its partners, and how that is booked.

use super::{
    super::{
        call::Call,
        problem::Problem,
        views::{self, CommissionView, CreditView},
    },
    AttributionView, ConversionView, new_commission_id,
    shown::{link_id, partner_id},
};
use crate::{
    domain::{
        attribution::{Attribution, AttributionStatus},
        click::Class,
        conversion::{CommissionSource, CommissionStatus},
        event::EventType,
        id::{CouponId, TransferId},
        ledger::{Account, TransferKind},
        money::{Currency, WHOLE_BP, share_half_up},
        program::{Model, Program},
        time::DAY_MS,
    },
    store::{
        SqlError,
        accounts::Transfer,
        change::Change,
        commissions::{self, Commission},
        conversions::{BoundTouch, Conversion},
        counts::ConversionDelta,
        listings, partners,
    },
};

/// The commissions of a conversion, not yet written.
pub fn commissions(
    call: &Call<'_>,
    conversion: &Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    currency: Option<Currency>,
    terms: &Program,
) -> Result<Vec<Commission>, Problem> {
    let Some(((amount, _), currency)) =
        conversion.amount.as_ref().filter(|_| conversion.kind.earns()).zip(currency)
    else {
        return Ok(Vec::new());
    };
    let mut earned = Vec::with_capacity(attribution.credits.len());
    let mut no = commissions::next_no(call.sql)?;
    let parts = attribution.parts(*amount).unwrap_or_default();
    for (credit, base) in attribution.credits.iter().zip(parts) {
        let partner = partners::by_no(call.sql, credit.partner_no)?;
        let rate_bp = partner.and_then(|partner| partner.commission_bp).unwrap_or(terms.commission_bp);
        let amount = share_half_up(base, rate_bp, WHOLE_BP).ok_or(SqlError::Overflow("a commission"))?;
        let touch = candidates.get(credit.touch).map(|bound| &bound.touch);
        let matures_at = conversion.occurred_at.plus_ms(terms.hold_days.saturating_mul(DAY_MS));
        earned.push(Commission {
            no,
            id: new_commission_id(call),
            conversion_no: Some(conversion.no),
            conversion_id: Some(conversion.id.clone()),
            partner_no: credit.partner_no,
            link_no: credit.link_no,
            click_id: touch.map(|touch| touch.click_id.clone()),
            share_bp: credit.share_bp,
            rate_bp,
            amount,
            reversed: 0,
            currency,
            status: CommissionStatus::Pending,
            flags: flags(touch.map(|touch| touch.class)),
            matures_at,
            created_at: call.now,
            held_reason: conversion.held_reason,
            source: CommissionSource::Conversion,
            base: Some(base),
            plan: None,
            subject: None,
            settled: 0,
            written_off: 0,
        });
        no = no.saturating_add(1);
    }
    Ok(earned)
}

/// What a person should look at before the commission is paid.
fn flags(class: Option<Class>) -> Vec<String> {
    match class {
        Some(Class::Bot) => vec!["bot_click".to_owned()],
        Some(Class::Prefetch) => vec!["prefetch_click".to_owned()],
        Some(Class::Human) | None => Vec::new(),
    }
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
    earned: &[Commission],
    model: Model,
) -> Result<ConversionView, Problem> {
    let mut credits = Vec::with_capacity(attribution.credits.len());
    for credit in &attribution.credits {
        let id = candidates.get(credit.touch).map(|bound| bound.touch.click_id.clone());
        let (partner_no, link_no) = (credit.partner_no, credit.link_no);
        credits.push(self::credit(call, partner_no, link_no, id.unwrap_or_default(), credit.share_bp)?);
    }
    let mut shown: Vec<CommissionView> = Vec::with_capacity(earned.len());
    for (commission, credit) in earned.iter().zip(&credits) {
        shown.push(views::commission(commission, &credit.partner_id));
    }
    let listing = conversion.listing_no.map(|no| listings::by_no(call.sql, no)).transpose()?.flatten();
    Ok(ConversionView {
        id: conversion.id.clone(),
        kind: conversion.kind,
        external_id: conversion.external_id.clone(),
        amount: conversion.amount.as_ref().map(|(amount, _)| *amount),
        currency: conversion.amount.as_ref().map(|(_, currency)| currency.clone()),
        refunded: 0,
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
            model,
            credits,
            reason: attribution.reason,
        },
        commissions: shown,
        metadata: json::read(&conversion.metadata).unwrap_or_default(),
        created_at: conversion.created_at,
    })
}

/// Books a commission; `place` is where it is counted, without any sums.
pub fn book(
    call: &Call<'_>,
    commission: Commission,
    shown: &CommissionView,
    place: ConversionDelta,
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
    let counts = ConversionDelta { commission: commission.amount, ..place };
    let change = Change::Commission { commission: Box::new(commission), transfer, counts };
    call.commit(EventType::CommissionCreated, &change, shown, "")
}
