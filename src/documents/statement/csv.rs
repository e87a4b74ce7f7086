//! A statement as CSV: one row per commission, then the exchanges, the VAT and the total.

use super::Statement;
use crate::{
    documents::{
        DocumentError,
        format::percent,
        table::{csv, escape_formula},
    },
    domain::money::Currency,
};

const HEADING: [&str; 13] = [
    "row",
    "date",
    "commission_id",
    "external_id",
    "base",
    "rate_percent",
    "earned",
    "reversed",
    "paid_before",
    "amount",
    "currency",
    "exchange_rate",
    "converted",
];

fn decimal(currency: Currency, amount: i64) -> String {
    currency.decimal(i128::from(amount))
}

/// The table.
pub fn render(statement: &Statement) -> Result<String, DocumentError> {
    csv(|writer| {
        writer.write_record(HEADING)?;
        for line in &statement.lines {
            let amount = |amount: i64| decimal(line.currency, amount);
            writer.write_record([
                line.source.as_str(),
                &line.earned_at.to_string(),
                line.commission_id.as_str(),
                &escape_formula(line.external_id.as_deref().unwrap_or_default()),
                &line.base.map(amount).unwrap_or_default(),
                &percent(line.rate_bp),
                &amount(line.earned),
                &amount(line.reversed),
                &amount(line.paid_before),
                &amount(line.amount),
                line.currency.code(),
                "",
                "",
            ])?;
        }
        let issued = statement.issued_at.to_string();
        let mut sum = |row: &str, amount: &str, currency: Currency, rate: &str, converted: &str| {
            let (currency, empty) = (currency.code(), "");
            writer.write_record([
                row, &issued, empty, empty, empty, empty, empty, empty, empty, amount, currency, rate,
                converted,
            ])
        };
        for part in &statement.parts {
            let opening = part.currency.decimal(part.opening_balance);
            sum("opening_balance", &opening, part.currency, "", "")?;
            let rate = part.rate.as_deref().unwrap_or_default();
            let converted = decimal(statement.currency, part.converted);
            sum("subtotal", &decimal(part.currency, part.amount), part.currency, rate, &converted)?;
        }
        if let Some(vat) = &statement.vat {
            sum("net", &decimal(statement.currency, vat.net), statement.currency, "", "")?;
            sum("vat_included", &decimal(statement.currency, vat.vat), statement.currency, "", "")?;
        }
        sum("total", &decimal(statement.currency, statement.total), statement.currency, "", "")?;
        let Some(cancelled_at) = statement.cancelled_at else { return Ok(()) };
        let (date, empty) = (cancelled_at.to_string(), "");
        let amount = decimal(statement.currency, statement.total.saturating_neg());
        let (cancelled, currency) = ("cancelled", statement.currency.code());
        writer.write_record([
            cancelled, &date, empty, empty, empty, empty, empty, empty, empty, &amount, currency, empty,
            empty,
        ])
    })
}
