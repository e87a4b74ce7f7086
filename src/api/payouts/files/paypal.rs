//! PayPal's mass payment file: no heading; recipient, amount, currency, the sender's id of the recipient (at most 30 characters, no
//! blanks), a note (at most 400), and the wallet. One currency and at most 5,000 rows a file
//! (<https://docs.paypal.ai/send/use-web-ui>, "Create input file").

use super::{
    Entry,
    csv::{Table, text},
};
use crate::{domain::payouts::invoice_number, store::payouts::runs::Run};

/// Rows that PayPal takes in a file.
pub const MOST: usize = 5_000;

/// The file.
pub fn file(run: &Run, entries: &[Entry]) -> String {
    let mut table = Table::default();
    for Entry { payout, details } in entries {
        let invoice = payout.invoice_no.map(invoice_number).unwrap_or_default();
        let note = format!("Commission {} to {}, invoice {invoice}", run.terms.from, run.terms.to);
        table.row([
            &text(details.paypal_email.as_deref().unwrap_or_default()),
            &payout.currency.decimal(i128::from(payout.amount)),
            payout.currency.code(),
            payout.id.as_str(),
            &note,
            "PAYPAL",
        ]);
    }
    table.finish()
}
