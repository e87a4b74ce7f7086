//! API keys of a WooCommerce store, which the store itself sends (`/wc-auth/v1/authorize`). The message is not signed
//! and does not name the store. It returns a text that we sealed, which names the store and may be used once within
//! an hour. The proof is that the keys are accepted by that store.
//!
//! Sources: woocommerce/woocommerce `class-wc-auth.php`, `class-wc-rest-system-status-v2-controller.php`.

use super::{
    callback::Callback,
    encoding::Encoding,
    exchange::{Exchange, confirmed},
    refusal::Refusal,
    secret::{MacAlgorithm, SecretForm, Secrets},
    verified::{Evidence, Payload, Verified},
};
use crate::{
    domain::values::time::Timestamp,
    marketplace::{
        outgoing::{Answered, Request},
        public_host,
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
struct StoreKeys {
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

/// Tries the keys at the store that the sealed text names. Without an answer it returns the request to send, and with
/// one the proof. The payload of the proof is `user_id`, `store`, `click_id`, `consumer_key`, `consumer_secret` and
/// `key_permissions`. The store confirmed all of them except the last.
pub fn store_keys<'a>(
    callback: &Callback<'_>,
    listing_id: &str,
    secrets: &[&str],
    answered: Option<&Answered>,
    now: Timestamp,
) -> Result<Exchange<'a>, Refusal> {
    let secrets = secrets_of(secrets)?;
    let body = str::from_utf8(callback.body).map_err(|_| Refusal::MalformedBody)?;
    let keys: StoreKeys = strict_json::from_str(body).map_err(|_| Refusal::MalformedBody)?;
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
    // The address was checked when it was sealed. It is checked again because anybody who knows the secret can seal,
    // and must not be able to make us call other hosts.
    if public_host::address(store).as_deref() != Some(store) {
        return Err(Refusal::WrongSubject);
    }
    if !is_key(&keys.consumer_key, "ck_") || !is_key(&keys.consumer_secret, "cs_") {
        return Err(Refusal::MalformedBody);
    }
    let Some(Answered { status, body }) = answered else {
        let url = format!("{store}/wp-json/wc/v3/system_status?_fields=settings");
        return Ok(Exchange::Ask(Request::get(&url, &keys.consumer_key, &keys.consumer_secret)));
    };
    confirmed(*status)?;
    // A site that answers every request with the same page has not confirmed the keys.
    let status: serde_json::Value = strict_json::from_str(body).map_err(|_| Refusal::Declined)?;
    if !status.get("settings").is_some_and(serde_json::Value::is_object) {
        return Err(Refusal::Declined);
    }
    let payload = vec![
        ("store".to_owned(), store.to_owned()),
        ("click_id".to_owned(), click_id.to_owned()),
        ("consumer_key".to_owned(), keys.consumer_key),
        ("consumer_secret".to_owned(), keys.consumer_secret),
        ("key_permissions".to_owned(), keys.key_permissions),
        ("user_id".to_owned(), keys.user_id),
    ];
    let proof = Verified::new(Evidence::ApiPoll, Payload::Parameters(payload));
    Ok(Exchange::Proven(proof.once_under("woocommerce_store_keys", &tag, until)))
}
