//! The programme's terms.

use crate::{money::Currency, payer::Payer, words::words};
use json::FromJson;
use serde::{Deserialize, Serialize};

words! {
    /// How credit is shared among touches.
    Model {
        /// The newest touch earns all.
        LastTouch = "last_touch";
        /// The oldest touch earns all. Not yet served.
        FirstTouch = "first_touch";
        /// All touches earn the same. Not yet served.
        Linear = "linear";
        /// 40 % first, 40 % last, the rest shared. Not yet served.
        Position = "position";
        /// Newer touches earn more. Not yet served.
        TimeDecay = "time_decay";
    }
}

/// The programme, as stored.
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
    /// Commission in basis points of the amount, for partners without a rate of their own.
    pub commission_bp: i64,
    /// Who pays; payment files need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<Payer>,
}

impl Program {
    /// Days a touch may earn, if the operator sets none.
    pub const DEFAULT_WINDOW_DAYS: i64 = 30;
    /// Days of hold, if the operator sets none.
    pub const DEFAULT_HOLD_DAYS: i64 = 30;
    /// The click parameter, if the operator sets none.
    pub const DEFAULT_CLICK_PARAM: &'static str = "sp_click";
    /// 20 %, if the operator sets no rate.
    pub const DEFAULT_COMMISSION_BP: i64 = 2000;
}

/// Whether `text` may name the click parameter: `[A-Za-z][A-Za-z0-9_-]{0,31}`.
#[must_use]
#[inline]
pub fn is_click_param(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
