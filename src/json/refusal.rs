//! What serde says of a value that does not fit, in `serde_json`'s words. A type of our own, because `serde_json`'s can show
//! whatever serde knows of, floats in every form among it, which is more code than all of this crate.

use serde::de::{Error, Expected, Unexpected};
use std::fmt;

/// Why a value was refused.
#[derive(Debug)]
#[expect(clippy::box_collection, reason = "one word, because every reading hands one on")]
pub struct Refusal(pub(super) Box<String>);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

impl Error for Refusal {
    fn custom<T: fmt::Display>(cause: T) -> Self {
        Self(Box::new(cause.to_string()))
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(Box::new(format!("invalid type: {}, expected {expected}", Found(found))))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self(Box::new(format!("invalid value: {}, expected {expected}", Found(found))))
    }
}

/// Shows what is there instead of what was expected.
struct Found<'f>(Unexpected<'f>);

impl fmt::Display for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.0 {
            Unexpected::Bool(value) => return write!(f, "boolean `{value}`"),
            Unexpected::Unsigned(value) => return write!(f, "integer `{value}`"),
            Unexpected::Signed(value) => return write!(f, "integer `{value}`"),
            Unexpected::Float(value) => {
                return match serde_json::Number::from_f64(value) {
                    Some(number) => write!(f, "floating point `{number}`"),
                    None => f.write_str("floating point"),
                };
            }
            Unexpected::Str(value) => return write!(f, "string {value:?}"),
            Unexpected::Unit => "null",
            Unexpected::Seq => "sequence",
            Unexpected::Map => "map",
            Unexpected::UnitVariant => "unit variant",
            Unexpected::NewtypeVariant => "newtype variant",
            Unexpected::Other(what) => what,
            // What a tree does not hold.
            _ => "another type",
        };
        f.write_str(kind)
    }
}
