//! The programme's terms.

pub mod agreement;
pub mod calendar;
pub mod coupon;
pub mod id;
pub mod key;
pub mod listing;
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
        plan::Plan,
    },
};
use json::FromJson;
use serde::{Deserialize, Serialize};

/// The programme, as stored. What was added later is absent in what was stored before, and then means what held then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, FromJson)]
pub struct Program {
    /// Display name.
    pub name: String,
    /// The programme's own currency; conversions may come in any.
    pub currency: Currency,
    /// Where visitors go whose link does not (or no longer) lead to a listing.
    pub landing_url: Option<String>,
    /// How credit is shared.
    pub model: Model,
    /// Days from click to conversion within which a touch may earn.
    pub window_days: i64,
    /// Days from conversion until its commission may be paid.
    pub hold_days: i64,
    /// The query parameter that carries the click id to the listing.
    pub click_param: String,
    /// Commission in basis points of the amount, for partners without a plan or a rate of their own.
    pub commission_bp: i64,
    /// How often the terms were set.
    #[serde(default)]
    pub version: i64,
    /// IANA zone of the months and quarters by which terms count; UTC if absent.
    #[serde(default)]
    pub timezone: Option<String>,
    /// The number of the first conversion that is counted for plans: the first after the programme had any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_from: Option<i64>,
    /// What credited partners earn.
    #[serde(default)]
    pub plans: Vec<Plan>,
    /// Regions that belong to a partner.
    #[serde(default)]
    pub territories: Vec<Territory>,
    /// Products whose revenue a partner shares.
    #[serde(default)]
    pub joint_products: Vec<JointProduct>,
    /// What those earn who bring partners.
    #[serde(default)]
    pub referral: Option<Referral>,
    /// What is held.
    #[serde(default)]
    pub fraud: fraud::Rules,
    /// Days in which the weight of a touch halves, for time decay; absent = the default.
    #[serde(default)]
    pub half_life_days: Option<i64>,
    /// What wins where a coupon was used and a link was clicked.
    #[serde(default)]
    pub precedence: Precedence,
    /// What new touches of a customer earn who has bought before.
    #[serde(default)]
    pub repeat_customers: RepeatCustomers,
    /// Who pays; payment files need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<Payer>,
}

impl Program {
    /// Days a touch may earn, if the operator sets none.
    pub const DEFAULT_WINDOW_DAYS: i64 = 30;
    /// Days in which the weight of a touch halves, if the operator sets none.
    pub const DEFAULT_HALF_LIFE_DAYS: i64 = 7;
    /// Days of hold, if the operator sets none.
    pub const DEFAULT_HOLD_DAYS: i64 = 30;
    /// The click parameter, if the operator sets none.
    pub const DEFAULT_CLICK_PARAM: &'static str = "sp_click";
    /// The zone of months and quarters, if the operator sets none.
    pub const DEFAULT_TIMEZONE: &'static str = "UTC";
    /// 20 %, if the operator sets no rate.
    pub const DEFAULT_COMMISSION_BP: i64 = 2000;

    /// The rules of attribution.
    #[must_use]
    #[inline]
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

/// Whether `text` may name the click parameter: `[A-Za-z][A-Za-z0-9_-]{0,31}`.
#[must_use]
#[inline]
pub fn is_click_param(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
