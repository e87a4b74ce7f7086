//! The two proofs of an OAuth installation: the vendor accepts an authorization code that it issued (RFC 6749
//! §4.1.3), and the app presents the client secret (§2.3.1).

use super::{
    callback::Callback,
    refusal::Refusal,
    secret::{Credentials, SecretForm},
    verified::{Evidence, Payload, Verified},
};
use crate::marketplace::vendor_api::{VendorRequest, VendorResponse};
use serde::Deserialize;

/// The encoding of the parameters of a vendor's token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenEncoding {
    /// A form, as in RFC 6749.
    Form,
    /// A JSON object.
    Json,
}

/// A vendor's token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenEndpoint {
    /// Its address. It is hard-coded because codes and client secrets are sent to it.
    pub url: &'static str,
    /// The encoding of its parameters.
    pub encoding: TokenEncoding,
}

impl TokenEndpoint {
    /// The request that exchanges a code.
    #[must_use]
    pub fn request(self, parameters: &[(&str, &str)]) -> VendorRequest {
        match self.encoding {
            TokenEncoding::Form => VendorRequest::form(self.url, parameters),
            TokenEncoding::Json => VendorRequest::json(self.url, parameters),
        }
    }
}

/// The proof that the vendor accepted a code. Its payload is the vendor's response.
pub fn accepted_code(response: &VendorResponse) -> Result<Verified<'static>, Refusal> {
    confirmed(response.status)?;
    let payload = Payload::Json(response.body.clone().into_bytes());
    Ok(Verified::new(Evidence::CodeExchange, payload))
}

/// Checks the status of a vendor's answer: a client error means that the vendor rejected the request, and any other
/// error that it may be retried.
pub(super) fn confirmed(status: u16) -> Result<(), Refusal> {
    match status {
        200..=299 => Ok(()),
        // Request timeout and rate limit: the vendor did not decide.
        408 | 429 => Err(Refusal::Unanswered),
        400..=499 => Err(Refusal::Declined),
        _ => Err(Refusal::Unanswered),
    }
}

/// The parameters of a token request that are used here.
#[derive(Deserialize, Default)]
struct TokenRequest {
    client_secret: Option<String>,
    code: Option<String>,
}

impl TokenRequest {
    /// Parses a JSON object or a form. Vendors differ, and an app sends us what it would send to its vendor.
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

/// Verifies a token request of the app by the client secret in its body. The payload of the proof is the `code`.
pub fn client_secret_post(callback: &Callback<'_>, secrets: &[&str]) -> Result<Verified<'static>, Refusal> {
    let known = Credentials::new(secrets, SecretForm::Raw).map_err(|_| Refusal::NotConfigured)?;
    let request = TokenRequest::read(callback.body)?;
    let presented = request.client_secret.ok_or(Refusal::MissingParameter("client_secret"))?;
    if !known.matches(presented.as_bytes()) {
        return Err(Refusal::BadSignature);
    }
    let code = request.code.ok_or(Refusal::MissingParameter("code"))?;
    Ok(Verified::new(Evidence::Credentials, Payload::Parameters(vec![("code".to_owned(), code)])))
}
