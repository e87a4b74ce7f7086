//! How partners are paid. The details are stored sealed, and never shown again except for the last characters of an account.

use super::super::{
    http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    programme::partners::named,
};
use crate::{
    domain::{
        payouts::{
            iban::mask,
            payer::{Address, PayoutDetails, PayoutMethod},
        },
        programme::partner::Partner,
        values::{id::PartnerId, limits, time::Timestamp},
    },
    ledger::{payouts::details, view::view},
    store::payouts::details::{self as rows, DetailsSet},
};
use serde::Deserialize;

/// How a partner is to be paid; replaces what was set before.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewPayoutDetails {
    /// The payment method.
    method: PayoutMethod,
    /// Name of the account holder at the bank or provider, 1 to 70 characters.
    legal_name: String,
    /// Address; statements show it, and some banks require it.
    address: Option<Address>,
    /// Account (ISO 13616); required for `sepa`, optional for `wise`.
    iban: Option<String>,
    /// Its bank (ISO 9362), if the bank requires it.
    bic: Option<String>,
    /// PayPal account; required for `paypal`.
    paypal_email: Option<String>,
    /// E-mail address for Wise; required for `wise` unless there is an account.
    wise_email: Option<String>,
    /// Tax number or VAT id; statements show it.
    tax_id: Option<String>,
    /// VAT that the partner's payouts include, basis points; statements show it.
    vat_rate_bp: Option<i64>,
}

view! {
    /// How a partner is paid, without the secret fields.
    pub struct PayoutDetailsView {
        /// The partner.
        partner_id: PartnerId,
        /// The payment method.
        method: PayoutMethod,
        /// The last characters of the account or address that is paid; `null` if there is none.
        ends_with: Option<String>,
        /// Which fields are set; their values are never shown.
        set: Vec<String>,
        /// When they were set.
        set_at: Timestamp,
    }
}

/// Checks a request and returns the details.
fn checked(body: NewPayoutDetails) -> Result<PayoutDetails, Problem> {
    let mut checks = Checks::default();
    checks.text("legal_name", Some(&body.legal_name), limits::LEGAL_NAME);
    checks.address("address", body.address.as_ref());
    let account = checks.iban("iban", body.iban.as_deref());
    let bank = checks.bic("bic", body.bic.as_deref());
    if body.method == PayoutMethod::Sepa {
        checks.sepa_account("iban", account.as_deref());
        // A text of the wrong length is refused already.
        if limits::LEGAL_NAME.check(&body.legal_name).is_ok() {
            checks.sepa_party(("legal_name", &body.legal_name), "address", body.address.as_ref());
        }
    }
    checks.email("paypal_email", body.paypal_email.as_deref());
    checks.email("wise_email", body.wise_email.as_deref());
    checks.text("tax_id", body.tax_id.as_deref(), limits::TAX_ID);
    checks.range("vat_rate_bp", body.vat_rate_bp, limits::VAT_RATE_BP);
    let needed = match body.method {
        PayoutMethod::Sepa => body.iban.is_none().then_some("iban"),
        PayoutMethod::Paypal => body.paypal_email.is_none().then_some("paypal_email"),
        PayoutMethod::Wise => (body.wise_email.is_none() && body.iban.is_none()).then_some("wise_email"),
        PayoutMethod::Manual => None,
    };
    if let Some(field) = needed {
        checks.refuse(Code::MissingField, field, format!("{} needs it.", body.method.as_str()));
    }
    checks.finish()?;
    Ok(PayoutDetails {
        method: body.method,
        legal_name: body.legal_name,
        address: body.address,
        iban: account,
        bic: bank,
        paypal_email: body.paypal_email,
        wise_email: body.wise_email,
        tax_id: body.tax_id,
        vat_rate_bp: body.vat_rate_bp,
    })
}

fn show(
    partner: &Partner,
    set: &DetailsSet,
    details: Option<&PayoutDetails>,
    at: Timestamp,
) -> PayoutDetailsView {
    PayoutDetailsView {
        partner_id: partner.id.clone(),
        method: set.method,
        ends_with: details.and_then(PayoutDetails::destination).map(mask),
        set: set.fields.clone(),
        set_at: at,
    }
}

/// `PUT /v1/partners/{id}/payout-details`
pub fn put(call: &Call<'_>) -> Result<Response, Failure> {
    let partner = named(call)?;
    let details = checked(call.body()?)?;
    let set = details::set(call.tx, &partner, &details)?;
    call.json(200, &show(&partner, &set, Some(&details), call.tx.now))
}

/// `GET /v1/partners/{id}/payout-details`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    let partner = named(call)?;
    let stored = rows::newest(call.tx.sql, partner.no)?.ok_or_else(Problem::not_found)?;
    let details = details::open(call.tx, &partner.id, &stored)?;
    call.json(200, &show(&partner, &stored.set, details.as_ref(), stored.set_at))
}
