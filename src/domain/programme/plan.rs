//! Plans: what a credited partner earns, as data. A plan holds from one instant to another, for all partners or for some,
//! on all listings or on one; of those that fit, the most particular one counts. One that has begun never changes, so its
//! name says for ever by which terms a commission was worked out.

use crate::{
    conversions::ConversionType,
    money::{Currency, Money},
    programme::partner::{Partner, PartnerKind},
    values::{
        id::{ListingId, PartnerId},
        string_enum::string_enum,
        time::Timestamp,
    },
};
use chrono::{DateTime, Months, Utc};
use json::FromJson;
use serde::{Deserialize, Serialize};

/// Derives what every part of the terms needs; the schema only where OpenAPI is made.
macro_rules! terms {
    ($($(#[$doc:meta])* pub struct $name:ident {
        $($(#[doc = $fdoc:literal])* $(#[serde($attribute:ident)])? $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, FromJson)]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub struct $name { $($(#[doc = $fdoc])* $(#[serde($attribute)])? pub $field: $type,)* }
    )*};
}
pub(crate) use terms;

string_enum! {
    /// What a rate is applied to.
    #[derive(Default)]
    Base {
        /// The amount as sent.
        #[default]
        Gross = "gross";
        /// The amount without tax, discount and shipping.
        Net = "net";
        /// That, without the marketplace's own fees (a listing's `settings.fees`).
        NetOfFees = "net_of_fees";
    }
}

string_enum! {
    /// To which sales of a month a tier's rate applies.
    #[derive(Default)]
    TierMode {
        /// To the sale that reaches it, and to those after it.
        #[default]
        FromThenOn = "from_then_on";
        /// To all of the month: what the earlier ones are short of is added to them.
        WholeMonth = "whole_month";
    }
}

string_enum! {
    /// Over what a cap adds up.
    CapPer {
        /// One conversion.
        Conversion = "conversion";
        /// One customer, for ever.
        Customer = "customer";
        /// One calendar month.
        Month = "month";
    }
}

terms! {
    /// Whom a plan is for; what is absent fits everyone and everything.
    #[derive(Default)]
    pub struct Target {
        /// One partner.
        partner_id: Option<PartnerId>,
        /// Partners with this recognition level (a partner's `tier`).
        tier: Option<String>,
        /// Partners of this kind.
        kind: Option<PartnerKind>,
        /// Sales on this listing.
        listing_id: Option<ListingId>,
    }

    /// A fixed amount for an event.
    pub struct Flat {
        /// For which event.
        event: ConversionType,
        /// How much, minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: Currency,
    }

    /// A rate that sales in a calendar month reach.
    pub struct Tier {
        /// From which sale of the month on: 1, 2, …
        from_sales: i64,
        /// Basis points.
        rate_bp: i64,
    }

    /// A stretch of a subscription.
    pub struct Step {
        /// Calendar months that it lasts; `null` = for ever, and it is the last.
        months: Option<i64>,
        /// Basis points.
        rate_bp: i64,
    }

    /// What a partner earns at most by the plan.
    pub struct Cap {
        /// Over what it adds up.
        per: CapPer,
        /// How much, minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: Currency,
    }

    /// What a partner gets on top when a calendar quarter reaches a target, once a quarter.
    pub struct Bonus {
        /// Sales in the quarter that reach it.
        from_sales: Option<i64>,
        /// Gross revenue in the quarter that reaches it.
        from_revenue: Option<Money>,
        /// How much, minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: Currency,
    }

    /// What a credited partner earns.
    pub struct Plan {
        /// Unique among the plans, and for ever; it stands on commissions.
        name: String,
        /// The first instant at which it holds.
        effective_from: Timestamp,
        /// The first instant at which it holds no longer; `null` = it does not end.
        effective_until: Option<Timestamp>,
        /// Whom it is for.
        #[serde(default)]
        applies_to: Target,
        /// What rates are applied to.
        #[serde(default)]
        base: Base,
        /// Basis points of what has an amount; nothing if absent.
        rate_bp: Option<i64>,
        /// Fixed amounts by event, besides the rate.
        #[serde(default)]
        flat: Vec<Flat>,
        /// Rates by sales in the calendar month, the fewest first; below the first `rate_bp` holds.
        #[serde(default)]
        tiers: Vec<Tier>,
        /// To which sales of the month a tier applies.
        #[serde(default)]
        tier_mode: TierMode,
        /// Rates of subscriptions by the months since the customer's began, in order; they go before tiers. After the last
        /// that ends nothing is earned.
        #[serde(default)]
        recurring: Vec<Step>,
        /// What is earned at most.
        #[serde(default)]
        caps: Vec<Cap>,
        /// Quarterly targets.
        #[serde(default)]
        bonuses: Vec<Bonus>,
    }
}

/// Terms that hold from one instant to another, under a name.
pub trait Dated: PartialEq {
    /// The name.
    fn name(&self) -> &str;
    /// From when on.
    fn effective_from(&self) -> Timestamp;
    /// Until when.
    fn effective_until(&self) -> Option<Timestamp>;
    /// Whether the other is for the very same.
    fn is_for_the_same(&self, other: &Self) -> bool;
    /// These terms with another end.
    #[must_use]
    fn ending(&self, until: Option<Timestamp>) -> Self;

    /// Whether they hold at an instant.
    fn holds_at(&self, at: Timestamp) -> bool {
        self.effective_from() <= at && self.effective_until().is_none_or(|until| at < until)
    }

    /// Whether both hold at some instant for the very same.
    fn overlaps(&self, other: &Self) -> bool {
        let before = |end: Option<Timestamp>, start: Timestamp| end.is_some_and(|end| end <= start);
        self.is_for_the_same(other)
            && !before(self.effective_until(), other.effective_from())
            && !before(other.effective_until(), self.effective_from())
    }
}

macro_rules! dated {
    ($name:ty, $same:expr) => {
        impl $crate::programme::plan::Dated for $name {
            fn name(&self) -> &str {
                &self.name
            }
            fn effective_from(&self) -> $crate::values::time::Timestamp {
                self.effective_from
            }
            fn effective_until(&self) -> Option<$crate::values::time::Timestamp> {
                self.effective_until
            }
            fn is_for_the_same(&self, other: &Self) -> bool {
                let same: fn(&Self, &Self) -> bool = $same;
                same(self, other)
            }
            fn ending(&self, until: Option<$crate::values::time::Timestamp>) -> Self {
                Self { effective_until: until, ..self.clone() }
            }
        }
    };
}
pub(crate) use dated;

dated!(Plan, |one, other| one.applies_to == other.applies_to);

impl Target {
    fn fits(&self, partner: &Partner, listing: Option<&ListingId>) -> bool {
        self.partner_id.as_ref().is_none_or(|id| *id == partner.id)
            && self.tier.as_ref().is_none_or(|tier| partner.tier.as_ref() == Some(tier))
            && self.kind.is_none_or(|kind| kind == partner.kind)
            && self.listing_id.as_ref().is_none_or(|id| Some(id) == listing)
    }

    /// How particular it is. Two that fit the same sale and name the same things are equal, so no two are a tie.
    fn rank(&self) -> (bool, bool, bool, bool) {
        (self.partner_id.is_some(), self.tier.is_some(), self.kind.is_some(), self.listing_id.is_some())
    }
}

/// The plan for a partner's sale on a listing: of those in force that fit, the most particular one (partner before tier
/// before kind before listing). A rate of the partner's own goes before all plans but those for it alone.
#[must_use]
#[inline]
pub fn select<'p>(
    plans: &'p [Plan],
    partner: &Partner,
    listing: Option<&ListingId>,
    at: Timestamp,
) -> Option<&'p Plan> {
    let fitting = plans.iter().filter(|plan| plan.holds_at(at) && plan.applies_to.fits(partner, listing));
    let found = fitting.max_by_key(|plan| plan.applies_to.rank());
    found.filter(|plan| partner.commission_bp.is_none() || plan.applies_to.partner_id.is_some())
}

/// By what a rate came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    /// The plan's own.
    Plain(i64),
    /// The month's sales reached it.
    Tiered(i64),
    /// A stretch of the subscription.
    Recurring(i64),
    /// The last stretch of the subscription is over: nothing is earned.
    RecurringOver,
}

impl Rate {
    /// Basis points.
    #[must_use]
    pub fn bp(self) -> i64 {
        match self {
            Self::Plain(bp) | Self::Tiered(bp) | Self::Recurring(bp) => bp,
            Self::RecurringOver => 0,
        }
    }
}

/// `at` moved by calendar months; what the month does not have (31 February) becomes its last day.
fn plus_months(at: Timestamp, months: i64) -> Option<Timestamp> {
    let months = Months::new(u32::try_from(months).ok()?);
    let moved = DateTime::<Utc>::from_timestamp_millis(at.ms())?.checked_add_months(months)?;
    Timestamp::from_ms(moved.timestamp_millis())
}

/// Whether `months` calendar months have passed from `start` to `at`.
#[must_use]
#[inline]
pub fn months_passed(start: Timestamp, months: i64, at: Timestamp) -> bool {
    // What lies beyond the year 9999 has not passed.
    plus_months(start, months).is_some_and(|end| end <= at)
}

impl Plan {
    /// The rate of what has an amount. `sale_no` is its place among the partner's sales of the month, `started` when the
    /// customer's subscription began (now, if this is all that is known of it).
    #[must_use]
    #[inline]
    pub fn rate(&self, kind: ConversionType, sale_no: i64, started: Timestamp, at: Timestamp) -> Rate {
        let is_subscription = match kind {
            ConversionType::SubscriptionStarted | ConversionType::SubscriptionRenewed => true,
            ConversionType::Lead
            | ConversionType::Install
            | ConversionType::Sale
            | ConversionType::Uninstall => false,
        };
        if is_subscription && !self.recurring.is_empty() {
            let mut months = 0i64;
            for step in &self.recurring {
                match step.months {
                    None => return Rate::Recurring(step.rate_bp),
                    Some(more) => months = months.saturating_add(more),
                }
                if !months_passed(started, months, at) {
                    return Rate::Recurring(step.rate_bp);
                }
            }
            return Rate::RecurringOver;
        }
        match self.tiers.iter().rev().find(|tier| kind.is_sale() && tier.from_sales <= sale_no) {
            Some(tier) => Rate::Tiered(tier.rate_bp),
            None => Rate::Plain(self.rate_bp.unwrap_or(0)),
        }
    }

    /// Whether a month's `sale_no`-th sale changes what the earlier ones of the month earn.
    #[must_use]
    #[inline]
    pub fn lifts_the_month(&self, sale_no: i64) -> bool {
        self.tier_mode == TierMode::WholeMonth && self.tiers.iter().any(|tier| tier.from_sales == sale_no)
    }
}
