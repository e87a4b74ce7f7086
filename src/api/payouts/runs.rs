//! Payout runs: requests for drafts, and their approval.

use super::super::http::{
    call::Call,
    checks::Checks,
    failure::Failure,
    message::Response,
    problems::{Code, Problem},
    table::Row,
};
use crate::{
    domain::{
        money::{Currency, amount::Amount},
        values::{date::Date, id::RunId},
    },
    ledger::payouts::{
        run_view::{Period, RunView, show},
        runs::{self, Requested, is_public},
    },
    store::{
        Sql,
        payouts::runs::{self as rows, Run, RunTerms},
    },
};
use serde::Deserialize;

/// A sum of money.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewMoney {
    /// Minor units.
    amount: Amount,
    /// ISO 4217 code.
    currency: Currency,
}

/// A run to compute.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRun {
    /// Everything that became payable by the end of its last day is paid, however old.
    period: Period,
    /// Only payouts in this currency; all if absent.
    currency: Option<Currency>,
    /// The smallest payout in its currency; smaller amounts are carried into the next run.
    minimum: Option<NewMoney>,
    /// The day whose exchange rates are used; the period's last if absent.
    rate_date: Option<Date>,
}

/// The run with this id, if the caller may see it.
pub fn visible(call: &Call<'_>, id: Option<RunId>) -> Result<Run, Problem> {
    let run = id.map(|id| rows::by_id(call.tx.sql, &id)).transpose()?.flatten();
    run.filter(|run| call.caller.partner.is_none() || is_public(run.status)).ok_or_else(Problem::not_found)
}

/// The run that the path names.
pub fn named(call: &Call<'_>) -> Result<Run, Problem> {
    visible(call, Some(call.id(RunId::parse)?))
}

/// Checks a request and returns the terms of the run.
fn terms(call: &Call<'_>, body: &NewRun) -> Result<RunTerms, Problem> {
    let mut checks = Checks::default();
    if body.period.from > body.period.to {
        checks.refuse(Code::InvalidPeriod, "period/to", "The last day is before the first.");
    } else if body.period.to.end() > call.tx.now {
        let detail = format!("It is {} here; a run is for days that are over.", call.tx.now);
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
        no: rows::next_no(call.tx.sql)?,
        id: call.tx.new_id(RunId::generate),
        from: body.period.from,
        to: body.period.to,
        currency: body.currency,
        minimum: body.minimum.map(|minimum| (minimum.amount.0, minimum.currency)),
        rate_date: body.rate_date.unwrap_or(body.period.to),
        maker: call.caller.id.clone(),
    })
}

/// `POST /v1/payouts/runs`. A run that was asked for before is shown in its present state: it may be approved by now.
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewRun = call.body()?;
    let terms = terms(call, &body)?;
    Ok(match runs::create(call.tx, terms)? {
        Requested::Created { id, json } => {
            Response::json(201, json).with_header("location", format!("/v1/payouts/runs/{id}"))
        }
        Requested::Known(json) => Response::replayed(json),
    })
}

impl Row for RunView {
    const COLUMNS: &'static str = "id,status,period.from,period.to,currency,minimum.amount,minimum.currency,rate_date,maker,refreshed_by,\
         approver,totals,counts.carried,counts.draft,counts.failed,counts.held,counts.open,counts.paid,held,carried,\
         created_at,computed_at,approved_at";
}

/// `GET /v1/payouts/runs`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let fetch = |sql: &dyn Sql, page| rows::list(sql, page);
    call.page("runs", fetch, |run| run.terms.no, |run| show(call.tx, run))
}

/// `GET /v1/payouts/runs/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &show(call.tx, &named(call)?)?)
}

/// `POST /v1/payouts/runs/{id}/refresh`
pub fn refresh(call: &Call<'_>) -> Result<Response, Failure> {
    Ok(Response::json(200, runs::refresh(call.tx, &named(call)?, &call.caller.id)?))
}

/// `POST /v1/payouts/runs/{id}/cancel`
pub fn cancel(call: &Call<'_>) -> Result<Response, Failure> {
    Ok(Response::json(200, runs::cancel(call.tx, &named(call)?)?))
}

/// `POST /v1/payouts/runs/{id}/approve`; approving again changes nothing.
pub fn approve(call: &Call<'_>) -> Result<Response, Failure> {
    let run = named(call)?;
    if is_public(run.status) && run.approver.as_ref() == Some(&call.caller.id) {
        return Ok(call.json(200, &show(call.tx, &run)?)?.with_header("idempotent-replayed", "true"));
    }
    Ok(Response::json(200, runs::approve(call.tx, &run, &call.caller.id)?))
}
