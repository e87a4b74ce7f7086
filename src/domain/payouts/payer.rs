//! Payers and payees: names, addresses and accounts for payment files and statements.

use crate::values::{
    string_enum::string_enum,
    time::{DAY_MS, Timestamp},
};
use serde::{Deserialize, Serialize};

/// A structured postal address, as banks require it (EPC217-08).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Address {
    /// Street and house number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<String>,
    /// Postal code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// Town.
    pub city: String,
    /// ISO 3166-1 alpha-2 country.
    pub country: String,
}

/// The programme's operator as the payer of commissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Payer {
    /// The name as registered with the bank.
    pub legal_name: String,
    /// The last characters of the account that payouts are debited from. The account itself is stored sealed.
    #[serde(rename = "iban")]
    pub masked_iban: String,
    /// The BIC of the account's bank, if the bank requires it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bic: Option<String>,
    /// The operator's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// Tax number or VAT id, for statements.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_id: Option<String>,
}

string_enum! {
    /// How a partner is paid.
    PayoutMethod {
        /// A SEPA credit transfer, in EUR.
        Sepa = "sepa";
        /// PayPal Payouts.
        Paypal = "paypal";
        /// A Wise batch payment.
        Wise = "wise";
        /// By the operator, outside of Signpost.
        Manual = "manual";
    }
}

/// How a partner is paid, and the details printed on its statements. It is personal and secret, and therefore stored
/// sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutDetails {
    /// The method.
    pub method: PayoutMethod,
    /// The name as registered with the bank or provider.
    pub legal_name: String,
    /// Address.
    pub address: Option<Address>,
    /// IBAN of the account.
    pub iban: Option<String>,
    /// BIC of the account's bank.
    pub bic: Option<String>,
    /// E-mail address of the PayPal account.
    pub paypal_email: Option<String>,
    /// E-mail address of the Wise recipient.
    pub wise_email: Option<String>,
    /// Tax number or VAT id.
    pub tax_id: Option<String>,
    /// VAT rate contained in the partner's payouts, in basis points.
    pub vat_rate_bp: Option<i64>,
}

impl PayoutDetails {
    /// Returns the account or address that the method pays to, or `None` if the method needs none or it is not set.
    #[must_use]
    pub fn destination(&self) -> Option<&str> {
        match self.method {
            PayoutMethod::Sepa => self.iban.as_deref(),
            PayoutMethod::Paypal => self.paypal_email.as_deref(),
            PayoutMethod::Wise => self.wise_email.as_deref().or(self.iban.as_deref()),
            PayoutMethod::Manual => None,
        }
    }
}

/// How long payouts are held after a partner changed its payout details itself, so that the programme can find out that
/// somebody else did.
const HOLD_MS: i64 = 3 * DAY_MS;

/// Returns until when payouts to details that a partner set at `set_at` are held.
#[must_use]
pub fn held_until(set_at: Timestamp) -> Timestamp {
    set_at.plus_ms(HOLD_MS)
}
