//! Fraud rules: a pure function of facts and rules that returns the reasons to hold a commission. Suspect commissions
//! are held, not rejected, so that a person decides.

use crate::{
    conversions::{ConversionType, HeldReason},
    values::{email, time::Timestamp},
};
use serde::{Deserialize, Serialize};

/// The interval over which a partner's conversions are counted, in milliseconds.
pub const HOUR_MS: i64 = 60 * 60 * 1000;

/// The rules in force; a limit that is absent disables its rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "FraudRules"))]
pub struct Rules {
    /// Whether to hold commissions on the partner's own purchases.
    pub self_referral: bool,
    /// Whether to hold commissions for repeated events that normally happen once per customer: leads, installs and
    /// subscription starts.
    pub duplicate_customer: bool,
    /// The number of conversions per hour above which a partner's commissions are held.
    pub velocity_per_hour: Option<i64>,
    /// The minimum number of seconds between click and conversion; commissions for faster ones are held.
    pub min_seconds_from_click: Option<i64>,
    /// The number of customers per day above which commissions for coupon use without a click are held.
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
    /// The maximum of `velocity_per_hour`: the check reads as many rows.
    pub const MAX_VELOCITY: i64 = 10_000;
    /// The maximum of `min_seconds_from_click`: one day.
    pub const MAX_SECONDS_FROM_CLICK: i64 = 86_400;
    /// The maximum of `coupon_uses_per_day`.
    pub const MAX_COUPON_USES: i64 = 1_000_000;
}

/// The use of a coupon that belongs to the credited partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CouponUse {
    /// Whether the customer also clicked a link of that partner.
    pub has_click: bool,
    /// The number of customers who used it on the conversion's day (UTC), including this one.
    pub customers_in_day: i64,
}

/// The facts about a commission that is about to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The type of the conversion.
    pub kind: ConversionType,
    /// The customer's identifiers: ids and e-mail addresses.
    pub customer: Vec<&'a str>,
    /// The credited partner's identifiers: ids and the e-mail address.
    pub partner: Vec<&'a str>,
    /// Whether a marketplace reported an e-mail address of the customer that is also the partner's.
    pub has_partners_email: bool,
    /// When the conversion happened.
    pub occurred_at: Timestamp,
    /// The time of the credited click; absent if no click was credited.
    pub clicked_at: Option<Timestamp>,
    /// Whether a browser loaded the credited link as part of a page instead of navigating to it.
    pub is_embedded: bool,
    /// The number of conversions accepted in the preceding hour that the partner was credited with.
    pub conversions_in_last_hour: i64,
    /// Whether an earlier, credited conversion of the customer has the same type and listing, under another id.
    pub is_repeat: bool,
    /// The use of the partner's own coupon; absent if none was used or it is unknown.
    pub coupon: Option<CouponUse>,
}

/// Returns whether two identifiers are equal, ignoring surrounding whitespace and ASCII case, and in e-mail addresses
/// also a tag after `+`.
fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.trim(), other.trim());
    !one.is_empty()
        && (one.eq_ignore_ascii_case(other)
            || email::fold(one).is_some_and(|folded| email::fold(other) == Some(folded)))
}

/// Returns whether an event of this type normally happens once per customer.
#[must_use]
pub fn is_once_per_customer(kind: ConversionType) -> bool {
    match kind {
        ConversionType::Lead | ConversionType::Install | ConversionType::SubscriptionStarted => true,
        ConversionType::Sale | ConversionType::SubscriptionRenewed | ConversionType::Uninstall => false,
    }
}

/// Returns whether the conversion happened less than `seconds` after the click. Browsers can fill in and submit forms
/// at once, so a lead has no minimum; but no conversion can precede its click.
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

/// Returns the reasons to hold a commission, most severe first; empty if there are none.
#[must_use]
pub fn hold_reasons(facts: &Facts<'_>, rules: &Rules) -> Vec<HeldReason> {
    let is_self_referral = || {
        facts.has_partners_email
            || facts.customer.iter().any(|name| facts.partner.iter().any(|own| is_same(name, own)))
    };
    let too_soon = rules.min_seconds_from_click.zip(facts.clicked_at);
    let is_leaked = |(limit, used): (i64, CouponUse)| !used.has_click && used.customers_in_day > limit;
    [
        (rules.self_referral && is_self_referral(), HeldReason::SelfReferral),
        // No rule switches this off: a page can load a link as an image for each of its readers.
        (facts.is_embedded, HeldReason::NotNavigation),
        // The conversion itself is not in the count, so the limit is exceeded when the count reaches it.
        (
            rules.velocity_per_hour.is_some_and(|limit| facts.conversions_in_last_hour >= limit),
            HeldReason::Velocity,
        ),
        (too_soon.is_some_and(|(least, at)| is_too_soon(facts, at, least)), HeldReason::ImpossibleTime),
        (
            rules.duplicate_customer && is_once_per_customer(facts.kind) && facts.is_repeat,
            HeldReason::DuplicateCustomer,
        ),
        (rules.coupon_uses_per_day.zip(facts.coupon).is_some_and(is_leaked), HeldReason::CouponLeakage),
    ]
    .into_iter()
    .filter_map(|(applies, reason)| applies.then_some(reason))
    .collect()
}
