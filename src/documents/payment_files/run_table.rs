//! The payouts of a run as a table for people and spreadsheets.

use super::payment::Payment;
use crate::documents::{
    DocumentError,
    table::{csv, escape_formula},
};

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

/// The table: one row per payout.
pub fn render(payments: &[Payment]) -> Result<String, DocumentError> {
    csv(|writer| {
        writer.write_record(HEADING)?;
        payments.iter().try_for_each(|payment| {
            let details = &payment.details;
            let email = details.paypal_email.as_deref().or(details.wise_email.as_deref());
            writer.write_record([
                payment.id.as_str(),
                payment.partner_id.as_str(),
                payment.invoice(),
                &escape_formula(&details.legal_name),
                details.method.as_str(),
                payment.status.as_str(),
                &payment.decimal(),
                payment.currency.code(),
                details.iban.as_deref().unwrap_or_default(),
                details.bic.as_deref().unwrap_or_default(),
                &escape_formula(email.unwrap_or_default()),
                &escape_formula(payment.reference.as_deref().unwrap_or_default()),
                &escape_formula(payment.failure_reason.as_deref().unwrap_or_default()),
            ])
        })
    })
}
