//! The keys and certificates that were fetched for a callback.

use crate::marketplace::signature::refusal::Refusal;

/// Fetched documents: their addresses, as returned by [`addresses`](super::PlatformVerifier::addresses), and their texts.
#[derive(Debug, Clone, Copy, Default)]
pub struct FetchedDocuments<'f>(pub &'f [(&'f str, &'f str)]);

impl<'f> FetchedDocuments<'f> {
    /// The text at `address`. If it could not be fetched, the callback may be valid, so the sender may retry it.
    pub(super) fn at(self, address: &str) -> Result<&'f str, Refusal> {
        self.0.iter().find(|(known, _)| *known == address).map(|(_, text)| *text).ok_or(Refusal::Unanswered)
    }
}
