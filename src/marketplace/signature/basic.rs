//! `Authorization: Basic` (RFC 7617) with the app's slug and password. Nothing in the request is signed.

use super::{
    callback::Callback,
    refusal::Refusal,
    secret::Credentials,
    verified::{Evidence, Payload, Verified},
};
use base64::{Engine, engine::general_purpose::STANDARD};

/// Applies the rule. A credential is `slug:password` and is compared as a whole.
pub(super) fn verify<'a>(
    callback: &Callback<'a>,
    credentials: &Credentials,
) -> Result<Verified<'a>, Refusal> {
    let authorization = callback.required_header("authorization")?;
    let (kind, encoded) = authorization.split_once(' ').ok_or(Refusal::MalformedSignature)?;
    if !kind.eq_ignore_ascii_case("basic") {
        return Err(Refusal::MalformedSignature);
    }
    let decoded =
        STANDARD.decode(encoded.trim_start_matches(' ')).map_err(|_| Refusal::MalformedSignature)?;
    if !decoded.contains(&b':') {
        return Err(Refusal::MalformedSignature);
    }
    if credentials.matches(&decoded) {
        Ok(Verified::new(Evidence::Credentials, Payload::Body(callback.body)))
    } else {
        Err(Refusal::BadSignature)
    }
}
