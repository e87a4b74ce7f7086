//! CSV (RFC 4180), and the table of a run for people and for spreadsheets.

use super::Entry;
use crate::domain::payouts::invoice_number;
use csv_core::{Terminator, Writer, WriterBuilder};

/// A table that is being written.
pub struct Table {
    writer: Writer,
    bytes: Vec<u8>,
}

impl Default for Table {
    fn default() -> Self {
        Self { writer: WriterBuilder::new().terminator(Terminator::CRLF).build(), bytes: Vec::new() }
    }
}

impl Table {
    /// Writes a row.
    pub fn row<'a>(&mut self, fields: impl IntoIterator<Item = &'a str>) {
        for (index, field) in fields.into_iter().enumerate() {
            if index > 0 {
                self.write(4, |writer, buffer| writer.delimiter(buffer).1);
            }
            // A field grows to twice its length and two quotes at most.
            let most = field.len().saturating_mul(2).saturating_add(4);
            self.write(most, |writer, buffer| writer.field(field.as_bytes(), buffer).2);
        }
        self.write(8, |writer, buffer| writer.terminator(buffer).1);
    }

    fn write(&mut self, most: usize, step: impl FnOnce(&mut Writer, &mut [u8]) -> usize) {
        let start = self.bytes.len();
        self.bytes.resize(start.saturating_add(most), 0);
        let written = self.bytes.get_mut(start..).map_or(0, |buffer| step(&mut self.writer, buffer));
        self.bytes.truncate(start.saturating_add(written));
    }

    /// The whole text.
    #[must_use]
    pub fn finish(self) -> String {
        String::from_utf8(self.bytes).unwrap_or_default()
    }
}

/// A text that no spreadsheet takes for a formula: one that begins like one gets an apostrophe in front (OWASP, CSV
/// injection). Amounts are not texts.
#[must_use]
pub fn text(value: &str) -> String {
    if value.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) {
        format!("'{value}")
    } else {
        value.to_owned()
    }
}

/// Basis points as a percentage, `12.5`.
#[must_use]
pub fn percent(basis_points: i64) -> String {
    let (whole, rest) = (basis_points.div_euclid(100), basis_points.rem_euclid(100));
    let decimals = format!("{rest:02}");
    let decimals = decimals.trim_end_matches('0');
    if decimals.is_empty() { whole.to_string() } else { format!("{whole}.{decimals}") }
}

const HEADING: [&str; 13] = [
    "payout_id",
    "partner_id",
    "invoice_number",
    "legal_name",
    "method",
    "status",
    "amount",
    "currency",
    "iban",
    "bic",
    "email",
    "reference",
    "failure_reason",
];

/// A run's payouts, one a row.
pub fn table(entries: &[Entry]) -> String {
    let mut table = Table::default();
    table.row(HEADING);
    for Entry { payout, details } in entries {
        let email = details.paypal_email.as_deref().or(details.wise_email.as_deref()).unwrap_or_default();
        table.row([
            payout.id.as_str(),
            payout.partner_id.as_str(),
            &payout.invoice_no.map(invoice_number).unwrap_or_default(),
            &text(&details.legal_name),
            details.method.as_str(),
            payout.status.as_str(),
            &payout.currency.decimal(i128::from(payout.amount)),
            payout.currency.code(),
            details.iban.as_deref().unwrap_or_default(),
            details.bic.as_deref().unwrap_or_default(),
            &text(email),
            &text(payout.reference.as_deref().unwrap_or_default()),
            &text(payout.failure.as_deref().unwrap_or_default()),
        ]);
    }
    table.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be() {
        let mut table = Table::default();
        table.row(["a", "b,c", "d\"e", "f\r\ng", ""]);
        table.row([""]);
        table.row(["Zoë", "x"]);
        assert_eq!(table.finish(), "a,\"b,c\",\"d\"\"e\",\"f\r\ng\",\r\n\"\"\r\nZoë,x\r\n");
    }

    #[test]
    fn no_text_is_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"] {
            assert_eq!(text(formula), format!("'{formula}"));
        }
        assert_eq!(text("O'Neill =x"), "O'Neill =x");
        assert_eq!(
            [0, 5, 1_250, 2_000, 10_000].map(percent),
            ["0", "0.05", "12.5", "20", "100"].map(String::from)
        );
    }
}
