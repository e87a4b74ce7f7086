//! Coupons: codes for channels without clickable links, such as podcasts. A conversion that uses a partner's coupon
//! earns that partner commission.

use crate::{
    attribution::Reason,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{id::CouponId, string_enum::Metadata, text::is_ignorable, time::Timestamp},
};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_script::{Script, UnicodeScript};

/// The length of a code in characters, without surrounding whitespace.
pub const CODE_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=100;

/// A coupon as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: CouponId,
    /// The code as displayed.
    pub code: String,
    /// The partner that owns it.
    pub partner_no: PartnerNo,
    /// The only listing that it is valid for, if it is limited to one.
    pub listing_no: Option<ListingNo>,
    /// The first instant at which it is valid.
    pub effective_from: Timestamp,
    /// The first instant at which it is no longer valid.
    pub effective_until: Option<Timestamp>,
    /// Free-form annotations.
    pub metadata: Metadata,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// Returns the key under which codes are compared: without what nobody sees (characters that are not shown, and blanks around
/// it), with compatible characters as one (NFKC: full width, ligatures), in lower case.
#[must_use]
pub fn code_key(code: &str) -> String {
    let shown: String = code.nfkc().filter(|c| !is_ignorable(*c)).collect();
    shown.trim().to_lowercase().nfkc().collect()
}

/// Returns whether two codes are the same but for case and surrounding blanks.
#[must_use]
pub fn is_same_code(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Scripts that one language writes together.
const TOGETHER: [&[Script]; 3] = [
    &[Script::Han, Script::Hiragana, Script::Katakana],
    &[Script::Han, Script::Hangul],
    &[Script::Han, Script::Bopomofo],
];

/// Returns whether all letters of a code are of one script, or of scripts that one language writes together. A Latin code with
/// one Cyrillic letter looks like another code.
#[must_use]
pub fn is_of_one_script(code: &str) -> bool {
    let scripts: Vec<Script> = code
        .nfkc()
        .map(|c| c.script())
        .filter(|script| !matches!(script, Script::Common | Script::Inherited))
        .collect();
    let are_among = |allowed: &[Script]| scripts.iter().all(|script| allowed.contains(script));
    scripts.first().is_none_or(|first| are_among(&[*first]))
        || TOGETHER.iter().any(|allowed| are_among(allowed))
}

impl Coupon {
    /// Returns the first instant at which it is no longer valid.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        [self.effective_until, self.revoked_at].into_iter().flatten().min()
    }

    /// Returns whether both coupons are valid at some instant.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        let starts_before_end_of = |a: &Self, b: &Self| b.ends_at().is_none_or(|end| a.effective_from < end);
        let is_valid = |coupon: &Self| starts_before_end_of(coupon, coupon);
        is_valid(self)
            && is_valid(other)
            && starts_before_end_of(self, other)
            && starts_before_end_of(other, self)
    }

    /// Returns the reason that the coupon is not valid for a conversion at this time on this listing, or `None` if it
    /// is.
    #[must_use]
    pub fn rejection_reason(&self, occurred_at: Timestamp, listing_no: Option<ListingNo>) -> Option<Reason> {
        if self.ends_at().is_some_and(|end| occurred_at >= end) {
            Some(Reason::CouponExpired)
        } else if occurred_at < self.effective_from {
            Some(Reason::CouponNotBegun)
        } else if self.listing_no.is_some() && self.listing_no != listing_no {
            Some(Reason::CouponElsewhere)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_that_look_the_same_have_one_key() {
        for code in [
            "ada20",
            " ADA20 ",
            "A\u{200b}DA20",
            "AD\u{ad}A20",
            "ＡＤＡ２０",
            "\u{feff}Ada20\u{2060}",
            "\u{202e}ada20",
        ] {
            assert_eq!(code_key(code), "ada20", "{code:?}");
        }
        assert_eq!(code_key("ﬁsh"), "fish");
        assert_eq!(code_key("Cafe\u{301}"), code_key("CAFÉ"));
        assert_ne!(code_key("ada20"), code_key("аda20"), "a Cyrillic letter is another letter");
        assert!(is_same_code(" ada20", "ADA20") && !is_same_code("ADA20", "ＡＤＡ２０"));
    }

    #[test]
    fn letters_are_of_one_script() {
        for code in ["ADA-20 %", "café", "ΑΔΑ20", "скидка", "割引クーポン", "한국20", "123", "★★★", "ＡＤＡ"]
        {
            assert!(is_of_one_script(code), "{code}");
        }
        for code in ["АDA20", "ADΑ20", "ada한", "割引скидка", "クーポン한"] {
            assert!(!is_of_one_script(code), "{code}");
        }
    }
}
