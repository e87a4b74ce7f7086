//! Amazon SNS over HTTPS. Source: "Verifying the signatures of Amazon SNS messages" and "Parsing message formats" (Amazon
//! SNS developer guide).
//!
//! The signature stands in the message and covers some of its members: `MessageAttributes`, `UnsubscribeURL`,
//! `SigningCertURL` and `SignatureVersion` are not signed, and neither are the headers. The payload of the proof is the
//! signed members. Raw delivery has no signature and is refused.
//!
//! Any AWS account can subscribe our address to a topic of its own and have SNS sign what it likes: only the list of
//! topics tells whose message it is.

use super::{Fetched, certificate::Certificate, named, object, signature, sns_address::Home};
use crate::{
    domain::{links::destination::RESERVED, values::time::Timestamp},
    marketplace::signature::{
        callback::Callback,
        public_key::Algorithm,
        refusal::Refusal,
        verified::{Evidence, Payload, Verified},
        window::Window,
    },
};
use json::FromJson;
use percent_encoding::utf8_percent_encode;

/// How far the signed time may be from now: SNS tries for an hour at most, whatever policy was chosen (its developer guide,
/// "Message delivery retries"), and clocks differ.
const WINDOW: Window = Window::around(3_900_000);

/// What the operator configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sns {
    /// The topics whose messages are taken, by their whole ARNs.
    pub topic_arns: Vec<String>,
    /// How old a message may be, in seconds, instead of 65 minutes: one that is taken out of a dead-letter queue is older.
    pub window_seconds: Option<u32>,
}

/// A message, as it came in.
#[derive(FromJson)]
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

/// A member that must be there.
fn required(value: Option<String>, name: &'static str) -> Result<String, Refusal> {
    value.ok_or(Refusal::MissingParameter(name))
}

/// A message whose shape and address of a certificate are as they should be; nothing in it is proven.
struct Judged {
    signed: Vec<(&'static str, String)>,
    algorithm: Algorithm,
    signature: Vec<u8>,
    address: String,
    topic: String,
    sent_at: Timestamp,
}

impl Message {
    fn judge(self) -> Result<Judged, Refusal> {
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
        // In the order of their names, as they are signed.
        match kind.as_str() {
            "Notification" => {
                signed.extend(self.subject.map(|subject| ("Subject", subject)));
                signed.push(("Timestamp", sent_at));
            }
            // AWS's validator for Node leaves out the token of the latter; its documentation and its other validators
            // do not.
            "SubscriptionConfirmation" | "UnsubscribeConfirmation" => {
                signed.push(("SubscribeURL", required(self.subscribe_url, "SubscribeURL")?));
                signed.push(("Timestamp", sent_at));
                signed.push(("Token", required(self.token, "Token")?));
            }
            _ => return Err(Refusal::MalformedBody),
        }
        signed.push(("TopicArn", topic.clone()));
        signed.push(("Type", kind));
        // Names and values are parted by line feeds alone, so one signed text could be read as another message if a value
        // other than the first could hold one. SNS lets no subject have any (API reference, `Publish`).
        if signed.iter().skip(1).any(|(_, value)| value.contains('\n')) {
            return Err(Refusal::MalformedBody);
        }
        let algorithm = match version.as_str() {
            "1" => Algorithm::RsaSha1,
            "2" => Algorithm::RsaSha256,
            _ => return Err(Refusal::WrongAlgorithm),
        };
        let home = Home::of(&topic).ok_or(Refusal::WrongIssuer)?;
        if !home.owns_certificate(&address) {
            return Err(Refusal::ForeignKey);
        }
        Ok(Judged { signed, algorithm, signature: tag, address, topic, sent_at: time })
    }
}

impl Sns {
    fn judge(&self, callback: &Callback<'_>) -> Result<Judged, Refusal> {
        if !named(&self.topic_arns) {
            return Err(Refusal::NotConfigured);
        }
        object::<Message>(callback.body)?.judge()
    }

    pub(super) fn addresses(&self, callback: &Callback<'_>) -> Result<Vec<String>, Refusal> {
        Ok(vec![self.judge(callback)?.address])
    }

    pub(super) fn verify<'a>(
        &self,
        callback: &Callback<'a>,
        fetched: Fetched<'_>,
        now: Timestamp,
    ) -> Result<Verified<'a>, Refusal> {
        let judged = self.judge(callback)?;
        let certificate = Certificate::of_pem(fetched.at(&judged.address)?)?;
        let mut text = String::new();
        for (name, value) in &judged.signed {
            text.extend([*name, "\n", value.as_str(), "\n"]);
        }
        certificate.key.verify(judged.algorithm, text.as_bytes(), &judged.signature)?;
        certificate.check(now)?;
        let window = self.window_seconds.map(|s| WINDOW.resized(i64::from(s).saturating_mul(1000)));
        window.unwrap_or(WINDOW).check(judged.sent_at, now)?;
        if !self.topic_arns.contains(&judged.topic) {
            return Err(Refusal::WrongIssuer);
        }
        let signed = judged.signed.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let verified = Verified::new(Evidence::Signed, Payload::Parameters(signed));
        Ok(verified.signed_at_time(Some(judged.sent_at)))
    }
}

/// Where a proven `SubscriptionConfirmation` is to be answered, with a GET that follows no redirect; `None` for other
/// messages. The address is put together from the topic and the token, and `SubscribeURL` is not used: whoever fetches
/// what a message says can be sent anywhere (CVE-2019-6715).
#[must_use]
pub fn confirmation_address(proof: &Verified<'_>) -> Option<String> {
    let Payload::Parameters(signed) = proof.payload() else { return None };
    let value = |name| signed.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    if value("Type") != Some("SubscriptionConfirmation") {
        return None;
    }
    let (topic, token) = (value("TopicArn")?, value("Token")?);
    let origin = Home::of(topic)?.origin();
    let [topic, token] = [topic, token].map(|text| utf8_percent_encode(text, RESERVED).to_string());
    Some(format!("{origin}/?Action=ConfirmSubscription&TopicArn={topic}&Token={token}"))
}
