//! SaaS billing of WooCommerce.com: subscriptions to an app that it sells. The header with the topic is not signed and
//! not read. Every body contains the current subscription with all its transactions, so the order of deliveries does
//! not matter, and the next delivery makes up for a lost one.
//!
//! Sources: woocommerce.com/document/billing-api-for-saas-products for the signature and the topics. The body is not
//! documented; its shape is that of one third party's code.

use super::{
    super::{
        adapter::{CallbackContext, CallbackOrigin, Kind, Unreadable, unreadable},
        event::{Event, EventKind, Evidence},
        money::minor_units,
    },
    time::time,
};
use crate::domain::money::Currency;
use serde::Deserialize;

/// Webhooks of SaaS billing.
pub const BILLING: Kind = Kind { name: "billing", methods: &["POST"], origin: CallbackOrigin::Server };

/// The currency of amounts without one, unless the operator configures another.
const USUAL_CURRENCY: &str = "USD";

#[derive(Deserialize)]
struct Message {
    subscription: Subscription,
}

#[derive(Deserialize)]
struct Subscription {
    id: serde_json::Value,
    status: String,
    currency: Option<String>,
    #[serde(default)]
    transactions: Vec<Transaction>,
}

#[derive(Deserialize)]
struct Transaction {
    id: serde_json::Value,
    amount: Option<String>,
    amount_refunded: Option<String>,
    completed_at: Option<String>,
}

/// An id, which is a text or a whole number.
fn id(value: &serde_json::Value) -> Result<String, Unreadable> {
    let id = match (value.as_str(), value.as_u64()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(number)) => number.to_string(),
        (None, None) => String::new(),
    };
    if id.is_empty() { Err(unreadable("an id is neither a text nor a whole number")) } else { Ok(id) }
}

/// A positive amount; `None` if it is zero or absent.
fn amount(text: Option<&str>, currency: Currency) -> Result<Option<i64>, Unreadable> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    match minor_units(text, currency) {
        Some((amount, false)) => Ok(Some(amount).filter(|amount| *amount > 0)),
        Some((_, true)) | None => Err(unreadable("an amount is not an amount of the currency")),
    }
}

/// The status of the customer's account; `None` for a status that does not change it, such as `pending-cancel`, which
/// continues to the end of the paid term.
fn status_change(status: &str) -> Option<EventKind> {
    match status {
        "active" => Some(EventKind::Activated),
        "paused" | "on-hold" => Some(EventKind::Suspended),
        "cancelled" | "canceled" | "expired" => Some(EventKind::Uninstalled),
        _ => None,
    }
}

/// The events of a subscription: its charges, their refunds, and its status.
pub fn events(
    text: &str,
    context: &CallbackContext<'_>,
    evidence: Evidence,
) -> Result<Vec<Event>, Unreadable> {
    let Message { subscription } = strict_json::from_str(text)?;
    let account = id(&subscription.id)?;
    let currency = subscription.currency.as_deref().or_else(|| context.listing.setting("currency"));
    let currency = Currency::parse(currency.unwrap_or(USUAL_CURRENCY));
    let currency = currency.ok_or_else(|| unreadable("currency is not an ISO 4217 code"))?;
    let mut events = Vec::new();
    for transaction in &subscription.transactions {
        let name = format!("transaction:{}", id(&transaction.id)?);
        let completed_at = time(transaction.completed_at.as_deref())?;
        if let Some((charged, at)) = amount(transaction.amount.as_deref(), currency)?.zip(completed_at) {
            events.push(Event {
                amount: Some(charged),
                currency: Some(currency.code().to_owned()),
                occurred_at: Some(at),
                ..Event::new(EventKind::Charged, &account, &name, evidence)
            });
        }
        // The charge may not be completed in this body: a refund that arrives first waits for it.
        if let Some(refunded) = amount(transaction.amount_refunded.as_deref(), currency)? {
            events.push(Event {
                charge: Some(name.clone()),
                amount: Some(refunded),
                running_total: true,
                currency: Some(currency.code().to_owned()),
                ..Event::new(EventKind::Refunded, &account, format!("{name}:refunded:{refunded}"), evidence)
            });
        }
    }
    if let Some(kind) = status_change(&subscription.status) {
        // The end is a conversion, which is reported once. Other statuses only update the account.
        let name = if kind == EventKind::Uninstalled { "ended" } else { &subscription.status };
        events.push(Event::new(kind, &account, format!("{name}:{account}"), evidence));
    }
    Ok(events)
}
