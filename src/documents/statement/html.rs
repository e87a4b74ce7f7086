//! A statement as a page to print on A4. `maud` escapes every value that is interpolated.

use super::{Party, Statement, StatementLine};
use crate::{
    documents::format::percent,
    domain::{money::Currency, values::time::Timestamp},
};
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = "@page{size:A4;margin:18mm}body{font:10pt/1.4 system-ui,sans-serif;color:#111;max-width:174mm;margin:0 auto}\
h1{font-size:15pt;margin:0 0 2mm}h2{font-size:11pt;margin:6mm 0 1mm}.parties{display:flex;gap:12mm}.parties section{flex:1}p{margin:0}\
table{width:100%;border-collapse:collapse;font-size:9pt}th,td{text-align:left;padding:1mm 1.5mm;border-bottom:.2mm solid #bbb;\
vertical-align:top;overflow-wrap:anywhere}.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}thead{display:\
table-header-group}tr{break-inside:avoid}.total td{font-weight:bold;border-top:.4mm solid #111}";

/// `maud` writes this tag without the closing slash, which keeps the page well-formed XML.
const CHARSET: PreEscaped<&str> = PreEscaped("<meta charset=\"utf-8\"/>");

fn money(currency: Currency, amount: i128) -> String {
    format!("{} {}", currency.decimal(amount), currency.code())
}

fn party(role: &str, party: &Party) -> Markup {
    html! {
        section {
            h2 { (role) }
            p { (party.legal_name) }
            @if let Some(address) = &party.address {
                @if let Some(street) = &address.street {
                    p { (street) }
                }
                @let postal_code = address.postal_code.as_deref().unwrap_or_default();
                p { (format!("{postal_code} {}", address.city).trim()) }
                p { (address.country) }
            }
            @if let Some(tax_id) = &party.tax_id {
                p { "Tax id " (tax_id) }
            }
        }
    }
}

fn line(line: &StatementLine) -> Markup {
    let earned_at = line.earned_at.to_string();
    let amount = |amount: i64| money(line.currency, i128::from(amount));
    html! {
        tr {
            td { (earned_at.get(..10).unwrap_or_default()) }
            td { (line.external_id.as_deref().unwrap_or(line.source.as_str())) }
            td.n { (line.base.map(amount).unwrap_or_default()) }
            td.n { (percent(line.rate_bp)) " %" }
            td.n { (amount(line.earned)) }
            td.n { (amount(line.reversed)) }
            td.n { (amount(line.paid_before)) }
            td.n { (amount(line.amount)) }
        }
    }
}

fn lines(statement: &Statement) -> Markup {
    html! {
        table {
            thead {
                tr {
                    th { "Date" }
                    th { "Earned by" }
                    @for heading in ["Base", "Rate", "Earned", "Taken back", "Paid before", "Paid out"] {
                        th.n { (heading) }
                    }
                }
            }
            tbody {
                @for one in &statement.lines {
                    (line(one))
                }
            }
        }
    }
}

fn sum(label: &str, amount: &str) -> Markup {
    html! {
        tr {
            td { (label) }
            td.n { (amount) }
        }
    }
}

fn sums(statement: &Statement) -> Markup {
    let total = |amount: i64| money(statement.currency, i128::from(amount));
    html! {
        table {
            tbody {
                @for part in &statement.parts {
                    @let amount = money(part.currency, i128::from(part.amount));
                    (sum("Opening balance", &money(part.currency, part.opening_balance)))
                    (sum("Earned and taken back since", &money(part.currency, part.movements)))
                    (sum("Paid out of it", &amount))
                    @if let Some(rate) = &part.rate {
                        (sum(&format!("{amount} at {rate} on {}", statement.rate_date), &total(part.converted)))
                    }
                }
                @if let Some(vat) = &statement.vat {
                    (sum("Net", &total(vat.net)))
                    (sum(&format!("VAT {} %, included", percent(vat.rate_bp)), &total(vat.vat)))
                }
                tr.total {
                    td { "Total" }
                    td.n { (total(statement.total)) }
                }
            }
        }
    }
}

fn cancellation(statement: &Statement, cancelled_at: Timestamp) -> Markup {
    let cancelled_at = cancelled_at.to_string();
    html! {
        "Cancelled on " (cancelled_at.get(..10).unwrap_or_default())
        ": " (statement.cancel_reason.as_deref().unwrap_or_default())
        ". Nothing was paid on this invoice; a later one contains its commissions."
    }
}

/// The page.
#[must_use]
pub fn render(statement: &Statement) -> String {
    let issued_at = statement.issued_at.to_string();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (CHARSET)
                title { "Invoice " (statement.invoice_number) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 {
                    "Self-billing invoice " (statement.invoice_number)
                    @if statement.cancelled_at.is_some() { ", cancelled" }
                }
                p {
                    "Commissions of " (statement.from) " to " (statement.to)
                    ", issued on " (issued_at.get(..10).unwrap_or_default())
                }
                p { "Payout " (statement.payout_id) }
                p {
                    @match (statement.cancelled_at, &statement.reference) {
                        (Some(cancelled_at), _) => { (cancellation(statement, cancelled_at)) }
                        (None, Some(reference)) => { "Paid, reference " (reference) }
                        (None, None) => { "Status: " (statement.status.as_str()) }
                    }
                }
                div.parties {
                    (party("Issued by, on behalf of the supplier", &statement.payer))
                    (party("Supplier", &statement.payee))
                }
                h2 { "Commissions" }
                (lines(statement))
                h2 { "Sum" }
                (sums(statement))
            }
        }
    };
    let mut text = page.into_string();
    text.push('\n');
    text
}
