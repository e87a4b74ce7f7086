//! How payouts end: as the provider says.

use super::{
    super::{
        body::Checks,
        call::Call,
        http::Response,
        problem::{Code, Problem},
    },
    PayoutView, named, runs, show,
};
use crate::{
    domain::{
        event::EventType,
        money::accounts::{Account, TransferKind},
        payouts::PayoutStatus,
        values::{
            id::{PayoutId, TransferId},
            string_enum::string_enum,
        },
    },
    store::{
        books::accounts::Transfer,
        log::change::Change,
        payouts::{self, Payout, runs as rows},
    },
};
use json::FromJson;

/// A payout was paid.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Payment {
    /// The provider's reference: what proves that it was paid.
    reference: String,
}

/// A payout could not be paid.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Failure {
    /// Why, in the provider's words.
    reason: String,
}

string_enum! {
    /// How a payout ended.
    PayoutOutcome {
        /// Its provider paid it.
        Paid = "paid";
        /// It could not be paid.
        Failed = "failed";
    }
}

/// How one payout of a run ended.
#[derive(Debug, FromJson)]
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
}

/// How payouts of a run ended.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct PayoutResults {
    /// 1 to 1,000 of them.
    results: Vec<PayoutResult>,
}

/// What is told of a payout: its outcome, and the reference or the reason.
struct Told<'a> {
    outcome: PayoutOutcome,
    text: &'a str,
}

/// Notes how a payout ended; `true` if it was noted before. What stands at `pointer` told it.
fn end(call: &Call<'_>, payout: &Payout, told: &Told<'_>, pointer: &str) -> Result<bool, Problem> {
    let (before, noted) = match payout.status {
        PayoutStatus::Open => return book(call, payout, told).map(|()| false),
        PayoutStatus::Paid => (PayoutOutcome::Paid, &payout.reference),
        PayoutStatus::Failed => (PayoutOutcome::Failed, &payout.failure),
        PayoutStatus::Draft | PayoutStatus::Carried | PayoutStatus::Held | PayoutStatus::Cancelled => {
            let detail =
                format!("{} is {}: only one that was approved is paid.", payout.id, payout.status.as_str());
            return Err(Problem::field(Code::PayoutNotOpen, pointer, detail));
        }
    };
    if before == told.outcome && noted.as_deref() == Some(told.text) {
        return Ok(true);
    }
    let detail =
        format!("{} is {} already: {:?}.", payout.id, before.as_str(), noted.as_deref().unwrap_or_default());
    Err(Problem::field(Code::PayoutEnded, pointer, detail))
}

fn book(call: &Call<'_>, payout: &Payout, told: &Told<'_>) -> Result<(), Problem> {
    let payout_no = payout.no;
    let (kind, change) = match told.outcome {
        PayoutOutcome::Paid => {
            let transfer = Transfer {
                id: call.new_id(TransferId::generate),
                partner_no: payout.partner_no,
                debit: Account::InPayout,
                credit: Account::Paid,
                amount: payout.amount,
                currency: payout.currency,
                kind: TransferKind::Payment,
                commission_no: 0,
                at: call.now,
                rate: None,
                payout_no: Some(payout_no),
            };
            (
                EventType::PayoutPaid,
                Change::PayoutPaid { payout_no, reference: told.text.to_owned(), transfer },
            )
        }
        PayoutOutcome::Failed => {
            let (partner_no, reason) = (payout.partner_no, told.text.to_owned());
            (EventType::PayoutFailed, Change::PayoutFailed { payout_no, partner_no, reason })
        }
    };
    call.commit_computed(kind, &change, || shown(call, &payout.id)).map(drop)
}

fn shown(call: &Call<'_>, id: &PayoutId) -> Result<PayoutView, Problem> {
    show(call, &payouts::by_id(call.sql, id)?.ok_or_else(Problem::not_found)?)
}

fn one(call: &Call<'_>, told: &Told<'_>, field: &str, max: usize) -> Result<Response, Problem> {
    let payout = named(call)?;
    let mut checks = Checks::default();
    checks.text(field, Some(told.text), max);
    checks.finish()?;
    let repeated = end(call, &payout, told, &format!("/{field}"))?;
    let answer = call.json(200, &shown(call, &payout.id)?)?;
    Ok(if repeated { answer.with_header("idempotent-replayed", "true") } else { answer })
}

const REFERENCE: usize = 200;
const REASON: usize = 500;

/// `POST /v1/payouts/{id}/paid`
pub fn paid(call: &Call<'_>) -> Result<Response, Problem> {
    let body: Payment = call.body()?;
    one(call, &Told { outcome: PayoutOutcome::Paid, text: &body.reference }, "reference", REFERENCE)
}

/// `POST /v1/payouts/{id}/failed`
pub fn failed(call: &Call<'_>) -> Result<Response, Problem> {
    let body: Failure = call.body()?;
    one(call, &Told { outcome: PayoutOutcome::Failed, text: &body.reason }, "reason", REASON)
}

/// What a result tells, once its fields are found right.
fn told<'a>(result: &'a PayoutResult, checks: &mut Checks) -> Option<Told<'a>> {
    let (field, text, max, other, surplus) = match result.status {
        PayoutOutcome::Paid => ("reference", &result.reference, REFERENCE, "reason", &result.reason),
        PayoutOutcome::Failed => ("reason", &result.reason, REASON, "reference", &result.reference),
    };
    if surplus.is_some() {
        checks.refuse(Code::MisplacedField, other, "It belongs to the other outcome.");
    }
    let Some(text) = text else {
        checks.refuse(Code::MissingField, field, "This field is required with this status.");
        return None;
    };
    checks.text(field, Some(text), max);
    Some(Told { outcome: result.status, text })
}

/// `POST /v1/payouts/runs/{id}/results`; all or none.
pub fn results(call: &Call<'_>) -> Result<Response, Problem> {
    let run = runs::named(call)?;
    let body: PayoutResults = call.body()?;
    let mut checks = Checks::default();
    if !(1..=1_000).contains(&body.results.len()) {
        checks.refuse(Code::OutOfRange, "results", "Expected 1 to 1000 of them.");
    }
    let mut ends = Vec::with_capacity(body.results.len());
    for (index, result) in body.results.iter().enumerate() {
        let mut of_one = Checks::under(format!("/results/{index}"));
        let payout =
            PayoutId::parse(&result.payout_id).map(|id| payouts::by_id(call.sql, &id)).transpose()?.flatten();
        let payout = payout.filter(|payout| payout.run_no == run.terms.no);
        if payout.is_none() {
            of_one.refuse(Code::UnknownPayout, "payout_id", "The run has no such payout.");
        }
        ends.extend(told(result, &mut of_one).zip(payout).map(|(told, payout)| (index, told, payout.id)));
        checks.absorb(of_one);
    }
    checks.finish()?;
    for (index, told, id) in ends {
        // Read again: the same payout may stand here twice.
        let payout = payouts::by_id(call.sql, &id)?.ok_or_else(Problem::not_found)?;
        end(call, &payout, &told, &format!("/results/{index}/payout_id"))?;
    }
    let run = rows::by_no(call.sql, run.terms.no)?.ok_or_else(Problem::not_found)?;
    call.json(200, &runs::show(call, &run)?)
}
