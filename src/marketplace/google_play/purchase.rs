//! Purchases and orders of Google Play's Developer API, with the fields that are read, and their names in events.

use super::super::{
    adapter::{Unreadable, unreadable},
    event::{Event, EventKind, Evidence},
    google,
    money::{self, Amount},
};
use crate::domain::{
    money::Currency,
    values::{digest::sha256_hex, time::Timestamp},
};
use serde::{Deserialize, de::IgnoredAny};

/// The maximum number of orders that are requested for a purchase, whose items may have one order each.
const ORDERS: usize = 3;
/// The maximum length of a token, an order id or a package name.
const NAME_LENGTH: usize = 2048;

/// Whether a token, an order id or a package name can be put into a URL unchanged.
pub fn is_plain(text: &str) -> bool {
    google::is_plain(text, NAME_LENGTH)
}

/// The name of a purchase: a hash, because the token gives access to the purchase in the API.
pub fn purchase_name(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

/// The name of the end of a purchase.
pub fn end_name(token: &str) -> String {
    format!("ended:{}", purchase_name(token))
}

/// The name of the charge of an order.
pub fn charge_name(order: &str) -> String {
    format!("order:{order}")
}

/// A purchase: of a subscription (`purchases.subscriptionsv2`), or of a one-time product (`purchases.productsv2`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Purchase {
    subscription_state: Option<String>,
    purchase_state_context: Option<StateContext>,
    #[serde(default, alias = "productLineItem")]
    line_items: Vec<LineItem>,
    linked_purchase_token: Option<String>,
    external_account_identifiers: Option<Identifiers>,
    obfuscated_external_account_id: Option<String>,
    canceled_state_context: Option<Canceled>,
    #[serde(alias = "testPurchaseContext")]
    test_purchase: Option<IgnoredAny>,
    order_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StateContext {
    purchase_state: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LineItem {
    product_id: String,
    offer_details: Option<OfferDetails>,
    latest_successful_order_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfferDetails {
    base_plan_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identifiers {
    obfuscated_external_account_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Canceled {
    replacement_cancellation: Option<IgnoredAny>,
}

impl Purchase {
    /// The orders that paid for it: the latest of each item.
    pub fn orders(&self) -> impl Iterator<Item = &str> {
        let items = self.line_items.iter().filter_map(|item| item.latest_successful_order_id.as_ref());
        let mut orders: Vec<&str> =
            self.order_id.iter().chain(items).map(String::as_str).filter(|id| is_plain(id)).collect();
        orders.sort_unstable();
        orders.dedup();
        orders.into_iter().take(ORDERS)
    }

    /// The plan: product and base plan, as in the Play Console.
    pub fn plan(&self) -> Option<String> {
        let item = self.line_items.first()?;
        let base = item.offer_details.as_ref().and_then(|offer| offer.base_plan_id.as_ref());
        Some(match base {
            Some(base) => format!("{}:{base}", item.product_id),
            None => item.product_id.clone(),
        })
    }

    /// The account id that the app set.
    pub fn account(&self) -> Option<&str> {
        let identifiers = self.external_account_identifiers.as_ref();
        let account = identifiers.and_then(|ids| ids.obfuscated_external_account_id.as_deref());
        account.or(self.obfuscated_external_account_id.as_deref()).filter(|id| !id.is_empty())
    }

    /// The token of the purchase that this one replaced.
    pub fn linked(&self) -> Option<&str> {
        self.linked_purchase_token.as_deref()
    }

    /// Whether another purchase replaced it.
    pub fn is_replaced(&self) -> bool {
        self.canceled_state_context
            .as_ref()
            .is_some_and(|canceled| canceled.replacement_cancellation.is_some())
    }

    /// Whether it is a test purchase, which is free.
    pub fn is_test(&self) -> bool {
        self.test_purchase.is_some()
    }

    /// Whether it can be in its state after the notification. Notifications are late, so it may have progressed. But an
    /// ended subscription does not start again, and a pending purchase was not paid.
    pub fn agrees(&self, has_ended: bool) -> bool {
        let product = self.purchase_state_context.as_ref().map(|context| context.purchase_state.as_str());
        match self.subscription_state.as_deref() {
            Some(state) if has_ended => state == "SUBSCRIPTION_STATE_EXPIRED",
            Some("SUBSCRIPTION_STATE_PENDING" | "SUBSCRIPTION_STATE_PENDING_PURCHASE_CANCELED") => false,
            Some(_) => true,
            None => product == Some("PURCHASED"),
        }
    }
}

/// An order (`orders`).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    state: String,
    create_time: String,
    total: Option<Money>,
    order_history: Option<History>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct History {
    #[serde(default)]
    partial_refund_events: Vec<PartialRefund>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PartialRefund {
    state: String,
    refund_details: Option<RefundDetails>,
}

#[derive(Deserialize)]
struct RefundDetails {
    total: Option<Money>,
}

/// google.type.Money: fields that are zero are absent.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Money {
    currency_code: String,
    units: Option<String>,
    #[serde(default)]
    nanos: u32,
}

impl Money {
    /// The amount and its currency.
    fn read(&self) -> Result<(Amount, Currency), Unreadable> {
        let currency = Currency::parse(&self.currency_code);
        let currency = currency.ok_or_else(|| unreadable("currencyCode is not an ISO 4217 code"))?;
        let decimal = format!("{}.{:09}", self.units.as_deref().unwrap_or("0"), self.nanos);
        let amount = money::amount(&decimal, currency).and_then(Amount::without_sign);
        let amount = amount.filter(|_| self.nanos < 1_000_000_000);
        Ok((amount.ok_or_else(|| unreadable("an amount is not an amount of the currency"))?, currency))
    }
}

impl Order {
    /// What the customer paid including taxes, its currency, and when; `None` if it is unpaid or free.
    pub fn paid(&self) -> Result<Option<(Amount, Currency, Timestamp)>, Unreadable> {
        if !matches!(self.state.as_str(), "PROCESSED" | "PENDING_REFUND" | "PARTIALLY_REFUNDED" | "REFUNDED")
        {
            return Ok(None);
        }
        let total = self.total.as_ref().ok_or_else(|| unreadable("an order has no total"))?;
        let (amount, currency) = total.read()?;
        let at =
            Timestamp::parse(&self.create_time).ok_or_else(|| unreadable("createTime is not of RFC 3339"))?;
        Ok(Some((amount, currency, at)).filter(|_| amount.minor > 0))
    }

    /// Whether it was refunded completely.
    pub fn is_refunded(&self) -> bool {
        self.state == "REFUNDED"
    }

    /// Whether it was cancelled before it was paid.
    pub fn is_canceled(&self) -> bool {
        self.state == "CANCELED"
    }

    /// The refunds of a charge so far; `None` if there are none.
    pub fn refunded(&self, charge: &str, account: &str, at: Timestamp) -> Result<Option<Event>, Unreadable> {
        let event = |transaction: String| Event {
            charge: Some(charge.to_owned()),
            occurred_at: Some(at),
            ..Event::new(EventKind::Refunded, account, transaction, Evidence::ApiPoll)
        };
        if self.is_refunded() {
            return Ok(Some(event(format!("{charge}:refunded"))));
        }
        let history = self.order_history.iter().flat_map(|history| &history.partial_refund_events);
        let mut refunded_so_far: Option<(Amount, Currency)> = None;
        for part in history.filter(|part| part.state == "PROCESSED_SUCCESSFULLY") {
            let total = part.refund_details.as_ref().and_then(|details| details.total.as_ref());
            let (amount, currency) = total.ok_or_else(|| unreadable("a refund has no total"))?.read()?;
            let before = refunded_so_far.map_or(0, |(before, _)| before.minor);
            let minor = before.saturating_add(amount.minor);
            refunded_so_far = Some((Amount { minor, ..amount }, currency));
        }
        let event = |(amount, currency): (Amount, Currency)| {
            let refund = event(format!("{charge}:refunded:{}", amount.minor));
            Event { running_total: true, ..refund }.with_amount(amount, currency)
        };
        Ok(refunded_so_far.filter(|(amount, _)| amount.minor > 0).map(event))
    }
}
