//! API keys of a WooCommerce store, which the store itself sends (`/wc-auth/v1/authorize`). The message is not signed
//! and does not name the store. It returns a text that we sealed, which names the store and may be used once within
//! an hour. The proof is that the keys are accepted by that store.
//!
//! Sources: woocommerce/woocommerce `class-wc-auth.php`, `class-wc-rest-system-status-v2-controller.php`.

use super::{
    callback::Callback,
    encoding::Encoding,
    exchange::confirmed,
    refusal::Refusal,
    secret::{MacAlgorithm, SecretForm, Secrets, Tag},
    verified::{Evidence, Payload, Verified},
};
use crate::{
    domain::values::time::Timestamp,
    marketplace::{
        public_host,
        vendor_api::{VendorRequest, VendorResponse},
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

/// How long a merchant may take to approve.
const APPROVAL_MS: i64 = 60 * 60 * 1000;
/// Separates this MAC from other uses of the secret.
const PURPOSE: &[u8] = b"signpost store keys 1\0";
/// The maximum length of a key. WooCommerce's keys have 43 characters.
const KEY_LENGTH: usize = 100;

/// The sealed content: the store that is being connected, and the click that is credited with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection<'a> {
    /// The store's address, normalised by [`public_host::address`].
    pub store: &'a str,
    /// The click id, or an empty text if there is none.
    pub click_id: &'a str,
}

fn secrets_of(secrets: &[&str]) -> Result<Secrets, Refusal> {
    let secrets = Secrets::new(secrets, SecretForm::Raw, MacAlgorithm::HmacSha256);
    secrets.map_err(|_| Refusal::NotConfigured)
}

/// The signed parts. They contain the listing, so a seal is not valid for another listing with the same secret.
fn signed<'a>(listing_id: &'a str, sealed: &'a str) -> [&'a [u8]; 4] {
    [PURPOSE, listing_id.as_bytes(), b"\0", sealed.as_bytes()]
}

impl Connection<'_> {
    /// Seals the connection for a listing. Returns `None` if there is no usable secret.
    #[must_use]
    pub fn seal(&self, listing_id: &str, secrets: &[&str], now: Timestamp) -> Option<String> {
        let until = now.plus_ms(APPROVAL_MS);
        let content = format!("{} {} {}", until.ms(), self.click_id, self.store);
        let sealed = URL_SAFE_NO_PAD.encode(content);
        let tag = secrets_of(secrets).ok()?.sign(&signed(listing_id, &sealed))?;
        Some(format!("{sealed}.{}", URL_SAFE_NO_PAD.encode(tag)))
    }
}

/// The parts of the store's message that are used.
#[derive(Deserialize)]
struct PostedKeys {
    user_id: String,
    consumer_key: String,
    consumer_secret: String,
    #[serde(default)]
    key_permissions: String,
}

fn is_key(text: &str, prefix: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    text.len() <= KEY_LENGTH && text.starts_with(prefix) && text.bytes().all(plain)
}

/// Keys that were handed over with an authentic sealed text, and have not been tried at the store yet.
pub struct StoreKeys {
    keys: PostedKeys,
    store: String,
    click_id: String,
    tag: Tag,
    until: i64,
}

impl StoreKeys {
    /// Reads a callback and opens the sealed text in it.
    pub fn read(
        callback: &Callback<'_>,
        listing_id: &str,
        secrets: &[&str],
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let secrets = secrets_of(secrets)?;
        let body = str::from_utf8(callback.body).map_err(|_| Refusal::MalformedBody)?;
        let keys: PostedKeys = strict_json::from_str(body).map_err(|_| Refusal::MalformedBody)?;
        let (sealed, tag) = keys.user_id.split_once('.').ok_or(Refusal::MalformedSignature)?;
        let tag = Encoding::Base64Url.decode(tag.as_bytes())?;
        if !secrets.verify(&signed(listing_id, sealed), &[tag]) {
            return Err(Refusal::BadSignature);
        }
        let content = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| Refusal::MalformedClaims)?;
        let content = String::from_utf8(content).map_err(|_| Refusal::MalformedClaims)?;
        let mut fields = content.splitn(3, ' ');
        let (Some(until), Some(click_id), Some(store)) = (fields.next(), fields.next(), fields.next()) else {
            return Err(Refusal::MalformedClaims);
        };
        let until: i64 = until.parse().map_err(|_| Refusal::MalformedTime)?;
        if now.ms() > until {
            return Err(Refusal::Stale);
        }
        // The address was checked when it was sealed. It is checked again because anybody who knows the secret can
        // seal, and must not be able to make us call other hosts.
        if public_host::address(store).as_deref() != Some(store) {
            return Err(Refusal::WrongSubject);
        }
        if !is_key(&keys.consumer_key, "ck_") || !is_key(&keys.consumer_secret, "cs_") {
            return Err(Refusal::MalformedBody);
        }
        let (store, click_id) = (store.to_owned(), click_id.to_owned());
        Ok(Self { keys, store, click_id, tag, until })
    }

    /// The request that tries the keys at the store.
    #[must_use]
    pub fn request(&self) -> VendorRequest {
        let url = format!("{}/wp-json/wc/v3/system_status?_fields=settings", self.store);
        VendorRequest::get(&url, &self.keys.consumer_key, &self.keys.consumer_secret)
    }

    /// The proof that the keys open the store. Its payload is `store`, `click_id`, `consumer_key`, `consumer_secret`,
    /// `key_permissions` and `user_id`; the store confirms all of them except `key_permissions`.
    pub fn confirm(self, response: &VendorResponse) -> Result<Verified<'static>, Refusal> {
        confirmed(response.status)?;
        // A site that answers every URL with the same page has confirmed nothing.
        let status: serde_json::Value =
            strict_json::from_str(&response.body).map_err(|_| Refusal::Declined)?;
        if !status.get("settings").is_some_and(serde_json::Value::is_object) {
            return Err(Refusal::Declined);
        }
        let payload = vec![
            ("store".to_owned(), self.store),
            ("click_id".to_owned(), self.click_id),
            ("consumer_key".to_owned(), self.keys.consumer_key),
            ("consumer_secret".to_owned(), self.keys.consumer_secret),
            ("key_permissions".to_owned(), self.keys.key_permissions),
            ("user_id".to_owned(), self.keys.user_id),
        ];
        let proof = Verified::new(Evidence::ApiPoll, Payload::Parameters(payload));
        Ok(proof.once("woocommerce_store_keys", &self.tag, self.until))
    }
}
