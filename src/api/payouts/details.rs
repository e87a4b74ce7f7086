//! How partners are paid: taken, sealed, and never shown again but for an account's last characters.

use super::super::{
    body::Checks,
    call::Call,
    http::Response,
    partners::named,
    problem::{Code, Problem},
    views::view,
};
use crate::{
    domain::{
        event::EventType,
        money::WHOLE_BP,
        payouts::{
            iban::{bic, iban, masked},
            payer::{Address, PayoutDetails, PayoutMethod},
        },
        programme::partner::Partner,
        values::{id::PartnerId, time::Timestamp},
    },
    store::{
        SqlError,
        log::change::Change,
        payouts::{
            Payout,
            details::{self as rows, DetailsSet, StoredDetails},
        },
        value::json_text,
    },
};
use json::FromJson;

/// How a partner is to be paid; replaces what was set before.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewPayoutDetails {
    /// How.
    method: PayoutMethod,
    /// Name as the bank or provider knows it, 1 to 70 characters.
    legal_name: String,
    /// Address; statements show it, and some banks want it.
    address: Option<Address>,
    /// Account (ISO 13616); `sepa` needs it, `wise` takes it.
    iban: Option<String>,
    /// Its bank (ISO 9362), where the bank wants to be told.
    bic: Option<String>,
    /// PayPal's account; `paypal` needs it.
    paypal_email: Option<String>,
    /// Where Wise writes to; `wise` needs it, unless there is an account.
    wise_email: Option<String>,
    /// Tax number or VAT id; statements show it.
    tax_id: Option<String>,
    /// VAT that what the partner is paid contains, basis points; statements show it.
    vat_rate_bp: Option<i64>,
}

view! {
    /// How a partner is paid, as far as it is shown.
    pub struct PayoutDetailsView {
        /// Whose.
        partner_id: PartnerId,
        /// How.
        method: PayoutMethod,
        /// The end of the account or address that is paid to; `null` if there is none.
        ends_with: Option<String>,
        /// Which fields are set; their values are never shown.
        set: Vec<String>,
        /// When they were set.
        set_at: Timestamp,
    }

    /// How a partner is paid, as events tell it.
    pub struct PayoutDetailsEventView {
        /// Whose.
        partner_id: PartnerId,
        /// How.
        method: PayoutMethod,
        /// Which fields are set.
        set: Vec<String>,
    }
}

/// Checks an address whose fields stand below `field`.
pub fn check_address(checks: &mut Checks, field: &str, address: Option<&Address>) {
    let Some(address) = address else { return };
    checks.text(&format!("{field}/street"), address.street.as_deref(), 70);
    checks.text(&format!("{field}/postal_code"), address.postal_code.as_deref(), 16);
    checks.text(&format!("{field}/city"), Some(&address.city), 35);
    checks.country(&format!("{field}/country"), Some(&address.country));
}

/// The account in its electronic form. What was sent is not repeated.
pub fn check_iban(checks: &mut Checks, field: &str, text: Option<&str>) -> Option<String> {
    let plain = text.map(iban)?;
    if plain.is_none() {
        checks.refuse(Code::InvalidIban, field, "Its characters, length or check digits are wrong.");
    }
    plain
}

/// The bank in its electronic form.
pub fn check_bic(checks: &mut Checks, field: &str, text: Option<&str>) -> Option<String> {
    let plain = text.map(bic)?;
    if plain.is_none() {
        checks.refuse(Code::InvalidBic, field, "Expected 8 or 11 characters such as COBADEFFXXX.");
    }
    plain
}

fn checked(body: NewPayoutDetails) -> Result<PayoutDetails, Problem> {
    let mut checks = Checks::default();
    checks.text("legal_name", Some(&body.legal_name), 70);
    check_address(&mut checks, "address", body.address.as_ref());
    let account = check_iban(&mut checks, "iban", body.iban.as_deref());
    let bank = check_bic(&mut checks, "bic", body.bic.as_deref());
    checks.email("paypal_email", body.paypal_email.as_deref());
    checks.email("wise_email", body.wise_email.as_deref());
    checks.text("tax_id", body.tax_id.as_deref(), 50);
    checks.range("vat_rate_bp", body.vat_rate_bp, 0, WHOLE_BP);
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

/// Names of the fields that are set.
fn fields(details: &PayoutDetails) -> Vec<String> {
    let all = [
        ("legal_name", true),
        ("address", details.address.is_some()),
        ("iban", details.iban.is_some()),
        ("bic", details.bic.is_some()),
        ("paypal_email", details.paypal_email.is_some()),
        ("wise_email", details.wise_email.is_some()),
        ("tax_id", details.tax_id.is_some()),
        ("vat_rate_bp", details.vat_rate_bp.is_some()),
    ];
    all.into_iter().filter(|(_, is_set)| *is_set).map(|(name, _)| name.to_owned()).collect()
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
        ends_with: details.and_then(PayoutDetails::destination).map(masked),
        set: set.fields.clone(),
        set_at: at,
    }
}

fn open(
    call: &Call<'_>,
    partner: &PartnerId,
    stored: &StoredDetails,
) -> Result<Option<PayoutDetails>, Problem> {
    let Some(sealed) = &stored.sealed else { return Ok(None) };
    let ours = |error: String| Problem::from(SqlError::Engine(error));
    let opened =
        call.config.sealer.open(sealed, partner.as_str()).map_err(|error| ours(error.to_string()))?;
    // What could not be read is not repeated in the log.
    json::read(&opened).map(Some).map_err(|_| ours("payout details cannot be read".to_owned()))
}

/// How a payout's partner is paid: as of the approval, or as it was set after it, where nothing was set by then.
pub fn of_payout(call: &Call<'_>, payout: &Payout) -> Result<Option<PayoutDetails>, Problem> {
    let stored = match payout.details_no {
        Some(no) => rows::by_no(call.sql, no)?,
        None => rows::newest(call.sql, payout.partner_no)?,
    };
    stored.map_or(Ok(None), |stored| open(call, &payout.partner_id, &stored))
}

/// `PUT /v1/partners/{id}/payout-details`
pub fn put(call: &Call<'_>) -> Result<Response, Problem> {
    let partner = named(call)?;
    let details = checked(call.body()?)?;
    let no = rows::next_no(call.sql)?;
    let set = DetailsSet { no, partner_no: partner.no, method: details.method, fields: fields(&details) };
    let event = PayoutDetailsEventView {
        partner_id: partner.id.clone(),
        method: set.method,
        set: set.fields.clone(),
    };
    let answer = show(&partner, &set, Some(&details), call.now);
    let plain = json_text(&details)?;
    let sealed = call.config.sealer.seal(&plain, partner.id.as_str(), &mut **call.entropy.borrow_mut());
    let sealed = sealed.map_err(|error| SqlError::Engine(error.to_string()))?;
    call.commit(EventType::PayoutDetailsUpdated, &Change::PayoutDetails(set), &event, "")?;
    rows::seal(call.sql, no, sealed)?;
    call.json(200, &answer)
}

/// `GET /v1/partners/{id}/payout-details`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    let partner = named(call)?;
    let stored = rows::newest(call.sql, partner.no)?.ok_or_else(Problem::not_found)?;
    let details = open(call, &partner.id, &stored)?;
    call.json(200, &show(&partner, &stored.set, details.as_ref(), stored.set_at))
}
