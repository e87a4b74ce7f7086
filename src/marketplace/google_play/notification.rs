//! Real-time developer notifications: which purchase changed, and how.

use super::super::{
    adapter::{Unreadable, unreadable},
    event::EventKind,
    google,
    signature::Verified,
};
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, de::IgnoredAny};

/// A notification about one of these.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// Unix milliseconds, as a text.
    event_time_millis: String,
    subscription_notification: Option<About>,
    one_time_product_notification: Option<About>,
    voided_purchase_notification: Option<About>,
    test_notification: Option<IgnoredAny>,
}

/// The purchase that a notification is about.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct About {
    /// The token, which gives access to the purchase in the API.
    pub purchase_token: String,
    #[serde(default)]
    notification_type: u32,
    /// Subscriptions: the product. Deprecated, so it may be absent.
    pub subscription_id: Option<String>,
    /// One-time products: the product.
    pub sku: Option<String>,
    /// Voided purchases.
    pub order_id: Option<String>,
    #[serde(default)]
    refund_type: u32,
}

/// What a notification reports.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing that concerns us.
    Nothing,
    /// The type is not one that the reference describes.
    Unknown,
    /// A subscription changed; the flag says whether something was paid too.
    Changed(EventKind, bool),
    /// A subscription ended.
    Ended,
    /// A payment, and nothing else.
    Paid,
    /// A one-time product was bought.
    Bought,
    /// A purchase was voided completely.
    Voided,
    /// A part of a purchase was voided.
    PartlyVoided,
}

impl Change {
    /// Whether something was paid.
    pub fn is_paid(self) -> bool {
        matches!(self, Self::Changed(_, true) | Self::Paid | Self::Bought)
    }
}

impl Notification {
    /// Reads a notification, and the id of its message.
    pub fn read(verified: &Verified<'_>) -> Result<(Self, String), Unreadable> {
        let (data, message_id) = google::pushed(verified)?;
        Ok((strict_json::from_str(&data)?, message_id))
    }

    /// What changed, and which purchase. The numbers are those of the reference.
    pub fn about(&self) -> (Change, Option<&About>) {
        if let Some(about) = &self.subscription_notification {
            let change = match about.notification_type {
                // Recovered from hold, or resumed.
                1 => Change::Changed(EventKind::Reinstated, true),
                2 => Change::Paid,
                4 => Change::Changed(EventKind::Activated, true),
                // On hold, and paused.
                5 | 10 => Change::Changed(EventKind::Suspended, false),
                // Revoked, and expired.
                12 | 13 => Change::Ended,
                17 => Change::Changed(EventKind::PlanChanged, true),
                // Cancelled, in grace, restarted, price confirmed, deferred, pause scheduled, cancellation scheduled, price
                // updated, pending purchase cancelled, consent updated: they only announce something, or another
                // notification follows.
                3 | 6..=9 | 11 | 18..=20 | 22 => Change::Nothing,
                _ => Change::Unknown,
            };
            return (change, Some(about));
        }
        if let Some(about) = &self.one_time_product_notification {
            let change = match about.notification_type {
                1 => Change::Bought,
                // A pending purchase was cancelled.
                2 => Change::Nothing,
                _ => Change::Unknown,
            };
            return (change, Some(about));
        }
        let about = self.voided_purchase_notification.as_ref();
        let change = match about.map(|about| about.refund_type) {
            Some(1) => Change::Voided,
            Some(2) => Change::PartlyVoided,
            None if self.test_notification.is_some() => Change::Nothing,
            Some(_) | None => Change::Unknown,
        };
        (change, about)
    }

    /// When the change happened.
    pub fn at(&self) -> Result<Timestamp, Unreadable> {
        let at = self.event_time_millis.parse().ok().and_then(Timestamp::from_ms);
        at.ok_or_else(|| unreadable("eventTimeMillis is not a time"))
    }
}
