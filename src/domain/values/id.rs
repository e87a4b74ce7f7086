//! Ids of the programme's things: a prefix that names the kind, and 26 characters (48 bits of time, 80 random
//! bits) in an order-keeping base32, so that ids sort by the time they were made.

use crate::values::{entropy::Entropy, time::Timestamp};
use base32::Alphabet;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Characters after the prefix.
const BODY_LENGTH: usize = 26;

/// How many characters of another id begin one that is derived from it; as many digits of a number as are left end it.
pub const DERIVED_LENGTH: usize = 14;

/// 16 bytes: 6 of time, 10 random.
#[inline]
fn body(now: Timestamp, entropy: &mut dyn Entropy) -> String {
    let mut bytes = [0u8; 16];
    entropy.fill(&mut bytes);
    let time = now.ms().to_be_bytes();
    for (to, from) in bytes.iter_mut().zip(time.iter().skip(2)) {
        *to = *from;
    }
    base32::encode(Alphabet::Rfc4648HexLower { padding: false }, &bytes)
}

#[inline]
fn is_body(text: &str) -> bool {
    text.len() == BODY_LENGTH && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, made at `now`.
            #[inline]
            pub fn generate(now: Timestamp, entropy: &mut dyn Entropy) -> Self {
                Self(format!("{}{}", $prefix, body(now, entropy)))
            }

            /// The id that `text` spells, if it is one of this kind.
            #[must_use]
            #[inline]
            pub fn parse(text: &str) -> Option<Self> {
                text.strip_prefix($prefix).is_some_and(is_body).then(|| Self(text.to_owned()))
            }

            /// An id that another's time and randomness and a number make: the same each time, so that rows which one
            /// statement writes have ids that a replay gives them again. A number is given once to a kind.
            #[must_use]
            #[inline]
            pub fn derived(body: &str, number: i64) -> Option<Self> {
                let start = body.get(..DERIVED_LENGTH)?;
                Self::parse(&format!("{}{start}{number:0>width$}", $prefix, width = BODY_LENGTH - DERIVED_LENGTH))
            }

            /// What stands behind the prefix.
            #[must_use]
            pub fn body(&self) -> &str {
                self.0.get($prefix.len()..).unwrap_or_default()
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| D::Error::custom(concat!("expected an id that starts with ", $prefix)))
            }
        }

        impl<'de> json::FromJson<'de> for $name {
            #[inline]
            fn from_json(node: json::Node<'de, '_>) -> Result<Self, json::Refusal> {
                Self::parse(node.text()?)
                    .ok_or_else(|| json::Refusal::custom(concat!("expected an id that starts with ", $prefix)))
            }
        }

        #[cfg(not(target_arch = "wasm32"))]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": "string",
                    "pattern": concat!("^", $prefix, "[0-9a-v]{26}$")
                })
            }
        }
    )*};
}

ids! {
    /// A partner.
    PartnerId = "ptn_";
    /// A listing.
    ListingId = "lst_";
    /// A link.
    LinkId = "lnk_";
    /// A coupon.
    CouponId = "cpn_";
    /// A conversion.
    ConversionId = "cnv_";
    /// A commission.
    CommissionId = "com_";
    /// A placement.
    PlacementId = "plc_";
    /// A refund.
    RefundId = "rfd_";
    /// An API key.
    KeyId = "key_";
    /// An event.
    EventId = "evt_";
    /// A ledger transfer.
    TransferId = "trf_";
    /// A payout run.
    RunId = "run_";
    /// A payout.
    PayoutId = "pay_";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::entropy::SeededEntropy;

    #[test]
    fn ids_parse_back_and_sort_by_time() {
        let mut entropy = SeededEntropy::new(1);
        let earlier = PartnerId::generate(Timestamp::clamped(1_000), &mut entropy);
        let later = PartnerId::generate(Timestamp::clamped(1_001), &mut entropy);
        assert!(earlier < later);
        assert_eq!(PartnerId::parse(earlier.as_str()), Some(earlier));
    }

    #[test]
    fn another_kind_or_spelling_is_no_id() {
        let id = LinkId::generate(Timestamp::clamped(0), &mut SeededEntropy::new(2)).to_string();
        for text in [
            "",
            "lnk_",
            &id.to_uppercase(),
            &id[..id.len() - 1],
            &format!("{id}0"),
            &id.replace("lnk", "lst"),
        ] {
            assert_eq!(LinkId::parse(text), None, "{text}");
        }
    }
}
