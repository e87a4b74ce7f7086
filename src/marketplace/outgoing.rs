//! Calls to vendors: what to ask, and what was answered. They are made by src/outgoing.mjs, with a limit of time and of
//! size, and follow no redirect. Where they go is written in an adapter and comes from no message; but a store of a
//! merchant's is where the operator's app said, if that is a public address ([`super::public_host`]).

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};

/// A call to a vendor's API. It may hold secrets, so it is never logged.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Method.
    pub method: &'static str,
    /// Where to: HTTPS.
    pub url: String,
    /// Headers; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body; empty = none.
    pub body: String,
    /// How long a good answer to the very same request may be used again, seconds: tokens for an API are good for an hour,
    /// and each callback would ask for one. 0 = not at all.
    pub keep_s: u32,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({} {})", self.method, self.url)
    }
}

/// What a vendor answered. It may hold tokens, so it is never logged.
#[derive(Clone, PartialEq, Eq, Deserialize)]
pub struct Answered {
    /// HTTP status; 0 if none came in time.
    pub status: u16,
    /// Body.
    pub body: String,
}

impl std::fmt::Debug for Answered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answered({})", self.status)
    }
}

impl Request {
    /// A GET with Basic credentials (RFC 7617).
    #[must_use]
    pub fn get(url: &str, user: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        let headers = vec![
            ("authorization", format!("Basic {credentials}")),
            ("accept", "application/json".to_owned()),
        ];
        Self { method: "GET", url: url.to_owned(), headers, body: String::new(), keep_s: 0 }
    }

    /// A GET with a bearer token (RFC 6750 §2.1).
    #[must_use]
    pub fn get_as(url: &str, token: &str) -> Self {
        let headers =
            vec![("authorization", format!("Bearer {token}")), ("accept", "application/json".to_owned())];
        Self { method: "GET", url: url.to_owned(), headers, body: String::new(), keep_s: 0 }
    }

    /// The same request, whose answer may be used again for so many seconds.
    #[must_use]
    pub fn kept_for(self, seconds: u32) -> Self {
        Self { keep_s: seconds, ..self }
    }

    fn post(url: &str, media_type: &str, body: String) -> Self {
        let headers =
            vec![("content-type", media_type.to_owned()), ("accept", "application/json".to_owned())];
        Self { method: "POST", url: url.to_owned(), headers, body, keep_s: 0 }
    }

    /// A POST of a form (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn form(url: &str, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self::post(url, "application/x-www-form-urlencoded", body)
    }

    /// A POST of a JSON object of texts.
    #[must_use]
    pub fn json(url: &str, fields: &[(&str, &str)]) -> Self {
        let mut object = serde_json::Map::new();
        for (name, value) in fields {
            object.insert((*name).to_owned(), (*value).into());
        }
        Self::post(url, "application/json", serde_json::Value::Object(object).to_string())
    }
}

/// A text that is to be signed with a key of the operator's: RSASSA-PKCS1-v1_5 with SHA-256 (RS256). WebCrypto does it,
/// because private-key operations in pure Rust leak time (RUSTSEC-2023-0071). It holds a secret, so it is never logged.
/// The signature comes as an [`Answered`] with status 200 and the signature in base64url as body; status 0 if the key
/// cannot be used.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ToSign {
    /// The private key: PKCS#8 in PEM.
    pub key: String,
    /// The text.
    pub text: String,
}

impl std::fmt::Debug for ToSign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ToSign")
    }
}
