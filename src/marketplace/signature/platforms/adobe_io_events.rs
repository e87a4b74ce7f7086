//! Adobe I/O Events, signed twice with RSA (PKCS #1 v1.5, SHA-256) over the raw body. Source: Adobe Developer, "Adobe
//! I/O Events: security, digital signatures".
//!
//! One valid signature is enough. Each has its own key, so that Adobe can replace one key at a time. The path of a
//! key comes from a header that is not signed. Adobe's own library appends it to the host without checks, so that it
//! would fetch `@evil.example/x.pem` from another host.
//!
//! Adobe signs the events of all customers with the same two keys, so only the client id of the recipient proves that
//! an event is for us.

use super::fetched::FetchedDocuments;
use crate::{
    domain::values::time::{HOUR_MS, Timestamp},
    marketplace::signature::{
        callback::Callback,
        encoding::signature,
        public_key::{self, Algorithm},
        refusal::Refusal,
        verified::{Evidence, Payload, Verified},
        verifier::has_names,
        window::Window,
    },
};
use serde::Deserialize;

/// The origin of Adobe's keys.
const ORIGIN: &str = "https://static.adobeioevents.com";

/// The headers of each signature and of the path of its key.
const HEADERS: [(&str, &str); 2] = [
    ("x-adobe-digital-signature-1", "x-adobe-public-key1-path"),
    ("x-adobe-digital-signature-2", "x-adobe-public-key2-path"),
];

/// Adobe retries for 24 hours. The provider of an event sets its time and its clock may be ahead, so times in the
/// future are accepted.
const WINDOW: Window = Window { past_ms: 25 * HOUR_MS, future_ms: i64::MAX };

/// The operator's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AdobeIoEvents {
    /// Our client ids. The recipient of an event must be one of them.
    pub client_ids: Vec<String>,
}

/// The parts of an event that are checked.
#[derive(Deserialize)]
struct Event {
    /// The new name of the recipient.
    recipientclientid: Option<String>,
    /// The old name, which Adobe has announced to remove at the end of 2026.
    recipient_client_id: Option<String>,
    /// The optional time of the event (CloudEvents 1.0).
    time: Option<String>,
}

/// An unverified signature and the address of its key.
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

/// Parses one of the two signatures.
fn pair(callback: &Callback<'_>, header: &'static str, path: &'static str) -> Result<Pair, Refusal> {
    let signature = signature(callback.required_header(header)?)?;
    let path = callback.required_header(path)?;
    if !is_key_path(path) {
        return Err(Refusal::ForeignKey);
    }
    Ok(Pair { signature, address: format!("{ORIGIN}{path}") })
}

/// Parses both signatures independently. A duplicate of any of their headers is refused.
fn pairs(callback: &Callback<'_>) -> Result<[Result<Pair, Refusal>; 2], Refusal> {
    for (header, path) in HEADERS {
        callback.header(header)?;
        callback.header(path)?;
    }
    Ok(HEADERS.map(|(header, path)| pair(callback, header, path)))
}

impl Pair {
    fn verify(&self, body: &[u8], fetched: FetchedDocuments<'_>) -> Result<(), Refusal> {
        let key = public_key::from_pem(fetched.at(&self.address)?).map_err(|_| Refusal::UnusableKey)?;
        Ok(key.verify(Algorithm::RsaSha256, body, &self.signature)?)
    }
}

/// The precedence of a refusal if both signatures fail. A key that could not be fetched comes first, because it might
/// have verified the event.
fn precedence(refusal: Refusal) -> u8 {
    match refusal {
        Refusal::Unanswered => 2,
        Refusal::BadSignature => 1,
        _ => 0,
    }
}

impl AdobeIoEvents {
    /// Parses both signatures. Without a configured client id nothing is accepted, so nothing is fetched either.
    fn pairs(&self, callback: &Callback<'_>) -> Result<[Result<Pair, Refusal>; 2], Refusal> {
        if has_names(&self.client_ids) { pairs(callback) } else { Err(Refusal::NotConfigured) }
    }

    pub(super) fn addresses(&self, callback: &Callback<'_>) -> Result<Vec<String>, Refusal> {
        match self.pairs(callback)? {
            [Err(refusal), Err(_)] => Err(refusal),
            pairs => {
                let mut addresses: Vec<String> =
                    pairs.into_iter().flatten().map(|pair| pair.address).collect();
                // Both signatures may have the same key.
                addresses.dedup();
                Ok(addresses)
            }
        }
    }

    pub(super) fn verify<'a>(
        &self,
        callback: &Callback<'a>,
        fetched: FetchedDocuments<'_>,
        now: Timestamp,
    ) -> Result<Verified<'a>, Refusal> {
        let [first, second] =
            self.pairs(callback)?.map(|pair| pair.and_then(|pair| pair.verify(callback.body, fetched)));
        if let (Err(first), Err(second)) = (first, second) {
            return Err(if precedence(second) > precedence(first) { second } else { first });
        }
        self.precheck(callback, now)?;
        Ok(Verified::new(Evidence::Signed, Payload::Body(callback.body)))
    }

    /// Checks the age of an event, and that it is for us.
    pub(super) fn precheck(&self, callback: &Callback<'_>, now: Timestamp) -> Result<(), Refusal> {
        let event: Event = callback.json_object()?;
        if let Some(time) = &event.time {
            WINDOW.check(Timestamp::parse(time).ok_or(Refusal::MalformedTime)?, now)?;
        }
        // If both names are present, both must contain one of our client ids.
        let mut recipients =
            [event.recipientclientid, event.recipient_client_id].into_iter().flatten().peekable();
        if recipients.peek().is_none() || !recipients.all(|id| self.client_ids.contains(&id)) {
            return Err(Refusal::WrongAudience);
        }
        Ok(())
    }
}
