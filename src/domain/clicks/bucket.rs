//! The buckets that count visits. Every visit is in exactly one.

use crate::clicks::click::coded;

coded! {
    /// The bucket of a visit. The first that applies wins, in this order: invalid, expired, revoked, prefetch, bot,
    /// duplicate, human. The codes are stored and are part of count deltas, so they must never change.
    Bucket {
        /// A click that appears to come from a person.
        Human = 0, "human";
        /// A person's click within an hour of a counted click by the same visitor on the same link.
        Duplicate = 1, "duplicate";
        /// A crawler, a link preview, a script, an empty user agent, or a HEAD request.
        Bot = 2, "bot";
        /// A prefetch or prerender, or a link that was loaded as part of a page.
        Prefetch = 3, "prefetch";
        /// A visit to a link that is revoked, or whose partner is paused or terminated.
        Revoked = 4, "revoked";
        /// A visit to a link after its expiry.
        Expired = 5, "expired";
        /// A token that does not verify, or an unassigned link number.
        Invalid = 6, "invalid";
    }
}

impl Bucket {
    /// Returns whether visits of this bucket get a click id.
    #[must_use]
    pub fn has_click_id(self) -> bool {
        match self {
            Self::Human | Self::Duplicate | Self::Bot | Self::Prefetch => true,
            Self::Revoked | Self::Expired | Self::Invalid => false,
        }
    }
}
