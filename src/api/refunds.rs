//! Refunds: they take commission back pro rata, so that a sale refunded in any parts ends at exactly zero.

use super::{
    body::{Amount, Checks},
    call::Call,
    conversions::{self, Spread},
    http::Response,
    problem::{Code, Problem},
    views::view,
};
use crate::{
    domain::{
        conversions::CommissionStatus,
        event::EventType,
        money::{
            Currency,
            accounts::{Account, TransferKind},
            share_half_up, split_largest_remainder,
        },
        programme::partner::PartnerNo,
        values::{
            id::{CommissionId, ConversionId, PartnerId, RefundId, TransferId},
            time::Timestamp,
        },
    },
    store::{
        SqlError,
        books::accounts::Transfer,
        commissions::{self, Commission},
        conversions::{
            Conversion, credits,
            refunds::{self, Refund},
        },
        log::change::{Change, Shares},
        programme::partners,
        reports::counts,
        value::json_text,
    },
};
use json::FromJson;

/// A refund to book.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRefund {
    /// Your id of it: unique within the conversion.
    external_id: String,
    /// Amount in minor units of the conversion's currency; all that is left if absent.
    amount: Option<Amount>,
}

view! {
    /// What a refund took back of a commission.
    pub struct ReversalView {
        /// The commission.
        id: CommissionId,
        /// Whose it is.
        partner_id: PartnerId,
        /// Taken back by this refund, minor units.
        reversed: i64,
        /// What is left of the commission, minor units.
        remaining: i64,
        /// ISO 4217 code.
        currency: Currency,
        /// Where it stands now.
        status: CommissionStatus,
    }

    /// A refund.
    pub struct RefundView {
        /// Id.
        id: RefundId,
        /// The refunded conversion.
        conversion_id: ConversionId,
        /// The caller's id.
        external_id: String,
        /// Refunded, minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: String,
        /// What it took back.
        commissions: Vec<ReversalView>,
        /// When it was accepted.
        created_at: Timestamp,
    }
}

/// `POST /v1/conversions/{id}/refunds`
pub fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let conversion = conversions::named(call)?;
    let body: NewRefund = call.body()?;
    let mut checks = Checks::default();
    checks.text("external_id", Some(&body.external_id), 255);
    checks.finish()?;
    let sent_amount = body.amount.map(|amount| amount.0);
    if let Some(first) = refunds::by_key(call.sql, conversion.no, &body.external_id)? {
        if first.sent_amount == sent_amount {
            return Ok(Response::json(200, first.answer).with_header("idempotent-replayed", "true"));
        }
        let detail = format!("{:?} was accepted as {} with another amount.", body.external_id, first.id);
        return Err(Problem::field(Code::RefundConflict, "/amount", detail));
    }
    take(call, &conversion, body.external_id, sent_amount)
}

/// Books a refund that is not booked yet.
pub fn take(
    call: &Call<'_>,
    conversion: &Conversion,
    external_id: String,
    sent_amount: Option<i64>,
) -> Result<Response, Problem> {
    let (amount, currency) = refundable(conversion, sent_amount)?;
    let refund = Refund {
        no: refunds::next_no(call.sql)?,
        id: call.new_id(RefundId::generate),
        conversion_no: conversion.no,
        external_id,
        sent_amount,
        amount,
        currency,
        answer: String::new(),
        created_at: call.now,
    };
    book(call, conversion, refund)
}

/// How much is refunded, and in which currency.
fn refundable(conversion: &Conversion, sent: Option<i64>) -> Result<(i64, String), Problem> {
    let Some((sale, currency)) = conversion.amount.clone().filter(|_| conversion.kind.earns()) else {
        return Err(Problem::new(Code::NotRefundable, "Only a conversion with an amount can be refunded."));
    };
    let left = sale.saturating_sub(conversion.refunded);
    let amount = sent.unwrap_or(left);
    if amount > left || (sent.is_none() && left == 0) {
        let detail = format!("{left} {currency} (minor units) of {sale} are left.");
        return Err(Problem::field(Code::RefundExceedsSale, "/amount", detail));
    }
    Ok((amount, currency))
}

/// A reversal to book, and how the answer shows it.
pub type Reversal = (Change, ReversalView);

fn book(call: &Call<'_>, conversion: &Conversion, refund: Refund) -> Result<Response, Problem> {
    let refunded = conversion.refunded.saturating_add(refund.amount);
    let earned = commissions::of_conversion(call.sql, conversion.no)?;
    let mut reversals: Vec<Reversal> = Vec::with_capacity(earned.len());
    for commission in &earned {
        reversals.push(reverse(call, commission, conversion, refunded)?);
    }
    let view = RefundView {
        id: refund.id.clone(),
        conversion_id: conversion.id.clone(),
        external_id: refund.external_id.clone(),
        amount: refund.amount,
        currency: refund.currency.clone(),
        commissions: reversals.iter().map(|(_, view)| view.clone()).collect(),
        created_at: call.now,
    };
    // Under the sale's own quarter hour: a period's figures are then net of what was taken back of it.
    let Shared { spread, refunded_shares, parts } = shared(call, conversion, &refund)?;
    let (counts, Shares { more_counts, .. }) = spread.parts();
    let answer = json_text(&view)?;
    let is_whole = refund.amount > 0 && refunded == conversion.amount.as_ref().map_or(0, |(sale, _)| *sale);
    let uses = conversions::uncounted(call, conversion, &parts, is_whole)?;
    let change = Change::Refund { refund, refunded, counts, refunded_shares, more_counts, uses };
    call.commit(EventType::RefundCreated, &change, &view, &answer)?;
    for (change, view) in reversals.iter().filter(|(_, view)| view.reversed > 0) {
        call.commit(EventType::CommissionReversed, change, view, "")?;
    }
    Ok(Response::json(201, answer))
}

/// A refund, shared among those who are credited with its conversion.
struct Shared {
    /// What it adds to the counts.
    spread: Spread,
    /// What is then refunded of each credit of a conversion that several share.
    refunded_shares: Vec<i64>,
    /// Each credit's partner, and its part of the refund.
    parts: Vec<(PartnerNo, i64)>,
}

/// Shares a refund by what is left of the credits, so that no credit's refunds exceed it.
fn shared(call: &Call<'_>, conversion: &Conversion, refund: &Refund) -> Result<Shared, SqlError> {
    let whole = counts::ConversionDelta {
        currency: refund.currency.clone(),
        counted: None,
        revenue: 0,
        refunds: refund.amount,
        ..conversions::delta(conversion)
    };
    let credits = credits::of(call.sql, conversion.no)?;
    if credits.is_empty() {
        let sole = Some(conversion.place.partner_no).filter(|partner_no| *partner_no > 0);
        let parts = sole.map(|partner_no| (partner_no, refund.amount)).into_iter().collect();
        let spread = Spread::new(whole, credits, |_, _| (0, 0));
        return Ok(Shared { spread, refunded_shares: Vec::new(), parts });
    }
    let left: Vec<_> = credits.iter().map(|credit| credit.amount.saturating_sub(credit.refunded)).collect();
    let amounts =
        split_largest_remainder(refund.amount, &left).ok_or(SqlError::Overflow("the parts of a refund"))?;
    let refunded = credits.iter().zip(&amounts).map(|(credit, part)| credit.refunded.saturating_add(*part));
    let refunded_shares = refunded.collect();
    let parts = credits.iter().zip(&amounts).map(|(credit, part)| (credit.place.partner_no, *part)).collect();
    let spread = Spread::new(whole, credits, |index, _| (0, amounts.get(index).copied().unwrap_or(0)));
    Ok(Shared { spread, refunded_shares, parts })
}

/// What refunds of so much of a sale take in all of a commission of so much.
pub fn taken_back(commission: i64, refunded: i64, sale: i64) -> Result<i64, SqlError> {
    // A sale of nothing has no commission to take back.
    let in_all = if sale == 0 { Some(0) } else { share_half_up(commission, refunded, sale) };
    in_all.ok_or(SqlError::Overflow("a reversal"))
}

/// Takes of a commission that is new what earlier refunds of its conversion call for.
pub fn take_back(call: &Call<'_>, commission: &Commission, conversion: &Conversion) -> Result<(), Problem> {
    let (change, view) = reverse(call, commission, conversion, conversion.refunded)?;
    if view.reversed > 0 {
        call.commit(EventType::CommissionReversed, &change, &view, "")?;
    }
    Ok(())
}

/// Takes back what refunds of `refunded` in all call for, less what has been taken back before: nothing, if an operator
/// rejected the commission and so took back more.
fn reverse(
    call: &Call<'_>,
    commission: &Commission,
    conversion: &Conversion,
    refunded: i64,
) -> Result<Reversal, Problem> {
    let sale = conversion.amount.as_ref().map_or(0, |(amount, _)| *amount);
    let in_all = taken_back(commission.amount, refunded, sale)?.max(commission.reversed);
    let part = in_all.saturating_sub(commission.reversed);
    let from = match commission.status {
        CommissionStatus::Pending => Account::Pending,
        // What has been paid makes the payable balance negative; the next payout nets it.
        CommissionStatus::Payable | CommissionStatus::Paid | CommissionStatus::Reversed => Account::Payable,
    };
    let whole = commission.amount > 0 && in_all == commission.amount;
    let status = if whole { CommissionStatus::Reversed } else { commission.status };
    let transfer = Transfer {
        id: call.new_id(TransferId::generate),
        partner_no: commission.partner_no,
        debit: from,
        credit: Account::Reversed,
        amount: part,
        currency: commission.currency,
        kind: TransferKind::Reversal,
        commission_no: commission.no,
        at: call.now,
        rate: None,
        payout_no: None,
    };
    let partner = partners::by_no(call.sql, commission.partner_no)?;
    let view = ReversalView {
        id: commission.id.clone(),
        partner_id: partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?.id,
        reversed: part,
        remaining: commission.amount.saturating_sub(in_all),
        currency: commission.currency,
        status,
    };
    let counts = counts::ConversionDelta {
        commission: part.saturating_neg(),
        ..conversions::commission_counts(call, commission, Some(conversion))?
    };
    let counts = Some(counts).filter(|_| part > 0);
    Ok((Change::Reversed { commission_no: commission.no, reversed: in_all, status, transfer, counts }, view))
}
