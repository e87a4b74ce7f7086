//! Installs by OAuth (RFC 6749 §4.1). The vendor leads the browser here with a code; the vendor's own token endpoint takes
//! it, and says whose it is: that is the install. A code counts once, so the app cannot have it exchanged again. It asks
//! for the vendor's answer here, at the kind `token`, as it would ask the vendor.

use super::{
    adapter::{Answer, Arrival, Kind, Proof, Reply, Told, Unreadable, Way, unreadable},
    proven,
    signature::{Exchange, Refusal, TokenEndpoint, Verified, client_secret_post, exchange},
};

/// Where the app fetches what the vendor's token endpoint answered.
pub const TOKEN: Kind = Kind { name: "token", methods: &["POST"], way: Way::App };

/// What it is, for the operator.
#[cfg(not(target_arch = "wasm32"))]
pub const ABOUT_TOKEN: &str = "the app's token URL instead of the vendor's, for codes (refresh tokens go to the vendor): asked with `code` and \
            `client_secret`, in a form or in JSON, it answers what the vendor answered, for ten minutes after the install";

/// A parameter of the query, which must not stand there twice. Nothing of it is proven.
pub fn parameter(arrival: &Arrival<'_>, name: &str) -> Result<Option<String>, Refusal> {
    let mut values =
        url::form_urlencoded::parse(arrival.address().1.as_bytes()).filter(|(known, _)| known == name);
    let first = values.next().map(|(_, value)| value.into_owned());
    match values.next() {
        Some(_) => Err(Refusal::DuplicateParameter),
        None => Ok(first.filter(|value| !value.is_empty())),
    }
}

/// Has the code of a browser's callback exchanged, with the listing's `client_id` and `client_secret`.
pub fn prove<'a>(
    arrival: &Arrival<'a>,
    endpoint: TokenEndpoint,
    more: &[(&str, &str)],
) -> Result<Proof<'a>, Refusal> {
    let code = parameter(arrival, "code")?.ok_or(Refusal::MissingParameter("code"))?;
    let client_id = arrival.listing.setting("client_id").filter(|id| !id.is_empty());
    let client_id = client_id.ok_or(Refusal::NotConfigured)?;
    let secrets = arrival.listing.secret("client_secret");
    let secret = secrets.first().filter(|secret| !secret.is_empty()).ok_or(Refusal::NotConfigured)?;
    let parameters = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("client_secret", secret),
        ("code", &code),
        // The address that was called is the one that the vendor knows.
        ("redirect_uri", arrival.address().0),
    ];
    match exchange(endpoint, &[parameters.as_slice(), more].concat(), arrival.answers.first())? {
        Exchange::Ask(request) => Ok(Proof::Ask(request)),
        Exchange::Proven(proof) => Ok(Proof::Verified(proof)),
    }
}

/// The vendor's answer, kept for the app.
pub fn for_the_app(answer: &str, arrival: &Arrival<'_>) -> Result<HandOver, Unreadable> {
    let code = parameter(arrival, "code").ok().flatten();
    let code = code.ok_or_else(|| unreadable("there is no code"))?;
    Ok(HandOver { code, body: answer.to_owned() })
}

/// Verifies the app's request for the vendor's answer: its `client_secret` is the listing's secret of this name.
pub fn verify_token(arrival: &Arrival<'_>, secret: &str) -> Result<Proof<'static>, Refusal> {
    client_secret_post(&arrival.callback, &arrival.listing.secret(secret)).map(Proof::Verified)
}

/// What the app's request comes to.
pub fn read_token(proof: &Verified<'_>) -> Result<Told, Unreadable> {
    let code = proven::parameter(proof, "code").ok_or_else(|| unreadable("there is no code"))?.to_owned();
    Ok(Told::new(Vec::new(), Reply::HandOver { code }))
}

/// What is kept for the app until it asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandOver {
    /// The code that it is asked for with.
    pub code: String,
    /// What the vendor answered.
    pub body: String,
}

/// The answer that carries what was kept (RFC 6749 §5.1).
#[must_use]
pub fn granted() -> Answer {
    let mut answer = Answer::with_body(200, "application/json", "");
    answer.headers.extend([("cache-control", "no-store".to_owned()), ("pragma", "no-cache".to_owned())]);
    answer
}

/// The answer for a code that is unknown or too old (RFC 6749 §5.2).
#[must_use]
pub fn invalid_grant() -> Answer {
    Answer::with_body(400, "application/json", r#"{"error":"invalid_grant"}"#)
}
