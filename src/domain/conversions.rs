//! Conversions: what a visitor did in the end.

pub mod fraud;

use crate::values::string_enum::string_enum;

string_enum! {
    /// What happened.
    ConversionType {
        /// A qualified contact.
        Lead = "lead";
        /// The product was installed.
        Install = "install";
        /// A one-off sale.
        Sale = "sale";
        /// A subscription's first charge.
        SubscriptionStarted = "subscription_started";
        /// A subscription's later charge.
        SubscriptionRenewed = "subscription_renewed";
        /// The product was removed.
        Uninstall = "uninstall";
    }
}

impl ConversionType {
    /// Sales need an amount and a currency.
    #[must_use]
    pub fn is_sale(self) -> bool {
        match self {
            Self::Sale | Self::SubscriptionStarted | Self::SubscriptionRenewed => true,
            Self::Lead | Self::Install | Self::Uninstall => false,
        }
    }

    /// Whether an amount on it is revenue that earns commission.
    #[must_use]
    pub fn earns(self) -> bool {
        self != Self::Uninstall
    }
}

string_enum! {
    /// Why a commission does not become payable until it is released; the gravest first.
    HeldReason {
        /// The message that told of the conversion is not signed, and nobody confirmed it.
        TransportOnly = "transport_only";
        /// The customer is the partner.
        SelfReferral = "self_referral";
        /// The partner was credited with more conversions in an hour than it may be.
        Velocity = "velocity";
        /// It happened too soon after the click, or before it.
        ImpossibleTime = "impossible_time";
        /// The customer did the same before, and it happens only once.
        DuplicateCustomer = "duplicate_customer";
        /// The partner's coupon went round: many used it who had no click of the partner's.
        CouponLeakage = "coupon_leakage";
        /// An amount of the terms is in another currency, so it could not be taken into account.
        RateMissing = "rate_missing";
    }
}

impl HeldReason {
    /// The flag of a commission that is or was held for it.
    #[must_use]
    pub fn flag(self) -> String {
        format!("held_{}", self.as_str())
    }

    /// The reason that a flag tells of.
    #[must_use]
    pub fn of_flag(flag: &str) -> Option<Self> {
        flag.strip_prefix("held_").and_then(Self::parse)
    }
}

string_enum! {
    /// What earned a commission.
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
        /// What a partner earned whom this one brought.
        Referral = "referral";
        /// A post, video, session or issue.
        Placement = "placement";
    }
}

string_enum! {
    /// Where a commission stands.
    CommissionStatus {
        /// Within the hold.
        Pending = "pending";
        /// May be paid.
        Payable = "payable";
        /// Paid.
        Paid = "paid";
        /// Wholly taken back.
        Reversed = "reversed";
    }
}
