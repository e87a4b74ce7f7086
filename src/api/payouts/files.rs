//! Handlers of payment files.
//!
//! A file holds the open payouts that are paid by its method. If a payout cannot be in its file, the request is refused,
//! unless the caller asks for a partial file.

use super::{
    super::http::{
        call::Call,
        failure::Failure,
        message::Response,
        problems::{Code, FieldError, Problem},
        query::Query,
    },
    runs,
};
use crate::{
    documents::payment_files::{Payment, Run, paypal, run_table, sepa, wise},
    domain::{
        money::Currency,
        payouts::{
            PayoutStatus, invoice_number,
            payer::{PayoutDetails, PayoutMethod},
        },
        values::{date::Date, id::PayoutId},
    },
    ledger::{
        payouts::{details::of_payout, runs::is_public},
        terms,
    },
    store::{
        payouts::{self, Payout},
        value::MAX_SAFE_INTEGER,
    },
};

/// A payout that a file cannot contain.
struct LeftOut {
    id: PayoutId,
    code: &'static str,
    detail: &'static str,
}

/// The payouts of a run that were selected for a file.
struct Selection {
    run: Run,
    payments: Vec<Payment>,
    left_out: Vec<LeftOut>,
}

fn payment(payout: Payout, details: PayoutDetails) -> Payment {
    Payment {
        id: payout.id,
        partner_id: payout.partner_id,
        amount: payout.amount,
        currency: payout.currency,
        status: payout.status,
        invoice_number: payout.invoice_no.map(invoice_number),
        reference: payout.reference,
        failure_reason: payout.failure,
        details,
    }
}

/// Loads the run's payouts in `statuses` that are paid by `method`; `None` selects every method. Payouts without payout
/// details are left out of every file, because their method is unknown.
fn select(
    call: &Call<'_>,
    method: Option<PayoutMethod>,
    statuses: &[PayoutStatus],
    known_parameters: &[&str],
) -> Result<(Selection, Query), Failure> {
    let query = call.query(known_parameters)?;
    let run = runs::named(call)?;
    if !is_public(run.status) {
        let detail = format!("The run is {}. Files exist only for approved runs.", run.status.as_str());
        return Err(Problem::new(Code::RunNotApproved, detail).into());
    }
    let mut selected = Vec::new();
    let mut left_out = Vec::new();
    for status in statuses {
        for payout in payouts::of_run(call.tx.sql, run.terms.no, *status, MAX_SAFE_INTEGER)? {
            match of_payout(call.tx, &payout)? {
                Some(details) if method.is_none_or(|method| method == details.method) => {
                    selected.push((payout.no, payment(payout, details)));
                }
                Some(_) => {}
                None => left_out.push(LeftOut {
                    id: payout.id,
                    code: "details_missing",
                    detail: "It was approved without payout details, or the Ledger was rebuilt without them. Report it as failed; the next run pays it.",
                }),
            }
        }
    }
    selected.sort_by_key(|(no, _)| *no);
    let payments = selected.into_iter().map(|(_, payment)| payment).collect();
    let run = Run { id: run.terms.id, from: run.terms.from, to: run.terms.to };
    Ok((Selection { run, payments, left_out }, query))
}

impl Selection {
    /// Leaves out the payouts in other currencies than `currency`.
    fn leave_out_other_currencies(&mut self, currency: Currency, code: &'static str, detail: &'static str) {
        let (kept, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.payments).into_iter().partition(|payment| payment.currency == currency);
        self.payments = kept;
        self.left_out.extend(others.into_iter().map(|payment| LeftOut { id: payment.id, code, detail }));
    }

    /// Refuses a file that would lack payouts, unless the caller asked for a partial one.
    fn check_complete(&self, query: &Query) -> Result<(), Problem> {
        if self.left_out.is_empty() || query.flag("partial")? == Some(true) {
            return Ok(());
        }
        let detail = format!(
            "{} payouts would be left out; see errors. Correct them, or ask for the other payouts with ?partial=true.",
            self.left_out.len()
        );
        let errors = self.left_out.iter().map(|left| FieldError {
            pointer: format!("/payouts/{}", left.id),
            code: left.code,
            detail: left.detail.to_owned(),
        });
        Err(Problem { errors: errors.collect(), ..Problem::new(Code::PayoutsLeftOut, detail) })
    }

    /// Refuses a file without payouts.
    fn check_not_empty(&self) -> Result<(), Problem> {
        if self.payments.is_empty() {
            let detail = "The run has no open payouts that are paid by this method.";
            return Err(Problem::new(Code::NothingToPay, detail));
        }
        Ok(())
    }

    /// Keeps at most `max_rows` payments: all of them, or the part that the query names.
    fn keep_part(&mut self, query: &Query, max_rows: usize) -> Result<(), Problem> {
        self.check_not_empty()?;
        let parts = self.payments.len().div_ceil(max_rows);
        let Some(text) = query.text("part") else {
            if parts > 1 {
                let detail = format!(
                    "The provider accepts {max_rows} rows per file. Ask for ?part=1 to ?part={parts}."
                );
                return Err(Problem::new(Code::FileTooLong, detail));
            }
            return Ok(());
        };
        let invalid = || {
            let detail = format!("\"part\" must be a whole number from 1 to {parts}.");
            Problem::new(Code::InvalidParameter, detail)
        };
        let part: usize = text.parse().map_err(|_| invalid())?;
        if part > parts {
            return Err(invalid());
        }
        let skipped =
            part.checked_sub(1).and_then(|before| before.checked_mul(max_rows)).ok_or_else(invalid)?;
        self.payments = std::mem::take(&mut self.payments).into_iter().skip(skipped).take(max_rows).collect();
        Ok(())
    }

    /// The first 100 payouts that are left out, for a header or a comment.
    fn list_left_out(&self) -> String {
        let first = self.left_out.iter().take(100).map(|left| format!("{} {}", left.id, left.code));
        let mut text = first.collect::<Vec<_>>().join(", ");
        if self.left_out.len() > 100 {
            text.push_str(&format!(", {} in all", self.left_out.len()));
        }
        text
    }

    /// The file as a download. A header names the payouts that are left out.
    fn response(&self, media_type: &str, suffix: &str, body: String) -> Response {
        let disposition = format!("attachment; filename=\"{}{suffix}\"", self.run.id);
        let mut response = Response::of_type(media_type, body)
            .with_header("content-disposition", disposition)
            .with_header("cache-control", "private, no-store");
        if !self.left_out.is_empty() {
            response = response.with_header("x-signpost-left-out", self.list_left_out());
        }
        response
    }
}

const CSV_WITH_HEADING: &str = "text/csv; charset=utf-8; header=present";
const CSV_WITHOUT_HEADING: &str = "text/csv; charset=utf-8; header=absent";

/// `GET /v1/payouts/runs/{id}/files/csv`: every approved payout of the run, whether it is open, paid or failed.
pub fn table(call: &Call<'_>) -> Result<Response, Failure> {
    let statuses = [PayoutStatus::Open, PayoutStatus::Paid, PayoutStatus::Failed];
    let (selection, query) = select(call, None, &statuses, &["partial"])?;
    selection.check_complete(&query)?;
    let body = run_table::render(&selection.payments)?;
    Ok(selection.response(CSV_WITH_HEADING, ".csv", body))
}

/// `GET /v1/payouts/runs/{id}/files/sepa`
pub fn transfers(call: &Call<'_>) -> Result<Response, Failure> {
    let known = ["partial", "execution_date"];
    let (mut selection, query) = select(call, Some(PayoutMethod::Sepa), &[PayoutStatus::Open], &known)?;
    let execution_date = match query.text("execution_date") {
        None => Date::of(call.tx.now),
        Some(text) => Date::parse(text).ok_or_else(|| {
            Problem::new(Code::InvalidParameter, "\"execution_date\" must be a day such as 2026-11-03.")
        })?,
    };
    let payer = terms::current(call.tx)?
        .payer
        .ok_or_else(|| Problem::new(Code::PayerMissing, "Set the \"payer\" first, with PUT /v1/program."))?;
    selection.leave_out_other_currencies(
        Currency::EUR,
        "not_eur",
        "SEPA transfers are in EUR. Change the partner's currency or payout method.",
    );
    selection.check_complete(&query)?;
    selection.check_not_empty()?;
    let file = sepa::File { run: &selection.run, payer: &payer, created_at: call.tx.now, execution_date };
    let body = file.render(&selection.payments, &selection.list_left_out())?;
    Ok(selection.response("application/xml", ".xml", body))
}

/// `GET /v1/payouts/runs/{id}/files/paypal`
pub fn paypal(call: &Call<'_>) -> Result<Response, Failure> {
    let known = ["partial", "currency", "part"];
    let (mut selection, query) = select(call, Some(PayoutMethod::Paypal), &[PayoutStatus::Open], &known)?;
    match query.text("currency").map(Currency::parse) {
        Some(Some(chosen)) => selection.payments.retain(|payment| payment.currency == chosen),
        Some(None) => {
            let detail = "\"currency\" must be an ISO 4217 code such as EUR.";
            return Err(Problem::new(Code::InvalidParameter, detail).into());
        }
        None => check_one_currency(&selection.payments)?,
    }
    selection.check_complete(&query)?;
    selection.keep_part(&query, paypal::MAX_ROWS)?;
    let body = paypal::render(&selection.run, &selection.payments)?;
    Ok(selection.response(CSV_WITHOUT_HEADING, "-paypal.csv", body))
}

fn check_one_currency(payments: &[Payment]) -> Result<(), Problem> {
    let mut currencies: Vec<Currency> = payments.iter().map(|payment| payment.currency).collect();
    currencies.sort_unstable();
    currencies.dedup();
    if currencies.len() > 1 {
        let codes: Vec<&str> = currencies.iter().map(Currency::code).collect();
        let detail = format!(
            "PayPal accepts one currency per file. Ask for one of them with ?currency= {}.",
            codes.join(", ")
        );
        return Err(Problem::new(Code::SeveralCurrencies, detail));
    }
    Ok(())
}

/// `GET /v1/payouts/runs/{id}/files/wise`
pub fn wise(call: &Call<'_>) -> Result<Response, Failure> {
    let known = ["partial", "part"];
    let (mut selection, query) = select(call, Some(PayoutMethod::Wise), &[PayoutStatus::Open], &known)?;
    selection.check_complete(&query)?;
    selection.keep_part(&query, wise::MAX_ROWS)?;
    let body = wise::render(terms::current(call.tx)?.currency, &selection.payments)?;
    Ok(selection.response(CSV_WITH_HEADING, "-wise.csv", body))
}
