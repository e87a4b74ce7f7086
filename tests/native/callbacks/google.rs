//! A fake Google: it signs tokens with a test key, publishes that key, pushes messages, and issues access tokens.

use super::fake_vendor::{DocumentRequest, VendorResult, respond};
use super::{TestCallback, World};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use rsa::{
    pkcs1v15,
    pkcs8::DecodePrivateKey,
    signature::{SignatureEncoding, Signer},
    traits::PublicKeyParts,
};
use serde_json::{Value as Json, json};
use sha2::Sha256;
use signpost::marketplace::vendor_api::{Document, VendorError, VendorRequest};
use std::{
    collections::BTreeMap,
    sync::{Mutex, OnceLock},
};

const KEY: &str = include_str!("../signatures/platforms/keys/one.pem");
const CERTIFICATE: &str = include_str!("../signatures/platforms/keys/one_certificate.pem");
/// The operator's service account.
const ACCOUNT_KEY: &str = include_str!("../signatures/platforms/keys/other.pem");
const ACCOUNT: &str = "signpost@acme.iam.gserviceaccount.com";
pub const ACCESS_TOKEN: &str = "ya29.a-token-of-the-tests";

pub const SIGNUP_ISSUER: &str =
    "https://www.googleapis.com/robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com";
pub const JWKS: &str = "https://www.googleapis.com/oauth2/v3/certs";
const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";

const PUSH_EMAIL: &str = "push@acme.iam.gserviceaccount.com";
const SUBSCRIPTION: &str = "projects/acme/subscriptions/marketplace";
const AUDIENCE: &str = "signpost-push";

fn rsa(pem: &str) -> rsa::PrivateKey {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    rsa::PrivateKey::from_pkcs8_der(&STANDARD.decode(body).unwrap()).unwrap()
}

/// Signs a text. Signatures are cached, because the same messages are tested in many orders.
fn sign(pem: &'static str, text: &str) -> String {
    static MADE: Mutex<BTreeMap<(&str, String), String>> = Mutex::new(BTreeMap::new());
    let make = || {
        let key = pkcs1v15::SigningKey::<Sha256>::new(rsa(pem));
        URL_SAFE_NO_PAD.encode(key.sign(text.as_bytes()).to_vec())
    };
    MADE.lock().unwrap().entry((pem, text.to_owned())).or_insert_with(make).clone()
}

/// The numbers of Google's public key.
fn numbers() -> &'static (String, String) {
    static NUMBERS: OnceLock<(String, String)> = OnceLock::new();
    NUMBERS.get_or_init(|| {
        let public = rsa(KEY).to_public_key();
        (URL_SAFE_NO_PAD.encode(public.n_bytes()), URL_SAFE_NO_PAD.encode(public.e_bytes()))
    })
}

/// A token of Google's, signed with the key of this id.
pub fn token_under(kid: &str, claims: &Json) -> String {
    let header = json!({"typ": "JWT", "alg": "RS256", "kid": kid}).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
    format!("{signed}.{}", sign(KEY, &signed))
}

pub fn token(claims: &Json) -> String {
    token_under("key-1", claims)
}

/// The documents that Google publishes, with one key. The newer document has a second key.
pub fn publishes(request: &DocumentRequest) -> Document {
    let ids = if request.newer { vec!["key-1", "key-2"] } else { vec!["key-1"] };
    let text = match request.url.as_str() {
        JWKS => {
            let (n, e) = numbers();
            let key =
                |id: &&str| json!({"kty": "RSA", "kid": id, "use": "sig", "alg": "RS256", "n": n, "e": e});
            json!({"keys": ids.iter().map(key).collect::<Vec<_>>()})
        }
        SIGNUP_ISSUER => ids
            .iter()
            .map(|id| ((*id).to_owned(), json!(CERTIFICATE)))
            .collect::<serde_json::Map<_, _>>()
            .into(),
        other => panic!("nobody publishes {other}"),
    };
    Document { text: Some(text.to_string()), absent: false, newest: request.newer }
}

/// Signs with the service account's key, and fails the test for any other key.
pub fn signs(private_key_pem: &str, text: &str) -> Result<String, VendorError> {
    assert_eq!(private_key_pem, ACCOUNT_KEY);
    Ok(sign(ACCOUNT_KEY, text))
}

/// The time at which an assertion was issued, in Unix seconds.
pub fn issued_at(assertion: &str) -> i64 {
    let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap()).unwrap();
    serde_json::from_slice::<Json>(&claims).unwrap()["iat"].as_i64().unwrap()
}

/// The key file of the operator's service account. Its `token_uri` must not be used.
pub fn service_account() -> String {
    json!({
        "type": "service_account", "project_id": "acme", "private_key_id": "1", "private_key": ACCOUNT_KEY,
        "client_email": ACCOUNT, "client_id": "1", "token_uri": "https://evil.example/token",
    })
    .to_string()
}

/// The response to a request for an access token, whose assertion must be the service account's for this scope; `None`
/// for other requests.
pub fn grants(request: &VendorRequest, scope: &str) -> Option<VendorResult> {
    if request.url != TOKEN_URL {
        assert!(request.headers.contains(&("authorization", format!("Bearer {ACCESS_TOKEN}"))));
        assert_eq!((request.method, request.cache_ttl_s), ("GET", 0));
        return None;
    }
    assert_eq!((request.method, request.cache_ttl_s), ("POST", 600));
    let fields: Vec<(String, String)> =
        url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
    let [(grant, kind), (name, assertion)] = fields.as_slice() else { panic!("{fields:?}") };
    assert_eq!((grant.as_str(), name.as_str()), ("grant_type", "assertion"));
    assert_eq!(kind, "urn:ietf:params:oauth:grant-type:jwt-bearer");
    let (signed, signature) = assertion.rsplit_once('.').unwrap();
    assert_eq!(signature, sign(ACCOUNT_KEY, signed));
    let (header, claims) = signed.split_once('.').unwrap();
    let read = |part| serde_json::from_slice::<Json>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    assert_eq!(read(header), json!({"alg": "RS256", "typ": "JWT"}));
    let claims = read(claims);
    let issued = claims["iat"].as_i64().unwrap();
    assert_eq!(issued % 600, 0);
    assert_eq!(
        claims,
        json!({"iss": ACCOUNT, "scope": scope, "aud": TOKEN_URL, "iat": issued, "exp": issued + 3_600})
    );
    let granted = json!({"access_token": ACCESS_TOKEN, "expires_in": 3599, "token_type": "Bearer"});
    Some(respond(200, granted.to_string()))
}

/// A world with Google's published keys, a signing service account, and the settings for pushes.
pub fn world_with_pushes(marketplace: &'static str, settings: &Json, secrets: &Json) -> World {
    let mut all = json!({"audience": [AUDIENCE], "push_email": PUSH_EMAIL, "subscription": SUBSCRIPTION});
    all.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
    world(marketplace, &all, secrets)
}

/// A world with Google's published keys, and a signing service account.
pub fn world(marketplace: &'static str, settings: &Json, secrets: &Json) -> World {
    let mut world = World::new(marketplace, settings, secrets);
    world.vendor.publishes = publishes;
    world.vendor.signs = signs;
    world
}

/// The claims of a push's token.
pub fn push_claims(world: &World) -> Json {
    let now = world.ledger.now.ms() / 1000;
    json!({
        "aud": AUDIENCE, "azp": "1", "email": PUSH_EMAIL, "email_verified": true, "exp": now + 3_000,
        "iat": now - 600, "iss": "https://accounts.google.com", "sub": "1",
    })
}

/// A push of this message under a token with these claims.
pub fn push_under(kind: &'static str, claims: &Json, id: &str, data: &Json) -> TestCallback {
    let body = json!({
        "message": {
            "attributes": {}, "data": STANDARD.encode(data.to_string()), "messageId": id, "message_id": id,
            "publishTime": "2026-11-22T11:59:58.123Z",
        },
        "subscription": SUBSCRIPTION, "deliveryAttempt": 1,
    });
    let headers = vec![("authorization".to_owned(), format!("Bearer {}", token(claims)))];
    TestCallback { method: "POST", kind, rest: String::new(), headers, body: body.to_string() }
}

pub fn push(world: &World, kind: &'static str, id: &str, data: &Json) -> TestCallback {
    push_under(kind, &push_claims(world), id, data)
}

/// Pushes that must be refused, with what is wrong with each.
pub fn forgeries(
    world: &World,
    good: &TestCallback,
    kind: &'static str,
    data: &Json,
) -> Vec<(&'static str, TestCallback)> {
    let claims = push_claims(world);
    let with = |name: &str, value: Json| {
        let mut claims = claims.clone();
        claims[name] = value;
        push_under(kind, &claims, "1", data)
    };
    let now = world.ledger.now.ms() / 1000;
    let header =
        |value: String| TestCallback { headers: vec![("authorization".to_owned(), value)], ..good.clone() };
    let signed = token(&claims);
    vec![
        ("no token", TestCallback { headers: vec![], ..good.clone() }),
        ("another signature", header(format!("Bearer {}", &signed[..signed.len() - 4]))),
        ("another audience", with("aud", json!("another"))),
        ("another service account", with("email", json!("evil@evil.iam.gserviceaccount.com"))),
        ("an address that is not verified", with("email_verified", json!(false))),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("yesterday's", with("exp", json!(now - 86_400))),
        ("tomorrow's", with("iat", json!(now + 86_400))),
        (
            "another subscription",
            TestCallback { body: good.body.replace("projects/acme/", "projects/evil/"), ..good.clone() },
        ),
        ("a browser's", TestCallback { method: "GET", ..good.clone() }),
    ]
}
