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
use std::{cell::RefCell, collections::BTreeMap};

/// A JSON object whose values are kept as text. Of several members with one name, the last counts. An event needs some of
/// its members; the others are side fields, which are skipped and noted if they cannot be read.
pub struct Object<'t> {
    members: BTreeMap<String, &'t RawValue>,
    skipped: RefCell<Vec<String>>,
}

impl<'t> Object<'t> {
    /// Parses a text; `None` if it is not an object.
    pub fn read(text: &'t str) -> Option<Self> {
        serde_json::from_str(text).ok().map(|members| Self { members, skipped: RefCell::default() })
    }

    /// The object of this name.
    pub fn object(&self, name: &str) -> Option<Self> {
        self.members.get(name).and_then(|value| Self::read(value.get()))
    }

    /// The text of this name, or the digits of the number; `None` if it is empty.
    pub fn text(&self, name: &str) -> Option<String> {
        let raw = self.members.get(name)?.get();
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

    /// Whether a member has a value that is neither a text nor a number. PHP writes an unknown value as `null` or `false`.
    fn is_odd(&self, name: &str) -> bool {
        let raw = self.members.get(name).map(|raw| raw.get());
        raw.is_some_and(|raw| !matches!(raw, "null" | "false" | r#""""#)) && self.text(name).is_none()
    }

    /// A side field; `None` if it is empty or cannot be read.
    fn side(&self, name: &str) -> Option<String> {
        if self.is_odd(name) {
            self.skip(name);
        }
        self.text(name)
    }

    fn skip(&self, name: &str) {
        let (mut skipped, name) = (self.skipped.borrow_mut(), format!("/{name}"));
        if !skipped.contains(&name) {
            skipped.push(name);
        }
    }

    /// The object of this name if the event wraps it, or this object.
    fn inner(self, name: &str) -> Self {
        self.object(name).unwrap_or(self)
    }

    /// When it was created: in UTC, without a time zone.
    fn created_at(&self) -> Option<Timestamp> {
        let text = self.side("created_at")?;
        let at = Timestamp::parse(&format!("{text}Z"));
        if at.is_none() {
            self.skip("created_at");
        }
        at
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
    if let Some(customer) = order.side("customer_id").filter(|id| id != "0") {
        return format!("{listing_id}/customer:{customer}");
    }
    match order.side("customer_email") {
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
    order.side(field).or_else(extended).filter(|id| id.len() == CLICK_ID_LENGTH)
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

/// If an order lacks the number under which the instance stores it: whether it would count otherwise.
pub fn counts_once_stored(value: &Object<'_>) -> Option<bool> {
    let wrapped = value.object("order");
    let order = wrapped.as_ref().unwrap_or(value);
    let progress = order.text("state").as_deref().and_then(Progress::of);
    let counts = progress.is_some_and(|progress| progress != Progress::Unpaid);
    order.text("entity_id").is_none().then_some(counts)
}

/// How far an order has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// It is not paid, or not yet.
    Unpaid,
    /// It is paid.
    Paid,
    /// It ended. A closed order was credited as a whole. Neither end state is ever left, so the reversal waits for a charge
    /// that arrives late.
    Ended,
}

impl Progress {
    /// Reads the state of an order; `None` if the reference does not describe it.
    fn of(state: &str) -> Option<Self> {
        match state {
            "new" | "pending_payment" | "holded" | "payment_review" => Some(Self::Unpaid),
            "processing" | "complete" => Some(Self::Paid),
            "canceled" | "closed" => Some(Self::Ended),
            _ => None,
        }
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
    let progress = Progress::of(&order.required("state")?);
    let progress = progress.ok_or_else(|| unreadable("state is unknown"))?;
    if progress == Progress::Unpaid {
        return Ok(None);
    }
    // Credit memos refer to their order by this number. An order without it is not stored yet.
    let id = order.required("entity_id")?;
    let (transaction, account) = (format!("order:{id}"), account(&order, &id, &context.listing.id));
    let emails = AccountEmail::list(&account, order.side("customer_email"));
    if progress == Progress::Ended {
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
        coupon: order.side("coupon_code"),
        ..Event::new(EventKind::Charged, account, transaction, evidence)
    };
    let charge = Event { skipped: order.skipped.take(), ..charge };
    Ok(Some(Reported { event: charge.with_amount(amount, currency), emails }))
}

/// The refund of a credit memo; `None` if it is open or cancelled.
pub fn refund(
    value: Object<'_>,
    at: Option<Timestamp>,
    context: &CallbackContext<'_>,
    evidence: Evidence,
) -> Result<Option<Reported>, Unreadable> {
    let memo = value.inner("creditmemo");
    match memo.text("state").as_deref() {
        // Paid out, or not selected.
        Some("2") | None => {}
        // Open or cancelled.
        Some("1" | "3") => return Ok(None),
        Some(_) => return Err(unreadable("state is unknown")),
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
