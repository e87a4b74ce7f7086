//! The history of a commission, from the click to the payout, in one response.

use crate::{
    api::{
        conversions::{commissions::named, read::is_visible},
        http::{call::Call, failure::Failure, message::Response},
    },
    domain::{
        attribution::TouchOrigin,
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
    ledger::{
        attribution::explanation::{self, ExplanationView},
        commissions::view::{self, CommissionView},
        conversions::view::{self as conversion_view, ConversionView},
        view::view,
        viewer::Viewer,
    },
    store::{
        SqlError,
        books::transfers,
        commissions::Commission,
        conversions::{self as rows, refunds},
        links,
        payouts::{self, CommissionPayout},
    },
};

view! {
    /// The click that earned a commission, decoded from its id.
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
        /// The placement, period or partner that earned it, if no conversion did.
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
        /// Written off of a negative remainder.
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
        /// The payout that it moves as a whole; `null` = it moves this commission only.
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
        /// Its status.
        status: PayoutStatus,
        /// The provider's reference.
        reference: Option<String>,
    }

    /// The history of a commission, in order.
    pub struct HistoryView {
        /// The click that earned it; `null` = none did.
        click: Option<EarningClickView>,
        /// Every touch that was weighed, and why it won or lost; `null` = no conversion earned it, or another partner's did.
        attribution: Option<ExplanationView>,
        /// The conversion that earned it, if one did and the caller may see it.
        conversion: Option<ConversionView>,
        /// How it was computed.
        plan: ComputationView,
        /// The commission as it stands now.
        commission: CommissionView,
        /// What was refunded of that conversion.
        refunds: Vec<HistoryRefundView>,
        /// Its transfers, and those of the payouts that it was in.
        transfers: Vec<TransferView>,
        /// The payouts that it was in.
        payouts: Vec<HistoryPayoutView>,
    }
}

fn click(call: &Call<'_>, click_id: Option<&str>) -> Result<Option<EarningClickView>, SqlError> {
    let verified = click_id.and_then(|text| Some((text, ClickId::verify(text, &call.tx.config.ring)?)));
    let Some((text, click)) = verified else { return Ok(None) };
    Ok(Some(EarningClickView {
        click_id: text.to_owned(),
        clicked_at: click.at,
        link_id: links::by_no(call.tx.sql, click.link_no)?.map(|link| link.id),
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

fn refunded(call: &Call<'_>, conversion_no: Option<i64>) -> Result<Vec<HistoryRefundView>, SqlError> {
    let Some(no) = conversion_no else { return Ok(Vec::new()) };
    let show = |refund: refunds::Refund| HistoryRefundView {
        id: refund.id,
        external_id: refund.external_id,
        amount: refund.amount,
        currency: refund.currency,
        created_at: refund.created_at,
    };
    Ok(refunds::of_conversion(call.tx.sql, no)?.into_iter().map(show).collect())
}

fn transfer(transfer: transfers::TransferRow) -> TransferView {
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
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    let commission = named(call)?;
    let conversion =
        commission.conversion_id.as_ref().map(|id| rows::by_id(call.tx.sql, id)).transpose()?.flatten();
    let conversion = match conversion {
        Some(conversion) if is_visible(call, &conversion)? => Some(conversion),
        Some(_) | None => None,
    };
    let moved = transfers::of_commission(call.tx.sql, commission.partner_no, commission.no)?;
    let paid = payouts::of_commission(call.tx.sql, commission.partner_no, commission.no)?;
    let payout = |placed: CommissionPayout| HistoryPayoutView {
        id: placed.id,
        amount: placed.amount,
        status: placed.status,
        reference: placed.reference,
    };
    let viewer = call.caller.viewer();
    // The click of another partner's sale is that partner's.
    let sees_click = viewer == Viewer::Programme || conversion.is_some();
    let view = HistoryView {
        click: click(call, commission.touch().and_then(TouchOrigin::click_id).filter(|_| sees_click))?,
        attribution: conversion
            .as_ref()
            .map(|conversion| explanation::show(call.tx, conversion, viewer))
            .transpose()?,
        conversion: conversion
            .as_ref()
            .map(|conversion| conversion_view::show(call.tx, conversion, viewer))
            .transpose()?,
        plan: computation(&commission),
        refunds: refunded(call, conversion.as_ref().map(|conversion| conversion.no))?,
        transfers: moved.into_iter().map(transfer).collect(),
        payouts: paid.into_iter().map(payout).collect(),
        commission: view::show(call.tx.sql, &commission, viewer)?,
    };
    call.json(200, &view)
}
