//! What a proof holds, as adapters read it.

use super::{
    adapter::{Unreadable, unreadable},
    signature::{Payload, Verified},
};
use serde::de::DeserializeOwned;

/// The text that was proven: a body, or what a token or an answer holds.
pub fn text<'p>(proof: &'p Verified<'_>) -> Result<&'p str, Unreadable> {
    let bytes = match proof.payload() {
        Payload::Body(body) => body,
        Payload::Json(json) => json.as_slice(),
        Payload::Parameters(_) => return Err(unreadable("there is no text")),
    };
    str::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8"))
}

/// The JSON that was proven.
pub fn read<T: DeserializeOwned>(proof: &Verified<'_>) -> Result<T, Unreadable> {
    Ok(strict_json::from_str(text(proof)?)?)
}

/// The value of a parameter that was proven.
pub fn parameter<'p>(proof: &'p Verified<'_>, name: &str) -> Option<&'p str> {
    let Payload::Parameters(parameters) = proof.payload() else { return None };
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A number, or a text that spells one.
pub fn number(value: Option<&serde_json::Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}
