//! Conversions: leads, installs, sales, subscriptions and uninstalls.

pub mod fraud;
pub mod qualification;

use crate::values::string_enum::string_enum;

string_enum! {
    /// The type of a conversion.
    ConversionType {
        /// A contact who showed interest. An operator may qualify it.
        Lead = "lead";
        /// The product was installed.
        Install = "install";
        /// A one-off sale.
        Sale = "sale";
        /// The first charge of a subscription.
        SubscriptionStarted = "subscription_started";
        /// A later charge of a subscription.
        SubscriptionRenewed = "subscription_renewed";
        /// The product was removed.
        Uninstall = "uninstall";
    }
}

impl ConversionType {
    /// Returns whether the type requires an amount and a currency.
    #[must_use]
    pub fn is_sale(self) -> bool {
        match self {
            Self::Sale | Self::SubscriptionStarted | Self::SubscriptionRenewed => true,
            Self::Lead | Self::Install | Self::Uninstall => false,
        }
    }

    /// Returns whether an amount of this type is revenue that earns commission.
    #[must_use]
    pub fn earns(self) -> bool {
        self != Self::Uninstall
    }
}

string_enum! {
    /// The reason that a commission stays pending until it is released; the most severe first.
    HeldReason {
        /// The message that reported the conversion is not signed and has not been confirmed.
        TransportOnly = "transport_only";
        /// The customer is the partner.
        SelfReferral = "self_referral";
        /// The browser loaded the link as part of a page instead of navigating to it.
        NotNavigation = "not_navigation";
        /// The partner was credited with more conversions in an hour than the limit.
        Velocity = "velocity";
        /// The conversion happened too soon after the click, or before it.
        ImpossibleTime = "impossible_time";
        /// The customer repeated an event that normally happens once.
        DuplicateCustomer = "duplicate_customer";
        /// The coupon leaked: many customers used it without a click of the partner.
        CouponLeakage = "coupon_leakage";
        /// An amount in the terms is in another currency and could not be applied.
        RateMissing = "rate_missing";
    }
}

impl HeldReason {
    /// Returns the flag of a commission that is or was held for this reason.
    #[must_use]
    pub fn flag(self) -> String {
        format!("held_{}", self.as_str())
    }

    /// Returns the reason that a flag stands for.
    #[must_use]
    pub fn from_flag(flag: &str) -> Option<Self> {
        flag.strip_prefix("held_").and_then(Self::parse)
    }
}

string_enum! {
    /// The source of a commission.
    CommissionSource {
        /// A conversion that the partner was credited with.
        Conversion = "conversion";
        /// The month reached a tier after that conversion.
        TierAdjustment = "tier_adjustment";
        /// A quarter reached a target.
        Bonus = "bonus";
        /// A sale in the partner's territory.
        Territory = "territory";
        /// A sale of a product that the partner shares.
        JointProduct = "joint_product";
        /// A commission of a partner that this one referred.
        Referral = "referral";
        /// A placement.
        Placement = "placement";
        /// A commission that was earned elsewhere and imported.
        Imported = "imported";
        /// What was owed when the programme moved here.
        OpeningBalance = "opening_balance";
    }
}

string_enum! {
    /// The status of a commission.
    CommissionStatus {
        /// Within the hold period.
        Pending = "pending";
        /// Payable.
        Payable = "payable";
        /// Paid.
        Paid = "paid";
        /// Fully reversed.
        Reversed = "reversed";
    }
}
