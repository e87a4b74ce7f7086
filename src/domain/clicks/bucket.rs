//! The buckets that visits are counted in. Each visit is in exactly one.

use crate::clicks::click::coded;

coded! {
    /// Where a visit is counted. The first that fits, in this order: invalid, expired, revoked, prefetch, bot,
    /// duplicate, human. Codes are stored and travel in count deltas: never renumber them.
    Bucket {
        /// A person's click, as far as the request tells.
        Human = 0, "human";
        /// A person's click on the same link within an hour of one that was counted.
        Duplicate = 1, "duplicate";
        /// A crawler, link preview, script agent, empty agent, or a HEAD request.
        Bot = 2, "bot";
        /// A prefetch or prerender.
        Prefetch = 3, "prefetch";
        /// A link that is revoked, or whose partner is paused or terminated.
        Revoked = 4, "revoked";
        /// A link past its expiry.
        Expired = 5, "expired";
        /// A token that does not verify, or a number that no link has.
        Invalid = 6, "invalid";
    }
}

impl Bucket {
    /// Whether visits of this bucket get a click id.
    #[must_use]
    pub fn has_click_id(self) -> bool {
        match self {
            Self::Human | Self::Duplicate | Self::Bot | Self::Prefetch => true,
            Self::Revoked | Self::Expired | Self::Invalid => false,
        }
    }
}
