//! Takes back the part of a commission that the refunds of its conversion call for.

use super::{
    super::{commissions::counts, public_ids::partner_id, tx::Tx},
    view::ReversalView,
};
use crate::{
    domain::{
        conversions::CommissionStatus,
        event::EventType,
        money::{
            accounts::{Account, TransferKind},
            share_half_up,
        },
        values::id::TransferId,
    },
    store::{
        SqlError, books::accounts::Transfer, commissions::Commission, conversions::Conversion,
        log::change::Change, reports::counts::ConversionDelta,
    },
};

/// A reversal to record, and its view.
pub type Reversal = (Change, ReversalView);

/// What refunds of `refunded` in total take back of a commission on a sale.
pub fn taken_back(commission: i64, refunded: i64, sale: i64) -> Result<i64, SqlError> {
    // A sale of nothing has no commission to take back.
    let total = if sale == 0 { Some(0) } else { share_half_up(commission, refunded, sale) };
    total.ok_or(SqlError::Overflow("a reversal"))
}

/// Applies the earlier refunds of a conversion to a commission that has just been recorded.
pub fn apply_earlier_refunds(
    tx: &Tx<'_>,
    commission: &Commission,
    conversion: &Conversion,
) -> Result<(), SqlError> {
    let (change, view) = reversal(tx, commission, conversion, conversion.refunded)?;
    if view.reversed > 0 {
        tx.commit(EventType::CommissionReversed, &change, &view, "")?;
    }
    Ok(())
}

/// The reversal that refunds of `refunded` in total call for, less what has been taken back already. It is zero if an
/// operator rejected the commission, because that took back more.
pub fn reversal(
    tx: &Tx<'_>,
    commission: &Commission,
    conversion: &Conversion,
    refunded: i64,
) -> Result<Reversal, SqlError> {
    let sale = conversion.amount.as_ref().map_or(0, |(amount, _)| *amount);
    let total = taken_back(commission.amount, refunded, sale)?.max(commission.reversed);
    let part = total.saturating_sub(commission.reversed);
    let from = match commission.status {
        CommissionStatus::Pending => Account::Pending,
        // A commission that has been paid makes the payable balance negative; the next payout nets it.
        CommissionStatus::Payable | CommissionStatus::Paid | CommissionStatus::Reversed => Account::Payable,
    };
    let whole = commission.amount > 0 && total == commission.amount;
    let status = if whole { CommissionStatus::Reversed } else { commission.status };
    let transfer = Transfer {
        id: tx.new_id(TransferId::generate),
        partner_no: commission.partner_no,
        debit: from,
        credit: Account::Reversed,
        amount: part,
        currency: commission.currency,
        kind: TransferKind::Reversal,
        commission_no: Some(commission.no),
        at: tx.now,
        rate: None,
        payout_no: None,
    };
    let view = ReversalView {
        id: commission.id.clone(),
        conversion_id: conversion.id.clone(),
        partner_id: partner_id(tx.sql, commission.partner_no)?,
        reversed: part,
        remaining: commission.amount.saturating_sub(total),
        currency: commission.currency,
        status,
    };
    let counts = ConversionDelta {
        commission: part.saturating_neg(),
        ..counts::place(tx, commission, Some(conversion))?
    };
    let counts = Some(counts).filter(|_| part > 0);
    Ok((Change::Reversed { commission_no: commission.no, reversed: total, status, transfer, counts }, view))
}
