//! What an adapter may ask of its vendor while it verifies a callback. The Worker implements [`VendorApi`] with
//! `fetch`, KV and WebCrypto; tests use a fake.
//!
//! Outbound hosts are constants of the adapters. The one exception is a merchant's store, whose host must be public
//! ([`super::public_host`]). Requests hold secrets and responses hold tokens, so neither is ever logged.

use crate::domain::values::time::Timestamp;
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::cell::Cell;

/// Requests and signatures that one callback may cause. The longest sequence is Google Play's: a signature, an access
/// token, a purchase and three orders.
pub const MAX_CALLS: usize = 6;

/// Documents that one callback may load: the keys for two signatures, each once from the cache and once anew.
pub const MAX_DOCUMENTS: usize = 4;

/// The vendor's API, its published documents, and the two things that the core may not do itself: read the clock and
/// use a private key.
#[async_trait(?Send)]
pub trait VendorApi {
    /// The current time. A call may take seconds, so callers read the time again after each call.
    fn now(&self) -> Timestamp;

    /// Sends a request and returns the response. It follows no redirect: that would carry secrets to another host.
    async fn send(&self, request: &VendorRequest) -> Result<VendorResponse, VendorError>;

    /// Returns a document that the vendor publishes, such as its signing keys. The implementation caches documents;
    /// `newer` asks it to bypass a cached copy that lacks a key.
    async fn document(&self, url: &str, newer: bool) -> Result<Document, VendorError>;

    /// Signs `text` with RSASSA-PKCS1-v1_5 and SHA-256 (RS256) and returns the signature in base64url.
    /// `private_key_pem` is PKCS#8 in PEM. WebCrypto signs, because private-key operations in pure Rust leak timing
    /// (RUSTSEC-2023-0071).
    async fn sign_rs256(&self, private_key_pem: &str, text: &str) -> Result<String, VendorError>;
}

/// Why a call failed. No variant judges the callback itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VendorError {
    /// No usable response arrived: the connection failed or timed out, the body was too long, or the vendor kept
    /// answering 429 or 5xx. The callback is answered with 503, so that its sender retries.
    #[error("the vendor does not answer")]
    NoResponse,
    /// The Worker is making too many vendor calls at the moment. The callback is answered with 503.
    #[error("too many vendor calls are being made")]
    RateLimited,
    /// The callback caused more than [`MAX_CALLS`] or [`MAX_DOCUMENTS`] calls, which is an adapter's bug.
    #[error("the callback caused too many vendor calls")]
    CallLimit,
    /// The private key is not PKCS#8 in PEM for RSA.
    #[error("the private key cannot be used")]
    UnusableKey,
}

/// A request to a vendor's API.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct VendorRequest {
    /// Method.
    pub method: &'static str,
    /// HTTPS URL.
    pub url: String,
    /// Headers; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body; empty for none.
    pub body: String,
    /// Seconds for which a response with status 200 may be reused for an identical request; 0 for never. API tokens
    /// live for an hour, and each callback would otherwise request a new one.
    pub cache_ttl_s: u32,
}

impl std::fmt::Debug for VendorRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VendorRequest({} {})", self.method, self.url)
    }
}

/// A vendor's response.
#[derive(Clone, PartialEq, Eq)]
pub struct VendorResponse {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: String,
}

impl std::fmt::Debug for VendorResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "VendorResponse({})", self.status)
    }
}

impl VendorRequest {
    /// A GET with Basic credentials (RFC 7617).
    #[must_use]
    pub fn get(url: &str, user: &str, password: &str) -> Self {
        let credentials = STANDARD.encode(format!("{user}:{password}"));
        Self::get_with(url, format!("Basic {credentials}"))
    }

    /// A GET with a bearer token (RFC 6750 §2.1).
    #[must_use]
    pub fn get_as(url: &str, token: &str) -> Self {
        Self::get_with(url, format!("Bearer {token}"))
    }

    fn get_with(url: &str, authorization: String) -> Self {
        let headers = vec![("authorization", authorization), ("accept", "application/json".to_owned())];
        Self { method: "GET", url: url.to_owned(), headers, body: String::new(), cache_ttl_s: 0 }
    }

    /// The same request, with a response that may be reused for `seconds`.
    #[must_use]
    pub fn cached_for(self, seconds: u32) -> Self {
        Self { cache_ttl_s: seconds, ..self }
    }

    fn post(url: &str, media_type: &str, body: String) -> Self {
        let headers =
            vec![("content-type", media_type.to_owned()), ("accept", "application/json".to_owned())];
        Self { method: "POST", url: url.to_owned(), headers, body, cache_ttl_s: 0 }
    }

    /// A POST of a form (`application/x-www-form-urlencoded`).
    #[must_use]
    pub fn form(url: &str, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Self::post(url, "application/x-www-form-urlencoded", body)
    }

    /// A POST of a JSON object of strings.
    #[must_use]
    pub fn json(url: &str, fields: &[(&str, &str)]) -> Self {
        let mut object = serde_json::Map::new();
        for (name, value) in fields {
            object.insert((*name).to_owned(), (*value).into());
        }
        Self::post(url, "application/json", serde_json::Value::Object(object).to_string())
    }
}

/// A published document as the cache knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its text; `None` if it could not be loaded.
    pub text: Option<String>,
    /// Whether the vendor answered that no such document exists.
    pub absent: bool,
    /// Whether no newer copy can be had now: this one was just fetched, or the vendor does not answer.
    pub newest: bool,
}

/// The vendor's responses that a proof rests on, by name. An adapter chooses the names and reads the responses again
/// when it parses the callback.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VendorResponses(Vec<(String, VendorResponse)>);

impl VendorResponses {
    /// The response of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&VendorResponse> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, response)| response)
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(String, VendorResponse)> {
        self.0.iter()
    }

    /// Adds a response under a name.
    pub fn insert(&mut self, name: impl Into<String>, response: VendorResponse) {
        self.0.push((name.into(), response));
    }

    /// One response under a name.
    #[must_use]
    pub fn one(name: impl Into<String>, response: VendorResponse) -> Self {
        Self(vec![(name.into(), response)])
    }
}

/// Limits the calls that one callback may cause, whatever its adapter does.
pub(super) struct LimitedApi<'a> {
    api: &'a dyn VendorApi,
    calls: Cell<usize>,
    documents: Cell<usize>,
}

impl<'a> LimitedApi<'a> {
    pub fn new(api: &'a dyn VendorApi) -> Self {
        Self { api, calls: Cell::new(0), documents: Cell::new(0) }
    }
}

fn count(calls: &Cell<usize>, limit: usize) -> Result<(), VendorError> {
    if calls.get() >= limit {
        return Err(VendorError::CallLimit);
    }
    calls.set(calls.get().saturating_add(1));
    Ok(())
}

#[async_trait(?Send)]
impl VendorApi for LimitedApi<'_> {
    fn now(&self) -> Timestamp {
        self.api.now()
    }

    async fn send(&self, request: &VendorRequest) -> Result<VendorResponse, VendorError> {
        count(&self.calls, MAX_CALLS)?;
        self.api.send(request).await
    }

    async fn document(&self, url: &str, newer: bool) -> Result<Document, VendorError> {
        count(&self.documents, MAX_DOCUMENTS)?;
        self.api.document(url, newer).await
    }

    async fn sign_rs256(&self, private_key_pem: &str, text: &str) -> Result<String, VendorError> {
        count(&self.calls, MAX_CALLS)?;
        self.api.sign_rs256(private_key_pem, text).await
    }
}
