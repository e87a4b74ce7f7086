//! Handlers of payment files.
//!
//! A file holds the open payouts that are paid by its method. If a payout cannot be in its file, the request is refused,
//! unless the caller asks for a partial file.
//!
//! A file that was handed out is final. The next one contains only payouts that are in none; if there are none, the newest
//! file is handed out again, without the payouts that are settled by now.

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
    documents::payment_files::{Payment, Run, is_writable, paypal, run_table, sepa, wise},
    domain::{
        money::Currency,
        payouts::{
            PayoutStatus,
            iban::is_sepa,
            invoice_number,
            payer::{PayoutDetails, PayoutMethod},
            target_calendar,
        },
        values::{date::Date, id::PayoutId},
    },
    ledger::{
        payer,
        payouts::{details::of_payout, payment_files, runs::is_public},
        terms,
    },
    store::{
        SqlError,
        payouts::{
            self, Payout,
            files::{self as rows, PaymentFile, StoredFile},
            runs::RunTerms,
        },
        value::MAX_SAFE_INTEGER,
    },
};
use std::collections::BTreeSet;

/// A payout that a file cannot contain.
struct LeftOut {
    id: PayoutId,
    code: &'static str,
    detail: &'static str,
}

/// A payout that was selected for a file.
struct Selected {
    no: i64,
    /// The file that it is in already.
    file_no: Option<i64>,
    payment: Payment,
}

/// The payouts of a run that were selected for a file.
struct Selection {
    run: RunTerms,
    selected: Vec<Selected>,
    left_out: Vec<LeftOut>,
}

/// The file that a selection belongs to.
struct HandedOut {
    stored: StoredFile,
    /// Whether it was handed out before.
    is_replacement: bool,
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
                    let (no, file_no) = (payout.no, payout.file_no);
                    selected.push(Selected { no, file_no, payment: payment(payout, details) });
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
    selected.sort_by_key(|selected| selected.no);
    Ok((Selection { run: run.terms, selected, left_out }, query))
}

impl Selection {
    /// Leaves out the payouts that the file cannot contain.
    fn leave_out(
        &mut self,
        is_impossible: impl Fn(&Payment) -> bool,
        code: &'static str,
        detail: &'static str,
    ) {
        let (others, kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.selected).into_iter().partition(|one| is_impossible(&one.payment));
        self.selected = kept;
        self.left_out.extend(others.into_iter().map(|one| LeftOut { id: one.payment.id, code, detail }));
    }

    /// The run, as files name it.
    fn run(&self) -> Run {
        Run { id: self.run.id.clone(), from: self.run.from, to: self.run.to }
    }

    /// The payments, in the order of their payouts.
    fn payments(&self) -> Vec<Payment> {
        self.selected.iter().map(|one| one.payment.clone()).collect()
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
        if self.selected.is_empty() {
            let detail = "The run has no open payouts that are paid by this method.";
            return Err(Problem::new(Code::NothingToPay, detail));
        }
        Ok(())
    }

    /// Narrows the selection to one file and returns the file: the one that the query names, a new one of the payouts that
    /// are in none, or else the newest again.
    fn hand_out(
        &mut self,
        call: &Call<'_>,
        query: &Query,
        method: PayoutMethod,
        execution_date: Option<Date>,
    ) -> Result<HandedOut, Failure> {
        let wanted = query.text("file").map(|text| {
            let detail = "\"file\" must be the number of a file of this format that was handed out before.";
            let refused = || Problem::new(Code::InvalidParameter, detail);
            let number: i64 = text.parse().map_err(|_| refused())?;
            stored(call, &self.run, method, number)?.ok_or_else(refused)
        });
        let earlier = match wanted.transpose()? {
            Some(stored) => {
                self.left_out.clear();
                Some(stored)
            }
            None => {
                self.check_complete(query)?;
                self.check_not_empty()?;
                let newest = self.selected.iter().map(|one| one.file_no).max().flatten();
                let has_new = self.selected.iter().any(|one| one.file_no.is_none());
                match newest.filter(|_| !has_new) {
                    Some(number) => stored(call, &self.run, method, number)?,
                    None => None,
                }
            }
        };
        let number = earlier.as_ref().map(|stored| stored.file.number);
        self.selected.retain(|one| one.file_no == number);
        self.check_not_empty()?;
        if let Some(stored) = earlier {
            return Ok(HandedOut { stored, is_replacement: true });
        }
        let payouts: Vec<_> = self.selected.iter().map(|one| (one.no, one.payment.id.clone())).collect();
        let stored = payment_files::hand_out(call.tx, &self.run, method, &payouts, execution_date)?;
        Ok(HandedOut { stored, is_replacement: false })
    }

    /// Keeps the payments among the first `max_rows` of the file, or of the part that the query names. A part contains the
    /// same payouts whenever it is read, less those that are settled by then.
    fn keep_part(
        &mut self,
        call: &Call<'_>,
        file: &PaymentFile,
        query: &Query,
        max_rows: usize,
    ) -> Result<(), Problem> {
        let of_file = rows::payouts_of(call.tx.sql, file)?;
        let parts = of_file.len().div_ceil(max_rows);
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
        let of_part: BTreeSet<i64> = of_file.into_iter().skip(skipped).take(max_rows).collect();
        self.selected.retain(|one| of_part.contains(&one.no));
        self.check_not_empty()
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

    /// The file as a download. Headers name the payouts that are left out, and the file that this one replaces.
    fn response(
        &self,
        media_type: &str,
        suffix: &str,
        handed_out: Option<&HandedOut>,
        body: String,
    ) -> Response {
        let number = handed_out.map_or(String::new(), |one| format!("-{}", one.stored.file.number));
        let disposition = format!("attachment; filename=\"{}{number}{suffix}\"", self.run.id);
        let mut response = Response::of_type(media_type, body)
            .with_header("content-disposition", disposition)
            .with_header("cache-control", "private, no-store");
        if let Some(replaced) = handed_out.filter(|one| one.is_replacement) {
            response = response.with_header("x-signpost-replaces", replaced.stored.file.message_id.clone());
        }
        if !self.left_out.is_empty() {
            response = response.with_header("x-signpost-left-out", self.list_left_out());
        }
        response
    }
}

/// The run's file of a method with this number.
fn stored(
    call: &Call<'_>,
    run: &RunTerms,
    method: PayoutMethod,
    number: i64,
) -> Result<Option<StoredFile>, SqlError> {
    let mut files = rows::of_run(call.tx.sql, run.no)?.into_iter();
    Ok(files.find(|stored| stored.file.method == method && stored.file.number == number))
}

const CSV_WITH_HEADING: &str = "text/csv; charset=utf-8; header=present";
const CSV_WITHOUT_HEADING: &str = "text/csv; charset=utf-8; header=absent";

/// `GET /v1/payouts/runs/{id}/files/csv`: every approved payout of the run, whether it is open, paid or failed.
pub fn table(call: &Call<'_>) -> Result<Response, Failure> {
    let statuses = [PayoutStatus::Open, PayoutStatus::Paid, PayoutStatus::Failed];
    let (selection, query) = select(call, None, &statuses, &["partial"])?;
    selection.check_complete(&query)?;
    let body = run_table::render(&selection.payments())?;
    Ok(selection.response(CSV_WITH_HEADING, ".csv", None, body))
}

/// `GET /v1/payouts/runs/{id}/files/sepa`
pub fn transfers(call: &Call<'_>) -> Result<Response, Failure> {
    let known = ["partial", "file", "execution_date"];
    let (mut selection, query) = select(call, Some(PayoutMethod::Sepa), &[PayoutStatus::Open], &known)?;
    let wanted_date = query.text("execution_date").map(|text| {
        let detail = "\"execution_date\" must be a day such as 2026-11-03.";
        Date::parse(text).ok_or_else(|| Problem::new(Code::InvalidParameter, detail))
    });
    let wanted_date = wanted_date.transpose()?;
    let wanted_date = wanted_date.map(target_calendar::next_open);
    let date = wanted_date.unwrap_or(target_calendar::next_open(Date::of(call.tx.now)));
    let payer = terms::current(call.tx)?
        .payer
        .ok_or_else(|| Problem::new(Code::PayerMissing, "Set the \"payer\" first, with PUT /v1/program."))?;
    let payer_iban = payer::account(call.tx.sql, &call.tx.config.sealer)?.ok_or_else(|| {
        let detail = "The payer's account is lost since this Ledger was rebuilt. Set \"payer\" again, with PUT /v1/program.";
        Problem::new(Code::PayerMissing, detail)
    })?;
    selection.leave_out(
        |payment| payment.currency != Currency::EUR,
        "not_eur",
        "SEPA transfers are in EUR. Change the partner's currency or payout method.",
    );
    // Details that were set before these rules existed.
    selection.leave_out(
        |payment| !payment.details.iban.as_deref().is_some_and(is_sepa),
        "iban_outside_sepa",
        "SEPA transfers do not reach this account. Report the payout as failed and set another payout method.",
    );
    selection.leave_out(
        |payment| !is_writable(&payment.details.legal_name),
        "name_not_writable",
        "SEPA banks accept names in Latin, Greek and Cyrillic letters. Report the payout as failed and set the name anew.",
    );
    let handed_out = selection.hand_out(call, &query, PayoutMethod::Sepa, Some(date))?;
    let stored = &handed_out.stored;
    let file = sepa::File {
        run: &selection.run(),
        payer: &payer,
        payer_iban: &payer_iban,
        created_at: stored.created_at,
        execution_date: wanted_date.or(stored.file.execution_date).unwrap_or(date),
        message_id: &stored.file.message_id,
        is_replacement: handed_out.is_replacement,
    };
    let body = file.render(&selection.payments(), &selection.list_left_out())?;
    Ok(selection.response("application/xml", ".xml", Some(&handed_out), body))
}

/// `GET /v1/payouts/runs/{id}/files/paypal`
pub fn paypal(call: &Call<'_>) -> Result<Response, Failure> {
    let known = ["partial", "file", "currency", "part"];
    let (mut selection, query) = select(call, Some(PayoutMethod::Paypal), &[PayoutStatus::Open], &known)?;
    match query.text("currency").map(Currency::parse) {
        Some(Some(chosen)) => selection.selected.retain(|one| one.payment.currency == chosen),
        Some(None) => {
            let detail = "\"currency\" must be an ISO 4217 code such as EUR.";
            return Err(Problem::new(Code::InvalidParameter, detail).into());
        }
        None if query.text("file").is_some() => {}
        None => check_one_currency(&selection.selected)?,
    }
    selection.leave_out(
        |payment| !paypal::takes(payment.currency),
        "currency_not_taken",
        "PayPal does not pay in this currency. Report the payout as failed and change the partner's currency or payout method.",
    );
    selection.leave_out(
        |payment| !paypal::can_pay_exactly(payment),
        "not_whole_units",
        "PayPal pays this currency in whole units only. Pay it by other means, or report it as failed and change the currency.",
    );
    let handed_out = selection.hand_out(call, &query, PayoutMethod::Paypal, None)?;
    selection.keep_part(call, &handed_out.stored.file, &query, paypal::MAX_ROWS)?;
    let body = paypal::render(&selection.run(), &selection.payments())?;
    Ok(selection.response(CSV_WITHOUT_HEADING, "-paypal.csv", Some(&handed_out), body))
}

fn check_one_currency(selected: &[Selected]) -> Result<(), Problem> {
    let mut currencies: Vec<Currency> = selected.iter().map(|one| one.payment.currency).collect();
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
    let known = ["partial", "file", "part"];
    let (mut selection, query) = select(call, Some(PayoutMethod::Wise), &[PayoutStatus::Open], &known)?;
    let handed_out = selection.hand_out(call, &query, PayoutMethod::Wise, None)?;
    selection.keep_part(call, &handed_out.stored.file, &query, wise::MAX_ROWS)?;
    let body = wise::render(terms::current(call.tx)?.currency, &selection.payments())?;
    Ok(selection.response(CSV_WITH_HEADING, "-wise.csv", Some(&handed_out), body))
}
