//! The programme: its terms, partners, listings and related records.

pub mod agreement;
pub mod calendar;
pub mod cookies;
pub mod coupon;
pub mod id;
pub mod key;
pub mod listing;
pub mod listing_calls;
pub mod origin;
pub mod partner;
pub mod placement;
pub mod plan;

use crate::{
    attribution::rules::{Model, Precedence, RepeatCustomers, Rules},
    conversions::fraud,
    money::Currency,
    payouts::payer::Payer,
    programme::{
        agreement::{JointProduct, Referral, Territory},
        cookies::CookiePolicy,
        origin::Origin,
        plan::Plan,
    },
};
use serde::{Deserialize, Serialize};

/// The programme's terms as stored. Fields added in later versions default to the earlier behaviour when absent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Display name.
    pub name: String,
    /// The programme's own currency; conversions may be in any currency.
    pub currency: Currency,
    /// The URL for visitors whose link does not lead to a listing, or no longer does.
    pub landing_url: Option<String>,
    /// How credit is shared.
    pub model: Model,
    /// The number of days from click to conversion within which a touch may earn.
    pub window_days: i64,
    /// The number of days from the conversion until its commission becomes payable.
    pub hold_days: i64,
    /// The query parameter that carries the click id to the listing.
    pub click_param: String,
    /// The commission rate in basis points for partners without a plan or their own rate.
    pub commission_bp: i64,
    /// The number of times that the terms were set.
    #[serde(default)]
    pub version: i64,
    /// The IANA time zone of the months and quarters that terms refer to; UTC if absent.
    #[serde(default)]
    pub timezone: Option<String>,
    /// The number of the first conversion that counts towards plans: the first one after the programme had plans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_from: Option<i64>,
    /// Plans for credited partners.
    #[serde(default)]
    pub plans: Vec<Plan>,
    /// Territories that belong to partners.
    #[serde(default)]
    pub territories: Vec<Territory>,
    /// Products whose revenue is shared with a partner.
    #[serde(default)]
    pub joint_products: Vec<JointProduct>,
    /// The commission for referring other partners.
    #[serde(default)]
    pub referral: Option<Referral>,
    /// Rules for holding commissions.
    #[serde(default)]
    pub fraud: fraud::Rules,
    /// The half-life of a touch's weight in days for the time-decay model; absent means the default.
    #[serde(default)]
    pub half_life_days: Option<i64>,
    /// Whether coupons or clicks take precedence.
    #[serde(default)]
    pub precedence: Precedence,
    /// Whether new touches of a customer who has bought before may earn.
    #[serde(default)]
    pub repeat_customers: RepeatCustomers,
    /// Which visitors get a cookie.
    #[serde(default)]
    pub cookies: CookiePolicy,
    /// Whether partners see the customer ids and the metadata of the conversions that they are credited with.
    #[serde(default)]
    pub partners_see_customers: bool,
    /// The origins of web pages that may call the API from a browser.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cors_origins: Vec<Origin>,
    /// Where mail about the programme goes, and where partners write to with questions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_email: Option<String>,
    /// The number of days after which events are only in the KV log.
    #[serde(default = "Program::default_event_retention_days")]
    pub event_retention_days: i64,
    /// The payer, which payment files require.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<Payer>,
}

impl Program {
    /// The default of `window_days`.
    pub const DEFAULT_WINDOW_DAYS: i64 = 30;
    /// The default of `half_life_days`.
    pub const DEFAULT_HALF_LIFE_DAYS: i64 = 7;
    /// The default of `hold_days`.
    pub const DEFAULT_HOLD_DAYS: i64 = 30;
    /// The default of `click_param`.
    pub const DEFAULT_CLICK_PARAM: &'static str = "sp_click";
    /// The default of `timezone`.
    pub const DEFAULT_TIMEZONE: &'static str = "UTC";
    /// The default of `event_retention_days`.
    pub const DEFAULT_EVENT_RETENTION_DAYS: i64 = 30;
    /// The default of `commission_bp`: 20 %.
    pub const DEFAULT_COMMISSION_BP: i64 = 2000;

    fn default_event_retention_days() -> i64 {
        Self::DEFAULT_EVENT_RETENTION_DAYS
    }

    /// Returns the IANA time zone of the months and quarters that terms refer to.
    #[must_use]
    pub fn zone(&self) -> &str {
        self.timezone.as_deref().unwrap_or(Self::DEFAULT_TIMEZONE)
    }

    /// Returns the rules of attribution.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            model: self.model,
            window_days: self.window_days,
            half_life_days: self.half_life_days.unwrap_or(Self::DEFAULT_HALF_LIFE_DAYS),
            precedence: self.precedence,
            repeat_customers: self.repeat_customers,
        }
    }
}

/// Returns whether `text` may name the click parameter: `[A-Za-z][A-Za-z0-9_-]{0,31}`.
#[must_use]
pub fn is_click_param(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
