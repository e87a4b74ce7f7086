//! Payout runs: a draft that one key asks for, and that another approves.

mod shown;

pub use shown::{RunView, show};

use super::{
    super::{
        body::{Amount, Checks},
        call::Call,
        http::Response,
        maturity,
        problem::{Code, Problem},
    },
    is_public, rows,
};
use crate::{
    domain::{
        event::EventType,
        money::Currency,
        payouts::RunStatus,
        values::{date::Date, id::RunId},
    },
    store::{
        log::change::Change,
        payouts::{
            self, Outdated,
            runs::{Run, RunTerms},
        },
    },
};
use json::FromJson;
use serde::Serialize;

/// A period of days in UTC, both included.
#[derive(Debug, Clone, Copy, FromJson, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Period {
    /// First day.
    from: Date,
    /// Last day.
    to: Date,
}

/// A sum of money.
#[derive(Debug, Clone, Copy, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewMoney {
    /// Minor units.
    amount: Amount,
    /// ISO 4217 code.
    currency: Currency,
}

/// A run to compute.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRun {
    /// What became payable by the end of its last day is paid, however long ago.
    period: Period,
    /// Only payouts in this currency; all if absent.
    currency: Option<Currency>,
    /// Payouts in its currency are made from this amount on; less is carried into the next run.
    minimum: Option<NewMoney>,
    /// The day whose exchange rates are used; the period's last if absent.
    rate_date: Option<Date>,
}

/// The run with this id, if the caller may see it.
pub fn visible(call: &Call<'_>, id: Option<RunId>) -> Result<Run, Problem> {
    let run = id.map(|id| rows::by_id(call.sql, &id)).transpose()?.flatten();
    run.filter(|run| call.caller.partner.is_none() || is_public(run.status)).ok_or_else(Problem::not_found)
}

/// The run that the path names.
pub fn named(call: &Call<'_>) -> Result<Run, Problem> {
    visible(call, Some(call.id(RunId::parse)?))
}

/// The same as it stands after a change.
fn shown(call: &Call<'_>, no: i64) -> Result<RunView, Problem> {
    let run = rows::by_no(call.sql, no)?.ok_or_else(Problem::not_found)?;
    show(call, &run)
}

fn terms(call: &Call<'_>, body: &NewRun) -> Result<RunTerms, Problem> {
    let mut checks = Checks::default();
    if body.period.from > body.period.to {
        checks.refuse(Code::InvalidPeriod, "period/to", "The last day lies before the first.");
    } else if body.period.to.end() > call.now {
        let detail = format!("It is {} here; a run is for days that are over.", call.now);
        checks.refuse(Code::PeriodNotOver, "period/to", detail);
    }
    if let (Some(minimum), Some(currency)) = (body.minimum, body.currency)
        && minimum.currency != currency
    {
        let detail = format!("The run pays in {currency} alone; name its minimum in that.");
        checks.refuse(Code::CurrencyMismatch, "minimum/currency", detail);
    }
    checks.finish()?;
    Ok(RunTerms {
        no: rows::next_no(call.sql)?,
        id: call.new_id(RunId::generate),
        from: body.period.from,
        to: body.period.to,
        currency: body.currency,
        minimum: body.minimum.map(|minimum| (minimum.amount.0, minimum.currency)),
        rate_date: body.rate_date.unwrap_or(body.period.to),
        maker: call.caller.id.clone(),
    })
}

/// The first answer again, if the same was asked for.
fn again(first: Run, terms: &RunTerms) -> Result<Response, Problem> {
    let field = match (first.terms.minimum == terms.minimum, first.terms.rate_date == terms.rate_date) {
        (true, true) => {
            return Ok(Response::json(200, first.answer).with_header("idempotent-replayed", "true"));
        }
        (false, _) => "minimum",
        (true, false) => "rate_date",
    };
    let detail = format!(
        "The run {} of this period and currency was asked for with another {field}; cancel it first if it is a draft.",
        first.terms.id
    );
    Err(Problem::field(Code::RunConflict, format!("/{field}"), detail))
}

/// `POST /v1/payouts/runs`
pub fn create(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewRun = call.body()?;
    let terms = terms(call, &body)?;
    if let Some(first) = rows::standing(call.sql, terms.from, terms.to, terms.currency)? {
        return again(first, &terms);
    }
    maturity::finish(call.sql, call.now, &mut **call.entropy.borrow_mut())?;
    let (no, location) = (terms.no, format!("/v1/payouts/runs/{}", terms.id));
    let change = Change::Run(Box::new(terms));
    let answer = call.commit_computed(EventType::PayoutRunCreated, &change, || shown(call, no))?;
    rows::keep_answer(call.sql, no, &answer)?;
    Ok(Response::json(201, answer).with_header("location", location))
}

/// `GET /v1/payouts/runs`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    call.page("runs", |page| rows::list(call.sql, page), |run| run.terms.no, |run| show(call, run))
}

/// `GET /v1/payouts/runs/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    call.json(200, &show(call, &named(call)?)?)
}

/// The draft that the path names.
fn draft(call: &Call<'_>) -> Result<Run, Problem> {
    let run = named(call)?;
    match run.status {
        RunStatus::Draft => Ok(run),
        RunStatus::Approved | RunStatus::Settled | RunStatus::Cancelled => {
            let detail = format!("It is {}: only a draft can still be changed.", run.status.as_str());
            Err(Problem::new(Code::RunImmutable, detail))
        }
    }
}

/// `POST /v1/payouts/runs/{id}/refresh`
pub fn refresh(call: &Call<'_>) -> Result<Response, Problem> {
    let no = draft(call)?.terms.no;
    maturity::finish(call.sql, call.now, &mut **call.entropy.borrow_mut())?;
    let change = Change::RunRefreshed { run_no: no, by: call.caller.id.clone() };
    let answer = call.commit_computed(EventType::PayoutRunRefreshed, &change, || shown(call, no))?;
    Ok(Response::json(200, answer))
}

/// `POST /v1/payouts/runs/{id}/cancel`
pub fn cancel(call: &Call<'_>) -> Result<Response, Problem> {
    let no = draft(call)?.terms.no;
    let change = Change::RunCancelled { run_no: no };
    let answer = call.commit_computed(EventType::PayoutRunCancelled, &change, || shown(call, no))?;
    Ok(Response::json(200, answer))
}

/// `POST /v1/payouts/runs/{id}/approve`; approving again changes nothing.
pub fn approve(call: &Call<'_>) -> Result<Response, Problem> {
    let run = named(call)?;
    if is_public(run.status) && run.approver.as_ref() == Some(&call.caller.id) {
        return Ok(call.json(200, &show(call, &run)?)?.with_header("idempotent-replayed", "true"));
    }
    let run = draft(call)?;
    if [Some(&run.terms.maker), run.refreshed_by.as_ref()].contains(&Some(&call.caller.id)) {
        let detail = "This key asked for the run, or computed it last: another one has to approve it.";
        return Err(Problem::new(Code::OwnRun, detail));
    }
    if let Some(outdated) = payouts::changed_since(call.sql, &run)? {
        let what = match outdated {
            Outdated::Open => "What is open of a commission changed",
            Outdated::Rate => "An exchange rate was corrected",
            Outdated::Currency => "A partner is to be paid in another currency",
        };
        let detail =
            format!("{what} since {}; refresh the run, look at it, and approve it then.", run.computed_at);
        return Err(Problem::new(Code::RunOutdated, detail));
    }
    let no = run.terms.no;
    let change = Change::RunApproved { run_no: no, by: call.caller.id.clone() };
    let answer = call.commit_computed(EventType::PayoutRunApproved, &change, || shown(call, no))?;
    Ok(Response::json(200, answer))
}
