//! What an import consists of.

use crate::values::string_enum::string_enum;

/// The most lines of one import.
pub const MAX_LINES: usize = 1_000;

string_enum! {
    /// What a line of an import describes.
    ImportedObject {
        /// A partner.
        Partner = "partner";
        /// A listing.
        Listing = "listing";
        /// A link.
        Link = "link";
        /// A coupon.
        Coupon = "coupon";
        /// A visit through a link.
        Click = "click";
        /// A customer whose partner is known.
        Customer = "customer";
        /// A conversion.
        Conversion = "conversion";
        /// A refund of a conversion.
        Refund = "refund";
        /// A commission that was earned elsewhere.
        Commission = "commission";
        /// What was owed to a partner when the programme moved here.
        OpeningBalance = "opening_balance";
        /// A payment to a partner that was made elsewhere.
        Payout = "payout";
    }
}
