//! Encryption at rest of secrets and payout details: AES-256-GCM under a subkey of the Worker secret `DATA_KEY`. Another
//! subkey hashes what is compared but never shown.

use crate::domain::{
    links::keyring::{KEY_BYTES, mac, new_hmac},
    programme::id::ProgrammeId,
    values::{data_keys::DataKeys, entropy::Entropy},
};
use crate::store::SqlError;
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
    /// The text was sealed under a key that `DATA_KEY` lacks, for another owner, or was changed.
    #[error("a sealed text cannot be opened: DATA_KEY lacks the key that it was sealed under")]
    KeyGone,
    /// The cipher refused the text.
    #[error("the text is too long to be sealed")]
    Refused,
}

impl From<SealingError> for SqlError {
    fn from(error: SealingError) -> Self {
        match error {
            SealingError::KeyGone => Self::KeyGone,
            SealingError::Refused => Self::Engine(error.to_string()),
        }
    }
}

/// What derives from one data key.
#[derive(Clone)]
struct Subkeys {
    cipher: Aes256Gcm,
    hash: Hmac<Sha256>,
}

/// Seals, opens and hashes texts. The first key seals.
#[derive(Clone)]
pub struct Sealer {
    first: Subkeys,
    others: Vec<Subkeys>,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}

impl Subkeys {
    fn new(data_key: &[u8; KEY_BYTES], programme: &ProgrammeId) -> Self {
        let subkey = |label| mac(&new_hmac(data_key), programme.qualify(label).as_bytes());
        Self {
            cipher: Aes256Gcm::new(&subkey("signpost sealing v1").into()),
            hash: new_hmac(&subkey("signpost digests v1")),
        }
    }

    fn digest(&self, text: &str) -> String {
        let hash = mac(&self.hash, text.as_bytes());
        HEXLOWER.encode(hash.get(..DIGEST_BYTES).unwrap_or(&hash))
    }

    fn open(&self, bytes: &[u8], owner: &str) -> Option<String> {
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let payload = Payload { msg: sealed, aad: owner.as_bytes() };
        let plain = self.cipher.decrypt(&Nonce::from(*nonce), payload).ok()?;
        String::from_utf8(plain).ok()
    }
}

impl Sealer {
    /// A sealer under the programme's subkeys of the data keys.
    #[must_use]
    pub fn new(keys: &DataKeys, programme: &ProgrammeId) -> Self {
        let mut subkeys = keys.all().map(|key| Subkeys::new(key, programme));
        let first = subkeys.next().unwrap_or_else(|| Subkeys::new(keys.first(), programme));
        Self { others: subkeys.collect(), first }
    }

    fn all(&self) -> impl Iterator<Item = &Subkeys> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// A keyed hash of a text, hexadecimal: nobody can find out the text by trying, unless they have the key.
    #[must_use]
    pub fn digest(&self, text: &str) -> String {
        self.first.digest(text)
    }

    /// The same under each of the keys.
    pub fn digests(&self, text: &str) -> impl Iterator<Item = String> {
        self.all().map(move |keys| keys.digest(text))
    }

    /// Seals `plain`; it opens only with the same `owner`, so a sealed text cannot be moved to another row.
    pub fn seal(&self, plain: &str, owner: &str, entropy: &mut dyn Entropy) -> Result<String, SealingError> {
        let mut nonce = [0; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let payload = Payload { msg: plain.as_bytes(), aad: owner.as_bytes() };
        let sealed = self.first.cipher.encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| SealingError::Refused)?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &sealed].concat()))
    }

    /// Opens what [`Sealer::seal`] made for `owner`.
    pub fn open(&self, sealed: &str, owner: &str) -> Result<String, SealingError> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| SealingError::KeyGone)?;
        self.all().find_map(|keys| keys.open(&bytes, owner)).ok_or(SealingError::KeyGone)
    }

    /// The text sealed anew under the first key; `None` if that key opens it already, or if none does.
    pub fn reseal(
        &self,
        sealed: &str,
        owner: &str,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<String>, SealingError> {
        let Ok(bytes) = URL_SAFE_NO_PAD.decode(sealed) else { return Ok(None) };
        if self.first.open(&bytes, owner).is_some() {
            return Ok(None);
        }
        let plain = self.others.iter().find_map(|keys| keys.open(&bytes, owner));
        plain.map(|plain| self.seal(&plain, owner, entropy)).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::values::entropy::SeededEntropy;

    fn keys(bytes: &[u8]) -> DataKeys {
        let texts: Vec<_> = bytes.iter().map(|byte| URL_SAFE_NO_PAD.encode([*byte; 32])).collect();
        DataKeys::parse(&texts.join(",")).unwrap()
    }

    fn sealer(bytes: &[u8]) -> Sealer {
        Sealer::new(&keys(bytes), &ProgrammeId::MAIN)
    }

    #[test]
    fn opens_for_its_owner_and_key_only() {
        let main = ProgrammeId::MAIN;
        let (sealer, other) = (sealer(&[7]), sealer(&[8]));
        let test = Sealer::new(&keys(&[7]), &ProgrammeId::parse("test").unwrap());
        assert_eq!(Sealer::new(&keys(&[7]), &main).digest("a"), sealer.digest("a"));
        let sealed = sealer.seal("shpss_1", "lst_a", &mut SeededEntropy::new(1)).unwrap();
        assert!(!sealed.contains("shpss"));
        assert_eq!(sealer.open(&sealed, "lst_a"), Ok("shpss_1".to_owned()));
        assert_eq!(sealer.open(&sealed, "lst_b"), Err(SealingError::KeyGone));
        assert_eq!(other.open(&sealed, "lst_a"), Err(SealingError::KeyGone));
        assert_eq!(test.open(&sealed, "lst_a"), Err(SealingError::KeyGone), "another programme's seal");
        assert_eq!(sealer.open("AAAA", "lst_a"), Err(SealingError::KeyGone));
    }

    #[test]
    fn the_first_key_seals_and_all_open() {
        let (before, during, after) = (sealer(&[7]), sealer(&[8, 7]), sealer(&[8]));
        let mut entropy = SeededEntropy::new(1);
        let old = before.seal("shpss_1", "lst_a", &mut entropy).unwrap();
        assert_eq!(during.open(&old, "lst_a"), Ok("shpss_1".to_owned()));
        assert_eq!(during.reseal(&old, "lst_b", &mut entropy), Ok(None), "of another owner");
        let new = during.reseal(&old, "lst_a", &mut entropy).unwrap().unwrap();
        assert_eq!(after.open(&new, "lst_a"), Ok("shpss_1".to_owned()));
        assert_eq!(before.open(&new, "lst_a"), Err(SealingError::KeyGone));
        assert_eq!(during.reseal(&new, "lst_a", &mut entropy), Ok(None), "already");
        assert_eq!(after.reseal(&old, "lst_a", &mut entropy), Ok(None), "its key is gone");
        let digests: Vec<_> = during.digests("ann@example.com").collect();
        assert_eq!(digests, [after.digest("ann@example.com"), before.digest("ann@example.com")]);
    }
}
