//! A statement as CSV: one row a commission, then the exchanges, the VAT and the total.

use super::{
    super::files::{Table, percent},
    StatementView,
};
use crate::domain::money::Currency;

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

/// The text.
pub fn text(statement: &StatementView) -> String {
    let mut table = Table::default();
    table.row(HEADING);
    for line in &statement.lines {
        let external_id = super::super::files::text(line.external_id.as_deref().unwrap_or_default());
        table.row([
            line.source.as_str(),
            &line.earned_at.to_string(),
            line.commission_id.as_str(),
            &external_id,
            &line.base.map(|base| decimal(line.currency, base)).unwrap_or_default(),
            &percent(line.rate_bp),
            &decimal(line.currency, line.earned),
            &decimal(line.currency, line.reversed),
            &decimal(line.currency, line.paid_before),
            &decimal(line.currency, line.amount),
            line.currency.code(),
            "",
            "",
        ]);
    }
    let issued = statement.issued_at.to_string();
    let mut sum = |row: &str, amount: &str, currency: Currency, rate: &str, converted: &str| {
        table.row([row, &issued, "", "", "", "", "", "", "", amount, currency.code(), rate, converted]);
    };
    for part in &statement.parts {
        let opening = part.currency.decimal(part.opening_balance);
        sum("opening_balance", &opening, part.currency, "", "");
        let rate = part.rate.as_deref().unwrap_or_default();
        let converted = decimal(statement.currency, part.converted);
        sum("subtotal", &decimal(part.currency, part.amount), part.currency, rate, &converted);
    }
    if let Some(vat) = &statement.vat {
        sum("net", &decimal(statement.currency, vat.net), statement.currency, "", "");
        sum("vat_included", &decimal(statement.currency, vat.vat), statement.currency, "", "");
    }
    sum("total", &decimal(statement.currency, statement.total), statement.currency, "", "");
    table.finish()
}
