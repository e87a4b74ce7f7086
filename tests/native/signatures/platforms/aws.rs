//! EventBridge's API destinations: the header that the operator chose, the source and the account.

use super::{noon, post, valid, verify_as, verify_request};
use signpost::marketplace::signature::{
    Refusal,
    platforms::{AGREEMENT_SOURCE, ApiDestination, PlatformScheme, PlatformVerifier},
};

const HEADER: &str = "x-acme-key";
const VALUE: &str = "b7f9c2e1d4a84f5ea3c06d7e8f9a0b1c";
const EVENT: &str = r#"{"id":"1","source":"aws.agreement-marketplace","account":"993604559884","detail":{}}"#;

fn verifier(values: &[&str]) -> PlatformVerifier {
    let owned = |text: &str| vec![text.to_owned()];
    let destination = ApiDestination::new(HEADER, values, owned(AGREEMENT_SOURCE), owned("993604559884"));
    PlatformVerifier::ApiDestination(destination.unwrap())
}

#[track_caller]
fn refused(headers: &[(&str, &str)], body: &str, refusal: Refusal) {
    assert_eq!(
        verify_request(&verifier(&[VALUE]), &post(headers, body), &[], noon()),
        Err(refusal),
        "{headers:?} {body}"
    );
}

#[test]
fn the_header_stands_there_once_and_is_the_configured_one() {
    let missing = Refusal::MissingHeader("of the API destination");
    refused(&[], EVENT, missing);
    refused(&[("x-acme-key2", VALUE), ("authorization", VALUE)], EVENT, missing);
    let twice = Refusal::DuplicateHeader("of the API destination");
    refused(&[(HEADER, VALUE), ("X-Acme-Key", VALUE)], EVENT, twice);
    for at in 0..VALUE.len() {
        let mut value = VALUE.to_owned().into_bytes();
        value[at] ^= 1;
        refused(&[(HEADER, std::str::from_utf8(&value).unwrap())], EVENT, Refusal::BadSignature);
    }
    for value in ["", &VALUE[1..], &format!("{VALUE}x"), &VALUE.to_uppercase(), &VALUE.repeat(2)] {
        refused(&[(HEADER, value)], EVENT, Refusal::BadSignature);
    }
    for name in [HEADER, "X-ACME-KEY"] {
        let request = post(&[(name, VALUE)], EVENT);
        assert!(verify_request(&verifier(&[VALUE]), &request, &[], noon()).is_ok());
        // During a rotation, both values are accepted.
        assert!(verify_request(&verifier(&["new", VALUE]), &request, &[], noon()).is_ok());
        assert_eq!(verify_request(&verifier(&["new"]), &request, &[], noon()), Err(Refusal::BadSignature));
    }
}

#[test]
fn an_event_of_another_source_or_account_is_not_ours() {
    let with = |from: &str, to: &str| EVENT.replace(from, to);
    for source in ["custom.attacker", "aws.agreement-marketplace2", "AWS.agreement-marketplace", ""] {
        refused(&[(HEADER, VALUE)], &with(AGREEMENT_SOURCE, source), Refusal::WrongIssuer);
    }
    for account in ["993604559885", "", " 993604559884"] {
        refused(&[(HEADER, VALUE)], &with("993604559884", account), Refusal::WrongAudience);
    }
    refused(&[(HEADER, VALUE)], "", Refusal::EmptyBody);
    for body in ["[]", "{", "{}", "null", r#"["aws.agreement-marketplace","993604559884"]"#] {
        refused(&[(HEADER, VALUE)], body, Refusal::MalformedBody);
    }
    let doubled = with("{\"id\"", "{\"source\":\"x\",\"id\"");
    refused(&[(HEADER, VALUE)], &doubled, Refusal::MalformedBody);
    // A sender who does not know the header does not learn whether the body is valid.
    refused(&[(HEADER, "guess")], "{", Refusal::BadSignature);
}

#[test]
fn what_is_not_configured_proves_nothing() {
    let owned = |text: &str| vec![text.to_owned()];
    assert!(ApiDestination::new(HEADER, &[], owned(AGREEMENT_SOURCE), owned("1")).is_err());
    assert!(ApiDestination::new(HEADER, &[""], owned(AGREEMENT_SOURCE), owned("1")).is_err());
    for (header, sources, accounts) in [
        ("", owned(AGREEMENT_SOURCE), owned("1")),
        (HEADER, vec![], owned("1")),
        (HEADER, owned(AGREEMENT_SOURCE), vec![]),
        (HEADER, owned(AGREEMENT_SOURCE), owned("")),
    ] {
        let destination = ApiDestination::new(header, &[VALUE], sources, accounts).unwrap();
        let verifier = PlatformVerifier::ApiDestination(destination);
        let outcome = verify_request(&verifier, &post(&[(HEADER, VALUE)], EVENT), &[], noon());
        assert_eq!(outcome, Err(Refusal::NotConfigured));
    }
    assert!(!format!("{:?}", verifier(&[VALUE])).contains(VALUE));
}

#[test]
fn it_is_no_signature() {
    for case in valid(PlatformScheme::AwsEventbridgeApiDestination) {
        let mut request = case.vector.request.clone();
        let proven = verify_as(&case, &request).unwrap();
        // The content of the detail is not signed, which the evidence of the proof states.
        request.body = String::from_utf8(request.body).unwrap().replace("782858285006", "1").into_bytes();
        assert_ne!(verify_as(&case, &request).unwrap(), proven);
        let evidence = request.callback(|callback| {
            case.verifier.verify(callback, Default::default(), case.now).unwrap().evidence()
        });
        assert_eq!(evidence, signpost::marketplace::signature::Evidence::TransportOnly);
    }
}
