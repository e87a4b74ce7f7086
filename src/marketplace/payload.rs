//! Access to the payload of a verified callback.

use super::{
    adapter::{Unreadable, unreadable},
    signature::{Payload, Verified},
};
use serde::de::DeserializeOwned;

/// The verified text: a body, the claims of a token, or a response.
pub fn text<'p>(verified: &'p Verified<'_>) -> Result<&'p str, Unreadable> {
    let bytes = match verified.payload() {
        Payload::Body(body) => body,
        Payload::Json(json) => json.as_slice(),
        Payload::Parameters(_) => return Err(unreadable("there is no text")),
    };
    str::from_utf8(bytes).map_err(|_| unreadable("it is not UTF-8"))
}

/// The verified JSON.
pub fn read<T: DeserializeOwned>(verified: &Verified<'_>) -> Result<T, Unreadable> {
    Ok(strict_json::from_str(text(verified)?)?)
}

/// The value of a verified parameter.
pub fn parameter<'p>(verified: &'p Verified<'_>, name: &str) -> Option<&'p str> {
    let Payload::Parameters(parameters) = verified.payload() else { return None };
    parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

/// A number, or a text that contains one.
pub fn number(value: Option<&serde_json::Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// The `email` of a member that is an object, if it has one. Nothing else depends on it, so a member of another form is
/// none.
pub fn email(of: &serde_json::Value) -> Option<String> {
    of.get("email")?.as_str().filter(|email| !email.is_empty()).map(str::to_owned)
}
