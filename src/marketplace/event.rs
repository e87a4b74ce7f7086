//! Events of a customer's account, in the terms that all marketplaces share.

use super::money::Amount;
use crate::domain::{
    money::Currency,
    values::{string_enum::string_enum, time::Timestamp},
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// The kind of an event.
    EventKind {
        /// The customer installed the product.
        Installed = "installed";
        /// The customer's subscription began, or the product was first used.
        Activated = "activated";
        /// The customer changed to another plan, or to none.
        PlanChanged = "plan_changed";
        /// The customer paid.
        Charged = "charged";
        /// The customer was refunded.
        Refunded = "refunded";
        /// The subscription is suspended, because the customer does not pay.
        Suspended = "suspended";
        /// A suspended subscription continues.
        Reinstated = "reinstated";
        /// The customer removed the product or ended the subscription.
        Uninstalled = "uninstalled";
    }
}

pub use super::signature::Evidence;

/// An event that a callback reports.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The marketplace's stable id of the customer's account, by which events are joined.
    pub account: String,
    /// Another name of the account that the message proves, if the first name is not proven. Once both are proven to
    /// belong together, this one decides.
    #[serde(default)]
    pub alias: Option<String>,
    /// The marketplace's id of the charge, the refund or the install. It is the same in every redelivery, and unique
    /// together with the kind.
    pub transaction: String,
    /// For a refund: the `transaction` of the refunded charge, if the vendor reports it.
    pub charge: Option<String>,
    /// Minor units of `currency`, never negative; `None` if the vendor does not report it.
    pub amount: Option<i64>,
    /// Whether `amount` had places beyond the minor unit and was rounded half up.
    #[serde(default)]
    pub is_rounded: bool,
    /// For a charge: whether `amount` is what the customer owes for it now, which its vendor reports again after each
    /// edit. An amount below the one that was recorded is a refund of the difference.
    #[serde(default)]
    pub is_current_total: bool,
    /// For a refund: whether it counts only if its charge is recorded. It does not wait for a charge, because an order
    /// that ended unpaid may be paid later.
    #[serde(default)]
    pub only_if_charged: bool,
    /// Fields that could not be read and were skipped, because the event counts without them: JSON Pointers.
    #[serde(default)]
    pub skipped: Vec<String>,
    /// For a refund: whether `amount` is the total refund of the charge so far, for vendors that do not report single
    /// refunds. The difference to the previous total is booked. An older total that arrives late books nothing.
    // A Worker that is one version older than the Ledger does not send this member.
    #[serde(default)]
    pub running_total: bool,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// The vendor's name of the plan.
    pub plan: Option<String>,
    /// When it happened, by the vendor's clock; `None` for now.
    pub occurred_at: Option<Timestamp>,
    /// How it is proven.
    pub evidence: Evidence,
    /// Unverified click ids that came with it, oldest first: from the visitor's cookie or from the vendor.
    pub clicks: Vec<String>,
    /// The coupon that was used.
    pub coupon: Option<String>,
}

impl Event {
    /// An event with the required members only.
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
            is_rounded: false,
            is_current_total: false,
            only_if_charged: false,
            skipped: Vec::new(),
            running_total: false,
            currency: None,
            plan: None,
            occurred_at: None,
            evidence,
            clicks: Vec::new(),
            coupon: None,
        }
    }

    /// The event with its amount.
    #[must_use]
    pub fn with_amount(self, amount: Amount, currency: Currency) -> Self {
        Self {
            amount: Some(amount.minor),
            is_rounded: amount.is_rounded,
            currency: Some(currency.code().to_owned()),
            ..self
        }
    }
}
