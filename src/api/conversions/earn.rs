//! What a conversion earns its partners, and how that is booked.

use super::{
    super::{
        call::Call,
        problem::Problem,
        views::{self, CommissionView, CreditView},
    },
    AttributionView, ConversionView, link_id, new_commission_id, partner_id, suspicion,
};
use crate::{
    domain::{
        attribution::{Attribution, AttributionStatus},
        click::Class,
        conversion::{CommissionSource, CommissionStatus, HeldReason},
        event::EventType,
        id::TransferId,
        ledger::{Account, TransferKind},
        money::{Currency, WHOLE_BP, share_half_up},
        program::Program,
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
    for credit in &attribution.credits {
        let partner = partners::by_no(call.sql, credit.partner_no)?;
        let partner = partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?;
        let rate_bp = partner.commission_bp.unwrap_or(terms.commission_bp);
        let overflow = SqlError::Overflow("a commission");
        let share = share_half_up(*amount, credit.share_bp, WHOLE_BP);
        let base = share.ok_or(SqlError::Overflow("a share"))?;
        let amount = share_half_up(base, rate_bp, WHOLE_BP).ok_or(overflow)?;
        let touch = candidates.get(credit.touch).map(|bound| &bound.touch);
        let clicked_at = touch.map(|touch| touch.at);
        let held = suspicion::reasons(call, conversion, &partner, clicked_at, &terms.fraud)?;
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
            flags: flags(touch.map(|touch| touch.class), &held),
            matures_at,
            created_at: call.now,
            held_reason: held.first().copied(),
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
fn flags(class: Option<Class>, held: &[HeldReason]) -> Vec<String> {
    let click = match class {
        Some(Class::Bot) => Some("bot_click".to_owned()),
        Some(Class::Prefetch) => Some("prefetch_click".to_owned()),
        Some(Class::Human) | None => None,
    };
    click.into_iter().chain(held.iter().map(|reason| reason.flag())).collect()
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
            model: crate::domain::program::Model::LastTouch,
            credits,
            reason: attribution.reason,
        },
        commissions: shown,
        metadata: json::read(&conversion.metadata).unwrap_or_default(),
        created_at: conversion.created_at,
    })
}

/// Books a commission; `counts` is where its conversion is counted.
pub fn book(
    call: &Call<'_>,
    commission: Commission,
    shown: &CommissionView,
    counts: &ConversionDelta,
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
    let counts =
        ConversionDelta { counted: None, revenue: 0, commission: commission.amount, ..counts.clone() };
    let change = Change::Commission { commission: Box::new(commission), transfer, counts };
    call.commit(EventType::CommissionCreated, &change, shown, "")
}
