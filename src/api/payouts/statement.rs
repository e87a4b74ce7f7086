//! Statements: what a payout is made of, for the partner and its accountant, with the lines of a self-billing invoice.

mod html;
mod table;

use super::{
    super::{
        call::Call,
        http::Response,
        problem::{Code, Problem},
        programme,
        views::view,
    },
    ItemView,
    details::of_payout,
    is_public, named, run_of, show_item,
};
use crate::{
    domain::{
        money::Currency,
        payouts::{
            PayoutStatus, contained_vat, invoice_number,
            payer::{Address, PayoutDetails},
        },
        values::{
            date::Date,
            id::{PartnerId, PayoutId, RunId},
            time::Timestamp,
        },
    },
    store::{
        Page, SqlError,
        books::accounts,
        payouts::{self, Payout, runs::Run},
        programme::partners,
        value::MAX_SAFE_INTEGER,
    },
};

view! {
    /// Who pays, or is paid.
    pub struct PartyView {
        /// Name in law; the display name where none is set.
        legal_name: String,
        /// Address.
        address: Option<Address>,
        /// Tax number or VAT id.
        tax_id: Option<String>,
    }

    /// What was earned in one currency, and what it came to in the payout's.
    pub struct StatementPartView {
        /// ISO 4217 code.
        currency: Currency,
        /// The balance when the period began, minor units.
        opening_balance: i128,
        /// What was added and taken back since.
        movements: i128,
        /// What is paid out: the two together, and the sum of the lines.
        amount: i64,
        /// The rate that it was exchanged at, decimal; `null` in the payout's own currency.
        rate: Option<String>,
        /// What it is worth in the payout's currency.
        converted: i64,
    }

    /// The VAT that the total contains.
    pub struct VatView {
        /// Basis points.
        rate_bp: i64,
        /// The total without it, minor units.
        net: i64,
        /// The VAT, minor units.
        vat: i64,
    }

    /// A payout's statement, and self-billing invoice.
    pub struct StatementView {
        /// Number of the self-billing invoice: of a sequence without gaps.
        invoice_number: String,
        /// The payout.
        payout_id: PayoutId,
        /// Its run.
        run_id: RunId,
        /// Whose it is.
        partner_id: PartnerId,
        /// Where the payout stands.
        status: PayoutStatus,
        /// First day of the period.
        from: Date,
        /// Last day.
        to: Date,
        /// The day whose exchange rates were used.
        rate_date: Date,
        /// When the run was approved: the date of the invoice.
        issued_at: Timestamp,
        /// Who pays, and issues this in the payee's name.
        payer: PartyView,
        /// Who is paid.
        payee: PartyView,
        /// What it is paid in.
        currency: Currency,
        /// By currency.
        parts: Vec<StatementPartView>,
        /// Each commission, oldest first.
        lines: Vec<ItemView>,
        /// What is paid, minor units.
        total: i64,
        /// The VAT in it; `null` where the payee has no rate.
        vat: Option<VatView>,
        /// The provider's reference.
        reference: Option<String>,
        /// When it was paid, or failed.
        ended_at: Option<Timestamp>,
    }
}

fn payee(details: Option<&PayoutDetails>, display_name: &str) -> PartyView {
    PartyView {
        legal_name: details.map_or(display_name, |details| &details.legal_name).to_owned(),
        address: details.and_then(|details| details.address.clone()),
        tax_id: details.and_then(|details| details.tax_id.clone()),
    }
}

/// Who paid, as it was called when the run was approved.
fn payer(call: &Call<'_>, run: &Run) -> Result<PartyView, Problem> {
    let (name, payer) = match run.payer.clone() {
        Some(named) => named,
        None => (programme::current(call)?.name, None),
    };
    Ok(match payer {
        Some(payer) => {
            PartyView { legal_name: payer.legal_name, address: payer.address, tax_id: payer.tax_id }
        }
        None => PartyView { legal_name: name, address: None, tax_id: None },
    })
}

/// By currency: the balance that was open when the period began, and what came since.
fn parts(call: &Call<'_>, payout: &Payout, run: &Run) -> Result<Vec<StatementPartView>, Problem> {
    let opening = accounts::balances_until(call.sql, Some(run.terms.from.start()), Some(payout.partner_no))?;
    let mut shown = Vec::new();
    for part in payouts::parts(call.sql, payout.no)? {
        let Some(converted) = part.converted else { continue };
        let before = opening.iter().find(|balance| balance.currency == part.currency);
        let opening_balance = before.map_or(0, |balance| balance.payable);
        shown.push(StatementPartView {
            currency: part.currency,
            opening_balance,
            movements: i128::from(part.amount).saturating_sub(opening_balance),
            amount: part.amount,
            rate: part.rate,
            converted,
        });
    }
    Ok(shown)
}

fn vat(total: i64, rate_bp: i64) -> Result<VatView, SqlError> {
    let vat = contained_vat(total, rate_bp).ok_or(SqlError::Overflow("the VAT of a payout"))?;
    Ok(VatView { rate_bp, net: total.saturating_sub(vat), vat })
}

/// The statement of the payout that the path names.
fn statement(call: &Call<'_>) -> Result<StatementView, Problem> {
    call.query(&[])?;
    let payout = named(call)?;
    let run = run_of(call, &payout)?;
    if !is_public(run.status) {
        return Err(Problem::new(Code::RunNotApproved, "There is a statement once its run is approved."));
    }
    let (Some(invoice_no), Some(issued_at)) = (payout.invoice_no, run.approved_at) else {
        let detail = format!("It is {}: nothing of it was paid out.", payout.status.as_str());
        return Err(Problem::new(Code::PayoutNotOpen, detail));
    };
    let details = of_payout(call, &payout)?;
    let partner = partners::by_no(call.sql, payout.partner_no)?.ok_or_else(Problem::not_found)?;
    let all = Page { before: None, limit: MAX_SAFE_INTEGER };
    let lines = payouts::items(call.sql, payout.no, all)?;
    let rate_bp = details.as_ref().and_then(|details| details.vat_rate_bp);
    Ok(StatementView {
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
    })
}

/// `GET /v1/payouts/{id}/statement.json`
pub fn json(call: &Call<'_>) -> Result<Response, Problem> {
    call.json(200, &statement(call)?)
}

fn document(media: &str, body: String) -> Response {
    Response { status: 200, headers: vec![("content-type", media.to_owned())], body, log: None }
        .with_header("cache-control", "private, no-store")
}

/// `GET /v1/payouts/{id}/statement.csv`
pub fn csv(call: &Call<'_>) -> Result<Response, Problem> {
    let statement = statement(call)?;
    let name = format!("attachment; filename=\"{}.csv\"", statement.invoice_number);
    let answer = document("text/csv; charset=utf-8; header=present", table::text(&statement));
    Ok(answer.with_header("content-disposition", name))
}

/// `GET /v1/payouts/{id}/statement.html`
pub fn html(call: &Call<'_>) -> Result<Response, Problem> {
    let page = html::text(&statement(call)?)?;
    // Nothing on the page may load or run anything, whatever a name holds.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    Ok(document("text/html; charset=utf-8", page).with_header("content-security-policy", policy))
}
