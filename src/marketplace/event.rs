//! What a marketplace tells of a customer, in our own words, whatever words its vendor has for it.

use crate::domain::values::{string_enum::string_enum, time::Timestamp};
use json::FromJson;
use serde::Serialize;

string_enum! {
    /// What happened.
    EventKind {
        /// The customer installed the product.
        Installed = "installed";
        /// The customer's subscription began, or the product was first used.
        Activated = "activated";
        /// The customer has another plan, or none any more.
        PlanChanged = "plan_changed";
        /// The customer paid.
        Charged = "charged";
        /// The customer got money back.
        Refunded = "refunded";
        /// The subscription is suspended: the customer does not pay.
        Suspended = "suspended";
        /// A suspended subscription goes on.
        Reinstated = "reinstated";
        /// The customer removed the product or ended the subscription.
        Uninstalled = "uninstalled";
    }
}

pub use super::signature::Evidence;

/// One thing that a callback tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromJson)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The marketplace's stable id of the customer's account: what events are joined by.
    pub account: String,
    /// Another name of the account that the message proves, where the first one is hearsay: once both have been proven to be
    /// the same, it decides.
    #[serde(default)]
    pub alias: Option<String>,
    /// The marketplace's id of this very event (of the charge, of the refund, of the install): the same in every
    /// redelivery, unique with the kind.
    pub transaction: String,
    /// For a refund, the `transaction` of the charge it takes back, if the vendor says.
    pub charge: Option<String>,
    /// Minor units of `currency`, never negative; nothing where the vendor does not say.
    pub amount: Option<i64>,
    /// For a refund, `amount` is all that was given back of the charge so far, where the vendor tells no single refunds:
    /// what is booked is what it has more than was given back before. An older total that comes late books nothing.
    // A Worker that is a version older than the Ledger does not say it.
    #[serde(default)]
    pub running_total: bool,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// The plan, in the vendor's word.
    pub plan: Option<String>,
    /// When it happened, by the vendor's clock; nothing = now.
    pub occurred_at: Option<Timestamp>,
    /// What stands behind it.
    pub evidence: Evidence,
    /// Click ids that came with it, oldest first: of the visitor's cookie, or carried by the vendor. Unverified.
    pub clicks: Vec<String>,
    /// Coupon that was used.
    pub coupon: Option<String>,
}

impl Event {
    /// An event with nothing but what every event has.
    #[must_use]
    pub fn new(
        kind: EventKind,
        account: impl Into<String>,
        transaction: impl Into<String>,
        evidence: Evidence,
    ) -> Self {
        Self {
            kind,
            account: account.into(),
            alias: None,
            transaction: transaction.into(),
            charge: None,
            amount: None,
            running_total: false,
            currency: None,
            plan: None,
            occurred_at: None,
            evidence,
            clicks: Vec::new(),
            coupon: None,
        }
    }
}
