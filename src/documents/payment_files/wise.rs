//! Wise's batch file, with the columns of its templates
//! (<https://wise.com/help/articles/2663302/how-do-i-fill-in-my-batch-template>,
//! <https://transferwise.com/help/article/2721161/business/batch-payments>).
//!
//! `amountCurrency` is `target`, so that the partner receives the exact amount. Transfers to an e-mail address have
//! `EMAIL` in `type`; other transfers have the account in `IBAN`. `receiverType` stays empty because the ledger does not
//! know whether a recipient is a person or a company; Wise asks for it.

use super::payment::Payment;
use crate::{
    documents::{DocumentError, table::csv},
    domain::money::Currency,
};

/// The most rows that Wise accepts in one file.
pub const MAX_ROWS: usize = 1_000;

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

/// The file. `source` is the currency that the operator pays from.
pub fn render(source: Currency, payments: &[Payment]) -> Result<String, DocumentError> {
    csv(|writer| {
        writer.write_record(HEADING)?;
        payments.iter().try_for_each(|payment| {
            let details = &payment.details;
            let (email, iban, kind) = match &details.wise_email {
                Some(email) => (email.as_str(), "", "EMAIL"),
                None => ("", details.iban.as_deref().unwrap_or_default(), ""),
            };
            writer.write_record([
                details.legal_name.as_str(),
                email,
                payment.invoice(),
                "",
                "target",
                &payment.decimal(),
                source.code(),
                payment.currency.code(),
                iban,
                kind,
            ])
        })
    })
}
