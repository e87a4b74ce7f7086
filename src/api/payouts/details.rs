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
            payer::{Address, PayoutDetails, PayoutMethod, held_until},
        },
        programme::partner::Partner,
        values::{id::PartnerId, limits, string_enum::string_enum, time::Timestamp},
    },
    ledger::{
        payouts::details::{self, SetBy},
        view::view,
    },
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

string_enum! {
    /// Whether a partner can be paid.
    DetailsStatus {
        /// Nothing is set, so payouts are held.
        Missing = "details_missing";
        /// The partner set them lately, so payouts are held until `held_until`.
        Recent = "details_recent";
        /// Payouts go there.
        Set = "set";
    }
}

view! {
    /// How a partner is paid, without the secret fields.
    pub struct PayoutDetailsView {
        /// The partner.
        partner_id: PartnerId,
        /// Whether the partner can be paid.
        status: DetailsStatus,
        /// The payment method; `null` if nothing is set.
        method: Option<PayoutMethod>,
        /// The last characters of the account or address that is paid; `null` if there is none.
        ends_with: Option<String>,
        /// Which fields are set; their values are never shown.
        set: Vec<String>,
        /// When they were set.
        set_at: Option<Timestamp>,
        /// Who set them.
        set_by: Option<SetBy>,
        /// Payouts are held until then, because the partner set the details itself.
        held_until: Option<Timestamp>,
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

/// A version as it stands now; the details are absent if a rebuilt Ledger has only the names of their fields.
fn show(
    call: &Call<'_>,
    partner: &Partner,
    set: &DetailsSet,
    details: Option<&PayoutDetails>,
    at: Timestamp,
) -> PayoutDetailsView {
    let held_until = Some(held_until(at)).filter(|until| set.by_partner && call.tx.now < *until);
    PayoutDetailsView {
        partner_id: partner.id.clone(),
        status: if held_until.is_some() { DetailsStatus::Recent } else { DetailsStatus::Set },
        method: Some(set.method),
        ends_with: details.and_then(PayoutDetails::destination).map(mask),
        set: set.fields.clone(),
        set_at: Some(at),
        set_by: Some(SetBy::of(set)),
        held_until,
    }
}

fn missing(partner: &Partner) -> PayoutDetailsView {
    PayoutDetailsView {
        partner_id: partner.id.clone(),
        status: DetailsStatus::Missing,
        method: None,
        ends_with: None,
        set: Vec::new(),
        set_at: None,
        set_by: None,
        held_until: None,
    }
}

/// `PUT /v1/partners/{id}/payout-details`
pub fn put(call: &Call<'_>) -> Result<Response, Failure> {
    let partner = named(call)?;
    let details = checked(call.body()?)?;
    let by = if call.caller.partner.is_some() { SetBy::Partner } else { SetBy::Programme };
    let set = details::set(call.tx, &partner, &details, by)?;
    call.json(200, &show(call, &partner, &set, Some(&details), call.tx.now))
}

/// `GET /v1/partners/{id}/payout-details`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    let partner = named(call)?;
    let Some(stored) = rows::newest(call.tx.sql, partner.no)? else {
        return call.json(200, &missing(&partner));
    };
    let details = details::open(call.tx, &partner.id, &stored)?;
    call.json(200, &show(call, &partner, &stored.set, details.as_ref(), stored.set_at))
}
