//! Two proofs without a signature scheme, of an install by OAuth: the vendor takes a code that it gave out (RFC 6749
//! §4.1.3), and the app shows that it knows the client secret (§2.3.1).

use super::{
    callback::Callback,
    refusal::Refusal,
    secret::{Credentials, SecretForm},
    verified::{Evidence, Payload, Verified},
};
use crate::marketplace::outgoing::{Answered, Request};
use serde::Deserialize;

/// How a vendor's token endpoint wants its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEncoding {
    /// As RFC 6749 has it.
    Form,
    /// A JSON object.
    Json,
}

/// A vendor's token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenEndpoint {
    /// Its address, a constant of ours: a code and a client secret go there.
    pub url: &'static str,
    /// How it wants its parameters.
    pub encoding: TokenEncoding,
}

/// Where an exchange stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exchange<'a> {
    /// The vendor is to be asked.
    Ask(Request),
    /// The vendor took the code.
    Proven(Verified<'a>),
}

/// Has a code exchanged: first the call, then, with what was answered, the proof. Its payload is the vendor's answer.
pub fn exchange<'a>(
    endpoint: TokenEndpoint,
    parameters: &[(&str, &str)],
    answered: Option<&'a Answered>,
) -> Result<Exchange<'a>, Refusal> {
    let Some(Answered { status, body }) = answered else {
        return Ok(Exchange::Ask(match endpoint.encoding {
            TokenEncoding::Form => Request::form(endpoint.url, parameters),
            TokenEncoding::Json => Request::json(endpoint.url, parameters),
        }));
    };
    confirmed(*status)?;
    let payload = Payload::Json(body.clone().into_bytes());
    Ok(Exchange::Proven(Verified::new(Evidence::CodeExchange, payload)))
}

/// Whether a status says yes; if not, whether it says no or nothing.
pub(super) fn confirmed(status: u16) -> Result<(), Refusal> {
    match status {
        200..=299 => Ok(()),
        // Too slow and too many are no judgement of what was asked.
        408 | 429 => Err(Refusal::Unanswered),
        400..=499 => Err(Refusal::Declined),
        _ => Err(Refusal::Unanswered),
    }
}

/// The parameters of a token request that are read.
#[derive(Deserialize, Default)]
struct TokenRequest {
    client_secret: Option<String>,
    code: Option<String>,
}

impl TokenRequest {
    /// Of a JSON object or a form, whichever it is: vendors differ, and an app asks here as it would ask there.
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        if body.first() == Some(&b'{') {
            let text = str::from_utf8(body).map_err(|_| Refusal::MalformedBody)?;
            return strict_json::from_str(text).map_err(|_| Refusal::MalformedBody);
        }
        let mut read = Self::default();
        for (name, value) in url::form_urlencoded::parse(body) {
            let field = match name.as_ref() {
                "client_secret" => &mut read.client_secret,
                "code" => &mut read.code,
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return Err(Refusal::DuplicateParameter);
            }
        }
        Ok(read)
    }
}

/// Verifies a token request of the app's, by the client secret in its body. Its payload is the `code`.
pub fn client_secret_post(callback: &Callback<'_>, secrets: &[&str]) -> Result<Verified<'static>, Refusal> {
    let known = Credentials::new(secrets, SecretForm::Raw).map_err(|_| Refusal::NotConfigured)?;
    let request = TokenRequest::read(callback.body)?;
    let presented = request.client_secret.ok_or(Refusal::MissingParameter("client_secret"))?;
    if !known.contain(presented.as_bytes()) {
        return Err(Refusal::BadSignature);
    }
    let code = request.code.ok_or(Refusal::MissingParameter("code"))?;
    Ok(Verified::new(Evidence::Credentials, Payload::Parameters(vec![("code".to_owned(), code)])))
}
