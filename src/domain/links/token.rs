//! Link tokens: the path segment after `/r/` in a signed link. A token is packed, versioned and verified without a
//! lookup.
//!
//! ```text
//! byte  0      version (high 4 bits, 1) and key id (low 4 bits)
//!       1      flags: bit 0 the link has its own path (KV `path/<link no>`); the other bits are 0
//!       2..6   link number, big-endian
//!       6..8   listing number, big-endian
//!       8..12  expiry in Unix seconds, 0 = never
//!      12..24  the first 96 bits of HMAC-SHA256(link subkey, bytes 0..12)
//! ```
//! 24 bytes encode to exactly 32 base64url characters without padding bits, so each token has exactly one encoding.

use crate::links::keyring::{KeyRing, MAC_BYTES, Purpose};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The length of a link token in characters.
pub const TOKEN_LENGTH: usize = 32;
/// The version of the layout above.
const VERSION: u8 = 1;
const PAYLOAD_BYTES: usize = 12;
const FLAG_PATH: u8 = 1;

/// The fields of a link token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkToken {
    /// The link's number.
    pub link_no: u32,
    /// The number of the listing that the link leads to.
    pub listing_no: u16,
    /// Whether the link has its own path, which replaces the path of the listing's URL.
    pub has_path: bool,
    /// Unix seconds from which on the link no longer leads to the listing; 0 = never.
    pub expires_s: u32,
}

impl LinkToken {
    /// Encodes and signs the token with the ring's signing key. Returns `None` if the ring lacks that key.
    #[must_use]
    pub fn mint(&self, ring: &KeyRing) -> Option<String> {
        let key_id = ring.signing_id();
        let mut bytes = Vec::with_capacity(PAYLOAD_BYTES.saturating_add(MAC_BYTES));
        bytes.push((VERSION << 4) | key_id);
        bytes.push(if self.has_path { FLAG_PATH } else { 0 });
        bytes.extend_from_slice(&self.link_no.to_be_bytes());
        bytes.extend_from_slice(&self.listing_no.to_be_bytes());
        bytes.extend_from_slice(&self.expires_s.to_be_bytes());
        let tag = ring.sign(Purpose::Link, key_id, &bytes)?;
        bytes.extend_from_slice(&tag);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Decodes `text` if one of the ring's keys signed it. The caller must check the expiry.
    #[must_use]
    pub fn verify(text: &str, ring: &KeyRing) -> Option<Self> {
        let bytes: [u8; PAYLOAD_BYTES + MAC_BYTES] = decode_exact(text)?;
        let (payload, tag) = bytes.split_first_chunk::<PAYLOAD_BYTES>()?;
        let [head, flags, l0, l1, l2, l3, g0, g1, e0, e1, e2, e3] = *payload;
        if head >> 4 != VERSION || !ring.verify(Purpose::Link, head & 15, payload, tag.first_chunk()?) {
            return None;
        }
        (flags & !FLAG_PATH == 0).then_some(Self {
            link_no: u32::from_be_bytes([l0, l1, l2, l3]),
            listing_no: u16::from_be_bytes([g0, g1]),
            has_path: flags & FLAG_PATH != 0,
            expires_s: u32::from_be_bytes([e0, e1, e2, e3]),
        })
    }
}

/// Decodes base64url without padding to exactly `N` bytes.
#[must_use]
pub fn decode_exact<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    // Text that is too long makes `decode_slice` fail; text that is too short writes fewer than `N` bytes.
    let written = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
    (written == N).then_some(bytes)
}
