//! The groups of operations, in the order of the documentation.

/// A group of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tag {
    Programme,
    Keys,
    Partners,
    Listings,
    Links,
    Coupons,
    Conversions,
    Payouts,
    Reading,
    Webhooks,
    Visitors,
    Callbacks,
    Worker,
}

impl Tag {
    /// In the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Programme,
        Self::Keys,
        Self::Partners,
        Self::Listings,
        Self::Links,
        Self::Coupons,
        Self::Conversions,
        Self::Payouts,
        Self::Reading,
        Self::Webhooks,
        Self::Visitors,
        Self::Callbacks,
        Self::Worker,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Programme => "Programme",
            Self::Keys => "Keys",
            Self::Partners => "Partners",
            Self::Listings => "Listings",
            Self::Links => "Links",
            Self::Coupons => "Coupons",
            Self::Conversions => "Conversions",
            Self::Payouts => "Payouts",
            Self::Reading => "Reading",
            Self::Webhooks => "Webhooks",
            Self::Visitors => "Visitors",
            Self::Callbacks => "Callbacks",
            Self::Worker => "Worker",
        }
    }

    pub fn description(self) -> &'static str {
        match self {
            Self::Programme => "The terms that apply to all partners. One Worker serves one programme.",
            Self::Keys => "API keys and their scopes.",
            Self::Partners => {
                "The parties that refer customers: influencers, agencies, resellers, marketplaces and affiliate media."
            }
            Self::Listings => {
                "The places where the product is sold: its page on a marketplace, or the operator's own site."
            }
            Self::Links => {
                "Signed links that partners share. A link always leads to the host of its own listing."
            }
            Self::Coupons => "Codes for channels without clickable links, such as podcasts.",
            Self::Conversions => {
                "What visitors did after a click, who earned commission for it, and what refunds took back."
            }
            Self::Payouts => {
                "Payout runs, which one key creates and another approves; files for banks and payment providers; statements; \
                 and the results of payouts."
            }
            Self::Reading => "Reports, balances, and a feed of all changes for syncing.",
            Self::Webhooks => {
                "Endpoints of yours that receive events, signed by the rules of Standard Webhooks. The guide \
                 [Webhooks](/docs/guides/webhooks) explains how to receive and verify them."
            }
            Self::Visitors => "What visitors use. It needs no key, and no response waits for a database.",
            Self::Callbacks => {
                "What marketplaces call. `docs/marketplaces.md` lists the addresses of each marketplace and how its messages \
                 are verified."
            }
            Self::Worker => "Health checks and this documentation.",
        }
    }
}
