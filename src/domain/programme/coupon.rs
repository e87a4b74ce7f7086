//! Coupons: codes for channels without clickable links, such as podcasts. A conversion that uses a partner's coupon
//! earns that partner commission.

use crate::{
    attribution::Reason,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{id::CouponId, string_enum::Metadata, time::Timestamp},
};
use serde::{Deserialize, Serialize};

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

/// Returns the key under which codes are compared: lower case, without surrounding whitespace.
#[must_use]
pub fn code_key(code: &str) -> String {
    code.trim().to_lowercase()
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
