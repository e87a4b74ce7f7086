//! Schemes with vendors' public keys: converts the keys and configuration of a vector for the verifier.

use crate::{
    outcome::Outcome,
    shared_secret::{owned, texts},
    vector::{Request, Vector},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value, json};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{AppleEnvironment, Expected, Keys, Refusal, TokenScheme, Trust},
};

const JWKS: &[&str] = &["jwks", "jwk_set"];
const CERTIFICATES: &[&str] = &["x509_certs", "x509", "certs", "certificates"];
/// Names of a map from addresses to key sets. The configuration contains the address to use.
const BY_URL: &[&str] = &["jwks_by_url", "x509_certs_by_url", "certs_by_url"];
const ADDRESSES: &[&str] = &["certs_url", "jwks_url", "jwks_uri", "keys_url"];

const ROOTS_DER: &[&str] = &["root_der_b64", "roots_der_b64", "roots"];
const ROOTS_PEM: &[&str] = &["root_pem", "root_pems", "roots_pem"];

const AUDIENCES: &[&str] =
    &["audience", "audiences", "aud", "client_id", "client_ids", "bundle_id", "bundle_ids"];
const TENANTS: &[&str] = &["tenant_id", "tenant", "tid"];
const EMAILS: &[&str] = &["email", "service_account", "service_account_email", "push_service_account"];
const SUBSCRIPTIONS: &[&str] = &["subscription", "subscription_name"];
const PACKAGES: &[&str] = &["package_name", "package"];
const APPS: &[&str] = &["app_apple_id", "apple_app_id"];
const ENVIRONMENTS: &[&str] = &["environment"];

const LEAVES: &[&str] = &["leaf_der_b64", "leaf"];
const INTERMEDIATES: &[&str] = &["intermediate_der_b64", "intermediate"];

fn first<'v>(map: &'v Map<String, Value>, names: &[&str]) -> Option<&'v Value> {
    names.iter().find_map(|name| map.get(*name)).filter(|value| !value.is_null())
}

/// Parses a key set: a JWK set with a list `keys`, or certificates by key id. It may be a JSON text.
fn key_set(value: &Value) -> Option<Keys> {
    let text = match value {
        Value::String(text) => text.clone(),
        value => value.to_string(),
    };
    Keys::from_jwks(&text).or_else(|_| Keys::from_certificates(&text)).ok()
}

/// The trusted keys and roots of a vector, or `None` if they cannot be parsed. Without a list of roots, Apple's root is
/// trusted; with an empty list, none is.
pub fn trust(vector: &Vector) -> Option<Trust> {
    let by_url = || {
        let address = first(&vector.config, ADDRESSES)?.as_str()?;
        first(&vector.keys, BY_URL)?.get(address)
    };
    let set = first(&vector.keys, JWKS).or_else(|| first(&vector.keys, CERTIFICATES)).or_else(by_url);
    let keys = set.map_or(Some(Keys::default()), key_set)?;
    let mut roots = Vec::new();
    for source in [&vector.keys, &vector.config] {
        for text in texts(source, ROOTS_DER) {
            roots.push(STANDARD.decode(text).ok()?);
        }
        for text in texts(source, ROOTS_PEM) {
            roots.push(Trust::root_from_pem(text)?);
        }
        // The roots in the configuration are copies of those in the keys, which take precedence.
        if ROOTS_DER.iter().chain(ROOTS_PEM).any(|name| source.contains_key(*name)) {
            return Some(Trust { keys, roots });
        }
    }
    Some(Trust { keys, ..Trust::apple() })
}

/// The expected claims for the configuration of a vector.
pub fn expected(vector: &Vector) -> Expected {
    let text = |names| texts(&vector.config, names).first().map(|text| (*text).to_owned());
    let app = first(&vector.config, APPS);
    Expected {
        audiences: owned(texts(&vector.config, AUDIENCES)),
        tenant_id: text(TENANTS),
        email: text(EMAILS),
        subscription: text(SUBSCRIPTIONS),
        package_name: text(PACKAGES),
        app_apple_id: app.and_then(|id| id.as_u64().or_else(|| id.as_str()?.parse().ok())),
        environment: text(ENVIRONMENTS).and_then(|name| AppleEnvironment::from_name(&name)),
    }
}

/// The request of a vector. The certificates of a chain are in the configuration, and become the body as an `x5c` list.
pub fn request(vector: &Vector, scheme: TokenScheme, trust: &Trust) -> Request {
    let mut request = vector.request.clone();
    if scheme == TokenScheme::AppleX5cChain && request.body.is_empty() {
        let certificate =
            |names| first(&vector.config, names).or_else(|| first(&vector.keys, names)).cloned();
        let root = trust.roots.first().map(|root| Value::String(STANDARD.encode(root)));
        let chain: Vec<Value> =
            [certificate(LEAVES), certificate(INTERMEDIATES), root].into_iter().flatten().collect();
        let x5c = first(&vector.config, &["x5c"]).cloned();
        request.body = x5c.unwrap_or_else(|| json!(chain)).to_string().into_bytes();
    }
    request
}

/// Whether the token was used before: a list `seen_…` of the configuration contains it, its id or its signature.
fn seen(vector: &Vector, scheme: TokenScheme, key: &str) -> bool {
    let lists: Vec<&str> =
        vector.config.keys().filter(|name| name.starts_with("seen")).map(String::as_str).collect();
    texts(&vector.config, &lists).into_iter().any(|token| {
        let signature = token.rsplit('.').next().and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let tokens = signature.into_iter().chain([token.as_bytes().to_vec()]);
        tokens.into_iter().any(|token| scheme.single_use_key(&token) == key)
    })
}

/// Runs a vector, or returns `None` if its scheme belongs to another family.
pub fn run(vector: &Vector) -> Option<Outcome> {
    let scheme = TokenScheme::from_name(&vector.scheme)?;
    let Some(trust) = trust(vector) else {
        return Some(Outcome::Refused("not configured: the keys cannot be read".to_owned()));
    };
    let Some(now) = vector.now else {
        return Some(Outcome::Refused("not configured: the scheme needs a time".to_owned()));
    };
    Some(verify(vector, scheme, &trust, &request(vector, scheme, &trust), now))
}

fn verify(vector: &Vector, scheme: TokenScheme, trust: &Trust, request: &Request, now: Timestamp) -> Outcome {
    request.callback(|callback| match scheme.verify(callback, trust, &expected(vector), now) {
        Ok(verified) => match verified.single_use() {
            Some(once) if seen(vector, scheme, once.key()) => Refusal::Replayed.into(),
            Some(_) | None => Outcome::Accepted,
        },
        Err(refusal) => refusal.into(),
    })
}
