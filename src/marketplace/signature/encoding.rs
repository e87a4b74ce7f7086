//! Encodings of tags and signatures. Decoding is strict, so that each has only one accepted text: no other alphabet,
//! padding or case, and no stray bits.

use super::{
    refusal::Refusal,
    secret::{TAG_BYTES, Tag},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use data_encoding::HEXLOWER;

/// The maximum length of a signature in base64, in characters: RSA with 4096 bits.
const MAX_SIGNATURE_CHARACTERS: usize = 684;

/// An encoding of a tag.
#[derive(Debug, Clone, Copy)]
pub(super) enum Encoding {
    /// RFC 4648 §4, padded.
    Base64,
    /// RFC 4648 §5, without padding.
    Base64Url,
    /// Lower-case hexadecimal.
    Hex,
}

impl Encoding {
    /// The length of an encoded tag, in characters.
    fn length(self) -> usize {
        match self {
            Self::Base64 => 44,
            Self::Base64Url => 43,
            Self::Hex => 64,
        }
    }

    /// Decodes a tag.
    pub fn decode(self, text: &[u8]) -> Result<Tag, Refusal> {
        let mut tag = [0; TAG_BYTES];
        // The length is checked first, so that a long text from an attacker is not decoded.
        let decoded = text.len() == self.length()
            && match self {
                Self::Base64 => STANDARD.decode_slice(text, &mut tag) == Ok(TAG_BYTES),
                Self::Base64Url => URL_SAFE_NO_PAD.decode_slice(text, &mut tag) == Ok(TAG_BYTES),
                Self::Hex => HEXLOWER.decode_mut(text, &mut tag) == Ok(TAG_BYTES),
            };
        if decoded { Ok(tag) } else { Err(Refusal::MalformedSignature) }
    }
}

/// Decodes a public-key signature in base64 (RFC 4648 §4), with padding and without stray bits. The key checks its
/// length.
pub(super) fn signature(text: &str) -> Result<Vec<u8>, Refusal> {
    // The length is checked first, so that a long text from an attacker is not decoded.
    if text.is_empty() || text.len() > MAX_SIGNATURE_CHARACTERS {
        return Err(Refusal::MalformedSignature);
    }
    STANDARD.decode(text).map_err(|_| Refusal::MalformedSignature)
}
