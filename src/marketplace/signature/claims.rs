//! The JSON inside tokens. It is UTF-8 throughout: the JSON parser alone would not look into the texts it skips.

use serde::de::DeserializeOwned;

/// Reads `json`; `None` if it is no UTF-8, no JSON, or not of the form of `T`. A member of `T` that stands there twice
/// is refused, too.
pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Option<T> {
    serde_json::from_str(str::from_utf8(json).ok()?).ok()
}
