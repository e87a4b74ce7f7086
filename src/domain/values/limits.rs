//! The limits of request fields, each defined once: handlers check them, and the OpenAPI document states them.
//!
//! A field's name has the same meaning in every request, so it has the same limits. A limit that belongs to one rule of
//! the domain (the length of a coupon code, the bounds of the fraud rules) refers to the constant of that rule.

use crate::{
    conversions::fraud::Rules,
    money::WHOLE_BP,
    programme::coupon::CODE_CHARACTERS,
    values::text::{self, TextError},
};
use std::ops::RangeInclusive;

/// The length of a text in characters. It must not contain control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Text {
    /// Fewest characters.
    pub min: usize,
    /// Most characters.
    pub max: usize,
    /// Whether it is a name that people read, of which at least one character must be visible.
    pub is_name: bool,
}

impl Text {
    const fn up_to(max: usize) -> Self {
        Self { min: 1, max, is_name: false }
    }

    const fn name(max: usize) -> Self {
        Self { min: 1, max, is_name: true }
    }

    /// Checks a text.
    pub fn check(self, value: &str) -> Result<(), TextError> {
        text::check(value, self.min, self.max)?;
        if self.is_name { text::check_visible(value) } else { Ok(()) }
    }
}

/// The value of an integer, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Smallest value.
    pub min: i64,
    /// Largest value.
    pub max: i64,
}

/// The number of items of a list, inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// Fewest items.
    pub min: usize,
    /// Most items.
    pub max: usize,
}

impl Count {
    /// Whether a list of this length is accepted.
    #[must_use]
    pub fn contains(self, length: usize) -> bool {
        RangeInclusive::new(self.min, self.max).contains(&length)
    }
}

/// A limit of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Of a text.
    Text(Text),
    /// Of an integer.
    Range(Range),
    /// Of a list.
    Count(Count),
}

/// Defines constants, and [`of`], which finds them by the names of the fields that they limit.
macro_rules! limits {
    ($($kind:ident $name:ident = $value:expr, of $($field:literal)|+;)*) => {
        $(
            #[doc = concat!("Limits ", stringify!($($field),+), ".")]
            pub const $name: $kind = $value;
        )*

        /// The limit of the field with this name; `None` if it has none of these kinds.
        #[must_use]
        pub fn of(field: &str) -> Option<Limit> {
            match field {
                $($($field)|+ => Some(Limit::$kind($name)),)*
                _ => None,
            }
        }
    };
}

limits! {
    // Names and annotations.
    Text NAME = Text::name(200), of "name";
    Text TITLE = Text::name(200), of "title";
    Text EXTERNAL_ID = Text::up_to(255), of "external_id";
    Text CUSTOMER_ID = Text::up_to(255), of "customer_id";
    Text CAMPAIGN = Text::up_to(100), of "campaign";
    Text COUPON = Text::up_to(100), of "coupon";
    Text NOTE = Text::up_to(500), of "note";
    Text TIER = Text::up_to(40), of "tier";
    Text TIMEZONE = Text::up_to(64), of "timezone";
    Text CODE = Text { min: *CODE_CHARACTERS.start(), max: *CODE_CHARACTERS.end(), is_name: false }, of "code";

    // Attribution and programme terms.
    Range WINDOW_DAYS = Range { min: 1, max: 3650 }, of "window_days";
    Range HALF_LIFE_DAYS = Range { min: 1, max: 3650 }, of "half_life_days";
    Range HOLD_DAYS = Range { min: 0, max: 3650 }, of "hold_days";
    Range EVENT_RETENTION_DAYS = Range { min: 1, max: 3650 }, of "event_retention_days";
    Range VERSION = Range { min: 0, max: i64::MAX }, of "version";
    Range COMMISSION_BP = Range { min: 0, max: WHOLE_BP }, of "commission_bp";
    Range RATE_BP = Range { min: 0, max: WHOLE_BP }, of "rate_bp";
    Range VAT_RATE_BP = Range { min: 0, max: WHOLE_BP }, of "vat_rate_bp";
    Range TARGET_ROI_BP = Range { min: 1, max: 1_000_000 }, of "target_roi_bp";
    Range MONTHS = Range { min: 1, max: 600 }, of "months";
    Range FROM_SALES = Range { min: 1, max: 1_000_000_000 }, of "from_sales";
    Count TERMS = Count { min: 0, max: 200 }, of "plans" | "territories" | "joint_products";
    Count ENTRIES = Count { min: 0, max: 50 }, of "flat" | "tiers" | "recurring" | "caps" | "bonuses";
    Count COUNTRIES = Count { min: 1, max: 200 }, of "countries";

    // Fraud rules.
    Range VELOCITY_PER_HOUR = Range { min: 1, max: Rules::MAX_VELOCITY }, of "velocity_per_hour";
    Range MIN_SECONDS_FROM_CLICK = Range { min: 0, max: Rules::MAX_SECONDS_FROM_CLICK }, of "min_seconds_from_click";
    Range COUPON_USES_PER_DAY = Range { min: 1, max: Rules::MAX_COUPON_USES }, of "coupon_uses_per_day";

    // Installs.
    Text INSTALL_ID = Text::up_to(200), of "install_id";
    Text REFERRER = Text::up_to(4096), of "referrer";
    Text PACKAGE_NAME = Text::up_to(255), of "package_name";
    Text OBFUSCATED_ACCOUNT_ID = Text::up_to(64), of "obfuscated_account_id";
    Text INSTALL_VERSION = Text::up_to(100), of "install_version";
    // Up to the end of the year 9999.
    Range UNIX_SECONDS = Range { min: 0, max: 253_402_300_799 }, of "referrer_click_timestamp_seconds"
        | "install_begin_timestamp_seconds"
        | "referrer_click_timestamp_server_seconds"
        | "install_begin_timestamp_server_seconds";

    // Payees and payouts. The lengths of names and addresses are those of payment files (EPC217-08).
    Text LEGAL_NAME = Text::name(70), of "legal_name";
    Text TAX_ID = Text::up_to(50), of "tax_id";
    Text STREET = Text::up_to(70), of "street";
    Text POSTAL_CODE = Text::up_to(16), of "postal_code";
    Text CITY = Text::name(35), of "city";
    Text REFERENCE = Text::up_to(200), of "reference";
    Text REASON = Text::up_to(500), of "reason";

    // Lists of requests that write several rows.
    Count LINKS = Count { min: 1, max: 100 }, of "links";
    Count RATES = Count { min: 1, max: 1000 }, of "rates";
    Count RESULTS = Count { min: 1, max: 1000 }, of "results";
    Count ORIGINS = Count { min: 0, max: 20 }, of "origins" | "cors_origins";
    Range TTL_SECONDS = Range { min: 1, max: 3_600 }, of "ttl_seconds";
    Text DESCRIPTION = Text::up_to(500), of "description";
    Count EVENTS = Count { min: 1, max: 200 }, of "events";
    Count EVENT_IDS = Count { min: 1, max: 100 }, of "event_ids";
    Count SCOPES = Count { min: 1, max: usize::MAX }, of "scopes";
}

/// Most keys of `metadata`.
pub const METADATA_KEYS: usize = 50;
/// Length of a key of `metadata`.
pub const METADATA_KEY: Text = Text::up_to(40);
/// Length of a value of `metadata`.
pub const METADATA_VALUE: Text = Text { min: 0, max: 500, is_name: false };
/// Length of the name of a secret.
pub const SECRET_NAME: Text = Text::up_to(40);
/// Most bytes of a secret.
pub const MAX_SECRET_BYTES: usize = 8192;
/// Number of values that a secret has while it is being rotated.
pub const SECRET_VALUES: Count = Count { min: 1, max: 5 };
