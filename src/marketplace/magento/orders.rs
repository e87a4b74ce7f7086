//! Orders and credit memos of a Commerce instance. The operator selects the fields when subscribing, and numbers are
//! texts or numbers depending on version and event. Therefore an object is read field by field, and an amount from its
//! digits, never through a float.
//!
//! Sources: developer.adobe.com/commerce/extensibility/events (payloads as `events:info` prints them);
//! magento/magento2, `Magento\Sales\Model\Order`, `Magento\Sales\Model\Order\Creditmemo`.

use super::super::{
    adapter::{AccountEmail, CallbackContext, Unreadable, unreadable},
    event::{Event, EventKind, Evidence},
    money::{self, Amount},
};
use crate::domain::{
    clicks::click::CLICK_ID_LENGTH,
    money::Currency,
    values::{digest::sha256_hex, time::Timestamp},
};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// A JSON object whose values are kept as text. Of several members with one name, the last counts.
pub struct Object<'t>(BTreeMap<String, &'t RawValue>);

impl<'t> Object<'t> {
    /// Parses a text; `None` if it is not an object.
    pub fn read(text: &'t str) -> Option<Self> {
        serde_json::from_str(text).ok().map(Self)
    }

    /// The object of this name.
    pub fn object(&self, name: &str) -> Option<Self> {
        self.0.get(name).and_then(|value| Self::read(value.get()))
    }

    /// The text of this name, or the digits of the number; `None` if it is empty.
    pub fn text(&self, name: &str) -> Option<String> {
        let raw = self.0.get(name)?.get();
        let text = match raw.bytes().next()? {
            b'"' => strict_json::from_str(raw).ok()?,
            b'-' | b'0'..=b'9' => raw.to_owned(),
            _ => return None,
        };
        Some(text).filter(|text: &String| !text.is_empty())
    }

    fn required(&self, name: &str) -> Result<String, Unreadable> {
        self.text(name).ok_or_else(|| unreadable(format!("{name} is missing: select that field")))
    }

    /// The object of this name if the event wraps it, or this object.
    fn inner(self, name: &str) -> Self {
        self.object(name).unwrap_or(self)
    }

    /// When it was created: in UTC, without a time zone.
    fn created_at(&self) -> Option<Timestamp> {
        Timestamp::parse(&format!("{}Z", self.text("created_at")?))
    }
}

/// The amount of an order or a memo. The instance and the customer may have different currencies, which must never be
/// mixed, so the listing says which one counts.
fn amount(of: &Object<'_>, context: &CallbackContext<'_>) -> Result<(Amount, Currency), Unreadable> {
    let (name, currency) = match context.listing.setting("amounts") {
        None | Some("base") => ("base_grand_total", "base_currency_code"),
        Some("order") => ("grand_total", "order_currency_code"),
        Some(_) => return Err(unreadable("the setting amounts is neither base nor order")),
    };
    let (text, code) = (of.required(name)?, of.required(currency)?);
    let currency =
        Currency::parse(&code).ok_or_else(|| unreadable(format!("{currency} is not an ISO 4217 code")))?;
    let amount = money::amount(&text, currency).and_then(Amount::without_sign);
    let amount = amount.ok_or_else(|| unreadable(format!("{name} is not an amount of the currency")))?;
    Ok((amount, currency))
}

/// The customer, whose number counts within the instance only. A guest is identified by a hash of the e-mail address.
fn account(order: &Object<'_>, id: &str, listing_id: &str) -> String {
    if let Some(customer) = order.text("customer_id").filter(|id| id != "0") {
        return format!("{listing_id}/customer:{customer}");
    }
    match order.text("customer_email") {
        Some(email) => {
            let hash = sha256_hex(format!("{listing_id}\0{}", email.trim().to_ascii_lowercase()).as_bytes());
            format!("guest:{}", hash.get(..32).unwrap_or(&hash))
        }
        // There is no customer, so the order is its own.
        None => format!("{listing_id}/order:{id}"),
    }
}

/// The click id in the field that the listing names, of the order or of an extension.
fn click(order: &Object<'_>, context: &CallbackContext<'_>) -> Option<String> {
    let field = context.listing.setting("click_field").filter(|field| !field.is_empty())?;
    let extended = || order.object("extension_attributes")?.text(field);
    order.text(field).or_else(extended).filter(|id| id.len() == CLICK_ID_LENGTH)
}

/// What is owed for an order now: its grand total, which cancelled items do not lower, less what was cancelled.
fn owed(order: &Object<'_>, context: &CallbackContext<'_>) -> Result<(Amount, Currency), Unreadable> {
    let (total, currency) = amount(order, context)?;
    let name = if context.listing.setting("amounts") == Some("order") { "total" } else { "base_total" };
    let Some(text) = order.text(&format!("{name}_canceled")) else { return Ok((total, currency)) };
    let canceled = money::amount(&text, currency).and_then(Amount::without_sign);
    let canceled =
        canceled.ok_or_else(|| unreadable(format!("{name}_canceled is not an amount of the currency")))?;
    let minor = total.minor.saturating_sub(canceled.minor).max(0);
    Ok((Amount { minor, is_rounded: total.is_rounded || canceled.is_rounded, ..total }, currency))
}

/// Whether an order that counts lacks the number under which the instance stores it.
pub fn is_not_stored_yet(value: &Object<'_>) -> bool {
    let wrapped = value.object("order");
    let order = wrapped.as_ref().unwrap_or(value);
    order.text("state").is_some_and(|state| has_ended(&state).is_some()) && order.text("entity_id").is_none()
}

/// Whether an order in this state has ended; `None` if it is not paid, or not yet.
fn has_ended(state: &str) -> Option<bool> {
    match state {
        "processing" | "complete" => Some(false),
        // A closed order was credited as a whole. Neither state is ever left, so the reversal waits for a charge that
        // arrives late.
        "canceled" | "closed" => Some(true),
        _ => None,
    }
}

/// What an order or a credit memo reports.
pub struct Reported {
    pub event: Event,
    pub emails: Vec<AccountEmail>,
}

/// The charge of a paid order, or the reversal of what is left of one that ended; `None` for other orders. `at` is the
/// time of the event, if known.
pub fn order(
    value: Object<'_>,
    at: Option<Timestamp>,
    context: &CallbackContext<'_>,
    evidence: Evidence,
) -> Result<Option<Reported>, Unreadable> {
    let order = value.inner("order");
    let Some(has_ended) = order.text("state").as_deref().and_then(has_ended) else { return Ok(None) };
    // Credit memos refer to their order by this number. An order without it is not stored yet.
    let id = order.required("entity_id")?;
    let (transaction, account) = (format!("order:{id}"), account(&order, &id, &context.listing.id));
    let emails = AccountEmail::list(&account, order.text("customer_email"));
    if has_ended {
        let event = Event {
            charge: Some(transaction.clone()),
            occurred_at: at,
            ..Event::new(EventKind::Refunded, account, format!("{transaction}:ended"), evidence)
        };
        return Ok(Some(Reported { event, emails }));
    }
    let (amount, currency) = owed(&order, context)?;
    let charge = Event {
        is_current_total: true,
        // This time is the same in every event of the order.
        occurred_at: order.created_at().or(at),
        clicks: click(&order, context).into_iter().collect(),
        coupon: order.text("coupon_code"),
        ..Event::new(EventKind::Charged, account, transaction, evidence)
    };
    Ok(Some(Reported { event: charge.with_amount(amount, currency), emails }))
}

/// The state of a credit memo that was paid out.
const REFUNDED: &str = "2";

/// The refund of a credit memo; `None` if it is open or cancelled.
pub fn refund(
    value: Object<'_>,
    at: Option<Timestamp>,
    context: &CallbackContext<'_>,
    evidence: Evidence,
) -> Result<Option<Reported>, Unreadable> {
    let memo = value.inner("creditmemo");
    if memo.text("state").is_some_and(|state| state != REFUNDED) {
        return Ok(None);
    }
    let (order, id) = (memo.required("order_id")?, memo.required("increment_id")?);
    let (amount, currency) = amount(&memo, context)?;
    let refund = Event {
        charge: Some(format!("order:{order}")),
        occurred_at: memo.created_at().or(at),
        ..Event::new(EventKind::Refunded, format!("order:{order}"), format!("creditmemo:{id}"), evidence)
    };
    Ok(Some(Reported { event: refund.with_amount(amount, currency), emails: Vec::new() }))
}
