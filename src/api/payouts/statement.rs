//! Handlers of statements: what a payout consists of, for the partner and its accountant.

use super::{
    super::http::{
        call::Call,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    read::{named, run_of, show_item},
};
use crate::{
    documents::statement::{self, Party, Statement, StatementPart, Vat},
    domain::payouts::{PayoutStatus, contained_vat, invoice_number, payer::PayoutDetails},
    ledger::{
        payouts::{details::of_payout, runs::is_public},
        terms,
    },
    store::{
        Page, SqlError,
        books::accounts,
        payouts::{self, Payout, runs::Run},
        programme::partners,
        value::MAX_SAFE_INTEGER,
    },
};

fn payee(details: Option<&PayoutDetails>, display_name: &str) -> Party {
    Party {
        legal_name: details.map_or(display_name, |details| &details.legal_name).to_owned(),
        address: details.and_then(|details| details.address.clone()),
        tax_id: details.and_then(|details| details.tax_id.clone()),
    }
}

/// The payer under the name it had when the run was approved.
fn payer(call: &Call<'_>, run: &Run) -> Result<Party, Problem> {
    let (name, payer) = match run.payer.clone() {
        Some(named) => named,
        None => (terms::current(call.tx)?.name, None),
    };
    Ok(match payer {
        Some(payer) => Party { legal_name: payer.legal_name, address: payer.address, tax_id: payer.tax_id },
        None => Party { legal_name: name, address: None, tax_id: None },
    })
}

/// One entry per currency: the balance at the start of the period, and what was added since.
fn parts(call: &Call<'_>, payout: &Payout, run: &Run) -> Result<Vec<StatementPart>, Problem> {
    let opening =
        accounts::balances_until(call.tx.sql, Some(run.terms.from.start()), Some(payout.partner_no))?;
    let mut entries = Vec::new();
    for part in payouts::parts(call.tx.sql, payout.no)? {
        let Some(converted) = part.converted else { continue };
        let before = opening.iter().find(|balance| balance.currency == part.currency);
        let opening_balance = before.map_or(0, |balance| balance.payable);
        entries.push(StatementPart {
            currency: part.currency,
            opening_balance,
            movements: i128::from(part.amount).saturating_sub(opening_balance),
            amount: part.amount,
            rate: part.rate,
            converted,
        });
    }
    Ok(entries)
}

fn vat(total: i64, rate_bp: i64) -> Result<Vat, SqlError> {
    let vat = contained_vat(total, rate_bp).ok_or(SqlError::Overflow("the VAT of a payout"))?;
    Ok(Vat { rate_bp, net: total.saturating_sub(vat), vat })
}

/// The statement of the payout that the path names.
fn load(call: &Call<'_>) -> Result<Statement, Problem> {
    call.query(&[])?;
    let payout = named(call)?;
    let run = run_of(call, &payout)?;
    if !is_public(run.status) {
        return Err(Problem::new(Code::RunNotApproved, "A statement exists only once the run is approved."));
    }
    let (Some(invoice_no), Some(issued_at)) = (payout.invoice_no, run.approved_at) else {
        let detail = format!("The payout is {}, so nothing was paid out.", payout.status.as_str());
        return Err(Problem::new(Code::PayoutNotOpen, detail));
    };
    let details = of_payout(call.tx, &payout)?;
    let partner = partners::by_no(call.tx.sql, payout.partner_no)?.ok_or_else(Problem::not_found)?;
    let all = Page::first(MAX_SAFE_INTEGER);
    let lines = payouts::items(call.tx.sql, payout.no, all)?;
    let rate_bp = details.as_ref().and_then(|details| details.vat_rate_bp);
    Ok(Statement {
        invoice_number: invoice_number(invoice_no),
        payout_id: payout.id.clone(),
        run_id: payout.run_id.clone(),
        partner_id: payout.partner_id.clone(),
        status: payout.status,
        from: run.terms.from,
        to: run.terms.to,
        rate_date: run.terms.rate_date,
        issued_at,
        payer: payer(call, &run)?,
        payee: payee(details.as_ref(), &partner.name),
        currency: payout.currency,
        parts: parts(call, &payout, &run)?,
        lines: lines.iter().rev().map(show_item).collect(),
        total: payout.amount,
        vat: rate_bp.map(|rate_bp| vat(payout.amount, rate_bp)).transpose()?,
        reference: payout.reference.clone(),
        ended_at: payout.ended_at,
        cancelled_at: payout.ended_at.filter(|_| payout.status == PayoutStatus::Failed),
        cancel_reason: payout.failure.clone(),
    })
}

/// `GET /v1/payouts/{id}/statement.json`
pub fn json(call: &Call<'_>) -> Result<Response, Failure> {
    Ok(call.json(200, &load(call)?)?.with_header("x-content-type-options", "nosniff"))
}

fn response(media_type: &str, body: String) -> Response {
    Response::of_type(media_type, body)
        .with_header("cache-control", "private, no-store")
        .with_header("x-content-type-options", "nosniff")
}

/// `GET /v1/payouts/{id}/statement.csv`
pub fn csv(call: &Call<'_>) -> Result<Response, Failure> {
    let statement = load(call)?;
    let disposition = format!("attachment; filename=\"{}.csv\"", statement.invoice_number);
    let table = statement::csv::render(&statement)?;
    let response = response("text/csv; charset=utf-8; header=present", table);
    Ok(response.with_header("content-disposition", disposition))
}

/// `GET /v1/payouts/{id}/statement.html`
pub fn html(call: &Call<'_>) -> Result<Response, Failure> {
    let page = statement::html::render(&load(call)?);
    // The page may load and run nothing, even if escaping a name ever failed.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    Ok(response("text/html; charset=utf-8", page).with_header("content-security-policy", policy))
}
