//! Plans: the terms under which a credited partner earns commission. A plan is in force for a period, for all partners
//! or some, and on all listings or one. If several plans apply, the most specific one wins. A plan never changes once
//! it is in force, so its name permanently identifies the terms of a commission.

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
use serde::{Deserialize, Serialize};

/// Adds the derives that every part of the terms needs, with the JSON schema on native targets only.
macro_rules! terms {
    ($($(#[$doc:meta])* pub struct $name:ident {
        $($(#[doc = $fdoc:literal])* $(#[serde($attribute:ident)])? $field:ident: $type:ty,)*
    })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub struct $name { $($(#[doc = $fdoc])* $(#[serde($attribute)])? pub $field: $type,)* }
    )*};
}
pub(crate) use terms;

string_enum! {
    /// The amount that a rate applies to.
    #[derive(Default)]
    Base {
        /// The gross amount.
        #[default]
        Gross = "gross";
        /// The amount without tax, discount and shipping.
        Net = "net";
        /// The net amount without the marketplace's fees (the listing's `settings.fees`).
        NetOfFees = "net_of_fees";
    }
}

string_enum! {
    /// The sales of a month that a tier's rate applies to.
    #[derive(Default)]
    TierMode {
        /// The sale that reaches the tier, and later ones.
        #[default]
        FromThenOn = "from_then_on";
        /// All sales of the month; earlier sales receive an adjustment.
        WholeMonth = "whole_month";
    }
}

string_enum! {
    /// The scope of a cap.
    CapPer {
        /// One conversion.
        Conversion = "conversion";
        /// One customer, without a time limit.
        Customer = "customer";
        /// One calendar month.
        Month = "month";
    }
}

terms! {
    /// The partners and sales that a plan applies to. An absent field matches everything.
    #[derive(Default)]
    pub struct Target {
        /// One partner.
        partner_id: Option<PartnerId>,
        /// Partners with this recognition level (`tier` of the partner).
        tier: Option<String>,
        /// Partners of this kind.
        kind: Option<PartnerKind>,
        /// Sales on this listing.
        listing_id: Option<ListingId>,
    }

    /// A fixed amount for an event.
    pub struct Flat {
        /// The event.
        event: ConversionType,
        /// The amount in minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: Currency,
    }

    /// A rate that applies from a number of sales in a calendar month.
    pub struct Tier {
        /// The first sale of the month that the rate applies to: 1, 2, …
        from_sales: i64,
        /// The rate in basis points.
        rate_bp: i64,
    }

    /// A stage of a subscription.
    pub struct Step {
        /// The length in calendar months; `null` means without end, and the stage is the last.
        months: Option<i64>,
        /// The rate in basis points.
        rate_bp: i64,
    }

    /// The most that a partner earns under the plan.
    pub struct Cap {
        /// The scope of the cap.
        per: CapPer,
        /// The amount in minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: Currency,
    }

    /// A bonus for reaching a target in a calendar quarter, paid once per quarter.
    pub struct Bonus {
        /// The number of the partner's sales in the quarter that reaches the target, whatever plan they fall under.
        from_sales: Option<i64>,
        /// The revenue in the quarter that reaches the target: gross amounts, net of refunds.
        from_revenue: Option<Money>,
        /// The bonus in minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: Currency,
    }

    /// The terms under which a credited partner earns.
    pub struct Plan {
        /// The name, which commissions refer to. It is unique among plans and never reused.
        name: String,
        /// The first instant at which the plan is in force.
        effective_from: Timestamp,
        /// The first instant at which the plan is no longer in force; `null` means without end.
        effective_until: Option<Timestamp>,
        /// The partners and sales that the plan applies to.
        #[serde(default)]
        applies_to: Target,
        /// The amount that rates apply to.
        #[serde(default)]
        base: Base,
        /// The rate in basis points for conversions with an amount; if absent, they earn nothing.
        rate_bp: Option<i64>,
        /// Fixed amounts per event, in addition to the rate.
        #[serde(default)]
        flat: Vec<Flat>,
        /// Rates by the number of the partner's sales in the calendar month, whatever plan they fall under, in ascending
        /// order; `rate_bp` applies below the first.
        #[serde(default)]
        tiers: Vec<Tier>,
        /// The sales of a month that a tier's rate applies to.
        #[serde(default)]
        tier_mode: TierMode,
        /// Rates of subscriptions by the months since the customer's subscription started, in order; they take
        /// precedence over tiers. After a last stage that ends, the subscription earns nothing.
        #[serde(default)]
        recurring: Vec<Step>,
        /// Caps on what is earned.
        #[serde(default)]
        caps: Vec<Cap>,
        /// Quarterly targets.
        #[serde(default)]
        bonuses: Vec<Bonus>,
    }
}

/// Named terms that are in force for a period.
pub trait Dated: PartialEq {
    /// Returns the name.
    fn name(&self) -> &str;
    /// Returns the first instant at which the terms are in force.
    fn effective_from(&self) -> Timestamp;
    /// Returns the first instant at which they are no longer in force.
    fn effective_until(&self) -> Option<Timestamp>;
    /// Returns whether both terms cover the same subject and so must not overlap in time.
    fn has_same_subject(&self, other: &Self) -> bool;
    /// Returns a copy of these terms with another end.
    #[must_use]
    fn with_end(&self, until: Option<Timestamp>) -> Self;

    /// Returns whether the terms are in force at `at`.
    fn is_in_force_at(&self, at: Timestamp) -> bool {
        self.effective_from() <= at && self.effective_until().is_none_or(|until| at < until)
    }

    /// Returns whether both terms cover the same subject at some instant.
    fn overlaps(&self, other: &Self) -> bool {
        let before = |end: Option<Timestamp>, start: Timestamp| end.is_some_and(|end| end <= start);
        self.has_same_subject(other)
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
            fn has_same_subject(&self, other: &Self) -> bool {
                let same: fn(&Self, &Self) -> bool = $same;
                same(self, other)
            }
            fn with_end(&self, until: Option<$crate::values::time::Timestamp>) -> Self {
                Self { effective_until: until, ..self.clone() }
            }
        }
    };
}
pub(crate) use dated;

dated!(Plan, |one, other| one.applies_to == other.applies_to);

impl Plan {
    /// Returns whether some sale of the partner may fall under the plan.
    #[must_use]
    pub fn concerns(&self, partner: &Partner) -> bool {
        let listing = self.applies_to.listing_id.as_ref();
        self.applies_to.matches(partner, listing) && self.applies_to.precedes_own_rate(partner)
    }
}

impl Target {
    fn matches(&self, partner: &Partner, listing: Option<&ListingId>) -> bool {
        self.partner_id.as_ref().is_none_or(|id| *id == partner.id)
            && self.tier.as_ref().is_none_or(|tier| partner.tier.as_ref() == Some(tier))
            && self.kind.is_none_or(|kind| kind == partner.kind)
            && self.listing_id.as_ref().is_none_or(|id| Some(id) == listing)
    }

    /// Returns whether a plan for this target goes before the partner's own rate, if it has one.
    fn precedes_own_rate(&self, partner: &Partner) -> bool {
        partner.commission_bp.is_none() || self.partner_id.is_some()
    }

    /// Returns the specificity for comparison. Two targets that match the same sale and set the same fields are equal,
    /// so ties do not occur.
    fn specificity(&self) -> (bool, bool, bool, bool) {
        (self.partner_id.is_some(), self.tier.is_some(), self.kind.is_some(), self.listing_id.is_some())
    }
}

/// Selects the plan for a partner's sale on a listing: the most specific one in force that applies (partner before tier
/// before kind before listing). The partner's own rate takes precedence over all plans except those for that partner
/// alone.
#[must_use]
pub fn select<'p>(
    plans: &'p [Plan],
    partner: &Partner,
    listing: Option<&ListingId>,
    at: Timestamp,
) -> Option<&'p Plan> {
    let matching =
        plans.iter().filter(|plan| plan.is_in_force_at(at) && plan.applies_to.matches(partner, listing));
    let found = matching.max_by_key(|plan| plan.applies_to.specificity());
    found.filter(|plan| plan.applies_to.precedes_own_rate(partner))
}

/// Returns whether some of a partner's sales fall under a plan at `at`: on the plan's own listing, or, if it is for all
/// listings, wherever no more specific plan applies.
#[must_use]
pub fn is_open_to(plan: &Plan, plans: &[Plan], partner: &Partner, at: Timestamp) -> bool {
    let listing = plan.applies_to.listing_id.as_ref();
    select(plans, partner, listing, at).is_some_and(|selected| selected.name == plan.name)
}

/// A rate, and how it was determined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanRate {
    /// The plan's base rate.
    Plain(i64),
    /// The rate of a tier that the month's sales reached.
    Tiered(i64),
    /// The rate of a stage of the subscription.
    Recurring(i64),
    /// The last stage of the subscription has ended, so it earns nothing.
    RecurringOver,
}

impl PlanRate {
    /// Returns the rate in basis points.
    #[must_use]
    pub fn bp(self) -> i64 {
        match self {
            Self::Plain(bp) | Self::Tiered(bp) | Self::Recurring(bp) => bp,
            Self::RecurringOver => 0,
        }
    }
}

/// Adds calendar months to `at`. A day that the month does not have (31 February) becomes the month's last day.
fn plus_months(at: Timestamp, months: i64) -> Option<Timestamp> {
    let months = Months::new(u32::try_from(months).ok()?);
    let moved = DateTime::<Utc>::from_timestamp_millis(at.ms())?.checked_add_months(months)?;
    Timestamp::from_ms(moved.timestamp_millis())
}

/// Returns whether `months` calendar months have passed from `start` to `at`.
#[must_use]
pub fn months_passed(start: Timestamp, months: i64, at: Timestamp) -> bool {
    // An end beyond the year 9999 has not passed.
    plus_months(start, months).is_some_and(|end| end <= at)
}

impl Plan {
    /// Returns the rate for a conversion with an amount. `sale_no` is its position among the partner's sales of the
    /// month; `started` is when the customer's subscription began, or the conversion's own time if that is unknown.
    #[must_use]
    pub fn rate(&self, kind: ConversionType, sale_no: i64, started: Timestamp, at: Timestamp) -> PlanRate {
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
                    None => return PlanRate::Recurring(step.rate_bp),
                    Some(more) => months = months.saturating_add(more),
                }
                if !months_passed(started, months, at) {
                    return PlanRate::Recurring(step.rate_bp);
                }
            }
            return PlanRate::RecurringOver;
        }
        match self.tier_bp(sale_no).filter(|_| kind.is_sale()) {
            Some(rate_bp) => PlanRate::Tiered(rate_bp),
            None => PlanRate::Plain(self.rate_bp.unwrap_or(0)),
        }
    }

    /// Returns the rate in basis points of the tier that the month's `sale_no`-th sale is in, if it is in one.
    #[must_use]
    pub fn tier_bp(&self, sale_no: i64) -> Option<i64> {
        self.tiers.iter().rev().find(|tier| tier.from_sales <= sale_no).map(|tier| tier.rate_bp)
    }

    /// Returns whether the month's `sale_no`-th sale, under whatever plan, changes what the month's earlier sales earn by
    /// this plan.
    #[must_use]
    pub fn reaches_whole_month_tier(&self, sale_no: i64) -> bool {
        self.tier_mode == TierMode::WholeMonth && self.tiers.iter().any(|tier| tier.from_sales == sale_no)
    }
}
