//! An amount in a request: a whole number of minor units between 0 and 10^12.

use super::MAX_AMOUNT_MINOR;
use json::{FromJson, Node, Numeral, Refusal};
use serde::de::Error as _;

/// The message for an amount that is out of range.
pub const AMOUNT_REFUSED: &str = "an amount is a whole number of minor units from 0 to 1000000000000";

/// An amount in minor units, from 0 to 10^12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub i64);

impl<'de> FromJson<'de> for Amount {
    fn from_json(node: Node<'de, '_>) -> Result<Self, Refusal> {
        match node.number() {
            Some(Numeral::Integer(value)) if (0..=MAX_AMOUNT_MINOR).contains(&value) => Ok(Self(value)),
            // A JSON number that is not written as an integer, or has too many digits for one.
            Some(Numeral::Float(value)) if value.fract() != 0.0 || (0.0..=9e15).contains(&value) => {
                Err(node.unexpected("a whole number of minor units"))
            }
            Some(_) => Err(Refusal::custom(AMOUNT_REFUSED)),
            None => Err(node.unexpected("a whole number of minor units")),
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
