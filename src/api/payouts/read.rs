//! Reading payouts.

use super::{
    super::http::{call::Call, failure::Failure, message::Response, problems::Problem, table::Row},
    runs::visible,
};
use crate::{
    documents::statement::StatementLine,
    domain::{
        payouts::{PayoutStatus, RunStatus},
        values::id::{PayoutId, RunId},
    },
    ledger::payouts::{
        runs::is_public,
        view::{self, PayoutView},
    },
    store::{
        Sql, SqlError,
        payouts::{
            self, Item, Payout, PayoutFilter,
            runs::{self as rows, Run},
        },
    },
};

/// The payout that the path names, if the caller may see it. A partner sees its own payouts of approved runs.
pub fn named(call: &Call<'_>) -> Result<Payout, Problem> {
    let id = call.id(PayoutId::parse)?;
    let visible = |payout: &Payout| {
        call.caller.partner.is_none_or(|partner| partner == payout.partner_no && is_public(payout.run_status))
    };
    payouts::by_id(call.tx.sql, &id)?.filter(visible).ok_or_else(Problem::not_found)
}

/// The run of a payout.
pub fn run_of(call: &Call<'_>, payout: &Payout) -> Result<Run, SqlError> {
    let run = rows::by_no(call.tx.sql, payout.run_no)?;
    run.ok_or(SqlError::Shape { column: 0, expected: "a run that exists" })
}

/// A commission in a payout.
pub fn show_item(item: &Item) -> StatementLine {
    StatementLine {
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

impl Row for PayoutView {
    const COLUMNS: &'static str = "id,run_id,partner_id,currency,amount,status,reason,parts,invoice_number,reference,failure_reason,fee,\
         created_at,ended_at,destination.ends_with,destination.method,destination.set_at";
}

impl Row for StatementLine {
    const COLUMNS: &'static str = "commission_id,source,conversion_id,external_id,earned_at,base,rate_bp,earned,reversed,paid_before,amount,\
         currency";
}

/// `GET /v1/payouts`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["run_id", "status", "limit", "cursor", "count"])?;
    let run = match query.text("run_id") {
        Some(text) => Some(visible(call, RunId::parse(text))?),
        None => None,
    };
    let status = query.choice("status", PayoutStatus::ALL, PayoutStatus::as_str)?;
    let narrowed =
        PayoutFilter { run_no: run.map(|run| run.terms.no), status, partner_no: call.caller.partner };
    let fetch = |sql: &dyn Sql, page| payouts::list(sql, narrowed, page);
    call.page_of(&query, "payouts", fetch, |payout| payout.no, |payout| view::show(call.tx, payout))
}

/// `GET /v1/payouts/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &view::show(call.tx, &named(call)?)?)
}

/// `GET /v1/payouts/{id}/items`; the items of a draft are what is open now.
pub fn items(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["limit", "cursor", "count"])?;
    let payout = named(call)?;
    let run = run_of(call, &payout)?;
    let fetch = |sql: &dyn Sql, page| match run.status {
        RunStatus::Draft => payouts::draft_items(sql, &payout, run.terms.to, page),
        RunStatus::Approved | RunStatus::Settled | RunStatus::Cancelled => {
            payouts::items(sql, payout.no, page)
        }
    };
    let name = format!("items {}", payout.id);
    call.page_of(&query, &name, fetch, |item| item.no, |item| Ok(show_item(item)))
}
