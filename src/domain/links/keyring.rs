//! The signing keys of links and click ids: a ring of at most sixteen keys, one of which signs.
//!
//! Its text form is the Worker secret `SIGNING_KEYS`: `{"sign": 2, "keys": {"1": "<base64url>", "2": "<base64url>"}}`,
//! with 32 bytes per key. Rotation adds a key and makes it the signing key; the old keys still verify. Removing a key
//! from the ring revokes it: everything it signed is rejected from then on.

use crate::values::entropy::Entropy;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;

/// The length of a signing key in bytes.
pub const KEY_BYTES: usize = 32;
/// The length of a truncated MAC in bytes: 96 bits.
pub const MAC_BYTES: usize = 12;
/// Key ids have four bits.
const MAX_KEY_ID: u8 = 15;

/// What a key signs. Each purpose has its own subkey, so that a token of one kind never verifies as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Link tokens.
    Link,
    /// Click ids.
    Click,
}

impl Purpose {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Link => b"signpost link token v1",
            Self::Click => b"signpost click id v1",
        }
    }
}

/// The reason that a key ring was rejected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// It is not JSON of the documented form.
    #[error("the key ring is not JSON of the form {{\"sign\": 1, \"keys\": {{\"1\": \"<base64url>\"}}}}")]
    Malformed,
    /// A key id is not in the range 0 to 15.
    #[error("the key id {0:?} is not a number from 0 to 15")]
    KeyId(String),
    /// A key is not 32 bytes in base64url without padding.
    #[error("key {0} is not 32 bytes in base64url without padding")]
    Key(u8),
    /// The signing key is not in the ring.
    #[error("the signing key {0} is not in the key ring")]
    NoSigningKey(u8),
    /// All sixteen key ids are in use.
    #[error("all sixteen key ids are in use: remove a key that no live link needs")]
    Full,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RingText {
    sign: u8,
    keys: BTreeMap<String, String>,
}

/// The subkeys of one key, with the inner and outer HMAC blocks already hashed.
#[derive(Clone)]
struct Subkeys {
    link: Hmac<Sha256>,
    click: Hmac<Sha256>,
}

impl Subkeys {
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        let subkey = |purpose: Purpose| new_hmac(&mac(&new_hmac(key), purpose.label()));
        Self { link: subkey(Purpose::Link), click: subkey(Purpose::Click) }
    }

    fn of(&self, purpose: Purpose) -> &Hmac<Sha256> {
        match purpose {
            Purpose::Link => &self.link,
            Purpose::Click => &self.click,
        }
    }
}

/// Returns HMAC-SHA256 keyed with 32 bytes (RFC 2104).
#[must_use]
pub fn new_hmac(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    // RFC 2104 pads a key shorter than the hash's block with zeros. `KeyInit::new` takes a whole block and so cannot
    // fail, unlike `new_from_slice`.
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}

/// Returns the full MAC of `message`.
#[must_use]
pub fn mac(keyed: &Hmac<Sha256>, message: &[u8]) -> [u8; 32] {
    keyed.clone().chain_update(message).finalize().into_bytes().into()
}

/// A parsed key ring.
#[derive(Clone)]
pub struct KeyRing {
    sign: u8,
    keys: [Option<Subkeys>; 16],
}

/// Prints the key ids but never the keys.
impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<usize> =
            self.keys.iter().enumerate().filter(|(_, key)| key.is_some()).map(|(id, _)| id).collect();
        f.debug_struct("KeyRing").field("sign", &self.sign).field("ids", &ids).finish()
    }
}

/// Keys with their ids, in the order of the text.
type Keys = Vec<(u8, [u8; KEY_BYTES])>;

fn parse_text(text: &str) -> Result<(u8, Keys), KeyRingError> {
    let ring: RingText = strict_json::from_str(text).map_err(|_| KeyRingError::Malformed)?;
    let mut keys = Keys::new();
    for (id, key) in ring.keys {
        let number = id.parse().ok().filter(|n: &u8| *n <= MAX_KEY_ID && n.to_string() == id);
        let number = number.ok_or(KeyRingError::KeyId(id))?;
        let bytes = URL_SAFE_NO_PAD.decode(key).map_err(|_| KeyRingError::Key(number))?;
        keys.push((number, bytes.try_into().map_err(|_| KeyRingError::Key(number))?));
    }
    if keys.iter().any(|(id, _)| *id == ring.sign) {
        Ok((ring.sign, keys))
    } else {
        Err(KeyRingError::NoSigningKey(ring.sign))
    }
}

/// Returns the text of `ring` (or of a new ring) with a new random key added as the signing key.
pub fn with_new_key(ring: Option<&str>, entropy: &mut dyn Entropy) -> Result<String, KeyRingError> {
    let mut keys = match ring {
        Some(text) => parse_text(text)?.1,
        None => Keys::new(),
    };
    let next = keys.iter().map(|(id, _)| id).max().map_or(1, |last| last.saturating_add(1));
    let free = std::iter::once(next).chain(0..=MAX_KEY_ID);
    let sign = free
        .into_iter()
        .find(|id| *id <= MAX_KEY_ID && keys.iter().all(|(known, _)| known != id))
        .ok_or(KeyRingError::Full)?;
    let mut key = [0; KEY_BYTES];
    entropy.fill(&mut key);
    keys.push((sign, key));
    let keys = keys.into_iter().map(|(id, key)| (id.to_string(), URL_SAFE_NO_PAD.encode(key))).collect();
    serde_json::to_string(&RingText { sign, keys }).map_err(|_| KeyRingError::Malformed)
}

impl KeyRing {
    /// Parses the text form.
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let (sign, parsed) = parse_text(text)?;
        let mut keys: [Option<Subkeys>; 16] = Default::default();
        for (slot, id) in keys.iter_mut().zip(0u8..) {
            *slot = parsed.iter().find(|(known, _)| *known == id).map(|(_, key)| Subkeys::new(key));
        }
        Ok(Self { sign, keys })
    }

    /// Returns the id of the signing key.
    #[must_use]
    pub fn signing_id(&self) -> u8 {
        self.sign
    }

    /// Returns the first 96 bits of the MAC of `message` under the subkey for `purpose`, or `None` if the ring lacks
    /// the key.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, key_id: u8, message: &[u8]) -> Option<[u8; MAC_BYTES]> {
        let subkeys = self.keys.get(usize::from(key_id))?.as_ref()?;
        mac(subkeys.of(purpose), message).first_chunk().copied()
    }

    /// Returns whether `tag` is the MAC of `message`, comparing in constant time.
    #[must_use]
    pub fn verify(&self, purpose: Purpose, key_id: u8, message: &[u8], tag: &[u8; MAC_BYTES]) -> bool {
        self.sign(purpose, key_id, message).is_some_and(|expected| expected.ct_eq(tag).into())
    }
}
