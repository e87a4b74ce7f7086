//! Schemes with a shared secret: converts the keys and configuration of a vector for the verifier.

use crate::{outcome::Outcome, vector::Vector};
use base64::{Engine, engine::general_purpose::STANDARD};
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{Parameters, Refusal, Scheme, SecretForm, Verifier, VerifierError},
};

/// Names in vectors of the configured secrets; each value may be a list. Other names are remarks: `effective_secret`
/// is the decoded form of a stored secret, which the verifier must compute itself.
const SECRETS: &[&str] = &[
    "secret",
    "secrets",
    "accepted_secrets",
    "consumer_secret",
    "client_secret",
    "app_secret",
    "api_secret",
    "shared_secret",
    "path_secret",
    "sso_salt",
    "salt",
    "previous_secret",
];
const AUDIENCES: &[&str] = &["audience", "audiences", "client_id", "client_ids", "api_key"];
const ORGANIZATIONS: &[&str] = &["organization_ids", "organization_id", "org_ids", "org_id"];
const WINDOWS: &[&str] = &["window_s", "window_seconds", "tolerance_s", "max_age_s"];

/// The texts with any of `names`, in that order and without duplicates.
pub(crate) fn texts<'v>(map: &'v Map<String, Value>, names: &[&str]) -> Vec<&'v str> {
    let mut found: Vec<&str> = Vec::new();
    for value in names.iter().filter_map(|name| map.get(*name)) {
        let values = match value {
            Value::Array(values) => values.as_slice(),
            value => std::slice::from_ref(value),
        };
        for text in values.iter().filter_map(Value::as_str) {
            if !found.contains(&text) {
                found.push(text);
            }
        }
    }
    found
}

pub(crate) fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}

/// The form that `secret_encoding` describes in words, such as "raw UTF-8 bytes of …" or "base64 after whsec_".
fn secret_form(vector: &Vector, secrets: &[&str]) -> Option<SecretForm> {
    let encoding = vector.keys.get("secret_encoding").and_then(Value::as_str).map(str::to_lowercase);
    match encoding {
        Some(words) if words.starts_with("raw") || words.starts_with("utf") => Some(SecretForm::Raw),
        Some(words) if words.contains("base64") || words.contains("whsec") => Some(SecretForm::Base64),
        Some(_) => None,
        None => secrets.iter().any(|secret| secret.starts_with("whsec_")).then_some(SecretForm::Base64),
    }
}

/// The verifier for the configuration of a vector.
pub fn verifier(vector: &Vector, scheme: Scheme) -> Result<Verifier, VerifierError> {
    let secrets = texts(&vector.keys, SECRETS);
    let seconds = WINDOWS.iter().find_map(|name| vector.config.get(*name)).and_then(Value::as_u64);
    let parameters = Parameters {
        audiences: owned(texts(&vector.config, AUDIENCES)),
        organization_ids: owned(texts(&vector.config, ORGANIZATIONS)),
        window_seconds: seconds.and_then(|seconds| u32::try_from(seconds).ok()),
        // Running the vectors of a legacy scheme requires it to be allowed.
        allow_legacy: true,
        secret_form: secret_form(vector, &secrets),
    };
    Verifier::new(scheme, &secrets, parameters)
}

/// Whether the token was used before: a list `seen_…` of the configuration contains it, in clear text or encoded.
fn seen(vector: &Vector, scheme: Scheme, key: &str) -> bool {
    let lists: Vec<&str> =
        vector.config.keys().filter(|name| name.starts_with("seen")).map(String::as_str).collect();
    texts(&vector.config, &lists).into_iter().any(|token| {
        let decoded = [STANDARD.decode(token).ok(), HEXLOWER.decode(token.as_bytes()).ok()];
        let tokens = decoded.into_iter().flatten().chain([token.as_bytes().to_vec()]);
        tokens.into_iter().any(|token| scheme.single_use_key(&token) == key)
    })
}

/// Runs a vector, or returns `None` if its scheme belongs to another family.
pub fn run(vector: &Vector) -> Option<Outcome> {
    let scheme = Scheme::from_name(&vector.scheme)?;
    let verifier = match verifier(vector, scheme) {
        Ok(verifier) => verifier,
        Err(error) => return Some(Outcome::Refused(format!("not configured: {error}"))),
    };
    // A vector has no time if its scheme does not depend on one.
    let now = vector.now.unwrap_or(Timestamp::clamped(0));
    Some(vector.request.callback(|callback| match verifier.verify(callback, now) {
        Ok(verified) => match verified.single_use() {
            Some(once) if seen(vector, scheme, once.key()) => Refusal::Replayed.into(),
            Some(_) | None => Outcome::Accepted,
        },
        Err(refusal) => refusal.into(),
    }))
}
