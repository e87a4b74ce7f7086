//! Two proofs without a signature scheme, of an install by OAuth: the vendor takes a code that it gave out (RFC 6749
//! §4.1.3), and the app shows that it knows the client secret (§2.3.1).

use super::{
    callback::Callback,
    refusal::Refusal,
    secret::{Credentials, SecretForm},
    verified::{Evidence, Payload, Verified},
};
use crate::marketplace::vendor_api::{VendorRequest, VendorResponse};
use json::FromJson;

/// How a vendor's token endpoint expects its parameters.
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
    /// Its URL. It is a constant, because codes and client secrets are sent there.
    pub url: &'static str,
    /// How it expects its parameters.
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

/// Whether a status confirms what was asked. An error says whether the vendor denied it or did not answer.
pub(super) fn confirmed(status: u16) -> Result<(), Refusal> {
    match status {
        200..=299 => Ok(()),
        // A timeout or a rate limit does not judge what was asked.
        408 | 429 => Err(Refusal::Unanswered),
        400..=499 => Err(Refusal::Declined),
        _ => Err(Refusal::Unanswered),
    }
}

/// The parameters of a token request that are read.
#[derive(FromJson, Default)]
struct TokenRequest {
    client_secret: Option<String>,
    code: Option<String>,
}

impl TokenRequest {
    /// Of a JSON object or a form, whichever it is: vendors differ, and an app asks here as it would ask there.
    fn read(body: &[u8]) -> Result<Self, Refusal> {
        if body.first() == Some(&b'{') {
            let text = str::from_utf8(body).map_err(|_| Refusal::MalformedBody)?;
            return json::read(text).map_err(|_| Refusal::MalformedBody);
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
