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
        problems::{Code, Problem},
        query::Query,
    },
    selection::{Selected, Selection, select},
};
use crate::{
    documents::payment_files::{is_writable, paypal, run_table, sepa, wise},
    domain::{
        money::Currency,
        payouts::{PayoutStatus, iban::is_sepa, payer::PayoutMethod, target_calendar},
        values::date::Date,
    },
    ledger::{payer, terms},
};

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

/// The day on which the bank is asked to pay, if the query names one: the next on which banks are open.
fn execution_date(query: &Query) -> Result<Option<Date>, Problem> {
    Ok(query.day("execution_date")?.map(target_calendar::next_open))
}

/// Leaves out the payouts that a SEPA transfer cannot make.
fn leave_out_unreachable(selection: &mut Selection) {
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
}

/// `GET /v1/payouts/runs/{id}/files/sepa`
pub fn transfers(call: &Call<'_>) -> Result<Response, Failure> {
    let known = ["partial", "file", "execution_date"];
    let (mut selection, query) = select(call, Some(PayoutMethod::Sepa), &[PayoutStatus::Open], &known)?;
    let wanted_date = execution_date(&query)?;
    let date = wanted_date.unwrap_or(target_calendar::next_open(Date::of(call.tx.now)));
    let payer = terms::current(call.tx)?
        .payer
        .ok_or_else(|| Problem::new(Code::PayerMissing, "Set the \"payer\" first, with PUT /v1/program."))?;
    let payer_iban = payer::account(call.tx.sql, &call.tx.config.sealer)?.ok_or_else(|| {
        let detail = "The payer's account is lost since this Ledger was rebuilt. Set \"payer\" again, with PUT /v1/program.";
        Problem::new(Code::PayerMissing, detail)
    })?;
    leave_out_unreachable(&mut selection);
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
    match query.currency("currency")? {
        Some(chosen) => selection.selected.retain(|one| one.payment.currency == chosen),
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
