//! What a conversion added to the counters of the terms. It is kept with the conversion, so that its refunds subtract from
//! the same counters.

use crate::store::commissions::usage_counters::Usage;
use serde::{Deserialize, Serialize};

/// The periods in which a sale is counted, as the programme's time zone was when it was counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountedPeriods {
    /// The month, such as `2026-10`.
    pub month: String,
    /// The quarter, such as `2026-Q4`.
    pub quarter: String,
}

/// What a conversion added to the counters of the terms.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The periods in which it is among its partners' sales; absent if it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub periods: Option<CountedPeriods>,
    /// What it bore of a marketplace's monthly fee and of the costs of joint products, in minor units, before refunds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub borne: Vec<Usage>,
}

impl Counted {
    /// Returns this, or `None` if nothing was counted.
    #[must_use]
    pub fn some(self) -> Option<Self> {
        (self != Self::default()).then_some(self)
    }
}
