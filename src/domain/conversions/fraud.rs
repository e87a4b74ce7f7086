//! What makes a commission suspect: a pure function of facts and rules. What is suspect is held, never refused, so that a
//! person decides.

use crate::{
    conversions::{ConversionType, HeldReason},
    values::time::Timestamp,
};
use json::FromJson;
use serde::{Deserialize, Serialize};

/// The hour that a partner's pace is measured in, milliseconds.
pub const HOUR_MS: i64 = 60 * 60 * 1000;

/// Which rules are in force; a number that is absent switches its rule off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, FromJson)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "FraudRules"))]
pub struct Rules {
    /// Holds what partners earn of their own purchases.
    pub self_referral: bool,
    /// Holds what happens once to a customer and is told twice: leads, installs, subscriptions' beginnings.
    pub duplicate_customer: bool,
    /// Holds what a partner earns beyond so many conversions an hour.
    pub velocity_per_hour: Option<i64>,
    /// Holds what happened sooner after its click, in seconds.
    pub min_seconds_from_click: Option<i64>,
    /// Holds what a partner's coupon earns without a click, if more customers used it in a day.
    pub coupon_uses_per_day: Option<i64>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            self_referral: true,
            duplicate_customer: true,
            velocity_per_hour: None,
            min_seconds_from_click: None,
            coupon_uses_per_day: None,
        }
    }
}

impl Rules {
    /// The most conversions an hour that a limit may name: so many rows are read to see whether it is reached.
    pub const MAX_VELOCITY: i64 = 10_000;
    /// The longest time from the click that may be demanded, seconds: a day.
    pub const MAX_SECONDS_FROM_CLICK: i64 = 86_400;
    /// The most uses of a coupon a day that a limit may name.
    pub const MAX_COUPON_USES: i64 = 1_000_000;
}

/// How a coupon that the credited partner owns was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CouponUse {
    /// The customer also came by a click of that partner's.
    pub has_click: bool,
    /// Customers who used it in the conversion's day (UTC), this one included.
    pub customers_in_day: i64,
}

/// What is known of a commission about to be earned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<'a> {
    /// What happened.
    pub kind: ConversionType,
    /// What the customer is called: ids and e-mail addresses.
    pub customer: Vec<&'a str>,
    /// What the credited partner is called: ids and the e-mail address.
    pub partner: Vec<&'a str>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When the credited click was made; absent if no click earned it.
    pub clicked_at: Option<Timestamp>,
    /// Conversions accepted in the hour before that the partner was credited with.
    pub in_hour_before: i64,
    /// The customer did the same on the same listing before, under another id, and somebody was credited with it.
    pub is_repeat: bool,
    /// How the partner's own coupon was used; absent if none was, or it is not known.
    pub coupon: Option<CouponUse>,
}

/// Whether two texts name the same: without the blanks around them, and whatever the case of A to Z.
fn is_same(one: &str, other: &str) -> bool {
    let one = one.trim();
    !one.is_empty() && one.eq_ignore_ascii_case(other.trim())
}

/// Whether such a thing happens once to a customer.
#[must_use]
#[inline]
pub fn happens_once(kind: ConversionType) -> bool {
    match kind {
        ConversionType::Lead | ConversionType::Install | ConversionType::SubscriptionStarted => true,
        ConversionType::Sale | ConversionType::SubscriptionRenewed | ConversionType::Uninstall => false,
    }
}

/// Whether it happened sooner after its click than `seconds`. A form is sent as fast as a browser fills it in, so a lead
/// may be as fast as it likes; but nothing can have happened before the click that led to it.
fn is_too_soon(facts: &Facts<'_>, clicked_at: Timestamp, seconds: i64) -> bool {
    let least = match facts.kind {
        ConversionType::Lead => 0,
        ConversionType::Install
        | ConversionType::Sale
        | ConversionType::SubscriptionStarted
        | ConversionType::SubscriptionRenewed
        | ConversionType::Uninstall => seconds.saturating_mul(1000),
    };
    facts.occurred_at < clicked_at.plus_ms(least)
}

/// Why a commission should be held, the gravest reason first; nothing if it should not.
#[must_use]
#[inline]
pub fn suspicions(facts: &Facts<'_>, rules: &Rules) -> Vec<HeldReason> {
    let is_own = || facts.customer.iter().any(|name| facts.partner.iter().any(|own| is_same(name, own)));
    let too_soon = rules.min_seconds_from_click.zip(facts.clicked_at);
    let leaks = |(limit, used): (i64, CouponUse)| !used.has_click && used.customers_in_day > limit;
    [
        (rules.self_referral && is_own(), HeldReason::SelfReferral),
        // With this one it is more than the limit.
        (rules.velocity_per_hour.is_some_and(|limit| facts.in_hour_before >= limit), HeldReason::Velocity),
        (too_soon.is_some_and(|(least, at)| is_too_soon(facts, at, least)), HeldReason::ImpossibleTime),
        (
            rules.duplicate_customer && happens_once(facts.kind) && facts.is_repeat,
            HeldReason::DuplicateCustomer,
        ),
        (rules.coupon_uses_per_day.zip(facts.coupon).is_some_and(leaks), HeldReason::CouponLeakage),
    ]
    .into_iter()
    .filter_map(|(is_suspect, reason)| is_suspect.then_some(reason))
    .collect()
}
