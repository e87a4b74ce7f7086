//! Encryption at rest of secrets and payout details: AES-256-GCM under a subkey of the Worker secret `DATA_KEY`. Another
//! subkey hashes what is compared but never shown.

use crate::domain::{
    links::keyring::{KEY_BYTES, mac, new_hmac},
    programme::id::ProgrammeId,
    values::entropy::Entropy,
};
use aes_gcm::{
    Aes256Gcm, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use data_encoding::HEXLOWER;
use hmac::Hmac;
use sha2::Sha256;

/// Bytes of a digest: enough that no two addresses share one by chance.
const DIGEST_BYTES: usize = 16;
/// Bytes of the random nonce before the ciphertext (NIST SP 800-38D).
const NONCE_BYTES: usize = 12;

/// Why a sealed text could not be opened or made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealingError {
    /// `DATA_KEY` is not 32 bytes of base64url.
    #[error("DATA_KEY is not 32 bytes in base64url without padding: make one with `cargo xtask keygen`")]
    Key,
    /// The text was sealed under another key, for another listing, or was changed.
    #[error("a listing's secrets cannot be opened: DATA_KEY is not the one they were sealed under")]
    Sealed,
}

/// Seals, opens and hashes texts.
#[derive(Clone)]
pub struct Sealer {
    cipher: Aes256Gcm,
    hash: Hmac<Sha256>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

/// The bytes of `DATA_KEY`.
pub fn data_key(text: &str) -> Result<[u8; KEY_BYTES], SealingError> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| SealingError::Key)?;
    bytes.try_into().map_err(|_| SealingError::Key)
}

impl Sealer {
    /// A sealer under the programme's subkey of the data key.
    #[must_use]
    pub fn new(data_key: &[u8; KEY_BYTES], programme: &ProgrammeId) -> Self {
        let subkey = |label| mac(&new_hmac(data_key), programme.qualify(label).as_bytes());
        Self {
            cipher: Aes256Gcm::new(&subkey("signpost sealing v1").into()),
            hash: new_hmac(&subkey("signpost digests v1")),
        }
    }

    /// A keyed hash of a text, hexadecimal: nobody can find out the text by trying, unless they have the key.
    #[must_use]
    pub fn digest(&self, text: &str) -> String {
        let hash = mac(&self.hash, text.as_bytes());
        HEXLOWER.encode(hash.get(..DIGEST_BYTES).unwrap_or(&hash))
    }

    /// Seals `plain`; it opens only with the same `owner`, so a sealed text cannot be moved to another row.
    pub fn seal(&self, plain: &str, owner: &str, entropy: &mut dyn Entropy) -> Result<String, SealingError> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: plain.as_bytes(), aad: owner.as_bytes() };
        let sealed = self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| SealingError::Sealed)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what [`Sealer::seal`] made for `owner`.
    pub fn open(&self, sealed: &str, owner: &str) -> Result<String, SealingError> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| SealingError::Sealed)?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or(SealingError::Sealed)?;
        let payload = Payload { msg: sealed, aad: owner.as_bytes() };
        let plain = self.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| SealingError::Sealed)?;
        String::from_utf8(plain).map_err(|_| SealingError::Sealed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::entropy::SeededEntropy;

    #[test]
    fn opens_for_its_owner_and_key_only() {
        let main = ProgrammeId::MAIN;
        let (sealer, other) = (Sealer::new(&[7; 32], &main), Sealer::new(&[8; 32], &main));
        let test = Sealer::new(&[7; 32], &ProgrammeId::parse("test").unwrap());
        let sealed = sealer.seal("shpss_1", "lst_a", &mut SeededEntropy::new(1)).unwrap();
        assert!(!sealed.contains("shpss"));
        assert_eq!(sealer.open(&sealed, "lst_a"), Ok("shpss_1".to_owned()));
        assert_eq!(sealer.open(&sealed, "lst_b"), Err(SealingError::Sealed));
        assert_eq!(other.open(&sealed, "lst_a"), Err(SealingError::Sealed));
        assert_eq!(test.open(&sealed, "lst_a"), Err(SealingError::Sealed), "another programme's seal");
        assert_eq!(sealer.open("AAAA", "lst_a"), Err(SealingError::Sealed));
        assert_eq!(data_key("AAAA"), Err(SealingError::Key));
    }
}
