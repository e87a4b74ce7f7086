//! Coupons: codes that partners say where nobody can click. A coupon earns its partner what it is used for.

use crate::{
    attribution::Reason,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{id::CouponId, string_enum::Metadata, time::Timestamp},
};
use serde::{Deserialize, Serialize};

/// Characters of a code, without the blanks around it.
pub const CODE_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=100;

/// A coupon as stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coupon {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: CouponId,
    /// The code as people write it.
    pub code: String,
    /// Whose it is.
    pub partner_no: PartnerNo,
    /// The only listing where it counts.
    pub listing_no: Option<ListingNo>,
    /// From when on it counts.
    pub effective_from: Timestamp,
    /// Until when it counts.
    pub effective_until: Option<Timestamp>,
    /// Free annotations.
    pub metadata: Metadata,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// What two spellings of a code have in common: people write codes in any case, and paste blanks with them.
#[must_use]
#[inline]
pub fn code_key(code: &str) -> String {
    code.trim().to_lowercase()
}

impl Coupon {
    /// When it counts no more.
    #[must_use]
    #[inline]
    pub fn ends_at(&self) -> Option<Timestamp> {
        [self.effective_until, self.revoked_at].into_iter().flatten().min()
    }

    /// Whether there is a time at which both count.
    #[must_use]
    #[inline]
    pub fn overlaps(&self, other: &Self) -> bool {
        let begins_before_end_of = |a: &Self, b: &Self| b.ends_at().is_none_or(|end| a.effective_from < end);
        let counts = |coupon: &Self| begins_before_end_of(coupon, coupon);
        counts(self)
            && counts(other)
            && begins_before_end_of(self, other)
            && begins_before_end_of(other, self)
    }

    /// What is wrong with it for a conversion of this time on this listing; nothing if it counts.
    #[must_use]
    #[inline]
    pub fn refused(&self, occurred_at: Timestamp, listing_no: Option<ListingNo>) -> Option<Reason> {
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
