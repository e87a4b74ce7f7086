//! PayPal's mass payment file (<https://docs.paypal.ai/send/use-web-ui>, "Create input file").
//!
//! The file has no heading. Its columns are the recipient, the amount, the currency, the sender's id of the recipient
//! (at most 30 characters without blanks), a note (at most 400 characters) and the wallet. A file holds one currency.

use super::payment::{Payment, Run};
use crate::documents::{
    DocumentError,
    table::{csv, escape_formula},
};

/// The most rows that PayPal accepts in one file.
pub const MAX_ROWS: usize = 5_000;

/// The file.
pub fn render(run: &Run, payments: &[Payment]) -> Result<String, DocumentError> {
    csv(|writer| {
        payments.iter().try_for_each(|payment| {
            let note = format!("Commission {} to {}, invoice {}", run.from, run.to, payment.invoice());
            writer.write_record([
                escape_formula(payment.details.paypal_email.as_deref().unwrap_or_default()).as_str(),
                &payment.decimal(),
                payment.currency.code(),
                payment.id.as_str(),
                &note,
                "PAYPAL",
            ])
        })
    })
}
