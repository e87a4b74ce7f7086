//! Payouts: what a run pays each partner, and how that ends.

pub mod details;
pub mod endings;
pub mod files;
pub mod runs;
pub mod statement;

use super::{
    call::Call,
    http::Response,
    problem::{Code, Problem},
    views::view,
};
use crate::{
    domain::{
        conversions::CommissionSource,
        money::Currency,
        payouts::{PayoutStatus, RunStatus, UnpaidReason, invoice_number},
        values::{
            id::{CommissionId, ConversionId, PartnerId, PayoutId, RunId},
            time::Timestamp,
        },
    },
    store::{
        SqlError,
        payouts::{self, Item, Narrowed, Payout, StoredPart, runs as rows},
    },
};

view! {
    /// What of a payout was earned in one currency.
    pub struct PartView {
        /// ISO 4217 code.
        currency: Currency,
        /// Minor units; negative where refunds took back more than was earned since the last payout.
        amount: i64,
        /// Of so many commissions.
        commissions: i64,
        /// The rate that it is exchanged at, decimal; `null` in the payout's own currency, or where it is missing.
        rate: Option<String>,
        /// What it is worth in the payout's currency, minor units; `null` = it is held.
        converted: Option<i64>,
        /// Why it is held.
        held_reason: Option<UnpaidReason>,
    }

    /// What a run is for one partner.
    pub struct PayoutView {
        /// Id.
        id: PayoutId,
        /// Its run.
        run_id: RunId,
        /// Whose it is.
        partner_id: PartnerId,
        /// What it is paid in.
        currency: Currency,
        /// Minor units.
        amount: i64,
        /// Where it stands.
        status: PayoutStatus,
        /// Why nothing is paid.
        reason: Option<UnpaidReason>,
        /// What it is made of, by currency.
        parts: Vec<PartView>,
        /// Number of its self-billing invoice, given at approval.
        invoice_number: Option<String>,
        /// The provider's reference.
        reference: Option<String>,
        /// Why it failed.
        failure_reason: Option<String>,
        /// When it was computed.
        created_at: Timestamp,
        /// When it was paid, or failed.
        ended_at: Option<Timestamp>,
    }

    /// A commission in a payout.
    pub struct ItemView {
        /// The commission.
        commission_id: CommissionId,
        /// What earned it.
        source: CommissionSource,
        /// The conversion that earned it, if one did.
        conversion_id: Option<ConversionId>,
        /// The caller's id of that conversion.
        external_id: Option<String>,
        /// When it was earned.
        earned_at: Timestamp,
        /// What the rate was applied to, minor units.
        base: Option<i64>,
        /// The rate, basis points.
        rate_bp: i64,
        /// Earned, minor units.
        earned: i64,
        /// Of that, taken back by refunds when the run was approved; of a draft's, so far.
        reversed: i64,
        /// Of that, paid out before, less what was forgiven.
        paid_before: i64,
        /// In this payout, minor units; negative where more was paid before than is left.
        amount: i64,
        /// ISO 4217 code.
        currency: Currency,
    }
}

fn part(part: &StoredPart) -> PartView {
    PartView {
        currency: part.currency,
        amount: part.amount,
        commissions: part.commissions,
        rate: part.rate.clone(),
        converted: part.converted,
        held_reason: part.converted.is_none().then_some(UnpaidReason::RateMissing),
    }
}

/// How a payout looks.
pub fn show(call: &Call<'_>, payout: &Payout) -> Result<PayoutView, Problem> {
    let parts = payouts::parts(call.sql, payout.no)?;
    Ok(PayoutView {
        id: payout.id.clone(),
        run_id: payout.run_id.clone(),
        partner_id: payout.partner_id.clone(),
        currency: payout.currency,
        amount: payout.amount,
        status: payout.status,
        reason: payout.reason,
        parts: parts.iter().map(part).collect(),
        invoice_number: payout.invoice_no.map(invoice_number),
        reference: payout.reference.clone(),
        failure_reason: payout.failure.clone(),
        created_at: payout.created_at,
        ended_at: payout.ended_at,
    })
}

/// How a commission in a payout looks.
pub fn show_item(item: &Item) -> ItemView {
    ItemView {
        commission_id: item.id.clone(),
        source: item.source,
        conversion_id: item.conversion_id.clone(),
        external_id: item.external_id.clone(),
        earned_at: item.earned_at,
        base: item.base,
        rate_bp: item.rate_bp,
        earned: item.earned,
        reversed: item.reversed,
        paid_before: item.earned.saturating_sub(item.reversed).saturating_sub(item.amount),
        amount: item.amount,
        currency: item.currency,
    }
}

/// Whether a run is one that partners may know of.
fn is_public(status: RunStatus) -> bool {
    match status {
        RunStatus::Approved | RunStatus::Settled => true,
        RunStatus::Draft | RunStatus::Cancelled => false,
    }
}

/// The payout that the path names, if the caller may see it: a partner's key sees its own, of approved runs.
pub fn named(call: &Call<'_>) -> Result<Payout, Problem> {
    let id = call.id(PayoutId::parse)?;
    let visible = |payout: &Payout| {
        call.caller.partner.is_none_or(|partner| partner == payout.partner_no && is_public(payout.run_status))
    };
    payouts::by_id(call.sql, &id)?.filter(visible).ok_or_else(Problem::not_found)
}

/// The run of a payout.
pub fn run_of(call: &Call<'_>, payout: &Payout) -> Result<rows::Run, Problem> {
    let run = rows::by_no(call.sql, payout.run_no)?;
    Ok(run.ok_or(SqlError::Shape { column: 0, expected: "a run that exists" })?)
}

/// `GET /v1/payouts`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let query = call.query(&["run_id", "status", "limit", "cursor"])?;
    let run = match query.text("run_id") {
        Some(text) => Some(runs::visible(call, RunId::parse(text))?),
        None => None,
    };
    let status = query.text("status").map(|text| {
        let detail = "\"status\" must be draft, open, paid, failed, carried, held or cancelled.";
        PayoutStatus::parse(text).ok_or_else(|| Problem::new(Code::InvalidParameter, detail))
    });
    let status = status.transpose()?;
    let narrowed =
        Narrowed { run_no: run.as_ref().map(|run| run.terms.no), status, partner_no: call.caller.partner };
    let name =
        format!("payouts {} {}", run.map_or(0, |run| run.terms.no), status.map_or("", PayoutStatus::as_str));
    let fetch = |page| payouts::list(call.sql, narrowed, page);
    call.page_of(&query, &name, fetch, |payout| payout.no, |payout| show(call, payout))
}

/// `GET /v1/payouts/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &show(call, &named(call)?)?)
}

/// `GET /v1/payouts/{id}/items`; a draft's are what is open now.
pub fn items(call: &Call<'_>) -> Result<Response, Problem> {
    let query = call.query(&["limit", "cursor"])?;
    let payout = named(call)?;
    let run = run_of(call, &payout)?;
    let fetch = |page| match run.status {
        RunStatus::Draft => payouts::draft_items(call.sql, &payout, run.terms.to, page),
        RunStatus::Approved | RunStatus::Settled | RunStatus::Cancelled => {
            payouts::items(call.sql, payout.no, page)
        }
    };
    let name = format!("items {}", payout.id);
    call.page_of(&query, &name, fetch, |item| item.no, |item| Ok(show_item(item)))
}
