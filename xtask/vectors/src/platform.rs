//! Schemes of platforms (AWS, Adobe, Apple): converts the keys and configuration of a vector for the verifiers. Two
//! schemes are not verified: challenges are answered ([`challenge`]), and requests are signed ([`sigv4`]).

use crate::{outcome::Outcome, vector::Vector};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{
        Keys, Refusal,
        platforms::{
            AGREEMENT_SOURCE, APPLE_KEY, AdAttributionKit, AdobeCommerce, AdobeIoEvents, Allowed,
            ApiDestination, DEVELOPMENT_KEYS, FetchedDocuments, PRODUCTION_KEY, PlatformScheme,
            PlatformVerifier, Skadnetwork, Sns,
            challenge::{self, ChallengeResponse},
            sigv4::{self, AccessKey, MARKETPLACE_SERVICE, Scope, Unsigned},
        },
        public_key::{self, PublicKey},
    },
};

/// Names in vectors of a map from addresses to documents.
const DOCUMENTS: &[&str] =
    &["cert_by_url", "certs_by_url", "pem_by_url", "pems_by_url", "key_by_url", "keys_by_url"];
/// Names of a document that is used for any address.
const DOCUMENT: &[&str] = &["cert_pem", "certificate", "certificate_pem", "cert"];
/// Names of a public key: PEM, or base64 of a SubjectPublicKeyInfo.
const PUBLIC_KEYS: &[&str] =
    &["public_pem", "public_pems", "public_key", "public_keys", "pem", "spki_b64", "spki", "public_key_b64"];
/// Names of a map from key ids to public keys.
const KEYS_BY_ID: &[&str] = &["kid_to_spki_b64", "kid_to_spki", "spki_by_kid", "pem_by_kid", "keys_by_kid"];
const KEY_IDS: &[&str] = &["accepted_kids", "accepted_kid", "kids", "kid"];
const TOPICS: &[&str] = &["topic_arns", "topic_arn", "topics", "topic"];
const WINDOWS: &[&str] = &["max_age_s", "max_age_seconds", "window_s", "window_seconds", "tolerance_s"];
const CLIENT_IDS: &[&str] = &["client_id", "client_ids", "recipient_client_id", "recipientclientid"];
const SOURCES: &[&str] = &["source", "sources"];
const ACCOUNTS: &[&str] = &["account", "accounts", "account_id", "account_ids", "seller_account_id"];
const VALUES: &[&str] = &["value", "values", "accepted_values", "secret", "secrets", "accepted_secrets"];
const APPS: &[&str] = &["app_id", "app_ids", "advertised_item_identifier", "advertised_item_identifiers"];
const NETWORKS: &[&str] =
    &["ad_network_id", "ad_network_ids", "ad_network_identifier", "ad_network_identifiers"];

/// The texts and numbers with any of `names`, in that order. Each value may be a list.
fn texts(map: &Map<String, Value>, names: &[&str]) -> Vec<String> {
    let values = names.iter().filter_map(|name| map.get(*name)).flat_map(|value| match value {
        Value::Array(values) => values.as_slice(),
        value => std::slice::from_ref(value),
    });
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    values.filter_map(text).collect()
}

/// The entries of the maps with any of `names`.
fn maps<'v>(map: &'v Map<String, Value>, names: &[&str]) -> Vec<(&'v str, &'v str)> {
    let maps = names.iter().filter_map(|name| map.get(*name)).filter_map(Value::as_object);
    maps.flatten().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect()
}

/// A public key, in PEM or in base64.
fn public_key(text: &str) -> Option<PublicKey> {
    if text.trim_start().starts_with("-----") {
        return public_key::from_pem(text).ok();
    }
    PublicKey::from_spki(&STANDARD.decode(text).ok()?).ok()
}

fn allowed(vector: &Vector, names: &[&str]) -> Allowed {
    let names = texts(&vector.config, names);
    if names.is_empty() { Allowed::Any } else { Allowed::Only(names) }
}

fn window_seconds(vector: &Vector) -> Option<u32> {
    let seconds = WINDOWS.iter().find_map(|name| vector.config.get(*name)).and_then(Value::as_u64);
    seconds.and_then(|seconds| u32::try_from(seconds).ok())
}

/// The accepted keys with their ids. The keys are Apple's if the vector has none.
fn keys_by_id(vector: &Vector) -> Keys {
    let mut known = maps(&vector.keys, KEYS_BY_ID);
    if known.is_empty() {
        known = [PRODUCTION_KEY].into_iter().chain(DEVELOPMENT_KEYS).collect();
    }
    let mut accepted = texts(&vector.config, KEY_IDS);
    if accepted.is_empty() {
        accepted.push(PRODUCTION_KEY.0.to_owned());
    }
    let known = known.into_iter().filter(|(id, _)| accepted.iter().any(|accepted| accepted == id));
    Keys::new(known.filter_map(|(id, text)| Some((id.to_owned(), public_key(text)?))).collect())
}

/// The verifier for the configuration of a vector, or `None` if the configuration is incomplete.
pub fn verifier(vector: &Vector, scheme: PlatformScheme) -> Option<PlatformVerifier> {
    let Vector { keys, config, .. } = vector;
    Some(match scheme {
        PlatformScheme::AdAttributionKitPostback => PlatformVerifier::AdAttributionKit(AdAttributionKit {
            keys: keys_by_id(vector),
            apps: allowed(vector, APPS),
            networks: allowed(vector, NETWORKS),
        }),
        PlatformScheme::AdobeCommerceWebhook => {
            let keys = texts(keys, PUBLIC_KEYS).iter().map(|text| public_key(text)).collect::<Option<_>>()?;
            PlatformVerifier::AdobeCommerce(AdobeCommerce { keys })
        }
        PlatformScheme::AdobeIoEvents => {
            PlatformVerifier::AdobeIoEvents(AdobeIoEvents { client_ids: texts(config, CLIENT_IDS) })
        }
        PlatformScheme::AwsEventbridgeApiDestination => {
            let header = texts(keys, &["header", "header_name"]);
            let values = texts(keys, VALUES);
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            let mut sources = texts(config, SOURCES);
            if sources.is_empty() {
                sources.push(AGREEMENT_SOURCE.to_owned());
            }
            let accounts = texts(config, ACCOUNTS);
            let destination = ApiDestination::new(header.first()?, &values, sources, accounts);
            PlatformVerifier::ApiDestination(destination.ok()?)
        }
        PlatformScheme::AwsSns => PlatformVerifier::Sns(Sns {
            topic_arns: texts(config, TOPICS),
            window_seconds: window_seconds(vector),
        }),
        PlatformScheme::SkadnetworkPostback => {
            let key = texts(keys, PUBLIC_KEYS);
            PlatformVerifier::Skadnetwork(Skadnetwork {
                key: public_key(key.first().map_or(APPLE_KEY, String::as_str))?,
                apps: allowed(vector, APPS),
                networks: allowed(vector, NETWORKS),
            })
        }
    })
}

/// Runs a vector of a verified scheme.
fn verify(vector: &Vector, scheme: PlatformScheme) -> Outcome {
    let Some(verifier) = verifier(vector, scheme) else { return Refusal::NotConfigured.into() };
    // A vector has no time if its scheme, or its outcome, does not depend on one.
    let now = vector.now.unwrap_or(Timestamp::clamped(0));
    vector.request.callback(|callback| {
        let addresses = verifier.addresses(callback).unwrap_or_default();
        let single = texts(&vector.keys, DOCUMENT);
        let mut documents = maps(&vector.keys, DOCUMENTS);
        documents.extend(
            addresses.iter().flat_map(|address| single.iter().map(|text| (address.as_str(), text.as_str()))),
        );
        match verifier.verify(callback, FetchedDocuments(&documents), now) {
            Ok(_) => Outcome::Accepted,
            Err(refusal) => refusal.into(),
        }
    })
}

/// The media type of a header's value, without its parameters.
fn media_type(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// Answers a challenge and compares the response with the expected one, if the vector has one.
fn answer(vector: &Vector) -> Outcome {
    let response = match vector.request.callback(challenge::answer) {
        Ok(response) => response,
        Err(refusal) => return refusal.into(),
    };
    let Some(Value::Object(expected)) = &vector.expected_response else { return Outcome::Accepted };
    let status =
        expected.get("status").and_then(Value::as_u64).unwrap_or(u64::from(ChallengeResponse::STATUS));
    let mut headers = expected.get("headers").and_then(Value::as_object).into_iter().flatten();
    let typed = headers
        .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        .is_none_or(|(_, value)| value.as_str().map(media_type) == Some(ChallengeResponse::MEDIA_TYPE));
    let body = expected.get("body").and_then(Value::as_str);
    if status == u64::from(ChallengeResponse::STATUS)
        && typed
        && body.is_none_or(|body| body == response.body())
    {
        Outcome::Accepted
    } else {
        Outcome::Refused(format!("the response is {}", response.body()))
    }
}

/// Headers that signing adds. A vector contains their expected values.
const SIGNED: [&str; 3] = ["x-amz-date", "x-amz-security-token", "authorization"];

/// The signed headers in a comparable order.
fn sorted(mut headers: Vec<(String, String)>) -> Vec<(String, String)> {
    headers.sort();
    headers
}

/// Signs the request of a vector and compares the added headers with the expected ones.
fn sign(vector: &Vector) -> Outcome {
    let is_added = |name: &str| SIGNED.contains(&name.to_ascii_lowercase().as_str());
    let headers = vector.request.headers.iter();
    let (expected, given): (Vec<_>, Vec<_>) = headers.partition(|(name, _)| is_added(name));
    // An HTTP client adds the host header itself, so it is signed without being given.
    let given: Vec<(&str, &str)> = given
        .into_iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case("host"))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let expected = expected.into_iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone()));
    let first = |map, names| texts(map, names).into_iter().next();
    let id = first(&vector.keys, &["access_key_id", "access_key"]).unwrap_or_default();
    let secret = first(&vector.keys, &["secret_access_key", "secret_key", "secret"]).unwrap_or_default();
    let session_token = first(&vector.keys, &["session_token", "security_token"]);
    let key = AccessKey { id: &id, secret: &secret, session_token: session_token.as_deref() };
    let region = first(&vector.config, &["region"]).unwrap_or_else(|| "us-east-1".to_owned());
    let service = first(&vector.config, &["service"]).unwrap_or_else(|| MARKETPLACE_SERVICE.to_owned());
    let scope = Scope { region: &region, service: &service };
    let request = Unsigned {
        method: &vector.request.method,
        url: &vector.request.url,
        headers: &given,
        body: &vector.request.body,
    };
    match sigv4::sign(&request, key, scope, vector.now.unwrap_or(Timestamp::clamped(0))) {
        Ok(headers) => {
            let signed = headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            if sorted(signed) == sorted(expected.collect()) {
                Outcome::Accepted
            } else {
                Outcome::Refused("the signature differs from the expected one".to_owned())
            }
        }
        Err(error) => Outcome::Refused(error.to_string()),
    }
}

/// The names of all schemes of this family.
pub fn names() -> impl Iterator<Item = &'static str> {
    PlatformScheme::ALL.iter().map(|scheme| scheme.name()).chain([challenge::NAME, sigv4::NAME])
}

/// Runs a vector, or returns `None` if its scheme belongs to another family.
pub fn run(vector: &Vector) -> Option<Outcome> {
    match vector.scheme.as_str() {
        challenge::NAME => Some(answer(vector)),
        sigv4::NAME => Some(sign(vector)),
        name => PlatformScheme::from_name(name).map(|scheme| verify(vector, scheme)),
    }
}
