//! The whole story of one cent: from the click to the payout, in one answer, from the rows that are kept.

use super::{
    call::Call,
    commissions::{self, named},
    conversions::{
        self, ConversionView,
        explain::{self, ExplanationView},
    },
    http::Response,
    problem::Problem,
    views::{CommissionView, view},
};
use crate::{
    domain::{
        clicks::click::{Class, ClickId, Device},
        conversions::CommissionSource,
        money::{
            Currency,
            accounts::{Account, TransferKind},
        },
        payouts::PayoutStatus,
        values::{
            id::{LinkId, PayoutId, RefundId, TransferId},
            time::Timestamp,
        },
    },
    store::{
        books::transfers,
        commissions::Commission,
        conversions::{self as rows, refunds},
        links,
        payouts::{self, Placed},
    },
};

view! {
    /// The click that earned a commission, as its id tells it.
    pub struct EarningClickView {
        /// Click id.
        click_id: String,
        /// When it was clicked.
        clicked_at: Timestamp,
        /// The link; `null` if the ledger does not know it.
        link_id: Option<LinkId>,
        /// ISO 3166-1 alpha-2 country.
        country: Option<String>,
        /// What the visitor used.
        device: Device,
        /// Who clicked.
        class: Class,
    }

    /// How a commission was computed.
    pub struct ComputationView {
        /// What earned it.
        source: CommissionSource,
        /// By which plan; `null` = by the rate of the partner or the programme.
        plan: Option<String>,
        /// For which placement, period or partner, where no conversion says it.
        subject: Option<String>,
        /// What the rate was applied to, minor units.
        base: Option<i64>,
        /// Share of the conversion, basis points.
        share_bp: i64,
        /// Rate, basis points.
        rate_bp: i64,
        /// Earned, minor units.
        amount: i64,
        /// Taken back.
        reversed: i64,
        /// Bound in payouts that are approved or paid.
        settled: i64,
        /// Forgiven of a negative rest.
        written_off: i64,
        /// What is open: amount − reversed − settled + written off.
        open: i64,
    }

    /// A refund of the conversion.
    pub struct HistoryRefundView {
        /// Id.
        id: RefundId,
        /// The caller's id.
        external_id: String,
        /// Refunded, minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: String,
        /// When it was accepted.
        created_at: Timestamp,
    }

    /// A movement of money between two accounts.
    pub struct TransferView {
        /// Id.
        id: TransferId,
        /// Why.
        kind: TransferKind,
        /// The account that is debited.
        debit: Account,
        /// The account that is credited.
        credit: Account,
        /// Minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: Currency,
        /// The rate of an exchange, decimal.
        rate: Option<String>,
        /// The payout that it is for the whole of; `null` = it is for this commission alone.
        payout_id: Option<PayoutId>,
        /// When.
        created_at: Timestamp,
    }

    /// A payout that the commission was in.
    pub struct HistoryPayoutView {
        /// The payout.
        id: PayoutId,
        /// How much of the commission was in it, minor units.
        amount: i64,
        /// Where it stands.
        status: PayoutStatus,
        /// The provider's reference.
        reference: Option<String>,
    }

    /// All that is known of a commission, in the order in which it came about.
    pub struct HistoryView {
        /// The click that earned it; `null` where none did.
        click: Option<EarningClickView>,
        /// Every touch that was weighed, and why it won or lost; `null` where no conversion earned it.
        attribution: Option<ExplanationView>,
        /// The conversion that earned it, if one did.
        conversion: Option<ConversionView>,
        /// How it was computed.
        plan: ComputationView,
        /// The commission as it stands now.
        commission: CommissionView,
        /// What was refunded of the conversion.
        refunds: Vec<HistoryRefundView>,
        /// Its transfers, and those of the payouts that it was in.
        transfers: Vec<TransferView>,
        /// The payouts that it was in.
        payouts: Vec<HistoryPayoutView>,
    }
}

fn click(call: &Call<'_>, click_id: Option<&str>) -> Result<Option<EarningClickView>, Problem> {
    let verified = click_id.and_then(|text| Some((text, ClickId::verify(text, &call.config.ring)?)));
    let Some((text, click)) = verified else { return Ok(None) };
    Ok(Some(EarningClickView {
        click_id: text.to_owned(),
        clicked_at: click.at,
        link_id: links::by_no(call.sql, click.link_no)?.map(|link| link.id),
        country: click.country.map(|country| country.as_str().to_owned()),
        device: click.device,
        class: click.class,
    }))
}

fn computation(commission: &Commission) -> ComputationView {
    ComputationView {
        source: commission.source,
        plan: commission.plan.clone(),
        subject: commission.subject.clone(),
        base: commission.base,
        share_bp: commission.share_bp,
        rate_bp: commission.rate_bp,
        amount: commission.amount,
        reversed: commission.reversed,
        settled: commission.settled,
        written_off: commission.written_off,
        open: commission.open(),
    }
}

fn refunded(call: &Call<'_>, conversion_no: Option<i64>) -> Result<Vec<HistoryRefundView>, Problem> {
    let Some(no) = conversion_no else { return Ok(Vec::new()) };
    let show = |refund: refunds::Refund| HistoryRefundView {
        id: refund.id,
        external_id: refund.external_id,
        amount: refund.amount,
        currency: refund.currency,
        created_at: refund.created_at,
    };
    Ok(refunds::of_conversion(call.sql, no)?.into_iter().map(show).collect())
}

fn transfer(transfer: transfers::Shown) -> TransferView {
    TransferView {
        id: transfer.id,
        kind: transfer.kind,
        debit: transfer.debit,
        credit: transfer.credit,
        amount: transfer.amount,
        currency: transfer.currency,
        rate: transfer.rate,
        payout_id: transfer.payout_id,
        created_at: transfer.at,
    }
}

/// `GET /v1/commissions/{id}/history`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    let commission = named(call)?;
    let conversion =
        commission.conversion_id.as_ref().map(|id| rows::by_id(call.sql, id)).transpose()?.flatten();
    let moved = transfers::of_commission(call.sql, commission.partner_no, commission.no)?;
    let paid = payouts::of_commission(call.sql, commission.partner_no, commission.no)?;
    let payout = |placed: Placed| HistoryPayoutView {
        id: placed.id,
        amount: placed.amount,
        status: placed.status,
        reference: placed.reference,
    };
    let view = HistoryView {
        click: click(call, commission.click_id.as_deref())?,
        attribution: conversion.as_ref().map(|conversion| explain::show(call, conversion)).transpose()?,
        conversion: conversion.as_ref().map(|conversion| conversions::show(call, conversion)).transpose()?,
        plan: computation(&commission),
        refunds: refunded(call, commission.conversion_no)?,
        transfers: moved.into_iter().map(transfer).collect(),
        payouts: paid.into_iter().map(payout).collect(),
        commission: commissions::show(call, &commission)?,
    };
    call.json(200, &view)
}
