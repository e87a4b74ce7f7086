//! Click ids: a redirect passes one to the shop, and a conversion returns it. A click id is signed, so a conversion can
//! be attributed even before any store has received the click.
//!
//! ```text
//! byte  0      version (high 4 bits, 1) and key id (low 4 bits)
//!       1..7   time, Unix milliseconds, big-endian
//!       7..11  link number, big-endian
//!      11      shard of the ClickLog (high 4 bits); the low 4 bits are 0
//!      12..14  country (11 bits: 1 + 36·first + second, 0 = unknown), GPC (1), class (2), device (2)
//!      14..18  random
//!      18..30  the first 96 bits of HMAC-SHA256(click subkey, bytes 0..18)
//! ```
//! 30 bytes encode to exactly 40 base64url characters without padding bits, so each click id has exactly one encoding.

use crate::{
    links::{
        keyring::{KeyRing, MAC_BYTES, Purpose},
        token::decode_exact,
    },
    values::time::Timestamp,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The length of a click id in characters.
pub const CLICK_ID_LENGTH: usize = 40;
/// The number of ClickLog objects; a click id contains the number of its object.
pub const SHARDS: u8 = 16;
const VERSION: u8 = 1;
const PAYLOAD_BYTES: usize = 18;

/// A country as the platform reports it: two letters or digits (`DE`, also `T1` for Tor).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country([u8; 2]);

impl Country {
    /// Parses two upper-case letters or digits. `XX` means unknown and is rejected.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 2] = text.as_bytes().try_into().ok()?;
        let plain = bytes.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        (plain && &bytes != b"XX").then_some(Self(bytes))
    }

    /// Returns the code as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("XX")
    }

    fn pack(self) -> u16 {
        let digit = |b: u8| {
            let value =
                if b.is_ascii_digit() { b.wrapping_sub(b'0') } else { b.wrapping_sub(b'A').wrapping_add(10) };
            u16::from(value)
        };
        let [first, second] = self.0;
        digit(first).wrapping_mul(36).wrapping_add(digit(second)).wrapping_add(1)
    }

    /// Returns `Some(None)` for "unknown" and `None` for an invalid value.
    fn unpack(packed: u16) -> Option<Option<Self>> {
        const DIGITS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
        let Some(index) = packed.checked_sub(1) else { return Some(None) };
        let first = DIGITS.get(usize::from(index.checked_div(36)?))?;
        let second = DIGITS.get(usize::from(index.checked_rem(36)?))?;
        Some(Some(Self([*first, *second])))
    }
}

macro_rules! coded {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal, $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
        pub enum $name { $($(#[$vdoc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// All variants.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the number used in packed forms and in rows.
            #[must_use]
            pub fn code(self) -> u8 {
                match self { $(Self::$variant => $code,)* }
            }
            /// Returns the variant with a number.
            #[must_use]
            pub fn from_code(code: u8) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
            /// Returns the word used in the API.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

pub(crate) use coded;

coded! {
    /// The kind of device that a user agent reports.
    Device {
        /// Not reported.
        Unknown = 0, "unknown";
        /// A desktop or laptop.
        Desktop = 1, "desktop";
        /// A phone.
        Mobile = 2, "mobile";
        /// A tablet.
        Tablet = 3, "tablet";
    }
}

coded! {
    /// The kind of client that made a visit.
    Class {
        /// A person, as far as the request shows.
        Human = 0, "human";
        /// A crawler, a link preview, a script, an empty user agent, or a HEAD request.
        Bot = 1, "bot";
        /// A prefetch or prerender.
        Prefetch = 2, "prefetch";
        /// A browser that loaded the link as part of a page (an image, a frame, a script) instead of navigating to it.
        Embedded = 3, "not_navigation";
    }
}

/// The fields of a click id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClickId {
    /// The time of the redirect.
    pub at: Timestamp,
    /// The link's number.
    pub link_no: u32,
    /// The ClickLog object that stores the click, 0 … 15.
    pub shard: u8,
    /// The visitor's country, if known.
    pub country: Option<Country>,
    /// The visitor's device.
    pub device: Device,
    /// The kind of client.
    pub class: Class,
    /// Whether the visitor sent `Sec-GPC: 1`.
    pub gpc: bool,
    /// Distinguishes ids of the same millisecond.
    pub random: [u8; 4],
}

impl ClickId {
    /// Encodes and signs the click id with the ring's signing key. Returns `None` if the ring lacks that key.
    #[must_use]
    pub fn mint(&self, ring: &KeyRing) -> Option<String> {
        let key_id = ring.signing_id();
        let mut bytes = Vec::with_capacity(PAYLOAD_BYTES.saturating_add(MAC_BYTES));
        bytes.push((VERSION << 4) | key_id);
        bytes.extend(self.at.ms().to_be_bytes().iter().skip(2));
        bytes.extend_from_slice(&self.link_no.to_be_bytes());
        bytes.push(self.shard << 4);
        let tail =
            (u16::from(self.gpc) << 4) | (u16::from(self.class.code()) << 2) | u16::from(self.device.code());
        let country = self.country.map_or(0, Country::pack);
        bytes.extend_from_slice(&((country << 5) | tail).to_be_bytes());
        bytes.extend_from_slice(&self.random);
        let tag = ring.sign(Purpose::Click, key_id, &bytes)?;
        bytes.extend_from_slice(&tag);
        Some(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Decodes `text` if one of the ring's keys signed it.
    #[must_use]
    pub fn verify(text: &str, ring: &KeyRing) -> Option<Self> {
        let bytes: [u8; PAYLOAD_BYTES + MAC_BYTES] = decode_exact(text)?;
        let (payload, tag) = bytes.split_first_chunk::<PAYLOAD_BYTES>()?;
        let [head, t0, t1, t2, t3, t4, t5, l0, l1, l2, l3, shard, p0, p1, r0, r1, r2, r3] = *payload;
        if head >> 4 != VERSION || !ring.verify(Purpose::Click, head & 15, payload, tag.first_chunk()?) {
            return None;
        }
        let packed = u16::from_be_bytes([p0, p1]);
        let [_, low] = packed.to_be_bytes();
        (shard & 15 == 0).then_some(())?;
        Some(Self {
            at: Timestamp::from_ms(i64::from_be_bytes([0, 0, t0, t1, t2, t3, t4, t5]))?,
            link_no: u32::from_be_bytes([l0, l1, l2, l3]),
            shard: shard >> 4,
            country: Country::unpack(packed >> 5)?,
            device: Device::from_code(low & 3)?,
            class: Class::from_code((low >> 2) & 3)?,
            gpc: low & 16 != 0,
            random: [r0, r1, r2, r3],
        })
    }
}
