//! SaaS billing of WooCommerce.com: subscriptions to an app that it sells. The header with the topic is not signed and
//! not read. Every body contains the current subscription with all its transactions, so the order of deliveries does
//! not matter, and the next delivery makes up for a lost one.
//!
//! Sources: woocommerce.com/document/billing-api-for-saas-products for the signature and the topics. The body is not
//! documented; its shape is that of one third party's code.

use super::{
    super::{
        adapter::{
            CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Reply, Unreadable,
            unreadable,
        },
        event::{Event, EventKind, Evidence},
        fields::Fields,
        money::{Amount, amount},
    },
    time::time,
};
use crate::domain::money::Currency;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Webhooks of SaaS billing.
pub const BILLING: Kind = Kind { name: "billing", methods: &["POST"], origin: CallbackOrigin::Server };

/// The currency of amounts without one, unless the operator configures another.
const USUAL_CURRENCY: &str = "USD";

#[derive(Deserialize)]
struct Message {
    subscription: Box<RawValue>,
}

/// A positive amount; `None` if it is zero or not set.
fn positive(fields: &Fields, name: &str, currency: Currency) -> Result<Option<Amount>, Unreadable> {
    let Some(text) = fields.needed(name)? else { return Ok(None) };
    let amount = amount(&text, currency).and_then(Amount::without_sign);
    let amount = amount.ok_or_else(|| unreadable("an amount is not an amount of the currency"))?;
    Ok(Some(amount).filter(|amount| amount.minor > 0))
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

/// The charge of a transaction and its refunds so far.
fn transaction_events(
    text: &str,
    account: &str,
    currency: Currency,
    evidence: Evidence,
) -> Result<Vec<Event>, Unreadable> {
    let transaction = Fields::read(text)?;
    let id = transaction.needed("id")?.ok_or_else(|| unreadable("a transaction has no id"))?;
    let name = format!("transaction:{id}");
    let completed_at = time(transaction.needed("completed_at")?.as_deref())?;
    let mut events = Vec::new();
    if let Some((charged, at)) = positive(&transaction, "amount", currency)?.zip(completed_at) {
        let charge =
            Event { occurred_at: Some(at), ..Event::new(EventKind::Charged, account, &name, evidence) };
        events.push(charge.with_amount(charged, currency));
    }
    // The charge may not be completed in this body: a refund that arrives first waits for it.
    if let Some(refunded) = positive(&transaction, "amount_refunded", currency)? {
        let refund = Event {
            charge: Some(name.clone()),
            running_total: true,
            ..Event::new(
                EventKind::Refunded,
                account,
                format!("{name}:refunded:{}", refunded.minor),
                evidence,
            )
        };
        events.push(refund.with_amount(refunded, currency));
    }
    Ok(events)
}

/// The events of a subscription: its charges, their refunds, and its status. A transaction that cannot be read does not
/// block the others.
pub fn events(
    text: &str,
    context: &CallbackContext<'_>,
    evidence: Evidence,
) -> Result<ParsedCallback, Unreadable> {
    let Message { subscription } = strict_json::from_str(text)?;
    let subscription = Fields::read(subscription.get())?;
    let account = subscription.needed("id")?.ok_or_else(|| unreadable("the subscription has no id"))?;
    let status = subscription.needed("status")?.ok_or_else(|| unreadable("there is no status"))?;
    let currency = subscription.needed("currency")?;
    let currency = currency.as_deref().or_else(|| context.listing.setting("currency"));
    let currency = Currency::parse(currency.unwrap_or(USUAL_CURRENCY));
    let currency = currency.ok_or_else(|| unreadable("currency is not an ISO 4217 code"))?;
    let (mut events, mut unread) = (Vec::new(), None);
    for (index, transaction) in subscription.needed_list("transactions")?.iter().enumerate() {
        match transaction_events(transaction.get(), &account, currency, evidence) {
            Ok(more) => events.extend(more),
            Err(Unreadable(why)) => unread = Some(format!("/subscription/transactions/{index}: {why}")),
        }
    }
    if let Some(kind) = status_change(&status) {
        // The end is a conversion, which is reported once. Other statuses only update the account.
        let name = if kind == EventKind::Uninstalled { "ended" } else { &status };
        events.push(Event::new(kind, &account, format!("{name}:{account}"), evidence));
    }
    Ok(ParsedCallback {
        unprocessed: unread,
        ..ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200)))
    })
}
