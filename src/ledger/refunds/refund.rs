//! Records refunds of conversions.

use super::{
    super::{
        attribution::shares::{Spread, delta},
        commissions::sales_counters::subtracted_by_refund,
        error::{LedgerError, RefundError},
        tx::Tx,
    },
    reversal::{Reversal, reversal},
    view::RefundView,
};
use crate::{
    domain::{
        event::EventType, money::split_largest_remainder, programme::partner::PartnerNo, values::id::RefundId,
    },
    store::{
        SqlError, commissions,
        conversions::{
            Conversion, credits,
            refunds::{self, Refund},
        },
        log::change::{Change, Shares},
        reports::counts,
        value::json_text,
    },
};

/// What became of a refund that a caller submitted.
pub enum Submitted {
    /// It was recorded just now; its JSON.
    Recorded(String),
    /// The same refund was recorded before; its JSON as of then.
    Replayed(String),
}

/// Records a refund, once however often it is submitted. Without `amount` all that is left of the sale is refunded.
pub fn submit(
    tx: &Tx<'_>,
    conversion: &Conversion,
    external_id: String,
    amount: Option<i64>,
) -> Result<Submitted, LedgerError> {
    match refunds::by_key(tx.sql, conversion.no, &external_id)? {
        Some(first) if first.sent_amount == amount => Ok(Submitted::Replayed(first.answer)),
        Some(first) => Err(RefundError::Conflict { external_id, accepted_as: first.id }.into()),
        None => record(tx, conversion, external_id, amount).map(Submitted::Recorded),
    }
}

/// Records a refund whose external id is new, and returns its JSON.
pub fn record(
    tx: &Tx<'_>,
    conversion: &Conversion,
    external_id: String,
    requested: Option<i64>,
) -> Result<String, LedgerError> {
    let (amount, currency) = refundable(conversion, requested)?;
    let refund = Refund {
        no: refunds::next_no(tx.sql)?,
        id: tx.new_id(RefundId::generate),
        conversion_no: conversion.no,
        external_id,
        sent_amount: requested,
        amount,
        currency,
        answer: String::new(),
        created_at: tx.now,
    };
    Ok(write(tx, conversion, refund)?)
}

/// How much is refunded, and in which currency.
fn refundable(conversion: &Conversion, requested: Option<i64>) -> Result<(i64, String), RefundError> {
    let Some((sale, currency)) = conversion.amount.clone().filter(|_| conversion.kind.earns()) else {
        return Err(RefundError::NotRefundable);
    };
    let left = sale.saturating_sub(conversion.refunded);
    let amount = requested.unwrap_or(left);
    // A sale of zero has nothing to refund, but its shop may report the refund all the same.
    if amount > left || (requested.is_none() && left == 0 && sale != 0) {
        return Err(RefundError::ExceedsSale { left, sale, currency });
    }
    Ok((amount, currency))
}

fn write(tx: &Tx<'_>, conversion: &Conversion, refund: Refund) -> Result<String, SqlError> {
    let refunded = conversion.refunded.saturating_add(refund.amount);
    let earned = commissions::of_conversion(tx.sql, conversion.no)?;
    let mut reversals: Vec<Reversal> = Vec::with_capacity(earned.len());
    for commission in &earned {
        reversals.push(reversal(tx, commission, conversion, refunded)?);
    }
    let view = RefundView {
        id: refund.id.clone(),
        conversion_id: conversion.id.clone(),
        external_id: refund.external_id.clone(),
        amount: refund.amount,
        currency: refund.currency.clone(),
        commissions: reversals.iter().map(|(_, view)| view.clone()).collect(),
        created_at: tx.now,
    };
    // A refund is counted at the quarter hour of its sale, so that the figures of a period are net of its refunds.
    let Shared { spread, refunded_shares, parts } = shared(tx, conversion, &refund)?;
    let (counts, Shares { more_counts, .. }) = spread.parts();
    let response = json_text(&view)?;
    let is_whole = refund.amount > 0 && refunded == conversion.amount.as_ref().map_or(0, |(sale, _)| *sale);
    let uses = subtracted_by_refund(tx, conversion, &parts, refunded, is_whole)?;
    let change = Change::Refund { refund, refunded, counts, refunded_shares, more_counts, uses };
    tx.commit(EventType::RefundCreated, &change, &view, &response)?;
    for (change, view) in reversals.iter().filter(|(_, view)| view.reversed > 0) {
        tx.commit(EventType::CommissionReversed, change, view, "")?;
    }
    Ok(response)
}

/// A refund, shared among the credits of its conversion.
struct Shared {
    /// What it adds to the counts.
    spread: Spread,
    /// The refunded total of each credit, if several touches share the conversion.
    refunded_shares: Vec<i64>,
    /// Each credit's partner, and its part of the refund.
    parts: Vec<(PartnerNo, i64)>,
}

/// Shares a refund in proportion to what is left of each credit, so that no credit's refunds exceed its amount.
fn shared(tx: &Tx<'_>, conversion: &Conversion, refund: &Refund) -> Result<Shared, SqlError> {
    let whole = counts::ConversionDelta {
        currency: Some(refund.currency.clone()),
        counted: None,
        qualified: false,
        revenue: 0,
        refunds: refund.amount,
        ..delta(conversion)
    };
    let credits = credits::of(tx.sql, conversion.no)?;
    if credits.is_empty() {
        let credited = conversion.credited.iter();
        let parts = credited.map(|credited| (credited.partner_no, refund.amount)).collect();
        let spread = Spread::new(whole, credits, |_, _| (0, 0));
        return Ok(Shared { spread, refunded_shares: Vec::new(), parts });
    }
    let left: Vec<_> = credits.iter().map(|credit| credit.amount.saturating_sub(credit.refunded)).collect();
    let amounts =
        split_largest_remainder(refund.amount, &left).ok_or(SqlError::Overflow("the parts of a refund"))?;
    let refunded = credits.iter().zip(&amounts).map(|(credit, part)| credit.refunded.saturating_add(*part));
    let refunded_shares = refunded.collect();
    let parts =
        credits.iter().zip(&amounts).map(|(credit, part)| (credit.dimensions.partner_no, *part)).collect();
    let spread = Spread::new(whole, credits, |index, _| (0, amounts.get(index).copied().unwrap_or(0)));
    Ok(Shared { spread, refunded_shares, parts })
}
