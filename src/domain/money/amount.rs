//! An amount in a request: a whole number of minor units between 0 and 10^12.

use super::MAX_AMOUNT_MINOR;
use serde::{
    Deserialize, Deserializer,
    de::{self, Unexpected, Visitor},
};

/// The message for an amount that is out of range.
pub const AMOUNT_REFUSED: &str = "an amount is a whole number of minor units from 0 to 1000000000000";

/// An amount in minor units, from 0 to 10^12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub i64);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = Amount;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a whole number of minor units")
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Amount, E> {
        if (0..=MAX_AMOUNT_MINOR).contains(&value) {
            Ok(Amount(value))
        } else {
            Err(E::custom(AMOUNT_REFUSED))
        }
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Amount, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// Visits a number with a decimal point or an exponent, or one with too many digits for an integer.
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Amount, E> {
        if value.fract() != 0.0 || (0.0..=9e15).contains(&value) {
            Err(E::invalid_type(Unexpected::Float(value), &self))
        } else {
            Err(E::custom(AMOUNT_REFUSED))
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "integer", "minimum": 0, "maximum": MAX_AMOUNT_MINOR,
            "description": "Minor units of the currency beside it (cents, yen, fils)"
        })
    }
}
