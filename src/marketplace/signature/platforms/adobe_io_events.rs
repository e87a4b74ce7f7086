//! Adobe I/O Events, signed twice with RSA (PKCS #1 v1.5, SHA-256) over the raw body. Source: Adobe Developer, "Adobe I/O
//! Events: security, digital signatures".
//!
//! Either signature is enough, each with its own key, so that Adobe can change one key at a time. Where a key stands is
//! said by a header that nobody signed: Adobe's own library puts it behind the host without looking, so that
//! `@evil.example/x.pem` is fetched from there.
//!
//! Adobe signs all customers' events with one pair of keys: only the recipient's client id binds an event to us.

use super::{Fetched, named, object, signature};
use crate::{
    domain::values::time::{HOUR_MS, Timestamp},
    marketplace::signature::{
        callback::Callback,
        public_key::{Algorithm, PublicKey},
        refusal::Refusal,
        verified::{Evidence, Payload, Verified},
        window::Window,
    },
};
use json::FromJson;

/// Where Adobe publishes its keys.
const ORIGIN: &str = "https://static.adobeioevents.com";

/// The headers of each signature, and of where its key stands.
const HEADERS: [(&str, &str); 2] = [
    ("x-adobe-digital-signature-1", "x-adobe-public-key1-path"),
    ("x-adobe-digital-signature-2", "x-adobe-public-key2-path"),
];

/// Adobe retries for 24 hours. An event's time is its provider's, whose clock may be ahead: a time to come is taken.
const WINDOW: Window = Window { past_ms: 25 * HOUR_MS, future_ms: i64::MAX };

/// What the operator configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdobeIoEvents {
    /// Our client ids, one of which must be the event's recipient.
    pub client_ids: Vec<String>,
}

/// What is judged of an event.
#[derive(FromJson)]
struct Event {
    /// The new spelling.
    recipientclientid: Option<String>,
    /// The old one, which Adobe said it would drop at the end of 2026.
    recipient_client_id: Option<String>,
    /// When it happened (CloudEvents 1.0), if it says so.
    time: Option<String>,
}

/// A signature, and where its key stands; nothing is proven.
struct Pair {
    signature: Vec<u8>,
    address: String,
}

/// Whether a path is `/prod/keys/pub-key-[0-9A-Za-z-]{1,64}.pem`.
fn is_key_path(path: &str) -> bool {
    let name = path.strip_prefix("/prod/keys/pub-key-").and_then(|rest| rest.strip_suffix(".pem"));
    name.is_some_and(|name| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    })
}

/// One signature of the two.
fn pair(callback: &Callback<'_>, header: &'static str, path: &'static str) -> Result<Pair, Refusal> {
    let signature = signature(callback.required_header(header)?)?;
    let path = callback.required_header(path)?;
    if !is_key_path(path) {
        return Err(Refusal::ForeignKey);
    }
    Ok(Pair { signature, address: format!("{ORIGIN}{path}") })
}

/// Both signatures, each on its own. A header that stands there twice is refused whichever it is.
fn pairs(callback: &Callback<'_>) -> Result<[Result<Pair, Refusal>; 2], Refusal> {
    for (header, path) in HEADERS {
        callback.header(header)?;
        callback.header(path)?;
    }
    Ok(HEADERS.map(|(header, path)| pair(callback, header, path)))
}

impl Pair {
    fn verify(&self, body: &[u8], fetched: Fetched<'_>) -> Result<(), Refusal> {
        let key = PublicKey::from_pem(fetched.at(&self.address)?).map_err(|_| Refusal::UnusableKey)?;
        key.verify(Algorithm::RsaSha256, body, &self.signature)
    }
}

/// How much a refusal says of the whole event: a key that could not be fetched might have proven it.
fn weight(refusal: Refusal) -> u8 {
    match refusal {
        Refusal::Unanswered => 2,
        Refusal::BadSignature => 1,
        _ => 0,
    }
}

impl AdobeIoEvents {
    /// Without a client id an event would be anybody's: nothing is fetched for it either.
    fn pairs(&self, callback: &Callback<'_>) -> Result<[Result<Pair, Refusal>; 2], Refusal> {
        if named(&self.client_ids) { pairs(callback) } else { Err(Refusal::NotConfigured) }
    }

    pub(super) fn addresses(&self, callback: &Callback<'_>) -> Result<Vec<String>, Refusal> {
        match self.pairs(callback)? {
            [Err(refusal), Err(_)] => Err(refusal),
            pairs => {
                let mut addresses: Vec<String> =
                    pairs.into_iter().flatten().map(|pair| pair.address).collect();
                // Both signatures may be made with one key.
                addresses.dedup();
                Ok(addresses)
            }
        }
    }

    pub(super) fn verify<'a>(
        &self,
        callback: &Callback<'a>,
        fetched: Fetched<'_>,
        now: Timestamp,
    ) -> Result<Verified<'a>, Refusal> {
        let [first, second] =
            self.pairs(callback)?.map(|pair| pair.and_then(|pair| pair.verify(callback.body, fetched)));
        if let (Err(first), Err(second)) = (first, second) {
            return Err(if weight(second) > weight(first) { second } else { first });
        }
        let event: Event = object(callback.body)?;
        if let Some(time) = &event.time {
            WINDOW.check(Timestamp::parse(time).ok_or(Refusal::MalformedTime)?, now)?;
        }
        // Both spellings may be there; then both must be ours.
        let mut recipients =
            [event.recipientclientid, event.recipient_client_id].into_iter().flatten().peekable();
        if recipients.peek().is_none() || !recipients.all(|id| self.client_ids.contains(&id)) {
            return Err(Refusal::WrongAudience);
        }
        Ok(Verified::new(Evidence::Signed, Payload::Body(callback.body)))
    }
}
