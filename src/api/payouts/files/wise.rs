//! Wise's batch file: the columns of its templates. `amountCurrency` is `target`, so that the partner gets the exact amount;
//! transfers to an e-mail address say `EMAIL` in `type`, others have their account in `IBAN`. At most 1,000 rows a file
//! (<https://wise.com/help/articles/2663302/how-do-i-fill-in-my-batch-template>,
//! <https://transferwise.com/help/article/2721161/business/batch-payments>). Whether a recipient is a person is left to Wise to ask:
//! it is not known here.

use super::{
    Entry,
    csv::{Table, text},
};
use crate::domain::{money::Currency, payouts::invoice_number};

/// Rows that Wise takes in a file.
pub const MOST: usize = 1_000;

const HEADING: [&str; 10] = [
    "name",
    "recipientEmail",
    "paymentReference",
    "receiverType",
    "amountCurrency",
    "amount",
    "sourceCurrency",
    "targetCurrency",
    "IBAN",
    "type",
];

/// The file; `source` is what the operator pays with.
pub fn file(source: Currency, entries: &[Entry]) -> String {
    let mut table = Table::default();
    table.row(HEADING);
    for Entry { payout, details } in entries {
        let (email, account, kind) = match &details.wise_email {
            Some(email) => (email.as_str(), "", "EMAIL"),
            None => ("", details.iban.as_deref().unwrap_or_default(), ""),
        };
        table.row([
            &text(&details.legal_name),
            &text(email),
            &payout.invoice_no.map(invoice_number).unwrap_or_default(),
            "",
            "target",
            &payout.currency.decimal(i128::from(payout.amount)),
            source.code(),
            payout.currency.code(),
            account,
            kind,
        ]);
    }
    table.finish()
}
