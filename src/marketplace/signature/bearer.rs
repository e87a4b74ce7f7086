//! `Authorization: Bearer` (RFC 6750 §2.1) with a secret that the operator's app and the listing share. Nothing in the
//! request is signed; its integrity depends on TLS.

use super::{
    callback::Callback,
    jwt,
    refusal::Refusal,
    secret::{Credentials, SecretForm},
    verified::{Evidence, Payload, Verified},
};

/// Verifies that the caller knows one of `secrets`. The payload of the proof is the body.
pub fn bearer<'a>(callback: &Callback<'a>, secrets: &[&str]) -> Result<Verified<'a>, Refusal> {
    let known = Credentials::new(secrets, SecretForm::Raw).map_err(|_| Refusal::NotConfigured)?;
    let presented = jwt::bearer(callback.required_header("authorization")?)?;
    if !known.matches(presented.as_bytes()) {
        return Err(Refusal::BadSignature);
    }
    Ok(Verified::new(Evidence::Credentials, Payload::Body(callback.body)))
}
