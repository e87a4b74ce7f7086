//! Amazon SNS over HTTPS. Source: "Verifying the signatures of Amazon SNS messages" and "Parsing message formats"
//! (Amazon SNS developer guide).
//!
//! The message contains the signature, which covers some of its members: `MessageAttributes`, `UnsubscribeURL`,
//! `SigningCertURL` and `SignatureVersion` are not signed, and neither are the headers. The payload of the proof is the
//! signed members. Raw delivery has no signature and is refused.
//!
//! Any AWS account can subscribe our address to its own topic and have SNS sign any message, so only the configured
//! list of topics proves the sender.

use super::{certificate::Certificate, fetched::FetchedDocuments, sns_address::TopicEndpoint};
use crate::{
    domain::{links::destination::RESERVED, values::time::Timestamp},
    marketplace::signature::{
        callback::Callback,
        encoding::signature,
        public_key::Algorithm,
        refusal::Refusal,
        verified::{Evidence, Payload, Verified},
        verifier::has_names,
        window::Window,
    },
};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;

/// The accepted difference between the signed time and now: SNS retries for at most an hour, with any policy (developer
/// guide, "Message delivery retries"), and clocks differ.
const WINDOW: Window = Window::around(3_900_000);

/// The operator's configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sns {
    /// The full ARNs of the accepted topics.
    pub topic_arns: Vec<String>,
    /// The maximum age of a message, in seconds, instead of 65 minutes. Messages from a dead-letter queue are older.
    pub window_seconds: Option<u32>,
}

/// A message as received.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    #[serde(rename = "Type")]
    kind: Option<String>,
    message: Option<String>,
    message_id: Option<String>,
    #[serde(rename = "SubscribeURL")]
    subscribe_url: Option<String>,
    subject: Option<String>,
    timestamp: Option<String>,
    token: Option<String>,
    topic_arn: Option<String>,
    signature_version: Option<String>,
    signature: Option<String>,
    #[serde(rename = "SigningCertURL")]
    signing_cert_url: Option<String>,
}

/// The value of a required member.
fn required(value: Option<String>, name: &'static str) -> Result<String, Refusal> {
    value.ok_or(Refusal::MissingParameter(name))
}

/// A message whose format and certificate address are valid. Its signature is not verified yet.
struct ParsedMessage {
    signed: Vec<(&'static str, String)>,
    algorithm: Algorithm,
    signature: Vec<u8>,
    address: String,
    topic: String,
    sent_at: Timestamp,
}

impl Message {
    fn parse(self) -> Result<ParsedMessage, Refusal> {
        let kind = required(self.kind, "Type")?;
        let message = required(self.message, "Message")?;
        let id = required(self.message_id, "MessageId")?;
        let sent_at = required(self.timestamp, "Timestamp")?;
        let topic = required(self.topic_arn, "TopicArn")?;
        let version = required(self.signature_version, "SignatureVersion")?;
        let tag = signature(&required(self.signature, "Signature")?)?;
        let address = required(self.signing_cert_url, "SigningCertURL")?;
        let time = Timestamp::parse(&sent_at).ok_or(Refusal::MalformedTime)?;
        let mut signed = vec![("Message", message), ("MessageId", id)];
        // The signed members are sorted by name.
        match kind.as_str() {
            "Notification" => {
                signed.extend(self.subject.map(|subject| ("Subject", subject)));
                signed.push(("Timestamp", sent_at));
            }
            // AWS's validator for Node omits the token of an `UnsubscribeConfirmation`; the documentation and the other
            // validators do not.
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
                signed.push(("SubscribeURL", required(self.subscribe_url, "SubscribeURL")?));
                signed.push(("Timestamp", sent_at));
                signed.push(("Token", required(self.token, "Token")?));
            }
            _ => return Err(Refusal::MalformedBody),
        }
        signed.push(("TopicArn", topic.clone()));
        signed.push(("Type", kind));
        // Names and values are separated by line feeds, so a signed text could be read as another message if a value
        // other than the first contained one. SNS does not allow line feeds in subjects (API reference, `Publish`).
        if signed.iter().skip(1).any(|(_, value)| value.contains('\n')) {
            return Err(Refusal::MalformedBody);
        }
        let algorithm = match version.as_str() {
            "1" => Algorithm::RsaSha1,
            "2" => Algorithm::RsaSha256,
            _ => return Err(Refusal::WrongAlgorithm),
        };
        let endpoint = TopicEndpoint::of_topic(&topic).ok_or(Refusal::WrongIssuer)?;
        if !endpoint.owns_certificate(&address) {
            return Err(Refusal::ForeignKey);
        }
        Ok(ParsedMessage { signed, algorithm, signature: tag, address, topic, sent_at: time })
    }
}

impl Sns {
    fn parse(&self, callback: &Callback<'_>) -> Result<ParsedMessage, Refusal> {
        if !has_names(&self.topic_arns) {
            return Err(Refusal::NotConfigured);
        }
        callback.json_object::<Message>()?.parse()
    }

    /// Checks the topic and the age of a message.
    fn check_sender(&self, message: &ParsedMessage, now: Timestamp) -> Result<(), Refusal> {
        let window = self.window_seconds.map(|s| WINDOW.resized(i64::from(s).saturating_mul(1000)));
        window.unwrap_or(WINDOW).check(message.sent_at, now)?;
        if self.topic_arns.contains(&message.topic) { Ok(()) } else { Err(Refusal::WrongIssuer) }
    }

    pub(super) fn precheck(&self, callback: &Callback<'_>, now: Timestamp) -> Result<(), Refusal> {
        self.check_sender(&self.parse(callback)?, now)
    }

    pub(super) fn addresses(&self, callback: &Callback<'_>) -> Result<Vec<String>, Refusal> {
        Ok(vec![self.parse(callback)?.address])
    }

    pub(super) fn verify<'a>(
        &self,
        callback: &Callback<'a>,
        fetched: FetchedDocuments<'_>,
        now: Timestamp,
    ) -> Result<Verified<'a>, Refusal> {
        let message = self.parse(callback)?;
        let certificate = Certificate::from_pem(fetched.at(&message.address)?)?;
        let mut text = String::new();
        for (name, value) in &message.signed {
            text.extend([*name, "\n", value.as_str(), "\n"]);
        }
        certificate.key.verify(message.algorithm, text.as_bytes(), &message.signature)?;
        certificate.check_validity(now)?;
        self.check_sender(&message, now)?;
        let signed = message.signed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let verified = Verified::new(Evidence::Signed, Payload::Parameters(signed));
        Ok(verified.signed_at_time(Some(message.sent_at)))
    }
}

/// The address that confirms a verified `SubscriptionConfirmation`; `None` for other messages. The caller must send a
/// GET request that follows no redirects. The address is built from the topic and the token instead of
/// `SubscribeURL`, because a message could contain any address there (CVE-2019-6715).
#[must_use]
pub fn confirmation_address(proof: &Verified<'_>) -> Option<String> {
    let Payload::Parameters(signed) = proof.payload() else { return None };
    let value = |name| signed.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    if value("Type") != Some("SubscriptionConfirmation") {
        return None;
    }
    let (topic, token) = (value("TopicArn")?, value("Token")?);
    let origin = TopicEndpoint::of_topic(topic)?.origin();
    let [topic, token] = [topic, token].map(|text| utf8_percent_encode(text, RESERVED).to_string());
    Some(format!("{origin}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"))
}
