//! Addresses of SNS's certificates, and similar addresses that must be refused.

use super::{
    noon, signer,
    sns::{ADDRESS, Message, TOPIC, verifier},
    verify_request,
};
use signpost::marketplace::signature::{
    Refusal,
    platforms::{PlatformVerifier, Sns},
};

const NAME: &str = "SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem";

#[test]
fn an_address_that_is_not_the_topics_is_neither_fetched_nor_used() {
    for address in [
        "",
        "sns.us-east-1.amazonaws.com",
        &format!("http://sns.us-east-1.amazonaws.com/{NAME}"),
        &format!("HTTPS://sns.us-east-1.amazonaws.com/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com@attacker.example/{NAME}"),
        &format!("https://user:pw@sns.us-east-1.amazonaws.com/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com.attacker.example/{NAME}"),
        &format!("https://attacker.example/sns.us-east-1.amazonaws.com/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com:8443/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com:443/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com./{NAME}"),
        &format!("https://SNS.us-east-1.amazonaws.com/{NAME}"),
        &format!("https://sns.us-east-1.AMAZONAWS.com/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com.cn/{NAME}"),
        &format!("https://sns.eu-west-1.amazonaws.com/{NAME}"),
        &format!("https://sns.s3-us-west-2.amazonaws.com/{NAME}"),
        &format!("https://sns.s3.amazonaws.com/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com/x/../{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com/%2e%2e/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com//{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com%2F{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com\\{NAME}"),
        &format!("https:\\\\sns.us-east-1.amazonaws.com/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com/{NAME}?x"),
        &format!("https://sns.us-east-1.amazonaws.com/{NAME}#x"),
        &format!("https://sns.us-east-1.amazonaws.com/?Action=x&x={NAME}"),
        &format!(" https://sns.us-east-1.amazonaws.com/{NAME}"),
        &format!("https://sns.us-east-1.amazonaws.com/{NAME}\n"),
        &format!("https://sns.us-east-1.amazonaws.com\t/{NAME}"),
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9C6465FA7F48F5CACD23014631EC1136.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec113.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec11366.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec113g.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5ca/d23014631ec1136.pem",
        "https://sns.us-east-1.amazonaws.com/simplenotificationservice-9c6465fa7f48f5cacd23014631ec1136.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.pem.pem",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-9c6465fa7f48f5cacd23014631ec1136.PEM",
    ] {
        let request = Message::notification().with("SigningCertURL", address).signed().request();
        // The message is refused even if the document at the address contains the right key.
        let outcome = verify_request(&verifier(), &request, &[(address, signer::CERTIFICATE)], noon());
        assert_eq!(outcome, Err(Refusal::ForeignKey), "{address:?}");
        assert_eq!(request.callback(|callback| verifier().addresses(callback)), Err(Refusal::ForeignKey));
    }
    let request = Message::notification().signed().request();
    assert_eq!(request.callback(|callback| verifier().addresses(callback)), Ok(vec![ADDRESS.to_owned()]));
}

#[test]
fn a_topic_lives_in_its_partition() {
    for (partition, region, host) in [
        ("aws", "eu-west-1", "sns.eu-west-1.amazonaws.com"),
        ("aws", "ap-southeast-2", "sns.ap-southeast-2.amazonaws.com"),
        ("aws-cn", "cn-north-1", "sns.cn-north-1.amazonaws.com.cn"),
        ("aws-us-gov", "us-gov-west-1", "sns.us-gov-west-1.amazonaws.com"),
    ] {
        let topic = format!("arn:{partition}:sns:{region}:993604559884:t");
        let address = format!("https://{host}/{NAME}");
        let message =
            Message::notification().with("TopicArn", &topic).with("SigningCertURL", &address).signed();
        let verifier = PlatformVerifier::Sns(Sns { topic_arns: vec![topic], window_seconds: None });
        let outcome =
            verify_request(&verifier, &message.request(), &[(&address, signer::CERTIFICATE)], noon());
        assert!(outcome.is_ok(), "{outcome:?} {address}");
    }
}

#[test]
fn what_is_no_topic_signs_nothing() {
    for topic in [
        "",
        "t",
        &TOPIC.replace("arn:aws:", "arn:aws-cn:"),
        &TOPIC.replace("arn:aws:", "arn:aws-iso:"),
        &TOPIC.replace("us-east-1", "cn-north-1"),
        &TOPIC.replace("us-east-1", "us-gov-west-1"),
        &TOPIC.replace(":sns:", ":sqs:"),
        &TOPIC.replace("993604559884", "99360455988"),
        &TOPIC.replace("993604559884", "99360455988x"),
        &TOPIC.replace("us-east-1", "s3-us-west-2"),
        &TOPIC.replace("us-east-1", "s3"),
        &TOPIC.replace("us-east-1", "us-east-12"),
        &TOPIC.replace("us-east-1", "us--1"),
        &TOPIC.replace("us-east-1", "us-1"),
        &TOPIC.replace("us-east-1", "US-EAST-1"),
        &TOPIC.replace("us-east-1", "us-east-1.attacker.example/"),
        &TOPIC.replace("us-east-1", ""),
        &format!("{TOPIC}:subscription"),
        &format!("{TOPIC}/"),
        &format!("x{TOPIC}"),
    ] {
        // Even if the operator lists such a topic by mistake, no host name is built from it.
        let topic_arns =
            [topic, TOPIC].into_iter().filter(|arn| !arn.is_empty()).map(str::to_owned).collect();
        let verifier = PlatformVerifier::Sns(Sns { topic_arns, window_seconds: None });
        let request = Message::notification().with("TopicArn", topic).signed().request();
        let outcome = verify_request(&verifier, &request, &[(ADDRESS, signer::CERTIFICATE)], noon());
        assert_eq!(outcome, Err(Refusal::WrongIssuer), "{topic}");
    }
}
