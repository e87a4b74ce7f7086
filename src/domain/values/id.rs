//! Public ids: a prefix that names the kind, followed by 26 characters that encode 48 bits of time and 80 random bits
//! in an order-preserving base32. Ids therefore sort by creation time.

use crate::values::{entropy::Entropy, time::Timestamp};
use data_encoding::BASE32_DNSSEC;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The number of characters after the prefix.
const BODY_LENGTH: usize = 26;

/// The number of leading characters that a derived id takes from its source id. The remaining characters hold a decimal
/// number.
pub const DERIVED_LENGTH: usize = 14;

/// Encodes 16 bytes: 6 of time and 10 of randomness.
fn body(now: Timestamp, entropy: &mut dyn Entropy) -> String {
    let mut bytes = [0u8; 16];
    entropy.fill(&mut bytes);
    let time = now.ms().to_be_bytes();
    for (to, from) in bytes.iter_mut().zip(time.iter().skip(2)) {
        *to = *from;
    }
    BASE32_DNSSEC.encode(&bytes)
}

fn is_body(text: &str) -> bool {
    text.len() == BODY_LENGTH && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'v').contains(&b))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// The prefix of every id of this kind.
            pub const PREFIX: &'static str = $prefix;

            /// Generates an id at time `now`.
            pub fn generate(now: Timestamp, entropy: &mut dyn Entropy) -> Self {
                Self(format!("{}{}", $prefix, body(now, entropy)))
            }

            /// Parses an id of this kind.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                text.strip_prefix($prefix).is_some_and(is_body).then(|| Self(text.to_owned()))
            }

            /// Derives an id from the body of another id and a number. The result is deterministic, so that rows
            /// written by one SQL statement get the same ids again when the log is replayed. A number must be used only
            /// once per kind.
            #[must_use]
            pub fn derived(body: &str, number: i64) -> Option<Self> {
                let start = body.get(..DERIVED_LENGTH)?;
                Self::parse(&format!("{}{start}{number:0>width$}", $prefix, width = BODY_LENGTH - DERIVED_LENGTH))
            }

            /// Returns the part after the prefix.
            #[must_use]
            pub fn body(&self) -> &str {
                self.0.get($prefix.len()..).unwrap_or_default()
            }

            /// Returns the time at which the id was generated.
            #[must_use]
            pub fn generated_at(&self) -> Timestamp {
                // Ten characters have the 48 bits of the time and two random ones.
                let start = self.body().get(..10).and_then(|start| i64::from_str_radix(start, 32).ok());
                Timestamp::clamped(start.unwrap_or_default() >> 2)
            }

            /// Returns the id as text.
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
    /// A callback that was kept.
    CallbackId = "cbk_";
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
    /// An endpoint that receives events.
    WebhookId = "whk_";
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
    fn other_kinds_and_encodings_are_rejected() {
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
