//! Implements [`VendorApi`] for adapters over HTTP, KV and WebCrypto.

use super::{
    exchange::Exchange,
    expiring_cache::{ExpiringCache, VENDOR_RESPONSES},
    published,
    vendor_http::{Attempt, Called, VENDOR_TIMEOUT_MS, attempt, failure, host, may_call, now},
};
use crate::{
    domain::values::time::Timestamp,
    marketplace::vendor_api::{Document, VendorApi, VendorError, VendorRequest, VendorResponse},
};
use base64::{Engine, engine::general_purpose};
use js_sys::{Array, Object, Promise, Reflect, Uint8Array, futures::JsFuture};
use std::{cell::RefCell, time::Duration};
use wasm_bindgen::prelude::*;
use worker::{Delay, Result};

/// The pause before the one retry. If a vendor executed a call and its response was lost, the vendor refuses the retry,
/// and the caller starts again, as it would have to without a retry.
const RETRY_AFTER: Duration = Duration::from_millis(300);

thread_local! {
    static RESPONSES: RefCell<ExpiringCache<VendorRequest, VendorResponse, VENDOR_RESPONSES>> = RefCell::default();
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(
        format: &str,
        key: &Uint8Array,
        algorithm: &Object,
        extractable: bool,
        usages: &Array,
    ) -> std::result::Result<Promise, JsValue>;
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = sign)]
    fn sign(algorithm: &str, key: &JsValue, text: &Uint8Array) -> std::result::Result<Promise, JsValue>;
}

/// The vendor API during one request.
pub struct Vendors<'a> {
    /// The request.
    pub exchange: &'a Exchange<'a>,
    /// The id of the listing that the callback is for.
    pub listing: &'a str,
}

impl Vendors<'_> {
    /// Sends a request, and retries it once if the vendor fails.
    async fn send_with_retry(
        &self,
        request: &VendorRequest,
    ) -> std::result::Result<VendorResponse, VendorError> {
        let mut retries = [RETRY_AFTER].into_iter();
        loop {
            let failure = match attempt(request, VENDOR_TIMEOUT_MS).await {
                Ok(Attempt { status, body, .. }) if status < 500 && status != 429 => {
                    return Ok(VendorResponse { status, body });
                }
                Ok(Attempt { status, .. }) => format!("status {status}"),
                Err(error) => failure(&error, VENDOR_TIMEOUT_MS),
            };
            let (id, host) = (&self.exchange.request_id, host(&request.url));
            worker::console_warn!("request {id}: {} {host}: {failure}", request.method);
            match retries.next() {
                Some(pause) => Delay::from(pause).await,
                None => return Err(VendorError::NoResponse),
            }
        }
    }
}

#[async_trait::async_trait(?Send)]
impl VendorApi for Vendors<'_> {
    fn now(&self) -> Timestamp {
        now()
    }

    async fn send(&self, request: &VendorRequest) -> std::result::Result<VendorResponse, VendorError> {
        let now = now().ms();
        if !may_call(Called::Api, self.listing, &request.url, now) {
            return Err(VendorError::RateLimited);
        }
        if request.cache_ttl_s == 0 {
            return self.send_with_retry(request).await;
        }
        let cached = RESPONSES.with_borrow(|responses| responses.get(request, now).cloned());
        if let Some(response) = cached {
            return Ok(response);
        }
        let response = self.send_with_retry(request).await?;
        if response.status == 200 {
            let expiry = now.saturating_add(i64::from(request.cache_ttl_s).saturating_mul(1_000));
            RESPONSES
                .with_borrow_mut(|responses| responses.insert(request.clone(), response.clone(), expiry));
        }
        Ok(response)
    }

    async fn document(&self, url: &str, newer: bool) -> std::result::Result<Document, VendorError> {
        Ok(published::document(self.exchange, self.listing, url, newer).await)
    }

    async fn sign_rs256(
        &self,
        private_key_pem: &str,
        text: &str,
    ) -> std::result::Result<String, VendorError> {
        signature(private_key_pem, text).await.map_err(|_| {
            // The exception is not logged, because it may contain the key.
            let id = &self.exchange.request_id;
            worker::console_error!(
                "request {id}: a private key of the listing is not an RSA key in PKCS#8 and PEM"
            );
            VendorError::UnusableKey
        })
    }
}

const RS256: &str = "RSASSA-PKCS1-v1_5";

/// Decodes a key in PEM. All white space is ignored, because operators paste keys with and without line breaks.
fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN PRIVATE KEY-----")?;
    let (body, _) = rest.split_once("-----END PRIVATE KEY-----")?;
    let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    general_purpose::STANDARD.decode(body).ok()
}

async fn signature(private_key_pem: &str, text: &str) -> Result<String> {
    let der = der(private_key_pem).ok_or(worker::Error::BadEncoding)?;
    let algorithm = Object::new();
    Reflect::set(&algorithm, &"name".into(), &RS256.into())?;
    Reflect::set(&algorithm, &"hash".into(), &"SHA-256".into())?;
    let usages = Array::of1(&"sign".into());
    let imported = import_key("pkcs8", &Uint8Array::from(der.as_slice()), &algorithm, false, &usages)?;
    let key = JsFuture::from(imported).await?;
    let signed = JsFuture::from(sign(RS256, &key, &Uint8Array::from(text.as_bytes()))?).await?;
    Ok(general_purpose::URL_SAFE_NO_PAD.encode(Uint8Array::new(&signed).to_vec()))
}
