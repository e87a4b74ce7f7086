//! The JSON inside tokens, and the claims that all of them have (RFC 7519 §4.1). It is UTF-8 throughout: the JSON parser
//! alone would not look into the texts it skips.

use super::{refusal::Refusal, window::Unit};
use crate::domain::values::time::Timestamp;
use json::{FromJson, OneOrSeveral, Verbatim};

/// Reads `json`; `None` if it is no UTF-8, no JSON, or not of the form of `T`. A member of `T` that stands there twice
/// is refused, too.
pub(super) fn read<T: for<'t> FromJson<'t>>(json: &[u8]) -> Option<T> {
    json::read(str::from_utf8(json).ok()?).ok()
}

/// The same with all that is in it.
pub(super) fn verbatim(json: &[u8]) -> Option<Verbatim<'_>> {
    Verbatim::read(str::from_utf8(json).ok()?).ok()
}

/// The same of an object. A list is none, though serde would read a struct out of it, member by member.
pub(super) fn object<T: for<'t> FromJson<'t>>(json: &[u8]) -> Option<T> {
    if json.trim_ascii_start().first() == Some(&b'{') { read(json) } else { None }
}

/// §4.1.3: one name, or a list of them.
#[derive(FromJson)]
pub(super) struct Audience(OneOrSeveral);

impl Audience {
    /// Whether it is one of `ours`.
    pub fn check(&self, ours: &[String]) -> Result<(), Refusal> {
        let names = match &self.0 {
            OneOrSeveral::One(name) => std::slice::from_ref(name),
            OneOrSeveral::Several(names) => names,
        };
        if names.iter().any(|name| ours.contains(name)) { Ok(()) } else { Err(Refusal::WrongAudience) }
    }
}

/// `start − leeway ≤ now < end + leeway`, in Unix seconds (§4.1.4: on or after `exp` a token is not to be accepted). The
/// end of the validity, in Unix milliseconds.
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

/// When a token was signed: when it was issued, or else when its validity begins; in Unix seconds.
pub(super) fn signed_at(issued: Option<i64>, not_before: Option<i64>) -> Option<Timestamp> {
    issued.or(not_before).and_then(|at| Unit::Seconds.at(at))
}
