//! The objects that only an import creates: clicks, customers, commissions, opening balances and payouts.

use crate::{
    api::http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    domain::{
        clicks::{
            click::{ClickId, Country, Device},
            trail::TRAIL_LENGTH,
        },
        conversions::CommissionSource,
        links::link::Link,
        money::{Currency, Money, amount::Amount},
        programme::partner::Partner,
        values::{
            id::{LinkId, PartnerId},
            limits,
        },
    },
    ledger::{
        callbacks::charges,
        imports::{
            clicks::{self, ImportedClass, ImportedClick},
            commissions,
            payouts::{self, PaidElsewhere},
        },
        payouts::run_view::Period,
        terms,
    },
    store::{links, programme::partners, value::json_text},
};
use serde::{Deserialize, Serialize};

/// A visit through a link.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewClick {
    #[serde(rename = "external_id")]
    _external_id: String,
    link_id: String,
    country: Option<String>,
    device: Option<Device>,
    class: Option<ImportedClass>,
    /// The other system's id of the visitor, by which duplicates are found.
    visitor: Option<String>,
    /// Earlier clicks of the visitor, oldest first.
    trail: Option<Vec<String>>,
}

/// A customer whose partner is known.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCustomer {
    external_id: String,
    click_id: Option<String>,
    link_id: Option<String>,
}

/// An amount of money.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewMoney {
    amount: Amount,
    currency: Currency,
}

/// A commission that was earned elsewhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCommission {
    external_id: String,
    partner_id: String,
    amount: NewMoney,
    matures_at: Option<String>,
}

/// What was owed to a partner.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewOpeningBalance {
    external_id: String,
    partner_id: String,
    amount: NewMoney,
}

/// A payment that was made elsewhere.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewPayout {
    external_id: String,
    partner_id: String,
    period: Period,
    amount: Option<NewMoney>,
    reference: Option<String>,
}

#[derive(Serialize)]
struct Created {
    id: String,
}

fn created(id: String) -> Result<Response, Failure> {
    Ok(Response::json(201, json_text(&Created { id })?))
}

fn link(call: &Call<'_>, checks: &mut Checks, id: &str) -> Result<Option<Link>, Problem> {
    let link = LinkId::parse(id).map(|id| links::by_id(call.tx.sql, &id)).transpose()?.flatten();
    if link.is_none() {
        checks.refuse(Code::UnknownLink, "link_id", "There is no link with this id.");
    }
    Ok(link)
}

fn partner(call: &Call<'_>, checks: &mut Checks, id: &str) -> Result<Option<Partner>, Problem> {
    let partner = PartnerId::parse(id).map(|id| partners::by_id(call.tx.sql, &id)).transpose()?.flatten();
    if partner.is_none() {
        checks.refuse(Code::UnknownPartner, "partner_id", "There is no partner with this id.");
    }
    Ok(partner)
}

fn is_click(call: &Call<'_>, id: &str) -> bool {
    ClickId::verify(id, &call.tx.config.ring).is_some()
}

/// Records a click.
pub fn click(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewClick = call.body()?;
    let mut checks = Checks::default();
    checks.country("country", body.country.as_deref());
    checks.text("visitor", body.visitor.as_deref(), limits::CUSTOMER_ID);
    let trail = body.trail.unwrap_or_default();
    if trail.len() > TRAIL_LENGTH {
        checks.refuse(Code::OutOfRange, "trail", format!("Expected at most {TRAIL_LENGTH} clicks."));
    }
    for (index, _) in trail.iter().enumerate().filter(|(_, id)| !is_click(call, id)) {
        checks.refuse(Code::UnknownClick, &format!("trail/{index}"), "No key of this Worker signed it.");
    }
    let link = link(call, &mut checks, &body.link_id)?;
    checks.finish()?;
    let link = link.ok_or_else(Problem::not_found)?;
    let click = ImportedClick {
        link_no: link.no,
        visitor: body.visitor.as_deref(),
        country: body.country.as_deref().and_then(Country::parse),
        device: body.device.unwrap_or(Device::Unknown),
        class: body.class.unwrap_or(ImportedClass::Human),
        trail: trail.join("."),
    };
    created(clicks::record(call.tx, &click)?)
}

/// Binds a customer to the click or the link that brought them.
pub fn customer(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewCustomer = call.body()?;
    let mut checks = Checks::default();
    checks.text("external_id", Some(&body.external_id), limits::CUSTOMER_ID);
    let of_link = match (&body.click_id, &body.link_id) {
        (Some(id), None) => {
            if !is_click(call, id) {
                checks.refuse(Code::UnknownClick, "click_id", "No key of this Worker signed it.");
            }
            None
        }
        (None, Some(id)) => link(call, &mut checks, id)?,
        (Some(_), Some(_)) => {
            checks.refuse(Code::MisplacedField, "link_id", "The click says which link it was.");
            None
        }
        (None, None) => {
            let detail = "Name the click that brought the customer, or the link of its partner.";
            checks.refuse(Code::MissingField, "link_id", detail);
            None
        }
    };
    checks.finish()?;
    let click_id = match (body.click_id, of_link) {
        (Some(id), _) => id,
        (None, Some(link)) => clicks::unrecorded(call.tx, link.no)?,
        (None, None) => return Err(Problem::not_found().into()),
    };
    charges::bind(call.tx, &body.external_id, &click_id, &[])?;
    created(body.external_id)
}

/// Checks an amount that must be more than nothing.
fn positive(checks: &mut Checks, amount: Amount) {
    if amount.0 == 0 {
        checks.refuse(Code::AmountOutOfRange, "amount/amount", "Expected more than 0.");
    }
}

/// Books a commission that was earned elsewhere.
pub fn commission(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewCommission = call.body()?;
    let mut checks = Checks::default();
    positive(&mut checks, body.amount.amount);
    let matures_at = checks.time("matures_at", body.matures_at.as_deref());
    let partner = partner(call, &mut checks, &body.partner_id)?;
    checks.finish()?;
    let partner = partner.ok_or_else(Problem::not_found)?;
    let amount = Money { amount: body.amount.amount.0, currency: body.amount.currency };
    let source = CommissionSource::Imported;
    let id = commissions::record(call.tx, &partner, source, amount, matures_at, body.external_id)?;
    created(id.to_string())
}

/// Books what was owed to a partner. It is payable at once.
pub fn opening_balance(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewOpeningBalance = call.body()?;
    let mut checks = Checks::default();
    positive(&mut checks, body.amount.amount);
    let partner = partner(call, &mut checks, &body.partner_id)?;
    checks.finish()?;
    let partner = partner.ok_or_else(Problem::not_found)?;
    let amount = Money { amount: body.amount.amount.0, currency: body.amount.currency };
    let (source, now) = (CommissionSource::OpeningBalance, Some(call.tx.now));
    let id = commissions::record(call.tx, &partner, source, amount, now, body.external_id)?;
    created(id.to_string())
}

/// Books a payment that was made elsewhere.
pub fn payout(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewPayout = call.body()?;
    let mut checks = Checks::default();
    checks.text("reference", body.reference.as_deref(), limits::REFERENCE);
    if body.period.to < body.period.from {
        checks.refuse(Code::InvalidPeriod, "period/to", "The last day is before the first.");
    } else if body.period.to.end() > call.tx.now {
        let detail = format!("The payment was made at {}; its period was over by then.", call.tx.now);
        checks.refuse(Code::PeriodNotOver, "period/to", detail);
    }
    if let Some(amount) = body.amount {
        positive(&mut checks, amount.amount);
    }
    let partner = partner(call, &mut checks, &body.partner_id)?;
    checks.finish()?;
    let partner = &partner.ok_or_else(Problem::not_found)?;
    let currency = match body.amount.map(|amount| amount.currency).or(partner.currency) {
        Some(currency) => currency,
        None => terms::current(call.tx)?.currency,
    };
    let amount = body.amount.map(|amount| amount.amount.0);
    let reference = body.reference.unwrap_or(body.external_id);
    let paid = PaidElsewhere { partner, period: body.period, currency, amount, reference };
    created(payouts::record(call.tx, paid)?.to_string())
}
