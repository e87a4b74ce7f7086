//! Reports of how payouts ended, one by one or for a whole run.

use super::{
    super::http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    read, runs,
};
use crate::{
    domain::{
        money::amount::Amount,
        values::{id::PayoutId, limits},
    },
    ledger::payouts::{
        run_view,
        settlement::{PayoutOutcome, Settled, Settlement, settle, view_of},
    },
    store::payouts::{self, Payout, runs as rows},
};
use serde::Deserialize;

/// A payout was paid.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Payment {
    /// The provider's reference: what proves that it was paid.
    reference: String,
}

/// A payout could not be paid, or came back after it was paid.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_arch = "wasm32"), schemars(rename = "Failure"))]
pub struct Failed {
    /// Why, in the provider's words.
    reason: String,
    /// What the bank charged for it, minor units of the payout's currency; it is recorded, and the programme bears it.
    fee: Option<Amount>,
}

/// How one payout of a run ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PayoutResult {
    /// The payout.
    payout_id: String,
    /// How it ended.
    status: PayoutOutcome,
    /// The provider's reference; of one that was paid.
    reference: Option<String>,
    /// Why; of one that failed.
    reason: Option<String>,
    /// What the bank charged for it, minor units of the payout's currency; of one that failed.
    fee: Option<Amount>,
}

/// How payouts of a run ended.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PayoutResults {
    /// 1 to 1,000 of them.
    results: Vec<PayoutResult>,
}

/// Settles the payout that the path names; the text is in the body's `field`.
fn settle_named(
    call: &Call<'_>,
    settlement: &Settlement<'_>,
    field: &str,
    limit: limits::Text,
) -> Result<Response, Failure> {
    let payout = read::named(call)?;
    let mut checks = Checks::default();
    checks.text(field, Some(settlement.text), limit);
    checks.finish()?;
    let settled = settle(call.tx, &payout, settlement, &format!("/{field}"))?;
    let response = call.json(200, &view_of(call.tx, &payout.id)?)?;
    Ok(match settled {
        Settled::Recorded => response,
        Settled::Unchanged => response.with_header("idempotent-replayed", "true"),
    })
}

/// `POST /v1/payouts/{id}/paid`
pub fn paid(call: &Call<'_>) -> Result<Response, Failure> {
    let body: Payment = call.body()?;
    let settlement = Settlement { outcome: PayoutOutcome::Paid, text: &body.reference, fee: None };
    settle_named(call, &settlement, "reference", limits::REFERENCE)
}

/// `POST /v1/payouts/{id}/failed`
pub fn failed(call: &Call<'_>) -> Result<Response, Failure> {
    let body: Failed = call.body()?;
    let fee = body.fee.map(|fee| fee.0);
    let settlement = Settlement { outcome: PayoutOutcome::Failed, text: &body.reason, fee };
    settle_named(call, &settlement, "reason", limits::REASON)
}

/// Checks the fields of a result, and returns the settlement that it reports.
fn settlement<'a>(result: &'a PayoutResult, checks: &mut Checks) -> Option<Settlement<'a>> {
    let (field, text, limit, other, surplus) = match result.status {
        PayoutOutcome::Paid => ("reference", &result.reference, limits::REFERENCE, "reason", &result.reason),
        PayoutOutcome::Failed => ("reason", &result.reason, limits::REASON, "reference", &result.reference),
    };
    if surplus.is_some() {
        checks.refuse(Code::MisplacedField, other, "It belongs to the other outcome.");
    }
    if result.fee.is_some() && result.status == PayoutOutcome::Paid {
        checks.refuse(Code::MisplacedField, "fee", "It belongs to the other outcome.");
    }
    let Some(text) = text else {
        checks.refuse(Code::MissingField, field, "This field is required with this status.");
        return None;
    };
    checks.text(field, Some(text), limit);
    Some(Settlement { outcome: result.status, text, fee: result.fee.map(|fee| fee.0) })
}

/// The payout of a run with this id.
fn payout_of_run(call: &Call<'_>, run_no: i64, id: &str) -> Result<Option<Payout>, Problem> {
    let id = PayoutId::parse(id);
    let payout = id.map(|id| payouts::by_id(call.tx.sql, &id)).transpose()?.flatten();
    Ok(payout.filter(|payout| payout.run_no == run_no))
}

/// `POST /v1/payouts/runs/{id}/results`; all or none.
pub fn results(call: &Call<'_>) -> Result<Response, Failure> {
    let run_no = runs::named(call)?.terms.no;
    let body: PayoutResults = call.body()?;
    let mut checks = Checks::default();
    if !limits::RESULTS.contains(body.results.len()) {
        checks.refuse(Code::OutOfRange, "results", "Expected 1 to 1000 of them.");
    }
    let mut settlements = Vec::with_capacity(body.results.len());
    for (index, result) in body.results.iter().enumerate() {
        let mut own = Checks::under(format!("/results/{index}"));
        let payout = payout_of_run(call, run_no, &result.payout_id)?;
        if payout.is_none() {
            own.refuse(Code::UnknownPayout, "payout_id", "The run has no such payout.");
        }
        let checked = settlement(result, &mut own).zip(payout);
        settlements.extend(checked.map(|(settlement, payout)| (index, settlement, payout.id)));
        checks.absorb(own);
    }
    checks.finish()?;
    for (index, settlement, id) in settlements {
        // The payout is read again, because an earlier result of this request may have settled it.
        let payout = payouts::by_id(call.tx.sql, &id)?.ok_or_else(Problem::not_found)?;
        settle(call.tx, &payout, &settlement, &format!("/results/{index}/payout_id"))?;
    }
    let run = rows::by_no(call.tx.sql, run_no)?.ok_or_else(Problem::not_found)?;
    call.json(200, &run_view::show(call.tx, &run)?)
}
