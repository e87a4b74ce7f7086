//! The payouts of a run that belong in a payment file, and the file that they are handed out in.

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
    documents::payment_files::{Payment, Run},
    domain::{
        payouts::{
            PayoutStatus, invoice_number,
            payer::{PayoutDetails, PayoutMethod},
        },
        values::{date::Date, id::PayoutId},
    },
    ledger::payouts::{details::of_payout, payment_files, runs::is_public},
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
pub struct Selected {
    no: i64,
    /// The file that it is in already.
    file_no: Option<i64>,
    /// What the file says of it.
    pub payment: Payment,
}

/// The payouts of a run that were selected for a file.
pub struct Selection {
    run: RunTerms,
    /// The payouts, in their order.
    pub selected: Vec<Selected>,
    left_out: Vec<LeftOut>,
}

/// The file that a selection belongs to.
pub struct HandedOut {
    /// The file.
    pub stored: StoredFile,
    /// Whether it was handed out before.
    pub is_replacement: bool,
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
pub fn select(
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
    pub fn leave_out(
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
    pub fn run(&self) -> Run {
        Run { id: self.run.id.clone(), from: self.run.from, to: self.run.to }
    }

    /// The payments, in the order of their payouts.
    pub fn payments(&self) -> Vec<Payment> {
        self.selected.iter().map(|one| one.payment.clone()).collect()
    }

    /// Refuses a file that would lack payouts, unless the caller asked for a partial one.
    pub fn check_complete(&self, query: &Query) -> Result<(), Problem> {
        if self.left_out.is_empty() || query.flag("partial")? == Some(true) {
            return Ok(());
        }
        let detail = format!(
            "{} payouts would be left out; see errors. Correct them, or ask for the other payouts with ?partial=true.",
            self.left_out.len()
        );
        let errors = self.left_out.iter().map(|left| FieldError {
            line: None,
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
    pub fn hand_out(
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
    pub fn keep_part(
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
    pub fn list_left_out(&self) -> String {
        let first = self.left_out.iter().take(100).map(|left| format!("{} {}", left.id, left.code));
        let mut text = first.collect::<Vec<_>>().join(", ");
        if self.left_out.len() > 100 {
            text.push_str(&format!(", {} in all", self.left_out.len()));
        }
        text
    }

    /// The file as a download. Headers name the payouts that are left out, and the file that this one replaces.
    pub fn response(
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
