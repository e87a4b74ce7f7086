//! Which visitors get a cookie.

use crate::{clicks::click::Country, values::string_enum::string_enum};

string_enum! {
    /// Which visitors get the cookies that carry their click ids. Visitors who send `Sec-GPC: 1` never get one.
    #[derive(Default)]
    CookiePolicy {
        /// Every visitor.
        Always = "always";
        /// Visitors in the EEA, the United Kingdom and Switzerland only with their consent; every other visitor.
        #[default]
        ConsentRegions = "consent_regions";
        /// No visitor.
        Never = "never";
    }
}

/// The query parameter and the cookie that carry a visitor's consent, with the value `1`.
pub const CONSENT: &str = "sp_consent";

/// The members of the EEA, with the territories that the ISO 3166-1 codes list separately but to which the ePrivacy Directive
/// applies (outermost regions, Åland), the United Kingdom and Switzerland.
const CONSENT_REGIONS: &[&str] = &[
    "AT", "AX", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GF", "GP", "GR",
    "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MF", "MQ", "MT", "NL", "NO", "PL", "PT", "RE",
    "RO", "SE", "SI", "SK", "YT",
];

impl CookiePolicy {
    /// Returns whether a visitor from `country` gets a cookie.
    #[must_use]
    pub fn allows(self, country: Option<Country>, has_consent: impl Fn() -> bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::ConsentRegions => {
                !country.is_some_and(|country| CONSENT_REGIONS.contains(&country.as_str())) || has_consent()
            }
        }
    }
}

/// Returns whether a request carries the visitor's consent: `sp_consent=1` in its query or as a cookie.
#[must_use]
pub fn has_consent(query: &str, cookies: &str) -> bool {
    let is_given = |pair: &str| pair.trim().split_once('=') == Some((CONSENT, "1"));
    query.split('&').any(is_given) || cookies.split(';').any(is_given)
}
