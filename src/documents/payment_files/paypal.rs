//! PayPal's mass payment file (<https://docs.paypal.ai/send/use-web-ui>, "Create input file").
//!
//! The file has no heading. Its columns are the recipient, the amount, the currency, the sender's id of the recipient
//! (at most 30 characters without blanks), a note (at most 400 characters) and the wallet. A file holds one currency.

use super::payment::{Payment, Run};
use crate::{
    documents::{DocumentError, table::csv},
    domain::money::Currency,
};

/// The most rows that PayPal accepts in one file.
pub const MAX_ROWS: usize = 5_000;

/// The currencies that PayPal pays in (<https://developer.paypal.com/docs/api/reference/currency-codes/>).
const CURRENCIES: &str =
    "AUD BRL CAD CHF CNY CZK DKK EUR GBP HKD HUF ILS JPY MXN MYR NOK NZD PHP PLN SEK SGD THB TWD USD";
/// Those of which PayPal takes whole units only; it refuses a file with decimals.
const WITHOUT_DECIMALS: &str = "HUF JPY TWD";

fn is_among(currency: Currency, codes: &str) -> bool {
    codes.split(' ').any(|code| code == currency.code())
}

/// Whether PayPal pays in a currency.
#[must_use]
pub fn takes(currency: Currency) -> bool {
    is_among(currency, CURRENCIES)
}

/// Whether PayPal can pay exactly this amount: some currencies have no decimals there, although they do in ISO 4217.
#[must_use]
pub fn can_pay_exactly(payment: &Payment) -> bool {
    let decimal = payment.decimal();
    let (_, decimals) = decimal.split_once('.').unwrap_or_default();
    !is_among(payment.currency, WITHOUT_DECIMALS) || decimals.bytes().all(|digit| digit == b'0')
}

/// The amount as PayPal reads it.
fn amount(payment: &Payment) -> String {
    let decimal = payment.decimal();
    match decimal.split_once('.') {
        Some((whole, _)) if is_among(payment.currency, WITHOUT_DECIMALS) => whole.to_owned(),
        Some(_) | None => decimal,
    }
}

/// The file. PayPal must take each payment's currency and be able to pay its exact amount.
pub fn render(run: &Run, payments: &[Payment]) -> Result<String, DocumentError> {
    csv(|writer| {
        payments.iter().try_for_each(|payment| {
            let note = format!("Commission {} to {}, invoice {}", run.from, run.to, payment.invoice());
            writer.write_record([
                payment.details.paypal_email.as_deref().unwrap_or_default(),
                &amount(payment),
                payment.currency.code(),
                payment.id.as_str(),
                &note,
                "PAYPAL",
            ])
        })
    })
}
