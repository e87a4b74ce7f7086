//! Amazon SNS: messages with invalid signatures, for other recipients, or with stale times.

use super::{noon, post, signer, valid, verify_as, verify_request};
use serde_json::{Map, Value};
use signpost::marketplace::signature::{
    Refusal,
    platforms::{FetchedDocuments, PlatformScheme, PlatformVerifier, Sns, confirmation_address},
};
use vectors::vector::Request;

pub const TOPIC: &str = "arn:aws:sns:us-east-1:993604559884:aws-marketplace-agreement-events";
pub const ADDRESS: &str =
    "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem";

pub fn verifier() -> PlatformVerifier {
    PlatformVerifier::Sns(Sns { topic_arns: vec![TOPIC.to_owned()], window_seconds: None })
}

/// A message's members.
#[derive(Clone)]
pub struct Message(pub Map<String, Value>);

impl Message {
    pub fn notification() -> Self {
        let message = Self(Map::new());
        let message =
            message.with("Type", "Notification").with("MessageId", "63a3f6b6-d533-4a47-aef9-fcf5cf758c76");
        let message =
            message.with("TopicArn", TOPIC).with("Message", "{\n \"action\": \"subscribe-success\"\n}");
        message
            .with("Timestamp", "2026-11-24T11:59:57.204Z")
            .with("SignatureVersion", "2")
            .with("SigningCertURL", ADDRESS)
    }

    pub fn confirmation(kind: &str) -> Self {
        let message = Self::notification().with("Type", kind).with("Token", "2336412f&x=/é");
        message.with("SubscribeURL", "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription")
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    fn without(mut self, name: &str) -> Self {
        self.0.remove(name);
        self
    }

    /// The message with a new signature over its current members.
    pub fn signed(self) -> Self {
        let names: &[&str] = match self.0["Type"].as_str().unwrap() {
            "Notification" => &["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
            _ => &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
        };
        let values = names.iter().filter_map(|name| Some((name, self.0.get(*name)?.as_str()?)));
        let text: String = values.map(|(name, value)| format!("{name}\n{value}\n")).collect();
        let tag = match self.0["SignatureVersion"].as_str().unwrap() {
            "1" => signer::sha1(text.as_bytes()),
            _ => signer::sha256(text.as_bytes()),
        };
        self.with("Signature", &signer::base64(tag))
    }

    pub fn request(&self) -> Request {
        post(&[("content-type", "text/plain; charset=UTF-8")], Value::Object(self.0.clone()).to_string())
    }

    fn verify(&self) -> Result<String, Refusal> {
        verify_request(&verifier(), &self.request(), &[(ADDRESS, signer::CERTIFICATE)], noon())
    }
}

#[track_caller]
fn refused(message: &Message, refusal: Refusal) {
    assert_eq!(message.verify(), Err(refusal), "{:?}", message.0);
}

#[test]
fn what_was_signed_is_proven_in_either_version() {
    for version in ["1", "2"] {
        let message = Message::notification().with("SignatureVersion", version);
        for message in [message.clone(), message.with("Subject", "café ☕")] {
            assert!(message.signed().verify().is_ok(), "{version}");
        }
        for kind in ["SubscriptionConfirmation", "UnsubscribeConfirmation"] {
            let message = Message::confirmation(kind).with("SignatureVersion", version);
            assert!(message.signed().verify().is_ok(), "{version} {kind}");
        }
    }
}

#[test]
fn each_signed_member_counts_and_no_other_is_in_the_proof() {
    for message in [
        Message::notification().with("Subject", "s").signed(),
        Message::confirmation("SubscriptionConfirmation").signed(),
        Message::confirmation("UnsubscribeConfirmation").signed(),
    ] {
        let proven = message.verify().unwrap();
        for name in ["Message", "MessageId", "Subject", "SubscribeURL", "Token"] {
            if let Some(value) = message.0.get(name) {
                let value = value.as_str().unwrap();
                for value in
                    [format!("{value} "), format!("x{value}"), String::new(), value.replace('2', "3")]
                {
                    if value != message.0[name] {
                        refused(&message.clone().with(name, &value), Refusal::BadSignature);
                    }
                }
            }
        }
        refused(&message.clone().with("Timestamp", "2026-11-24T11:59:57.205Z"), Refusal::BadSignature);
        refused(&message.clone().with("TopicArn", &format!("{TOPIC}2")), Refusal::BadSignature);
        for (name, value) in [
            ("UnsubscribeURL", "https://attacker.example/"),
            ("MessageAttributes", "{\"plan\":\"gold\"}"),
            ("subject", "another"),
            ("Plan", "gold"),
        ] {
            assert_eq!(message.clone().with(name, value).verify(), Ok(proven.clone()), "{name}");
        }
    }
    // An optional member that is absent cannot be added.
    refused(&Message::notification().signed().with("Subject", "added"), Refusal::BadSignature);
    refused(&Message::notification().with("Subject", "s").signed().without("Subject"), Refusal::BadSignature);
}

#[test]
fn each_bit_of_the_signature_counts() {
    let message = Message::notification();
    let text =
        "Message\n{\n \"action\": \"subscribe-success\"\n}\nMessageId\n63a3f6b6-d533-4a47-aef9-fcf5cf758c76\n\
                Timestamp\n2026-11-24T11:59:57.204Z\nTopicArn\n"
            .to_owned()
            + TOPIC + "\nType\nNotification\n";
    let tag = signer::sha256(text.as_bytes());
    assert!(message.clone().with("Signature", &signer::base64(&tag)).verify().is_ok());
    for bit in 0..tag.len() * 8 {
        let mut flipped = tag.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        refused(&message.clone().with("Signature", &signer::base64(flipped)), Refusal::BadSignature);
    }
    let longer = [&tag[..], &[0]].concat();
    for tag in [&tag[1..], &tag[..255], &longer, &[0; 512], &[0; 513]] {
        refused(&message.clone().with("Signature", &signer::base64(tag)), Refusal::MalformedSignature);
    }
    for text in ["", " ", "=", "~", &signer::base64(&tag)[..343], &format!("{}=", signer::base64(&tag))] {
        refused(&message.clone().with("Signature", text), Refusal::MalformedSignature);
    }
}

#[test]
fn a_signature_of_one_version_is_none_of_the_other() {
    let first = Message::notification().with("SignatureVersion", "1").signed();
    refused(&first.with("SignatureVersion", "2"), Refusal::BadSignature);
    refused(&Message::notification().signed().with("SignatureVersion", "1"), Refusal::BadSignature);
    for version in ["", "0", "3", "02", "2 ", "v2"] {
        refused(&Message::notification().signed().with("SignatureVersion", version), Refusal::WrongAlgorithm);
    }
}

#[test]
fn what_is_no_message_is_refused() {
    for name in [
        "Type",
        "Message",
        "MessageId",
        "Timestamp",
        "TopicArn",
        "SignatureVersion",
        "Signature",
        "SigningCertURL",
    ] {
        refused(&Message::notification().signed().without(name), Refusal::MissingParameter(name));
    }
    for name in ["Token", "SubscribeURL"] {
        let message = Message::confirmation("SubscriptionConfirmation").signed().without(name);
        refused(&message, Refusal::MissingParameter(name));
    }
    for kind in ["", "notification", "Notification ", "Raw", "SubscriptionConfirmation\n"] {
        refused(&Message::notification().signed().with("Type", kind), Refusal::MalformedBody);
    }
    for time in ["", "1795348800", "yesterday", "2026-11-24"] {
        refused(&Message::notification().with("Timestamp", time).signed(), Refusal::MalformedTime);
    }
    let verify_request =
        |body: &str| verify_request(&verifier(), &post(&[], body), &[(ADDRESS, signer::CERTIFICATE)], noon());
    assert_eq!(verify_request(""), Err(Refusal::EmptyBody));
    for body in
        ["{", "[]", "null", "\"Type\"", "{\"Type\":1}", "{\"Type\":\"a\",\"Type\":\"b\"}", "\u{feff}{}"]
    {
        assert_eq!(verify_request(body), Err(Refusal::MalformedBody), "{body}");
    }
}

/// Names and values are separated by line feeds. Without this rule, two messages could have the same signed text.
#[test]
fn no_value_but_the_message_holds_a_line_feed() {
    assert!(Message::notification().with("Message", "a\nMessageId\nb\n").signed().verify().is_ok());
    for name in ["MessageId", "Subject"] {
        refused(&Message::notification().with(name, "a\nb").signed(), Refusal::MalformedBody);
    }
    for name in ["Token", "SubscribeURL"] {
        let message = Message::confirmation("SubscriptionConfirmation").with(name, "a\nb").signed();
        refused(&message, Refusal::MalformedBody);
    }
    // The subject is moved into the id before it.
    let message = Message::notification().with("Subject", "s").signed();
    let id = format!("{}\nSubject\ns", message.0["MessageId"].as_str().unwrap());
    refused(&message.without("Subject").with("MessageId", &id), Refusal::MalformedBody);
}

#[test]
fn a_message_is_as_old_as_sns_may_try() {
    let at = |ms| Message::notification().with("Timestamp", &noon().plus_ms(ms).to_string()).signed();
    for ms in [0, -3_900_000, 3_900_000] {
        assert!(at(ms).verify().is_ok(), "{ms}");
    }
    refused(&at(-3_900_001), Refusal::Stale);
    refused(&at(3_900_001), Refusal::Future);
    let verifier = PlatformVerifier::Sns(Sns { topic_arns: vec![TOPIC.to_owned()], window_seconds: Some(7) });
    let verify_request =
        |ms| verify_request(&verifier, &at(ms).request(), &[(ADDRESS, signer::CERTIFICATE)], noon());
    assert!(verify_request(-7000).is_ok());
    assert_eq!(verify_request(-7001), Err(Refusal::Stale));
}

#[test]
fn a_certificate_counts_while_it_is_valid() {
    // The certificate is valid from 1 November to the last second of the 30th.
    for (time, expected) in [
        ("2026-10-31T23:59:59.999Z", Some(Refusal::Future)),
        ("2026-11-01T00:00:00Z", None),
        ("2026-11-30T23:59:59.999Z", None),
        ("2026-12-01T00:00:00Z", Some(Refusal::Stale)),
    ] {
        let now = signpost::domain::values::time::Timestamp::parse(time).unwrap();
        let request = Message::notification().with("Timestamp", time).signed().request();
        let outcome = verify_request(&verifier(), &request, &[(ADDRESS, signer::CERTIFICATE)], now);
        assert_eq!(outcome.err(), expected, "{time}");
    }
}

#[test]
fn only_the_key_in_the_certificate_counts() {
    let request = Message::notification().signed().request();
    let verify_request =
        |documents: &[(&str, &str)]| verify_request(&verifier(), &request, documents, noon()).err();
    let chain = format!("{}\n{}", signer::CERTIFICATE, signer::OTHER_CERTIFICATE);
    assert_eq!(verify_request(&[(ADDRESS, &chain)]), None);
    assert_eq!(verify_request(&[(ADDRESS, signer::OTHER_CERTIFICATE)]), Some(Refusal::BadSignature));
    assert_eq!(verify_request(&[(ADDRESS, signer::EC_CERTIFICATE)]), Some(Refusal::WrongAlgorithm));
    let huge = format!("{}{}", signer::CERTIFICATE, " ".repeat(16 * 1024));
    for text in ["", "-----BEGIN CERTIFICATE-----", signer::WEAK_CERTIFICATE, signer::PUBLIC, &huge] {
        assert_eq!(verify_request(&[(ADDRESS, text)]), Some(Refusal::UnusableKey), "{text}");
    }
    // The certificate was not fetched, or was fetched from another address, so the request may be retried.
    assert_eq!(verify_request(&[]), Some(Refusal::Unanswered));
    assert_eq!(
        verify_request(&[("https://attacker.example/", signer::CERTIFICATE)]),
        Some(Refusal::Unanswered)
    );
}

#[test]
fn a_genuine_message_of_another_topic_is_not_ours() {
    for topic in [
        "arn:aws:sns:us-east-1:123456789012:aws-marketplace-agreement-events",
        "arn:aws:sns:us-east-1:993604559884:another",
        "arn:aws:sns:us-east-1:993604559884:AWS-marketplace-agreement-events",
    ] {
        refused(&Message::notification().with("TopicArn", topic).signed(), Refusal::WrongIssuer);
        refused(
            &Message::confirmation("SubscriptionConfirmation").with("TopicArn", topic).signed(),
            Refusal::WrongIssuer,
        );
    }
    // The header is not signed.
    let mut request = Message::notification().with("TopicArn", &format!("{TOPIC}2")).signed().request();
    request.headers.push(("x-amz-sns-topic-arn".to_owned(), TOPIC.to_owned()));
    let outcome = verify_request(&verifier(), &request, &[(ADDRESS, signer::CERTIFICATE)], noon());
    assert_eq!(outcome, Err(Refusal::WrongIssuer));
    for topic_arns in [vec![], vec![String::new()]] {
        let verifier = PlatformVerifier::Sns(Sns { topic_arns, window_seconds: None });
        let request = Message::notification().signed().request();
        let outcome = verify_request(&verifier, &request, &[(ADDRESS, signer::CERTIFICATE)], noon());
        assert_eq!(outcome, Err(Refusal::NotConfigured));
    }
}

#[test]
fn a_subscription_is_confirmed_where_the_topic_lives() {
    let confirmed = |message: &Message| {
        message.request().callback(|callback| {
            let proof = verifier()
                .verify(callback, FetchedDocuments(&[(ADDRESS, signer::CERTIFICATE)]), noon())
                .unwrap();
            confirmation_address(&proof)
        })
    };
    let message =
        Message::confirmation("SubscriptionConfirmation").with("SubscribeURL", "https://attacker.example/");
    let expected = "https://sns.us-east-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn%3Aaws%3Asns%3Aus-east-1\
                    %3A993604559884%3Aaws-marketplace-agreement-events&Token=2336412f%26x%3D%2F%C3%A9";
    assert_eq!(confirmed(&message.signed()).as_deref(), Some(expected));
    assert_eq!(confirmed(&Message::confirmation("UnsubscribeConfirmation").signed()), None);
    assert_eq!(confirmed(&Message::notification().signed()), None);
}

#[test]
fn a_vector_is_proven_whatever_its_headers_say() {
    for case in valid(PlatformScheme::AwsSns) {
        let mut request = case.vector.request.clone();
        let proven = verify_as(&case, &request).unwrap();
        request.headers.clear();
        assert_eq!(verify_as(&case, &request), Ok(proven));
    }
}
