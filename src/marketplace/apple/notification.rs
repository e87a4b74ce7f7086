//! App Store Server Notifications, version 2.
//!
//! Apple repeats notifications for days and sends them in no particular order. A charge is identified by its
//! transaction, so that several notifications about the same transaction book it once.

use super::{
    super::{
        adapter::{
            AccountName, CallbackContext, CallbackResponse, ParsedCallback, Reply, Unreadable, unreadable,
        },
        event::{Event, EventKind},
        money::{self, Amount},
        payload,
        signature::{Expected, Refusal, TokenScheme, Trust, Verified},
    },
    app::{app_apple_id, environment},
};
use crate::domain::{
    money::{Currency, share_half_up},
    values::time::Timestamp,
};
use serde_json::Value as Json;

/// 100 %, in thousandths of a percent.
const WHOLE: i64 = 100_000;
/// An app without a token for a customer may send this one.
const NIL_UUID: &str = "00000000-0000-0000-0000-000000000000";

/// Verifies a notification, and each token in it, for this app in this environment.
pub fn verify<'a>(context: &CallbackContext<'a>, trust: &Trust) -> Result<Verified<'a>, Refusal> {
    let expected = Expected {
        audiences: context.listing.texts("bundle_id"),
        app_apple_id: app_apple_id(context),
        environment: Some(environment(context)?),
        ..Expected::default()
    };
    TokenScheme::AppleAsnV2.verify(&context.callback, trust, &expected, context.now)
}

/// The amount of a price in thousandths of the currency's unit.
fn amount(price: i64, currency: Currency) -> Option<Amount> {
    let (whole, part) = (price.checked_div(1000)?, price.checked_rem(1000)?);
    money::amount(&format!("{whole}.{part:03}"), currency).and_then(Amount::without_sign)
}

/// How a notification changes the status of the customer's account; `None` if it does not.
fn status_change(kind: &str, subtype: &str) -> Option<EventKind> {
    match (kind, subtype) {
        ("SUBSCRIBED" | "OFFER_REDEEMED", "RESUBSCRIBE") | ("DID_RENEW", "BILLING_RECOVERY") => {
            Some(EventKind::Reinstated)
        }
        ("OFFER_REDEEMED" | "DID_CHANGE_RENEWAL_PREF", "UPGRADE") => Some(EventKind::PlanChanged),
        // It takes effect at the next renewal, which has the new plan.
        ("OFFER_REDEEMED", "DOWNGRADE") => None,
        ("SUBSCRIBED" | "OFFER_REDEEMED" | "DID_RENEW", _) => Some(EventKind::Activated),
        // A subscription continues during its grace period.
        ("DID_FAIL_TO_RENEW", "GRACE_PERIOD") => None,
        ("DID_FAIL_TO_RENEW" | "GRACE_PERIOD_EXPIRED", _) => Some(EventKind::Suspended),
        ("EXPIRED" | "REVOKE", _) => Some(EventKind::Uninstalled),
        _ => None,
    }
}

/// Types that change nothing here.
const IGNORED: [&str; 13] = [
    "CONSUMPTION_REQUEST",
    "DID_CHANGE_RENEWAL_PREF",
    "DID_CHANGE_RENEWAL_STATUS",
    "EXTERNAL_PURCHASE_TOKEN",
    "METADATA_UPDATE",
    "MIGRATION",
    "PRICE_CHANGE",
    "PRICE_INCREASE",
    "REFUND_DECLINED",
    "RENEWAL_EXTENDED",
    "RENEWAL_EXTENSION",
    "RESCIND_CONSENT",
    "TEST",
];

/// Whether a type is one that the reference describes. Another one may move money in a way that nobody knows yet.
fn is_known(kind: &str) -> bool {
    let moves = matches!(kind, "REFUND" | "REVOKE" | "REFUND_REVERSED") || is_purchase(kind, "");
    moves || IGNORED.contains(&kind) || status_change(kind, "").is_some()
}

/// Whether the transaction of a notification is a purchase.
fn is_purchase(kind: &str, subtype: &str) -> bool {
    match kind {
        "SUBSCRIBED" | "DID_RENEW" | "ONE_TIME_CHARGE" => true,
        "OFFER_REDEEMED" => subtype != "DOWNGRADE",
        "DID_CHANGE_RENEWAL_PREF" => subtype == "UPGRADE",
        _ => false,
    }
}

/// A verified transaction.
struct Transaction<'t> {
    json: &'t Json,
    id: &'t str,
    account: String,
    at: Option<Timestamp>,
    verified: &'t Verified<'t>,
}

impl Transaction<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.json.get(name)?.as_str()
    }

    fn time(&self, name: &str) -> Option<Timestamp> {
        Timestamp::from_ms(self.json.get(name)?.as_i64()?)
    }

    /// The name of its charge.
    fn name(&self) -> String {
        format!("transaction:{}", self.id)
    }

    /// What was paid; `None` if it is free or paid by another family member.
    fn price(&self) -> Result<Option<(Amount, Currency)>, Unreadable> {
        if self.text("inAppOwnershipType") == Some("FAMILY_SHARED") {
            return Ok(None);
        }
        let price = self.json.get("price").and_then(Json::as_i64).filter(|price| *price >= 0);
        let price = price.ok_or_else(|| unreadable("/transaction/price is not an amount"))?;
        let currency = self.text("currency").and_then(Currency::parse);
        let currency = currency.ok_or_else(|| unreadable("/transaction/currency is not an ISO 4217 code"))?;
        let amount =
            amount(price, currency).ok_or_else(|| unreadable("/transaction/price is out of range"))?;
        Ok(Some((amount, currency)).filter(|(amount, _)| amount.minor > 0))
    }

    /// The refunded part of the price so far, in thousandths of a percent.
    fn refunded_share(&self) -> Result<i64, Unreadable> {
        if self.json.get("advancedCommerceInfo").is_some() {
            return Err(unreadable("a refund of Advanced Commerce is reported by item"));
        }
        match self.json.get("revocationPercentage") {
            None if self.text("revocationType") != Some("REFUND_PRORATED") => Ok(WHOLE),
            share => share
                .and_then(Json::as_i64)
                .filter(|percentage| (0..=WHOLE).contains(percentage))
                .ok_or_else(|| unreadable("/transaction/revocationPercentage is not a percentage")),
        }
    }

    fn event(&self, kind: EventKind, name: String, at: Option<Timestamp>) -> Event {
        Event {
            plan: self.text("productId").map(str::to_owned),
            occurred_at: at,
            ..Event::new(kind, &self.account, name, self.verified.evidence())
        }
    }

    fn paid(
        &self,
        kind: EventKind,
        name: String,
        at: Option<Timestamp>,
        (amount, currency): (Amount, Currency),
    ) -> Event {
        self.event(kind, name, at).with_amount(amount, currency)
    }

    /// The charge or refund that a notification reports.
    fn money(&self, kind: &str, subtype: &str, notification: &str) -> Result<Option<Event>, Unreadable> {
        let is_reversal = kind == "REFUND_REVERSED";
        let is_refund = matches!(kind, "REFUND" | "REVOKE");
        if !is_reversal && !is_refund && !is_purchase(kind, subtype) {
            return Ok(None);
        }
        let Some((price, currency)) = self.price()? else { return Ok(None) };
        Ok(Some(match kind {
            // A revoked purchase of the customer's own was refunded. A family member's has no price.
            "REFUND" | "REVOKE" => {
                let total = share_half_up(price.minor, self.refunded_share()?, WHOLE);
                let total = total.ok_or_else(|| unreadable("the refund is not an amount"))?;
                let name = format!("refund:{}:{total}", self.id);
                let total = Amount { minor: total, ..price };
                let refund =
                    self.paid(EventKind::Refunded, name, self.time("revocationDate"), (total, currency));
                Event { charge: Some(self.name()), running_total: true, ..refund }
            }
            _ if is_reversal => {
                let name = format!("reversal:{notification}");
                self.paid(EventKind::Charged, name, self.at, (price, currency))
            }
            _ => {
                let at = self.time("purchaseDate");
                self.paid(EventKind::Charged, self.name(), at, (price, currency))
            }
        }))
    }
}

/// The token that the app set on a purchase.
fn token(transaction: &Json) -> Option<String> {
    let token = transaction.get("appAccountToken")?.as_str()?.to_ascii_lowercase();
    (!token.is_empty() && token != NIL_UUID).then_some(token)
}

/// Parses a notification.
pub fn parse(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let verified_json: Json = payload::read(verified)?;
    let field = |pointer: &str| verified_json.pointer(pointer).and_then(Json::as_str);
    let kind = field("/notification/notificationType");
    let kind = kind.ok_or_else(|| unreadable("there is no notificationType"))?;
    let answer = |events| ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200)));
    if !is_known(kind) {
        return Ok(answer(Vec::new()).unknown("notificationType"));
    }
    // A test notification, or one that is not about a purchase.
    let Some(json) = verified_json.get("transaction") else { return Ok(answer(Vec::new())) };
    let subtype = field("/notification/subtype").unwrap_or_default();
    let required = |pointer| field(pointer).ok_or_else(|| unreadable(format!("{pointer} is missing")));
    let (id, original) =
        (required("/transaction/transactionId")?, required("/transaction/originalTransactionId")?);
    let token = token(json);
    let account = token.clone().unwrap_or_else(|| original.to_owned());
    let transaction = Transaction { json, id, account, at: verified.signed_at(), verified };
    let mut events = Vec::new();
    if let Some(kind) = status_change(kind, subtype) {
        let name = if kind == EventKind::Uninstalled { "ended" } else { "standing" };
        events.push(transaction.event(kind, format!("{name}:{id}"), verified.signed_at()));
    }
    events.extend(transaction.money(kind, subtype, required("/notification/notificationUUID")?)?);
    // Only the first purchase joins the names. Someone who subscribes again with another token is another customer of
    // the app, although Apple continues the same subscription.
    let name = |account| AccountName { alias: original.to_owned(), account };
    let names = token.filter(|_| id == original).map(name).into_iter().collect();
    Ok(ParsedCallback { names, ..answer(events) })
}
