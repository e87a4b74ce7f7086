//! Conversions: what a visitor did in the end.

use crate::words::words;

words! {
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

words! {
    /// Why a commission does not become payable until it is released.
    HeldReason {
        /// The message that told of the conversion is not signed, and nobody confirmed it.
        TransportOnly = "transport_only";
        /// An amount of the terms is in another currency, so it could not be taken into account.
        RateMissing = "rate_missing";
    }
}

words! {
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

words! {
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
