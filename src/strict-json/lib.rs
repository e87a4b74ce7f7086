//! Reads JSON into serde types more strictly than `serde_json` does, and reports where an error is.
//!
//! [`from_str`] parses with `serde_json` and differs from [`serde_json::from_str`] in these points:
//!
//! - An [`Error`] carries the [JSON Pointer](Error::pointer) of the value that was refused. A missing or duplicate field
//!   of a struct is reported at the struct, an unknown field or a duplicate key of a map at the key itself.
//! - A struct is read from an object only. The code that serde derives would also read `["a", 1]` field by field.
//! - A map, and any `serde_json::Value`, with a duplicate key is refused. Serde refuses duplicates of struct fields only
//!   and otherwise keeps the last value. Values that are skipped (unknown fields of a struct without
//!   `deny_unknown_fields`) are not checked.
//! - A unit variant of an enum is read from a string only. Serde would also read `{"word": null}` for the variant `word`. A variant
//!   with a value is read from an object with one member; variants of several values are not supported.
//! - Text that is not JSON is always reported as such, even if a field of the wrong type precedes the syntax error.
//!
//! An object or a list is split into the texts of its parts by `serde_json`, which checks their syntax; each part is then read from
//! its text. So a value is scanned once for each level around it, and only what serde derives is compiled for a type. A text that is
//! nested deeper than 127 levels, or so deeply around most of its length that it would be scanned more than 16 times, is refused. Only
//! when reading fails is the text parsed again, to find out which of its errors to report.
//!
//! Why not an existing crate: `serde_path_to_error` reports paths, but copies every key and adds none of the other
//! checks; `eserde` collects all errors, but needs its own derive on every type and does not check duplicate keys.
//!
//! Error messages are those of serde and `serde_json`, without the line and column unless the error is one of syntax.
//! The checks end where a type buffers its input: inside untagged or internally tagged enums and flattened structs.

// A panic would abort the WebAssembly instance that serves other requests too. Tests may panic.
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::let_underscore_must_use
    )
)]

mod deserializer;
mod error;
mod key;
mod path;
#[cfg(test)]
mod tests;

pub use error::Error;

use deserializer::parse;
use path::Path;
use serde::{Deserialize, Deserializer};

/// Reads a whole text.
pub fn from_str<'de, T: Deserialize<'de>>(text: &'de str) -> Result<T, Error> {
    let path = Path::new(text);
    parse(text, &path).map_err(|error| Error::new(text, error, path))
}

/// Distinguishes `null` from an absent field: `null` is `Some(None)`, and an absent field is `None`.
///
/// For `#[serde(default, deserialize_with = "strict_json::double_option")]` on a field of type `Option<Option<T>>`.
pub fn double_option<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
