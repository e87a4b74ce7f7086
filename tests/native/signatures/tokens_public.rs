//! Tokens under a vendor's public keys: Microsoft Entra's and Google's, with each claim corrupted.

use crate::signatures::issuer::{KID, NOW_S, es256, keys, rs256, verify_request};
use data_encoding::{BASE64, BASE64URL_NOPAD};
use serde_json::{Value, json};
use signpost::marketplace::signature::{Expected, Keys, Refusal, TokenScheme, Trust};
use vectors::vector::Request;

const TENANT: &str = "0b6f1d1e-6c1a-4f0e-9a3b-2f6d1c7e8a90";
const MARKETPLACE: &str = "20e940b3-4c77-4b0b-9a53-9e16a1b010a7";
const EMAIL: &str = "push@acme.iam.gserviceaccount.com";
const SUBSCRIPTION: &str = "projects/acme/subscriptions/marketplace";
const SIGNUP: &str =
    "https://www.googleapis.com/robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com";
const SCHEMES: [TokenScheme; 3] =
    [TokenScheme::EntraBearer, TokenScheme::GcpMarketplaceSignupJwt, TokenScheme::PubsubPushOidc];

fn expected() -> Expected {
    Expected {
        audiences: vec!["app-1".to_owned(), "app-2".to_owned()],
        tenant_id: Some(TENANT.to_owned()),
        email: Some(EMAIL.to_owned()),
        subscription: Some(SUBSCRIPTION.to_owned()),
        ..Expected::default()
    }
}

fn header() -> String {
    json!({"typ": "JWT", "alg": "RS256", "kid": KID}).to_string()
}

fn claims(scheme: TokenScheme) -> Value {
    let mut claims = json!({"aud": "app-1", "iat": NOW_S - 60, "exp": NOW_S + 240, "sub": "account"});
    let own = match scheme {
        TokenScheme::EntraBearer => json!({"nbf": NOW_S - 60, "tid": TENANT, "appid": MARKETPLACE,
            "iss": format!("https://sts.windows.net/{TENANT}/")}),
        TokenScheme::GcpMarketplaceSignupJwt => json!({"iss": SIGNUP}),
        _ => json!({"iss": "https://accounts.google.com", "email": EMAIL, "email_verified": true}),
    };
    claims.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    claims
}

fn request(scheme: TokenScheme, token: &str) -> Request {
    let url = "https://hooks.example.com/".to_owned();
    let bearer = vec![("Authorization".to_owned(), format!("Bearer {token}"))];
    let (headers, body) = match scheme {
        TokenScheme::GcpMarketplaceSignupJwt => (Vec::new(), format!("x-gcp-marketplace-token={token}")),
        _ => (bearer, json!({"subscription": SUBSCRIPTION, "message": {}}).to_string()),
    };
    Request { method: "POST".to_owned(), url, headers, body: body.into_bytes() }
}

fn verify_token(scheme: TokenScheme, token: &str) -> Result<(), Refusal> {
    let trust = Trust { keys: keys(), ..Trust::default() };
    verify_request(scheme, &request(scheme, token), &trust, &expected())
}

/// The claims with one of them changed, or removed if `value` is `null`.
fn changed(scheme: TokenScheme, name: &str, value: &Value) -> String {
    let mut claims = claims(scheme);
    let object = claims.as_object_mut().unwrap();
    match value {
        Value::Null => drop(object.remove(name)),
        value => drop(object.insert(name.to_owned(), value.clone())),
    }
    claims.to_string()
}

#[track_caller]
fn each(scheme: TokenScheme, cases: Vec<(&str, Value, Result<(), Refusal>)>) {
    for (name, value, outcome) in cases {
        let claims = changed(scheme, name, &value);
        assert_eq!(
            verify_token(scheme, &rs256(&header(), &claims)),
            outcome,
            "{} {name} {value}",
            scheme.name()
        );
    }
}

#[test]
fn the_vendor_pins_the_algorithm_and_the_key() {
    let curve = p256::ecdsa::SigningKey::from_slice(&[7; 32]).unwrap();
    for scheme in SCHEMES {
        let claims = claims(scheme).to_string();
        assert_eq!(verify_token(scheme, &rs256(&header(), &claims)), Ok(()));
        for (header, refusal) in [
            (json!({"alg": "none"}), Refusal::WrongAlgorithm),
            (json!({"alg": "none", "kid": KID}), Refusal::WrongAlgorithm),
            (json!({"alg": "HS256", "kid": KID}), Refusal::WrongAlgorithm),
            (json!({"alg": "RS512", "kid": KID}), Refusal::WrongAlgorithm),
            (json!({"alg": "PS256", "kid": KID}), Refusal::WrongAlgorithm),
            (json!({"alg": "ES256", "kid": "curve"}), Refusal::WrongAlgorithm),
            (json!({"alg": "rs256", "kid": KID}), Refusal::WrongAlgorithm),
            (json!({"kid": KID}), Refusal::MalformedSignature),
            (json!({"alg": ["RS256"], "kid": KID}), Refusal::MalformedSignature),
            (json!({"alg": "RS256"}), Refusal::UnknownKey),
            (json!({"alg": "RS256", "kid": ""}), Refusal::UnknownKey),
            (json!({"alg": "RS256", "kid": "key-2"}), Refusal::UnknownKey),
            (json!({"alg": "RS256", "kid": "encrypts"}), Refusal::UnknownKey),
            (json!({"alg": "RS256", "kid": "rs512"}), Refusal::UnknownKey),
            (json!({"alg": "RS256", "kid": "secret"}), Refusal::UnknownKey),
            (json!({"alg": "RS256", "kid": "curve"}), Refusal::WrongAlgorithm),
            (json!({"alg": "RS256", "kid": KID, "crit": []}), Refusal::UnknownExtension),
            (json!({"alg": "RS256", "kid": KID, "crit": null}), Refusal::UnknownExtension),
            (json!({"alg": "RS256", "kid": KID, "jwk": {}}), Refusal::SuppliedKey),
            (json!({"alg": "RS256", "kid": KID, "jku": "https://a.example/"}), Refusal::SuppliedKey),
            (json!({"alg": "RS256", "kid": KID, "x5u": "https://a.example/"}), Refusal::SuppliedKey),
            (json!({"alg": "RS256", "kid": KID, "x5c": ["AAAA"]}), Refusal::SuppliedKey),
        ] {
            assert_eq!(verify_token(scheme, &rs256(&header.to_string(), &claims)), Err(refusal), "{header}");
        }
        let twice = format!(r#"{{"alg":"RS256","alg":"RS256","kid":"{KID}"}}"#);
        assert_eq!(verify_token(scheme, &rs256(&twice, &claims)), Err(Refusal::MalformedSignature));
        // The token names the pinned algorithm, but has a signature of another key of the set and of that key's kind.
        let token = es256(r#"{"alg":"RS256","kid":"curve"}"#, &claims, &curve);
        assert_eq!(verify_token(scheme, &token), Err(Refusal::WrongAlgorithm));
    }
}

#[test]
fn the_form_is_the_only_one() {
    for scheme in SCHEMES {
        let token = rs256(&header(), &claims(scheme).to_string());
        let [head, payload, signature]: [&str; 3] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let long = "A".repeat(65 * 1024);
        for wrong in [
            String::new(),
            format!("{head}.{payload}"),
            format!("{head}.{payload}."),
            format!("{head}.{payload}.{signature}."),
            format!("{head}.{payload}.x.{signature}"),
            format!(".{payload}.{signature}"),
            format!("{token}="),
            format!("{head}=.{payload}.{signature}"),
            format!("{head}.{payload}.{}", &signature[..signature.len() - 4]),
            format!("{head}.{payload}.{signature}AAAA"),
            format!("{head}.{payload}{long}.{signature}"),
        ] {
            assert_eq!(
                verify_token(scheme, &wrong),
                Err(Refusal::MalformedSignature),
                "{} {wrong:.80}",
                scheme.name()
            );
        }
        let missing = match scheme {
            TokenScheme::GcpMarketplaceSignupJwt => Refusal::MissingParameter("x-gcp-marketplace-token"),
            _ => Refusal::MissingHeader("authorization"),
        };
        let mut bare = request(scheme, &token);
        bare.headers.clear();
        bare.body = b"{}".to_vec();
        let trust = Trust { keys: keys(), ..Trust::default() };
        assert_eq!(verify_request(scheme, &bare, &trust, &expected()), Err(missing));
    }
}

/// The expected refusal of a changed token, computed independently of the tested code.
fn refusal(scheme: TokenScheme, token: &str) -> Refusal {
    let parts: Vec<_> = token.split('.').map(|part| BASE64URL_NOPAD.decode(part.as_bytes()).ok()).collect();
    let object = |json: &Option<Vec<u8>>| serde_json::from_slice::<Value>(json.as_deref()?).ok();
    let Some(header) = object(&parts[0]).filter(|header| header["alg"].is_string()) else {
        return Refusal::MalformedSignature;
    };
    if header["alg"] != "RS256" {
        return Refusal::WrongAlgorithm;
    }
    if parts.len() != 3 || parts.iter().any(Option::is_none) {
        return Refusal::MalformedSignature;
    }
    if scheme == TokenScheme::GcpMarketplaceSignupJwt {
        match object(&parts[1]) {
            None => return Refusal::MalformedClaims,
            Some(claims) if claims["iss"] != SIGNUP => return Refusal::WrongIssuer,
            Some(_) => {}
        }
    }
    if header["kid"] == KID { Refusal::BadSignature } else { Refusal::UnknownKey }
}

#[test]
fn each_byte_of_a_token_counts() {
    for scheme in SCHEMES {
        let token = rs256(&header(), &claims(scheme).to_string());
        for at in (0..token.len()).filter(|at| token.as_bytes()[*at] != b'.') {
            let mut bytes = token.clone().into_bytes();
            bytes[at] ^= 1;
            let other = String::from_utf8(bytes).unwrap();
            // A changed bit turns only a slash into a full stop, and the alphabet has no slash.
            assert_eq!(verify_token(scheme, &other), Err(refusal(scheme, &other)), "{} {at}", scheme.name());
        }
    }
}

#[test]
fn clocks_and_audiences_are_checked_alike() {
    for scheme in SCHEMES {
        let stale = Err(Refusal::Stale);
        each(
            scheme,
            vec![
                ("exp", json!(NOW_S - 59), Ok(())),
                ("exp", json!(NOW_S - 60), stale),
                ("exp", json!(i64::MIN), stale),
                ("exp", json!(null), Err(Refusal::MalformedClaims)),
                ("exp", json!("1795349040"), Err(Refusal::MalformedClaims)),
                ("nbf", json!(NOW_S + 60), Ok(())),
                ("nbf", json!(NOW_S + 61), Err(Refusal::Future)),
                ("iat", json!(NOW_S + 60), Ok(())),
                ("iat", json!(NOW_S + 61), Err(Refusal::Future)),
                ("iat", json!(i64::MAX), Err(Refusal::Future)),
                ("aud", json!("app-2"), Ok(())),
                ("aud", json!(["other", "app-2"]), Ok(())),
                ("aud", json!("app-3"), Err(Refusal::WrongAudience)),
                ("aud", json!(""), Err(Refusal::WrongAudience)),
                ("aud", json!([]), Err(Refusal::WrongAudience)),
                ("aud", json!(null), Err(Refusal::MalformedClaims)),
                ("iss", json!("https://evil.example/"), Err(Refusal::WrongIssuer)),
                ("iss", json!(null), Err(Refusal::WrongIssuer)),
            ],
        );
        let twice = claims(scheme).to_string().replacen('{', r#"{"aud":"app-1","#, 1);
        assert_eq!(verify_token(scheme, &rs256(&header(), &twice)), Err(Refusal::MalformedClaims));
    }
}

#[test]
fn entra_calls_for_the_tenant_and_by_the_marketplace() {
    let scheme = TokenScheme::EntraBearer;
    let (issuer, other) = (Err(Refusal::WrongIssuer), "11111111-2222-3333-4444-555555555555");
    each(
        scheme,
        vec![
            ("iss", json!(format!("https://login.microsoftonline.com/{TENANT}/v2.0")), Ok(())),
            ("iss", json!(format!("https://login.microsoftonline.com/{other}/v2.0")), issuer),
            ("iss", json!(format!("https://sts.windows.net/{TENANT}")), issuer),
            ("iss", json!(format!("https://login.microsoftonline.com.a.example/{TENANT}/v2.0")), issuer),
            ("tid", json!(other), issuer),
            ("tid", json!(null), issuer),
            ("appid", json!(other), issuer),
            ("appid", json!(null), issuer),
            ("azp", json!(MARKETPLACE), Ok(())),
            ("azp", json!(other), issuer),
        ],
    );
}

#[test]
fn a_sign_up_is_googles_and_of_an_account() {
    let scheme = TokenScheme::GcpMarketplaceSignupJwt;
    each(
        scheme,
        vec![
            ("sub", json!(""), Err(Refusal::WrongSubject)),
            ("sub", json!(null), Err(Refusal::WrongSubject)),
            ("iat", json!(null), Err(Refusal::MalformedClaims)),
            // The limit applies even if `exp` is later.
            ("iat", json!(NOW_S - 359), Ok(())),
            ("iat", json!(NOW_S - 360), Err(Refusal::Stale)),
            (
                "iss",
                json!(SIGNUP.replace("cloud-commerce-partner", "cloud-agentspace")),
                Err(Refusal::WrongIssuer),
            ),
        ],
    );
    // The issuer is checked before a key is looked up.
    let foreign = changed(scheme, "iss", &json!("https://attacker.example/certs"));
    let token = rs256(r#"{"alg":"RS256","kid":"evil"}"#, &foreign);
    assert_eq!(verify_token(scheme, &token), Err(Refusal::WrongIssuer));
}

#[test]
fn a_push_is_sent_by_the_service_account() {
    let scheme = TokenScheme::PubsubPushOidc;
    let issuer = Err(Refusal::WrongIssuer);
    each(
        scheme,
        vec![
            ("iss", json!("accounts.google.com"), Ok(())),
            ("iss", json!("http://accounts.google.com"), issuer),
            ("iss", json!("https://securetoken.google.com/acme"), issuer),
            ("email", json!("anybody@attacker.iam.gserviceaccount.com"), issuer),
            ("email", json!(null), issuer),
            ("email_verified", json!(false), issuer),
            ("email_verified", json!(null), issuer),
            ("email_verified", json!("true"), Err(Refusal::MalformedClaims)),
        ],
    );
    let trust = Trust { keys: keys(), ..Trust::default() };
    let mut request = request(scheme, &rs256(&header(), &claims(scheme).to_string()));
    for (body, refusal) in [
        (r#"{"subscription":"projects/other/subscriptions/marketplace"}"#, Refusal::WrongAudience),
        ("{}", Refusal::WrongAudience),
        ("no json", Refusal::MalformedBody),
    ] {
        request.body = body.as_bytes().to_vec();
        assert_eq!(verify_request(scheme, &request, &trust, &expected()), Err(refusal), "{body}");
    }
}

#[test]
fn a_play_notification_is_about_our_package() {
    let scheme = TokenScheme::PubsubPushOidc;
    let trust = Trust { keys: keys(), ..Trust::default() };
    let expected = Expected { package_name: Some("com.acme.app".to_owned()), ..expected() };
    let mut request = request(scheme, &rs256(&header(), &claims(scheme).to_string()));
    for (data, outcome) in [
        (BASE64.encode(br#"{"packageName":"com.acme.app"}"#), Ok(())),
        (BASE64.encode(br#"{"packageName":"com.other.app"}"#), Err(Refusal::WrongAudience)),
        (BASE64.encode(b"{}"), Err(Refusal::WrongAudience)),
        (BASE64.encode(b"no json"), Err(Refusal::MalformedBody)),
        ("no base64".to_owned(), Err(Refusal::MalformedBody)),
        (String::new(), Err(Refusal::MalformedBody)),
    ] {
        let push = json!({"subscription": SUBSCRIPTION, "message": {"data": data}});
        request.body = push.to_string().into_bytes();
        assert_eq!(verify_request(scheme, &request, &trust, &expected), outcome, "{push}");
    }
}

#[test]
fn what_is_not_configured_proves_nothing() {
    let trust = Trust { keys: keys(), ..Trust::default() };
    for scheme in SCHEMES {
        let request = request(scheme, &rs256(&header(), &claims(scheme).to_string()));
        for audiences in [vec![], vec![String::new()], vec!["app-1".to_owned(), String::new()]] {
            let expected = Expected { audiences, ..expected() };
            assert_eq!(verify_request(scheme, &request, &trust, &expected), Err(Refusal::NotConfigured));
        }
        let nobody = Expected { tenant_id: None, email: None, ..expected() };
        let needs = scheme != TokenScheme::GcpMarketplaceSignupJwt;
        let outcome = if needs { Err(Refusal::NotConfigured) } else { Ok(()) };
        assert_eq!(verify_request(scheme, &request, &trust, &nobody), outcome);
        let no_keys = verify_request(scheme, &request, &Trust::default(), &expected());
        assert_eq!(no_keys, Err(Refusal::UnknownKey));
    }
    for broken in ["", "{}", r#"{"keys":{}}"#, r#"{"keys":[{"kid":"x"}]}"#] {
        assert!(Keys::from_jwks(broken).is_err(), "{broken}");
    }
    assert!(
        Keys::from_certificates(r#"{"x":"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}"#)
            .is_err()
    );
}
