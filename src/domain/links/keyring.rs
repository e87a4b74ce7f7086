//! The signing keys of links and click ids: a ring of at most sixteen, one of which signs.
//!
//! Text form (the Worker secret `SIGNING_KEYS`): `{"sign": 2, "keys": {"1": "<base64url>", "2": "<base64url>"}}`,
//! each key 32 bytes. Rotation adds a key and lets it sign; the old ones keep verifying. A key that is taken out
//! of the ring is revoked: whatever it signed is refused from then on.

use crate::values::entropy::Entropy;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use json::FromJson;
use serde::Serialize;
use sha2::Sha256;
use std::collections::BTreeMap;
use subtle::ConstantTimeEq;

/// Bytes of a signing key.
pub const KEY_BYTES: usize = 32;
/// Bytes that are kept of a MAC: 96 bits.
pub const MAC_BYTES: usize = 12;
/// Key ids are four bits.
const MAX_KEY_ID: u8 = 15;

/// What a key signs. Each purpose has a subkey of its own, so that a token of one kind is never one of another.
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

/// Why a key ring was refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingError {
    /// Not JSON of the documented form.
    #[error("the key ring is not JSON of the form {{\"sign\": 1, \"keys\": {{\"1\": \"<base64url>\"}}}}")]
    Malformed,
    /// A key id is not 0 … 15.
    #[error("the key id {0:?} is not a number from 0 to 15")]
    KeyId(String),
    /// A key is not 32 bytes of base64url without padding.
    #[error("key {0} is not 32 bytes in base64url without padding")]
    Key(u8),
    /// The signing key is not in the ring.
    #[error("key {0} is to sign, but is not in the ring")]
    NoSigningKey(u8),
    /// All sixteen key ids are taken.
    #[error("all sixteen key ids are taken: remove a key that no live link needs")]
    Full,
}

#[derive(Serialize, FromJson)]
#[serde(deny_unknown_fields)]
struct RingText {
    sign: u8,
    keys: BTreeMap<String, String>,
}

/// One key's subkeys with the inner and outer HMAC blocks already hashed.
#[derive(Clone)]
struct Subkeys {
    link: Hmac<Sha256>,
    click: Hmac<Sha256>,
}

impl Subkeys {
    #[inline]
    fn new(key: &[u8; KEY_BYTES]) -> Self {
        let subkey = |purpose: Purpose| keyed(&mac(&keyed(key), purpose.label()));
        Self { link: subkey(Purpose::Link), click: subkey(Purpose::Click) }
    }

    fn of(&self, purpose: Purpose) -> &Hmac<Sha256> {
        match purpose {
            Purpose::Link => &self.link,
            Purpose::Click => &self.click,
        }
    }
}

/// HMAC-SHA256 keyed with 32 bytes (RFC 2104).
#[must_use]
#[inline]
pub fn keyed(key: &[u8; KEY_BYTES]) -> Hmac<Sha256> {
    // RFC 2104: a key shorter than the hash's block is filled up with zeros. `KeyInit::new` takes a whole block
    // and so cannot fail, unlike `new_from_slice`.
    let mut block = [0; 64];
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    <Hmac<Sha256> as KeyInit>::new(&block.into())
}

/// The full MAC of `message`.
#[must_use]
pub fn mac(keyed: &Hmac<Sha256>, message: &[u8]) -> [u8; 32] {
    keyed.clone().chain_update(message).finalize().into_bytes().into()
}

/// Signing keys, ready for use.
#[derive(Clone)]
pub struct KeyRing {
    sign: u8,
    keys: [Option<Subkeys>; 16],
}

/// Shows which keys there are, never what they are.
impl std::fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ids: Vec<usize> =
            self.keys.iter().enumerate().filter(|(_, key)| key.is_some()).map(|(id, _)| id).collect();
        f.debug_struct("KeyRing").field("sign", &self.sign).field("ids", &ids).finish()
    }
}

/// Keys by their id, in the order of the text.
type Keys = Vec<(u8, [u8; KEY_BYTES])>;

#[inline]
fn parse_text(text: &str) -> Result<(u8, Keys), KeyRingError> {
    let ring: RingText = json::read(text).map_err(|_| KeyRingError::Malformed)?;
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

/// The text of `ring` (or of a new one) with a fresh key added that signs from now on.
#[inline]
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
    /// Reads the text form.
    #[inline]
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        let (sign, parsed) = parse_text(text)?;
        let mut keys: [Option<Subkeys>; 16] = Default::default();
        for (slot, id) in keys.iter_mut().zip(0u8..) {
            *slot = parsed.iter().find(|(known, _)| *known == id).map(|(_, key)| Subkeys::new(key));
        }
        Ok(Self { sign, keys })
    }

    /// The id of the key that signs.
    #[must_use]
    pub fn signing_id(&self) -> u8 {
        self.sign
    }

    /// The first 96 bits of the MAC of `message` under the subkey of `purpose`; `None` if the ring lacks the key.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, key_id: u8, message: &[u8]) -> Option<[u8; MAC_BYTES]> {
        let subkeys = self.keys.get(usize::from(key_id))?.as_ref()?;
        mac(subkeys.of(purpose), message).first_chunk().copied()
    }

    /// Whether `tag` is the MAC of `message`, compared in constant time.
    #[must_use]
    pub fn verify(&self, purpose: Purpose, key_id: u8, message: &[u8], tag: &[u8; MAC_BYTES]) -> bool {
        self.sign(purpose, key_id, message).is_some_and(|expected| expected.ct_eq(tag).into())
    }
}
