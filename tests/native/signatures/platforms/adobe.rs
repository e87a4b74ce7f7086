//! Adobe I/O Events, Adobe Commerce's webhooks, and Adobe's challenge.

use super::{noon, post, signer, valid, vectors_of, verify_as, verify_request};
use base64::{Engine, engine::general_purpose::STANDARD};
use signpost::marketplace::signature::{
    Refusal,
    platforms::{AdobeCommerce, AdobeIoEvents, PlatformScheme, PlatformVerifier, challenge},
    public_key,
};
use vectors::vector::Request;

const SIGNATURES: [&str; 2] = ["x-adobe-digital-signature-1", "x-adobe-digital-signature-2"];
const PATHS: [&str; 2] = ["x-adobe-public-key1-path", "x-adobe-public-key2-path"];
const PATH: &str = "/prod/keys/pub-key-one.pem";
const OTHER_PATH: &str = "/prod/keys/pub-key-other.pem";
const ADDRESS: &str = "https://static.adobeioevents.com/prod/keys/pub-key-one.pem";
const OTHER_ADDRESS: &str = "https://static.adobeioevents.com/prod/keys/pub-key-other.pem";
const DOCUMENTS: [(&str, &str); 2] = [(ADDRESS, signer::PUBLIC), (OTHER_ADDRESS, signer::OTHER_PUBLIC)];
const BODY: &str = r#"{"id":"1","time":"2026-11-24T11:00:00Z","recipientclientid":"ours"}"#;

fn events() -> PlatformVerifier {
    PlatformVerifier::AdobeIoEvents(AdobeIoEvents {
        client_ids: vec!["before".to_owned(), "ours".to_owned()],
    })
}

/// An event, signed with both keys.
fn event(body: &str) -> Request {
    let (one, other) = (signer::sha256(body.as_bytes()), signer::other_sha256(body.as_bytes()));
    let (one, other) = (signer::base64(one), signer::base64(other));
    post(&[(SIGNATURES[0], &one), (SIGNATURES[1], &other), (PATHS[0], PATH), (PATHS[1], OTHER_PATH)], body)
}

fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.iter_mut().find(|(known, _)| known == name).unwrap().1 = value.to_owned();
    request
}

fn without(mut request: Request, name: &str) -> Request {
    request.headers.retain(|(known, _)| known != name);
    request
}

fn judge_event(request: &Request) -> Option<Refusal> {
    verify_request(&events(), request, &DOCUMENTS, noon()).err()
}

#[test]
fn either_signature_is_enough_and_none_is_not() {
    assert_eq!(judge_event(&event(BODY)), None);
    let broken = signer::base64([1; 256]);
    for (lone, at) in [(1, 0), (0, 1)] {
        for request in [
            without(event(BODY), SIGNATURES[at]),
            without(event(BODY), PATHS[at]),
            with(event(BODY), SIGNATURES[at], &broken),
            with(event(BODY), SIGNATURES[at], "~"),
            with(event(BODY), PATHS[at], "@attacker.example/x.pem"),
            with(event(BODY), PATHS[at], "/prod/keys/pub-key-unknown.pem"),
        ] {
            assert_eq!(judge_event(&request), None);
            let request = with(request, SIGNATURES[lone], &broken);
            assert!(matches!(judge_event(&request), Some(Refusal::BadSignature | Refusal::Unanswered)));
        }
    }
    // Each signature belongs to its own key.
    let swapped = with(with(event(BODY), PATHS[0], OTHER_PATH), PATHS[1], PATH);
    assert_eq!(judge_event(&swapped), Some(Refusal::BadSignature));
    // A key that could not be fetched might have verified the event, so the request may be retried. An unusable key
    // might not.
    let broken = with(event(BODY), SIGNATURES[1], &broken);
    assert_eq!(verify_request(&events(), &broken, &DOCUMENTS[1..], noon()), Err(Refusal::Unanswered));
    assert_eq!(verify_request(&events(), &event(BODY), &[], noon()), Err(Refusal::Unanswered));
    let useless = [(ADDRESS, "no key"), (OTHER_ADDRESS, signer::WEAK_PUBLIC)];
    assert_eq!(verify_request(&events(), &event(BODY), &useless, noon()), Err(Refusal::UnusableKey));
    let half = [(ADDRESS, "no key"), DOCUMENTS[1]];
    assert!(verify_request(&events(), &event(BODY), &half, noon()).is_ok());
}

#[test]
fn headers_stand_there_once() {
    for name in SIGNATURES.into_iter().chain(PATHS) {
        let mut request = event(BODY);
        request.headers.push((name.to_uppercase(), "x".to_owned()));
        assert_eq!(judge_event(&request), Some(Refusal::DuplicateHeader(name)));
    }
    let lone = without(event(BODY), SIGNATURES[1]);
    assert_eq!(
        judge_event(&without(lone.clone(), SIGNATURES[0])),
        Some(Refusal::MissingHeader(SIGNATURES[0]))
    );
    assert_eq!(judge_event(&without(lone.clone(), PATHS[0])), Some(Refusal::MissingHeader(PATHS[0])));
    for text in ["", "~", "AAAA", &"A".repeat(684), &"A".repeat(688)] {
        assert_eq!(
            judge_event(&with(lone.clone(), SIGNATURES[0], text)),
            Some(Refusal::MalformedSignature),
            "{text}"
        );
    }
}

#[test]
fn a_key_stands_under_adobes_path_or_is_not_fetched() {
    for path in [
        "",
        "@attacker.example/x.pem",
        ".attacker.example/prod/keys/pub-key-one.pem",
        ":8443/prod/keys/pub-key-one.pem",
        "//attacker.example/prod/keys/pub-key-one.pem",
        "https://attacker.example/prod/keys/pub-key-one.pem",
        "/prod/keys/../keys/pub-key-one.pem",
        "/prod/keys/pub-key-../../x.pem",
        "/prod/keys/pub-key-%2e%2e%2fx.pem",
        "/prod%2Fkeys/pub-key-one.pem",
        "/prod/keys/pub-key-o/ne.pem",
        "/prod/keys/pub-key-o\\ne.pem",
        "/PROD/keys/pub-key-one.pem",
        "/prod/keys/pub-key-one.PEM",
        "/prod/keys/pub-key-one.pem.",
        "/prod/keys/pub-key-one.pem?x",
        "/prod/keys/pub-key-one.pem#x",
        "/prod/keys/pub-key-o.ne.pem",
        "/prod/keys/pub-key-o_ne.pem",
        "/prod/keys/pub-key-é.pem",
        "/prod/keys/pub-key-.pem",
        &format!("/prod/keys/pub-key-{}.pem", "a".repeat(65)),
        "prod/keys/pub-key-one.pem",
        "/prod/keys/pub-key-one",
        "/stage/keys/pub-key-one.pem",
    ] {
        let request = with(without(event(BODY), SIGNATURES[1]), PATHS[0], path);
        let address = format!("https://static.adobeioevents.com{path}");
        let outcome = verify_request(&events(), &request, &[(&address, signer::PUBLIC)], noon());
        assert_eq!(outcome, Err(Refusal::ForeignKey), "{path}");
        assert_eq!(request.callback(|callback| events().addresses(callback)), Err(Refusal::ForeignKey));
        // Only the other key is fetched.
        let both = with(event(BODY), PATHS[0], path);
        let addresses = both.callback(|callback| events().addresses(callback));
        assert_eq!(addresses, Ok(vec![OTHER_ADDRESS.to_owned()]));
    }
    let longest = format!("/prod/keys/pub-key-{}.pem", "a".repeat(64));
    let address = format!("https://static.adobeioevents.com{longest}");
    let request = with(event(BODY), PATHS[0], &longest);
    assert!(verify_request(&events(), &request, &[(&address, signer::PUBLIC)], noon()).is_ok());
    let addresses = event(BODY).callback(|callback| events().addresses(callback));
    assert_eq!(addresses, Ok(vec![ADDRESS.to_owned(), OTHER_ADDRESS.to_owned()]));
    let same = with(event(BODY), PATHS[1], PATH).callback(|callback| events().addresses(callback));
    assert_eq!(same, Ok(vec![ADDRESS.to_owned()]));
}

#[test]
fn an_event_for_somebody_else_is_not_ours() {
    for (members, expected) in [
        (r#""recipientclientid":"ours""#, None),
        (r#""recipient_client_id":"ours""#, None),
        (r#""recipient_client_id":"before""#, None),
        (r#""recipientclientid":"ours","recipient_client_id":"ours""#, None),
        (r#""recipientclientid":"theirs""#, Some(Refusal::WrongAudience)),
        (r#""recipient_client_id":"theirs""#, Some(Refusal::WrongAudience)),
        (r#""recipientclientid":"ours","recipient_client_id":"theirs""#, Some(Refusal::WrongAudience)),
        (r#""recipientclientid":"theirs","recipient_client_id":"ours""#, Some(Refusal::WrongAudience)),
        (r#""recipientclientid":"Ours""#, Some(Refusal::WrongAudience)),
        (r#""recipientClientId":"ours""#, Some(Refusal::WrongAudience)),
        (r#""recipientclientid":null"#, Some(Refusal::WrongAudience)),
        (r#""data":{"recipientclientid":"ours"}"#, Some(Refusal::WrongAudience)),
        (r#""recipientclientid":["ours"]"#, Some(Refusal::MalformedBody)),
        (r#""recipientclientid":"theirs","recipientclientid":"ours""#, Some(Refusal::MalformedBody)),
    ] {
        assert_eq!(judge_event(&event(&format!("{{{members}}}"))), expected, "{members}");
    }
    for body in ["[]", r#"["ours","ours",null]"#, "null", "{", "\"e30=\""] {
        assert_eq!(judge_event(&event(body)), Some(Refusal::MalformedBody), "{body}");
    }
    assert_eq!(judge_event(&event("")), Some(Refusal::EmptyBody));
    let nobody = PlatformVerifier::AdobeIoEvents(AdobeIoEvents::default());
    assert_eq!(verify_request(&nobody, &event(BODY), &DOCUMENTS, noon()), Err(Refusal::NotConfigured));
    let addresses = event(BODY).callback(|callback| nobody.addresses(callback));
    assert_eq!(addresses, Err(Refusal::NotConfigured));
}

#[test]
fn an_event_is_as_old_as_adobe_may_retry() {
    const HOURS: i64 = 60 * 60 * 1000;
    for (ms, expected) in
        [(0, None), (-25 * HOURS, None), (-25 * HOURS - 1, Some(Refusal::Stale)), (48 * HOURS, None)]
    {
        let time = noon().plus_ms(ms);
        let body = format!(r#"{{"time":"{time}","recipientclientid":"ours"}}"#);
        assert_eq!(judge_event(&event(&body)), expected, "{ms}");
    }
    let body = r#"{"time":"yesterday","recipientclientid":"ours"}"#;
    assert_eq!(judge_event(&event(body)), Some(Refusal::MalformedTime));
}

#[test]
fn each_byte_of_an_event_and_of_its_signatures_counts() {
    for at in 0..BODY.len() {
        let mut request = event(BODY);
        request.body[at] ^= 1;
        assert_eq!(judge_event(&request), Some(Refusal::BadSignature), "byte {at}");
    }
    let lone = without(event(BODY), SIGNATURES[1]);
    let tag = signer::sha256(BODY.as_bytes());
    for bit in 0..tag.len() * 8 {
        let mut flipped = tag.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let request = with(lone.clone(), SIGNATURES[0], &signer::base64(flipped));
        assert_eq!(judge_event(&request), Some(Refusal::BadSignature), "bit {bit}");
    }
    for case in valid(PlatformScheme::AdobeIoEvents) {
        for at in (0..case.vector.request.body.len()).step_by(7) {
            let mut request = case.vector.request.clone();
            request.body[at] ^= 1;
            assert_eq!(
                verify_as(&case, &request),
                Err(Refusal::BadSignature),
                "{}: byte {at}",
                case.vector.id
            );
        }
    }
}

const COMMERCE: &str = "x-adobe-commerce-webhook-signature";

fn webhook(body: &str) -> Request {
    let tag = signer::sha256(STANDARD.encode(body).as_bytes());
    post(&[(COMMERCE, &signer::base64(tag))], body)
}

fn commerce(keys: &[&str]) -> PlatformVerifier {
    let keys = keys.iter().map(|pem| public_key::from_pem(pem).unwrap()).collect();
    PlatformVerifier::AdobeCommerce(AdobeCommerce { keys })
}

#[test]
fn a_commerce_webhook_is_signed_as_base64() {
    let verify_by =
        |keys: &[&str], request: &Request| verify_request(&commerce(keys), request, &[], noon()).err();
    let judge_one = |request: &Request| verify_by(&[signer::PUBLIC], request);
    assert_eq!(judge_one(&webhook(BODY)), None);
    assert_eq!(judge_one(&webhook("")), None);
    assert_eq!(verify_by(&[signer::OTHER_PUBLIC, signer::PUBLIC], &webhook(BODY)), None);
    assert_eq!(verify_by(&[signer::OTHER_PUBLIC], &webhook(BODY)), Some(Refusal::BadSignature));
    assert_eq!(verify_by(&[], &webhook(BODY)), Some(Refusal::NotConfigured));
    // This signature covers the body itself, as in I/O Events.
    let raw = signer::base64(signer::sha256(BODY.as_bytes()));
    assert_eq!(judge_one(&post(&[(COMMERCE, &raw)], BODY)), Some(Refusal::BadSignature));
    assert_eq!(judge_one(&post(&[], BODY)), Some(Refusal::MissingHeader(COMMERCE)));
    let mut twice = webhook(BODY);
    twice.headers.extend(webhook(BODY).headers);
    assert_eq!(judge_one(&twice), Some(Refusal::DuplicateHeader(COMMERCE)));
    for text in ["", "~", "AAAA"] {
        assert_eq!(judge_one(&post(&[(COMMERCE, text)], BODY)), Some(Refusal::MalformedSignature));
    }
    for at in 0..BODY.len() {
        let mut request = webhook(BODY);
        request.body[at] ^= 1;
        assert_eq!(judge_one(&request), Some(Refusal::BadSignature), "byte {at}");
    }
    let tag = STANDARD.decode(&webhook(BODY).headers[0].1).unwrap();
    for bit in 0..tag.len() * 8 {
        let mut flipped = tag.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let request = post(&[(COMMERCE, &signer::base64(flipped))], BODY);
        assert_eq!(judge_one(&request), Some(Refusal::BadSignature), "bit {bit}");
    }
}

#[test]
fn only_a_plain_word_is_repeated() {
    let answer = |method: &str, query: &str| {
        let url = format!("https://app.example.com/w{query}");
        let request =
            Request { method: method.to_owned(), url, headers: Vec::new(), body: b"challenge=a".to_vec() };
        request.callback(challenge::answer).map(|greeting| greeting.body())
    };
    let longest = "a".repeat(128);
    for word in ["8ec8d794-e0ab-42df-9017-e3dada8e84f7", "A_z-09", &longest] {
        assert_eq!(
            answer("GET", &format!("?x=1&challenge={word}")),
            Ok(format!("{{\"challenge\":\"{word}\"}}"))
        );
    }
    let long = "a".repeat(129);
    for word in ["", "%3Cscript%3E", "a%22b", "a+b", "a%20b", "%C3%A9", "a%0Ab", "%ff", &long] {
        assert_eq!(answer("GET", &format!("?challenge={word}")), Err(Refusal::MalformedParameters), "{word}");
    }
    let missing = Err(Refusal::MissingParameter("challenge"));
    for (method, query) in [("GET", ""), ("GET", "?Challenge=a"), ("POST", "?challenge=a"), ("POST", "")] {
        assert_eq!(answer(method, query), missing, "{method} {query}");
    }
    assert_eq!(answer("GET", "?challenge=a&challenge=a"), Err(Refusal::DuplicateParameter));
    assert!(!vectors_of(challenge::NAME).is_empty());
}
