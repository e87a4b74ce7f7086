//! A statement as a page to print on A4. All that is not written here is escaped by the XML writer.

use super::{super::files::percent, PartyView, StatementView};
use crate::{domain::money::Currency, store::SqlError};
use quick_xml::{
    Writer,
    events::{BytesText, Event},
};
use std::io;

type Html = Writer<Vec<u8>>;

const STYLE: &str = "@page{size:A4;margin:18mm}body{font:10pt/1.4 system-ui,sans-serif;color:#111;max-width:174mm;margin:0 auto}\
h1{font-size:15pt;margin:0 0 2mm}h2{font-size:11pt;margin:6mm 0 1mm}.parties{display:flex;gap:12mm}.parties section{flex:1}p{margin:0}\
table{width:100%;border-collapse:collapse;font-size:9pt}th,td{text-align:left;padding:1mm 1.5mm;border-bottom:.2mm solid #bbb;\
vertical-align:top;overflow-wrap:anywhere}.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}thead{display:\
table-header-group}tr{break-inside:avoid}.total td{font-weight:bold;border-top:.4mm solid #111}";

/// An element with a text, and a class if it has one.
fn leaf(html: &mut Html, name: &'static str, class: &str, text: &str) -> io::Result<()> {
    let mut element = html.create_element(name);
    if !class.is_empty() {
        element = element.with_attribute(("class", class));
    }
    element.write_text_content(BytesText::new(text)).map(drop)
}

/// An element with others in it.
fn node(
    html: &mut Html,
    name: &'static str,
    class: &str,
    content: &dyn Fn(&mut Html) -> io::Result<()>,
) -> io::Result<()> {
    let mut element = html.create_element(name);
    if !class.is_empty() {
        element = element.with_attribute(("class", class));
    }
    element.write_inner_content(|html| content(html)).map(drop)
}

/// A row of cells; those that hold figures are marked.
fn row(html: &mut Html, class: &str, cell: &'static str, cells: &[(&str, bool)]) -> io::Result<()> {
    node(html, "tr", class, &|html| {
        cells
            .iter()
            .try_for_each(|(text, is_figure)| leaf(html, cell, if *is_figure { "n" } else { "" }, text))
    })
}

fn money(currency: Currency, amount: i128) -> String {
    format!("{} {}", currency.decimal(amount), currency.code())
}

fn party(html: &mut Html, role: &str, party: &PartyView) -> io::Result<()> {
    node(html, "section", "", &|html| {
        leaf(html, "h2", "", role)?;
        leaf(html, "p", "", &party.legal_name)?;
        if let Some(address) = &party.address {
            if let Some(street) = &address.street {
                leaf(html, "p", "", street)?;
            }
            let code = address.postal_code.as_deref().unwrap_or_default();
            leaf(html, "p", "", format!("{code} {}", address.city).trim())?;
            leaf(html, "p", "", &address.country)?;
        }
        match &party.tax_id {
            Some(tax_id) => leaf(html, "p", "", &format!("Tax id {tax_id}")),
            None => Ok(()),
        }
    })
}

fn lines(html: &mut Html, statement: &StatementView) -> io::Result<()> {
    node(html, "table", "", &|html| {
        node(html, "thead", "", &|html| {
            let heads =
                ["Date", "Earned by", "Base", "Rate", "Earned", "Taken back", "Paid before", "Paid out"];
            let cells: Vec<(&str, bool)> = heads.iter().enumerate().map(|(n, head)| (*head, n > 1)).collect();
            row(html, "", "th", &cells)
        })?;
        node(html, "tbody", "", &|html| {
            statement.lines.iter().try_for_each(|line| {
                let day = line.earned_at.to_string();
                let earned_by = line.external_id.as_deref().unwrap_or(line.source.as_str());
                let figure = |amount: i64| money(line.currency, i128::from(amount));
                row(
                    html,
                    "",
                    "td",
                    &[
                        (day.get(..10).unwrap_or_default(), false),
                        (earned_by, false),
                        (&line.base.map(figure).unwrap_or_default(), true),
                        (&format!("{} %", percent(line.rate_bp)), true),
                        (&figure(line.earned), true),
                        (&figure(line.reversed), true),
                        (&figure(line.paid_before), true),
                        (&figure(line.amount), true),
                    ],
                )
            })
        })
    })
}

fn sums(html: &mut Html, statement: &StatementView) -> io::Result<()> {
    let into = |amount: i64| money(statement.currency, i128::from(amount));
    node(html, "table", "", &|html| {
        node(html, "tbody", "", &|html| {
            for part in &statement.parts {
                let amount = money(part.currency, i128::from(part.amount));
                row(
                    html,
                    "",
                    "td",
                    &[("Opening balance", false), (&money(part.currency, part.opening_balance), true)],
                )?;
                row(
                    html,
                    "",
                    "td",
                    &[("Earned and taken back since", false), (&money(part.currency, part.movements), true)],
                )?;
                row(html, "", "td", &[("Paid out of it", false), (&amount, true)])?;
                if let Some(rate) = &part.rate {
                    let said = format!("{amount} at {rate} on {}", statement.rate_date);
                    row(html, "", "td", &[(&said, false), (&into(part.converted), true)])?;
                }
            }
            if let Some(vat) = &statement.vat {
                row(html, "", "td", &[("Net", false), (&into(vat.net), true)])?;
                let said = format!("VAT {} %, included", percent(vat.rate_bp));
                row(html, "", "td", &[(&said, false), (&into(vat.vat), true)])?;
            }
            row(html, "total", "td", &[("Total", false), (&into(statement.total), true)])
        })
    })
}

fn body(html: &mut Html, statement: &StatementView) -> io::Result<()> {
    leaf(html, "h1", "", &format!("Self-billing invoice {}", statement.invoice_number))?;
    let issued = statement.issued_at.to_string();
    let day = issued.get(..10).unwrap_or_default();
    leaf(html, "p", "", &format!("Commissions of {} to {}, issued on {day}", statement.from, statement.to))?;
    leaf(html, "p", "", &format!("Payout {}", statement.payout_id))?;
    let paid = match &statement.reference {
        Some(reference) => format!("Paid, reference {reference}"),
        None => format!("Status: {}", statement.status.as_str()),
    };
    leaf(html, "p", "", &paid)?;
    node(html, "div", "parties", &|html| {
        party(html, "Issued by, on behalf of the supplier", &statement.payer)?;
        party(html, "Supplier", &statement.payee)
    })?;
    leaf(html, "h2", "", "Commissions")?;
    lines(html, statement)?;
    leaf(html, "h2", "", "Sum")?;
    sums(html, statement)
}

/// The page.
pub fn text(statement: &StatementView) -> Result<String, SqlError> {
    let failed = |error: &dyn std::fmt::Display| SqlError::Engine(format!("a statement: {error}"));
    let mut html = Writer::new(Vec::new());
    let write = |html: &mut Html| -> io::Result<()> {
        html.write_event(Event::DocType(BytesText::from_escaped("html")))?;
        html.create_element("html").with_attribute(("lang", "en")).write_inner_content(|html| {
            node(html, "head", "", &|html| {
                html.create_element("meta").with_attribute(("charset", "utf-8")).write_empty()?;
                leaf(html, "title", "", &format!("Invoice {}", statement.invoice_number))?;
                // A text of our own, without anything to escape.
                html.create_element("style").write_text_content(BytesText::from_escaped(STYLE)).map(drop)
            })?;
            node(html, "body", "", &|html| body(html, statement))
        })?;
        Ok(())
    };
    write(&mut html).map_err(|error| failed(&error))?;
    let mut text = String::from_utf8(html.into_inner()).map_err(|error| failed(&error))?;
    text.push('\n');
    Ok(text)
}
