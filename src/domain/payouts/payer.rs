//! Who pays and who is paid: names, addresses and accounts that stand in payment files and on statements.

use crate::values::string_enum::string_enum;
use json::FromJson;
use serde::{Deserialize, Serialize};

/// A postal address, structured as banks demand it (EPC217-08).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, FromJson)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Payer {
    /// Name as the bank knows it.
    pub legal_name: String,
    /// Account that payouts are debited to.
    pub iban: String,
    /// Its bank, where the bank wants to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bic: Option<String>,
    /// Where the operator is.
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
        /// In another way that the operator sees to.
        Manual = "manual";
    }
}

/// How a partner is paid, and what its statements say of it. Personal and secret: it is kept sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct PayoutDetails {
    /// How.
    pub method: PayoutMethod,
    /// Name as the bank or provider knows it.
    pub legal_name: String,
    /// Address.
    pub address: Option<Address>,
    /// Account.
    pub iban: Option<String>,
    /// Its bank.
    pub bic: Option<String>,
    /// PayPal's account.
    pub paypal_email: Option<String>,
    /// Wise's recipient.
    pub wise_email: Option<String>,
    /// Tax number or VAT id.
    pub tax_id: Option<String>,
    /// VAT contained in what the partner is paid, basis points.
    pub vat_rate_bp: Option<i64>,
}

impl PayoutDetails {
    /// Where the money goes, by the method; nothing if the method needs none, or what it needs is not there.
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
