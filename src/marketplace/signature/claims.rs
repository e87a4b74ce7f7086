//! The JSON in tokens, and the claims that all tokens have (RFC 7519 §4.1). The whole text must be UTF-8; the JSON
//! parser alone would not check the strings that it skips.

use super::{refusal::Refusal, window::Unit};
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// Parses `json`. Returns `None` if it is not UTF-8, not JSON, not a `T`, or has a duplicate member of `T`.
pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    strict_json::from_str(str::from_utf8(json).ok()?).ok()
}

/// Checks that `json` is valid and returns it unparsed, with all of its members.
pub(super) fn raw(json: &[u8]) -> Option<&RawValue> {
    serde_json::from_slice(json).ok()
}

/// Parses `json` like [`read`], but refuses anything but an object.
pub(super) fn object<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    if json.trim_ascii_start().first() == Some(&b'{') { read(json) } else { None }
}

/// The audience (§4.1.3): one name, or a list of names.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Audience {
    /// Checks that one of the names is in `expected`.
    pub fn check(&self, expected: &[String]) -> Result<(), Refusal> {
        let names = match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Many(names) => names,
        };
        if names.iter().any(|name| expected.contains(name)) { Ok(()) } else { Err(Refusal::WrongAudience) }
    }
}

/// Checks `start − leeway ≤ now < end + leeway`, with starts and end in Unix seconds (§4.1.4: a token must not be
/// accepted on or after `exp`). Returns the end of the validity, leeway included, in Unix milliseconds.
pub(super) fn check_times(
    end: i64,
    starts: impl IntoIterator<Item = i64>,
    leeway_ms: i64,
    now: Timestamp,
) -> Result<i64, Refusal> {
    let end_ms = end.saturating_mul(1000).saturating_add(leeway_ms);
    if now.ms() >= end_ms {
        return Err(Refusal::Stale);
    }
    let is_ahead = |start: i64| now.ms() < start.saturating_mul(1000).saturating_sub(leeway_ms);
    if starts.into_iter().any(is_ahead) { Err(Refusal::Future) } else { Ok(end_ms) }
}

/// The time of signing: `iat`, or else `nbf`, both in Unix seconds.
pub(super) fn signed_at(issued: Option<i64>, not_before: Option<i64>) -> Option<Timestamp> {
    issued.or(not_before).and_then(|at| Unit::Seconds.at(at))
}
