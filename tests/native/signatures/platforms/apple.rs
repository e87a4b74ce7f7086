//! Apple's postbacks: SKAdNetwork and AdAttributionKit.

use super::{noon, post, signer, valid, verify_as, verify_request};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use signpost::marketplace::signature::{
    Keys, Refusal,
    platforms::{AdAttributionKit, Allowed, PlatformScheme, PlatformVerifier, Skadnetwork},
};

const APP: &str = "6448311069";
const NETWORK: &str = "acme.example";

fn bound(name: &str) -> Allowed {
    Allowed::Only(vec!["before".to_owned(), name.to_owned()])
}

fn skadnetwork() -> PlatformVerifier {
    let (apps, networks) = (bound(APP), bound(NETWORK));
    PlatformVerifier::Skadnetwork(Skadnetwork { key: signer::ec_public(1), apps, networks })
}

fn postback() -> Value {
    json!({
        "version": "4.0", "ad-network-id": NETWORK, "source-identifier": "0042", "app-id": 6_448_311_069_u64,
        "transaction-id": "t", "redownload": true, "source-app-id": 0, "fidelity-type": 1, "did-win": false,
        "postback-sequence-index": 2, "conversion-value": 20,
    })
}

/// The signed values of a postback, in the order of `names`.
fn signed(mut postback: Value, names: &[&str], key: u8) -> Value {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let values: Vec<String> = names.iter().filter_map(|name| Some(text(postback.get(*name)?))).collect();
    let tag = signer::ec_der(key, values.join("\u{2063}").as_bytes());
    postback["attribution-signature"] = signer::base64(tag).into();
    postback
}

const FOUR: [&str; 11] = [
    "version",
    "ad-network-id",
    "source-identifier",
    "app-id",
    "transaction-id",
    "redownload",
    "source-app-id",
    "source-domain",
    "fidelity-type",
    "did-win",
    "postback-sequence-index",
];

fn judge_postback(postback: &Value) -> Result<String, Refusal> {
    verify_request(&skadnetwork(), &post(&[], postback.to_string()), &[], noon())
}

#[test]
fn each_version_signs_its_own_values() {
    let old = [
        "version",
        "ad-network-id",
        "campaign-id",
        "app-id",
        "transaction-id",
        "redownload",
        "source-app-id",
        "fidelity-type",
        "did-win",
    ];
    let with = |version: &str| {
        let mut postback = postback();
        postback["version"] = version.into();
        postback["campaign-id"] = 7.into();
        postback
    };
    for (version, names) in [("2.1", &old[..7]), ("2.2", &old[..8]), ("3.0", &old[..]), ("4.0", &FOUR)] {
        let postback = signed(with(version), names, 1);
        let proven = judge_postback(&postback).unwrap();
        assert_eq!(proven.contains("0042"), version == "4.0");
        for name in FOUR.iter().chain(&old).chain(&["conversion-value", "country-code", "source-domain"]) {
            let mut changed = postback.clone();
            changed[*name] = match &postback[*name] {
                Value::String(text) if *name == "version" => text.clone().into(),
                Value::String(text) => format!("{text}0").into(),
                Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
                Value::Bool(truth) => (!truth).into(),
                _ => "added".into(),
            };
            let expected = match (names.contains(name), *name) {
                (_, "version") => Ok(proven.clone()),
                (true, "source-domain") => Err(Refusal::MalformedBody),
                (true, _) => Err(Refusal::BadSignature),
                // Members that are not signed are not in the proof.
                (false, _) => Ok(proven.clone()),
            };
            assert_eq!(judge_postback(&changed), expected, "{version} {name}");
            let mut missing = postback.clone();
            missing.as_object_mut().unwrap().remove(*name);
            let expected = match (names.contains(name), *name) {
                (true, "source-app-id") => Err(Refusal::BadSignature),
                (true, "source-domain") => Ok(proven.clone()),
                (true, _) => Err(Refusal::MissingParameter(name)),
                (false, _) => Ok(proven.clone()),
            };
            assert_eq!(judge_postback(&missing), expected, "{version} without {name}");
        }
    }
    for version in ["", "1.0", "2.0", "2.3", "4", "4.00", "4.1", "5.0", " 4.0"] {
        let postback = signed(with(version), &FOUR, 1);
        assert_eq!(judge_postback(&postback), Err(Refusal::WrongAlgorithm), "{version}");
    }
}

#[test]
fn a_domain_stands_where_an_app_would() {
    let mut domain = postback();
    domain.as_object_mut().unwrap().remove("source-app-id");
    assert!(judge_postback(&signed(domain.clone(), &FOUR, 1)).is_ok());
    domain["source-domain"] = "example.com".into();
    assert!(judge_postback(&signed(domain.clone(), &FOUR, 1)).is_ok());
    domain["source-app-id"] = 0.into();
    assert_eq!(judge_postback(&signed(domain, &FOUR, 1)), Err(Refusal::MalformedBody));
}

#[test]
fn a_postback_is_of_our_app_and_network_and_of_its_documented_form() {
    for (name, value, refusal) in [
        ("app-id", json!(6_448_311_068_u64), Refusal::WrongAudience),
        ("ad-network-id", json!("other.example"), Refusal::WrongIssuer),
        ("ad-network-id", json!("acme.example\u{2063}0042"), Refusal::MalformedBody),
        ("transaction-id", json!("\u{2063}"), Refusal::MalformedBody),
        ("source-identifier", json!(42), Refusal::MalformedBody),
        ("app-id", json!("6448311069"), Refusal::MalformedBody),
        ("app-id", json!(-1), Refusal::MalformedBody),
        ("app-id", json!(1.5), Refusal::MalformedBody),
        ("redownload", json!("true"), Refusal::MalformedBody),
    ] {
        let mut changed = postback();
        changed[name] = value;
        assert_eq!(judge_postback(&signed(changed, &FOUR, 1)), Err(refusal), "{name}");
    }
    assert_eq!(judge_postback(&signed(postback(), &FOUR, 2)), Err(Refusal::BadSignature));
    assert_eq!(judge_postback(&postback()), Err(Refusal::MissingParameter("attribution-signature")));
    assert_eq!(verify_request(&skadnetwork(), &post(&[], ""), &[], noon()), Err(Refusal::EmptyBody));
    for body in ["[]", "null", "{", r#"{"version":"4.0","version":"4.0"}"#] {
        assert_eq!(
            verify_request(&skadnetwork(), &post(&[], body), &[], noon()),
            Err(Refusal::MalformedBody)
        );
    }
    let text = |tag: &str| {
        let mut changed = signed(postback(), &FOUR, 1);
        changed["attribution-signature"] = tag.into();
        judge_postback(&changed)
    };
    // JWTs have `r` and `s` side by side, which is not DER.
    let fixed = signer::base64(signer::ec_fixed(1, b"x"));
    for tag in ["", "~", "AAAA", &fixed] {
        assert_eq!(text(tag), Err(Refusal::MalformedSignature), "{tag}");
    }
}

#[test]
fn each_bit_of_a_postbacks_signature_counts() {
    for case in valid(PlatformScheme::SkadnetworkPostback) {
        let body: Value = serde_json::from_slice(&case.vector.request.body).unwrap();
        let encoded = body["attribution-signature"].as_str().unwrap();
        let tag = base64::engine::general_purpose::STANDARD.decode(encoded).unwrap();
        for bit in 0..tag.len() * 8 {
            let mut flipped = tag.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            // Another implementation decides whether this is still valid DER.
            let refusal = match p256::ecdsa::Signature::from_der(&flipped) {
                Ok(_) => Refusal::BadSignature,
                Err(_) => Refusal::MalformedSignature,
            };
            let mut changed = body.clone();
            changed["attribution-signature"] = signer::base64(&flipped).into();
            let outcome = verify_as(&case, &post(&[], changed.to_string()));
            assert_eq!(outcome, Err(refusal), "{} bit {bit}", case.vector.id);
        }
    }
}

fn kit() -> PlatformVerifier {
    let keys = Keys::new(vec![("apple-cas-identifier/0".to_owned(), signer::ec_public(1))]);
    PlatformVerifier::AdAttributionKit(AdAttributionKit { keys, apps: bound(APP), networks: bound(NETWORK) })
}

const HEADER: &str = r#"{"kid":"apple-cas-identifier\/0","alg":"ES256"}"#;
const CLAIMS: &str = r#"{"advertised-item-identifier":6448311069,"ad-network-identifier":"acme.example"}"#;

fn jws(header: &str, claims: &str) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let tag = signer::ec_fixed(1, signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(tag))
}

fn judge_jws(jws: &str) -> Result<String, Refusal> {
    let body = json!({"jws-string": jws, "conversion-value": 63}).to_string();
    verify_request(&kit(), &post(&[], body), &[], noon())
}

#[test]
fn a_jws_is_apples_under_es256_and_a_key_that_is_taken() {
    let proven = judge_jws(&jws(HEADER, CLAIMS)).unwrap();
    assert!(!proven.contains("63"), "{proven}");
    for (header, refusal) in [
        (r#"{"kid":"apple-cas-identifier/0","alg":"none"}"#, Refusal::WrongAlgorithm),
        (r#"{"kid":"apple-cas-identifier/0","alg":"HS256"}"#, Refusal::WrongAlgorithm),
        (r#"{"kid":"apple-cas-identifier/0","alg":"es256"}"#, Refusal::WrongAlgorithm),
        (r#"{"kid":"apple-cas-identifier/0","alg":"ES384"}"#, Refusal::WrongAlgorithm),
        (r#"{"kid":"apple-cas-identifier/1","alg":"ES256"}"#, Refusal::UnknownKey),
        (r#"{"kid":"apple-development-identifier/1","alg":"ES256"}"#, Refusal::UnknownKey),
        (r#"{"kid":"","alg":"ES256"}"#, Refusal::UnknownKey),
        (
            r#"{"kid":"apple-cas-identifier/0","alg":"ES256","crit":["b64"],"b64":false}"#,
            Refusal::UnknownExtension,
        ),
        (r#"{"kid":"apple-cas-identifier/0","alg":"ES256","crit":null}"#, Refusal::UnknownExtension),
        (r#"{"kid":"apple-cas-identifier/0","alg":"none","alg":"ES256"}"#, Refusal::MalformedSignature),
        (r#"{"alg":"ES256"}"#, Refusal::UnknownKey),
        (r#"{"kid":"apple-cas-identifier/0","alg":"ES256","jwk":{}}"#, Refusal::SuppliedKey),
        (r#"{"kid":"apple-cas-identifier/0","alg":"ES256","x5c":[]}"#, Refusal::SuppliedKey),
        (r#"{"kid":"apple-cas-identifier/0"}"#, Refusal::MalformedSignature),
        ("{}", Refusal::MalformedSignature),
        ("", Refusal::MalformedSignature),
    ] {
        assert_eq!(judge_jws(&jws(header, CLAIMS)), Err(refusal), "{header}");
    }
    for (claims, refusal) in [
        (
            r#"{"advertised-item-identifier":1,"ad-network-identifier":"acme.example"}"#,
            Refusal::WrongAudience,
        ),
        (r#"{"ad-network-identifier":"acme.example"}"#, Refusal::WrongAudience),
        (r#"{"advertised-item-identifier":6448311069,"ad-network-identifier":"x"}"#, Refusal::WrongIssuer),
        (r#"{"advertised-item-identifier":6448311069}"#, Refusal::WrongIssuer),
        ("[6448311069,\"acme.example\"]", Refusal::MalformedClaims),
        ("{", Refusal::MalformedClaims),
        ("", Refusal::MalformedSignature),
    ] {
        assert_eq!(judge_jws(&jws(HEADER, claims)), Err(refusal), "{claims}");
    }
}

#[test]
fn a_jws_has_three_parts_and_each_character_of_them_counts() {
    let text = jws(HEADER, CLAIMS);
    let (signed, tag) = text.rsplit_once('.').unwrap();
    for jws in [
        "",
        ".",
        "..",
        "a.b",
        signed,
        &format!("{signed}."),
        &format!("{text}."),
        &format!("{text}="),
        &format!(" {text}"),
        &format!(".{text}"),
        &format!("{signed}.{}", &tag[..84]),
    ] {
        assert_eq!(judge_jws(jws), Err(Refusal::MalformedSignature), "{jws}");
    }
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(judge_jws(std::str::from_utf8(&changed).unwrap()).is_err(), "character {at}");
    }
    let tag = URL_SAFE_NO_PAD.decode(tag).unwrap();
    for bit in 0..tag.len() * 8 {
        let mut flipped = tag.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let jws = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(flipped));
        assert_eq!(judge_jws(&jws), Err(Refusal::BadSignature), "bit {bit}");
    }
    let body = |body: &str| verify_request(&kit(), &post(&[], body), &[], noon());
    assert_eq!(body("{}"), Err(Refusal::MissingParameter("jws-string")));
    assert_eq!(body(""), Err(Refusal::EmptyBody));
    for text in ["[]", r#"{"jws-string":1}"#, r#"{"jws-string":"a","jws-string":"b"}"#] {
        assert_eq!(body(text), Err(Refusal::MalformedBody), "{text}");
    }
}

#[test]
fn only_what_was_signed_is_proven_of_a_vector() {
    for case in valid(PlatformScheme::AdAttributionKitPostback) {
        let mut body: Value = serde_json::from_slice(&case.vector.request.body).unwrap();
        let proven = verify_as(&case, &case.vector.request).unwrap();
        for (name, value) in
            [("conversion-value", json!(1)), ("country-code", json!("ZZ")), ("did-win", json!(0))]
        {
            body[name] = value;
        }
        assert_eq!(verify_as(&case, &post(&[], body.to_string())), Ok(proven));
    }
}
