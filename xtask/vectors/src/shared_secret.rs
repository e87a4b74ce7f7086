//! Schemes with a shared secret: a vector's keys and configuration as the verifier takes them.

use crate::{outcome::Outcome, vector::Vector};
use base64::{Engine, engine::general_purpose::STANDARD};
use data_encoding::HEXLOWER;
use serde_json::{Map, Value};
use signpost::{
    domain::values::time::Timestamp,
    marketplace::signature::{
        Parameters, Refusal, Scheme, SecretForm, Verifier, VerifierError, single_use_key,
    },
};

/// What vectors call the secret that is configured; any of them may be a list. Others are remarks: `effective_secret`
/// is what a stored secret means, and working that out is the verifier's task.
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

/// The texts under any of `names`, each once, in that order.
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

/// What `secret_encoding` says, in words: "raw UTF-8 bytes of …", "base64 after whsec_".
fn secret_form(vector: &Vector, secrets: &[&str]) -> Option<SecretForm> {
    let encoding = vector.keys.get("secret_encoding").and_then(Value::as_str).map(str::to_lowercase);
    match encoding {
        Some(words) if words.starts_with("raw") || words.starts_with("utf") => Some(SecretForm::Raw),
        Some(words) if words.contains("base64") || words.contains("whsec") => Some(SecretForm::Base64),
        Some(_) => None,
        None => secrets.iter().any(|secret| secret.starts_with("whsec_")).then_some(SecretForm::Base64),
    }
}

/// The verifier that an operator with this configuration would have.
pub fn verifier(vector: &Vector, scheme: Scheme) -> Result<Verifier, VerifierError> {
    let secrets = texts(&vector.keys, SECRETS);
    let seconds = WINDOWS.iter().find_map(|name| vector.config.get(*name)).and_then(Value::as_u64);
    let parameters = Parameters {
        audiences: owned(texts(&vector.config, AUDIENCES)),
        organization_ids: owned(texts(&vector.config, ORGANIZATIONS)),
        window_seconds: seconds.and_then(|seconds| u32::try_from(seconds).ok()),
        // Who runs the vectors of a scheme uses it.
        allow_legacy: true,
        secret_form: secret_form(vector, &secrets),
    };
    Verifier::new(scheme, &secrets, parameters)
}

/// Whether the operator has seen the token before: it is in a list `seen_…` of the configuration, as it is or encoded.
fn seen(vector: &Vector, scheme: Scheme, key: &str) -> bool {
    let lists: Vec<&str> =
        vector.config.keys().filter(|name| name.starts_with("seen")).map(String::as_str).collect();
    texts(&vector.config, &lists).into_iter().any(|token| {
        let decoded = [STANDARD.decode(token).ok(), HEXLOWER.decode(token.as_bytes()).ok()];
        let tokens = decoded.into_iter().flatten().chain([token.as_bytes().to_vec()]);
        tokens.into_iter().any(|token| single_use_key(scheme, &token) == key)
    })
}

/// Runs a vector; `None` if its scheme is none of these.
pub fn run(vector: &Vector) -> Option<Outcome> {
    let scheme = Scheme::from_name(&vector.scheme)?;
    let verifier = match verifier(vector, scheme) {
        Ok(verifier) => verifier,
        Err(error) => return Some(Outcome::Refused(format!("not configured: {error}"))),
    };
    // A vector without a clock is one of a scheme without a clock.
    let now = vector.now.unwrap_or(Timestamp::clamped(0));
    Some(vector.request.callback(|callback| match verifier.verify(callback, now) {
        Ok(verified) => match verified.single_use() {
            Some(once) if seen(vector, scheme, once.key()) => Refusal::Replayed.into(),
            Some(_) | None => Outcome::Accepted,
        },
        Err(refusal) => refusal.into(),
    }))
}
