//! Files that a bank or a payment provider takes. Each holds the payouts that are open and paid by its method; what would
//! have to be left out refuses the file, unless the caller says that a part will do.

mod csv;
mod epc;
mod paypal;
mod sepa;
mod wise;

pub use csv::{Table, percent, text};

use super::{
    super::{
        call::Call,
        http::Response,
        problem::{Code, FieldError, Problem},
        programme,
        query::Query,
    },
    details::of_payout,
    is_public, runs,
};
use crate::{
    domain::{
        money::Currency,
        payouts::{
            PayoutStatus,
            payer::{PayoutDetails, PayoutMethod},
        },
        values::{date::Date, id::PayoutId},
    },
    store::{
        payouts::{self, Payout, runs::Run},
        value::MAX_SAFE_INTEGER,
    },
};

/// A payout, and where it goes.
pub struct Entry {
    payout: Payout,
    details: PayoutDetails,
}

/// A payout that a file cannot hold, and why.
struct LeftOut {
    id: PayoutId,
    code: &'static str,
    detail: &'static str,
}

/// What a file is made of.
struct Batch {
    run: Run,
    entries: Vec<Entry>,
    left_out: Vec<LeftOut>,
}

/// A run's payouts that stand so, with where they go. Only those of `method` are wanted; what says nowhere how it is paid
/// may be one of them, and is left out.
fn batch(
    call: &Call<'_>,
    method: Option<PayoutMethod>,
    statuses: &[PayoutStatus],
    known: &[&str],
) -> Result<(Batch, Query), Problem> {
    let query = call.query(known)?;
    let run = runs::named(call)?;
    if !is_public(run.status) {
        let detail = format!("It is {}: files are made of approved runs.", run.status.as_str());
        return Err(Problem::new(Code::RunNotApproved, detail));
    }
    let mut batch = Batch { run, entries: Vec::new(), left_out: Vec::new() };
    for status in statuses {
        for payout in payouts::of_run(call.sql, batch.run.terms.no, *status, MAX_SAFE_INTEGER)? {
            match of_payout(call, &payout)? {
                Some(details) if method.is_none_or(|method| method == details.method) => {
                    batch.entries.push(Entry { payout, details });
                }
                Some(_) => {}
                None => batch.left_out.push(LeftOut {
                    id: payout.id,
                    code: "details_missing",
                    detail: "How the partner is paid is not set: PUT /v1/partners/{id}/payout-details.",
                }),
            }
        }
    }
    batch.entries.sort_by_key(|entry| entry.payout.no);
    Ok((batch, query))
}

/// Leaves out what is not paid in `currency`.
fn only(batch: &mut Batch, currency: Currency, code: &'static str, detail: &'static str) {
    let (kept, others) = std::mem::take(&mut batch.entries)
        .into_iter()
        .partition(|entry: &Entry| entry.payout.currency == currency);
    batch.entries = kept;
    let others: Vec<Entry> = others;
    batch.left_out.extend(others.into_iter().map(|entry| LeftOut { id: entry.payout.id, code, detail }));
}

/// Refuses a file that would lack payouts, unless the caller said that a part will do.
fn complete(batch: &Batch, query: &Query) -> Result<(), Problem> {
    if batch.left_out.is_empty() || query.flag("partial")? == Some(true) {
        return Ok(());
    }
    let detail = format!(
        "{} payouts would be left out; see errors. Mend that, or ask for the rest with ?partial=true.",
        batch.left_out.len()
    );
    let errors = batch.left_out.iter().map(|left| FieldError {
        pointer: format!("/payouts/{}", left.id),
        code: left.code,
        detail: left.detail.to_owned(),
    });
    Err(Problem { errors: errors.collect(), ..Problem::new(Code::PayoutsLeftOut, detail) })
}

/// Names of those left out, for a header or a comment.
fn named_left_out(batch: &Batch) -> String {
    let shown = batch.left_out.iter().take(100).map(|left| format!("{} {}", left.id, left.code));
    let mut text = shown.collect::<Vec<_>>().join(", ");
    if batch.left_out.len() > 100 {
        text.push_str(&format!(", {} in all", batch.left_out.len()));
    }
    text
}

/// The file as an answer; what it lacks stands in a header.
fn answer(batch: &Batch, media: &str, name: &str, body: String) -> Response {
    let mut response =
        Response { status: 200, headers: vec![("content-type", media.to_owned())], body, log: None }
            .with_header("content-disposition", format!("attachment; filename=\"{name}\""))
            .with_header("cache-control", "private, no-store");
    if !batch.left_out.is_empty() {
        response = response.with_header("x-signpost-left-out", named_left_out(batch));
    }
    response
}

const CSV: &str = "text/csv; charset=utf-8; header=present";
const CSV_BARE: &str = "text/csv; charset=utf-8; header=absent";

/// `GET /v1/payouts/runs/{id}/files/csv`: every payout of the run that was approved, however it ended.
pub fn table(call: &Call<'_>) -> Result<Response, Problem> {
    let all = [PayoutStatus::Open, PayoutStatus::Paid, PayoutStatus::Failed];
    let (batch, query) = batch(call, None, &all, &["partial"])?;
    complete(&batch, &query)?;
    let body = csv::table(&batch.entries);
    Ok(answer(&batch, CSV, &format!("{}.csv", batch.run.terms.id), body))
}

/// `GET /v1/payouts/runs/{id}/files/sepa`
pub fn transfers(call: &Call<'_>) -> Result<Response, Problem> {
    let (mut batch, query) =
        batch(call, Some(PayoutMethod::Sepa), &[PayoutStatus::Open], &["partial", "execution_date"])?;
    let day = query.text("execution_date").map(|text| {
        let refused =
            || Problem::new(Code::InvalidParameter, "\"execution_date\" must be a day such as 2026-11-03.");
        Date::parse(text).ok_or_else(refused)
    });
    let day = day.transpose()?.unwrap_or_else(|| Date::of(call.now));
    let payer = programme::current(call)?.payer.ok_or_else(|| {
        Problem::new(Code::PayerMissing, "Say who pays first: \"payer\" in PUT /v1/program.")
    })?;
    only(
        &mut batch,
        Currency::EUR,
        "not_eur",
        "SEPA transfers are in EUR: change the partner's currency or method.",
    );
    complete(&batch, &query)?;
    some(&batch)?;
    let file = sepa::File { run: &batch.run, payer: &payer, created_at: call.now, execution_date: day };
    let body = file.text(&batch.entries, &named_left_out(&batch))?;
    Ok(answer(&batch, "application/xml", &format!("{}.xml", batch.run.terms.id), body))
}

/// A file without payouts is none.
fn some(batch: &Batch) -> Result<(), Problem> {
    if batch.entries.is_empty() {
        let detail = "The run has no open payouts that are paid so.";
        return Err(Problem::new(Code::NothingToPay, detail));
    }
    Ok(())
}

/// The rows of a file that holds so many at most: all, or the part that the query names.
fn part(batch: &mut Batch, query: &Query, most: usize) -> Result<(), Problem> {
    some(batch)?;
    let parts = batch.entries.len().div_ceil(most);
    let Some(text) = query.text("part") else {
        if parts > 1 {
            let detail = format!("The provider takes {most} rows a file: ask for ?part=1 to ?part={parts}.");
            return Err(Problem::new(Code::FileTooLong, detail));
        }
        return Ok(());
    };
    let refused = || {
        Problem::new(Code::InvalidParameter, format!("\"part\" must be a whole number from 1 to {parts}."))
    };
    let number: usize = text.parse().map_err(|_| refused())?;
    let skipped = number.checked_sub(1).and_then(|before| before.checked_mul(most)).ok_or_else(refused)?;
    if number > parts {
        return Err(refused());
    }
    batch.entries = std::mem::take(&mut batch.entries).into_iter().skip(skipped).take(most).collect();
    Ok(())
}

/// `GET /v1/payouts/runs/{id}/files/paypal`
pub fn paypal(call: &Call<'_>) -> Result<Response, Problem> {
    let known = ["partial", "currency", "part"];
    let (mut batch, query) = batch(call, Some(PayoutMethod::Paypal), &[PayoutStatus::Open], &known)?;
    let mut currencies: Vec<Currency> = batch.entries.iter().map(|entry| entry.payout.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    match query.text("currency").map(Currency::parse) {
        Some(Some(chosen)) => batch.entries.retain(|entry| entry.payout.currency == chosen),
        Some(None) => {
            let detail = "\"currency\" must be an ISO 4217 code such as EUR.";
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
        None if currencies.len() > 1 => {
            let codes: Vec<&str> = currencies.iter().map(Currency::code).collect();
            let detail =
                format!("PayPal takes one currency a file: ask for ?currency= {}.", codes.join(", "));
            return Err(Problem::new(Code::SeveralCurrencies, detail));
        }
        None => {}
    }
    complete(&batch, &query)?;
    part(&mut batch, &query, paypal::MOST)?;
    let body = paypal::file(&batch.run, &batch.entries);
    Ok(answer(&batch, CSV_BARE, &format!("{}-paypal.csv", batch.run.terms.id), body))
}

/// `GET /v1/payouts/runs/{id}/files/wise`
pub fn wise(call: &Call<'_>) -> Result<Response, Problem> {
    let (mut batch, query) =
        batch(call, Some(PayoutMethod::Wise), &[PayoutStatus::Open], &["partial", "part"])?;
    complete(&batch, &query)?;
    part(&mut batch, &query, wise::MOST)?;
    let body = wise::file(programme::current(call)?.currency, &batch.entries);
    Ok(answer(&batch, CSV, &format!("{}-wise.csv", batch.run.terms.id), body))
}
