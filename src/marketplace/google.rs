//! What Google's marketplaces share: notifications that Pub/Sub pushes, and calls to Google's APIs as a service account of
//! the operator's.
//!
//! Sources: cloud.google.com/pubsub/docs/push, …/authenticate-push-subscriptions;
//! developers.google.com/identity/protocols/oauth2/service-account (JWT bearer grant, RFC 7523).

use super::{
    adapter::{Answer, Arrival, Proof, Reply, Told, Unreadable, unreadable},
    event::Event,
    outgoing::{Answered, Request, ToSign},
    proven,
    signature::{Expected, Refusal, TokenScheme, Verified},
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::Deserialize;
use serde_json::json;

/// Where service accounts get their tokens. A key file names an address too, which is not believed: a private key's
/// signature goes there.
pub const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
/// Seconds for which an access token, and the assertion that it is asked for with, are used again. Both are good for an
/// hour.
const KEPT_S: u32 = 600;
/// Seconds that an assertion is good for, at most.
const ASSERTION_S: i64 = 3600;

/// A setting or a secret, and what the operator reads of it.
#[cfg(not(target_arch = "wasm32"))]
type About = (&'static str, &'static str);

/// The settings that every push needs.
#[cfg(not(target_arch = "wasm32"))]
pub const AUDIENCE: About = (
    "audience",
    "the audience of the push subscription's tokens, or a list of them; where the subscription names none, it is the \
     address that is pushed to",
);
/// The same.
#[cfg(not(target_arch = "wasm32"))]
pub const PUSH_EMAIL: About = (
    "push_email",
    "the service account that the push subscription authenticates as: anybody may have Google push here with this \
     audience, so the account is the proof",
);
/// The same.
#[cfg(not(target_arch = "wasm32"))]
pub const SUBSCRIPTION: About =
    ("subscription", "the push subscription's full name, `projects/<project>/subscriptions/<name>`");

/// Proves a push: Google's token, for this audience, from the operator's service account, of the operator's subscription.
/// The message in it is not signed. All three settings are needed.
pub fn verify_push<'a>(arrival: &Arrival<'a>, package_name: Option<&str>) -> Result<Proof<'a>, Refusal> {
    let required = |name| {
        let text = arrival.listing.setting(name).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or(Refusal::NotConfigured)
    };
    let expected = Expected {
        audiences: arrival.listing.texts("audience"),
        email: Some(required("push_email")?),
        subscription: Some(required("subscription")?),
        package_name: package_name.map(str::to_owned),
        ..Expected::default()
    };
    arrival.verify_token(TokenScheme::PubsubPushOidc, &expected)
}

#[derive(Deserialize)]
struct Push {
    message: Message,
}

/// A message of Pub/Sub's.
#[derive(Deserialize)]
struct Message {
    data: String,
    #[serde(rename = "messageId")]
    id: String,
}

/// The text of a pushed message that was proven, and its id, which is the same in every delivery.
pub fn pushed(proof: &Verified<'_>) -> Result<(String, String), Unreadable> {
    let Push { message } = proven::read(proof)?;
    let data = STANDARD.decode(message.data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Ok((data.ok_or_else(|| unreadable("message.data is not base64 of a text"))?, message.id))
}

/// What a push tells. Pub/Sub takes any of a few statuses for an acknowledgement; all others bring the message again.
pub fn acknowledged(events: Vec<Event>) -> Told {
    Told::new(events, Reply::Plain(Answer::empty(204)))
}

/// Whether a text can stand in an address as it is: Google's ids are plain.
pub fn is_plain(text: &str, max: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=max).contains(&text.len()) && text.bytes().all(plain) && !matches!(text, "." | "..")
}

/// A service account's key file, as far as it is read.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    /// PKCS#8 in PEM.
    private_key: String,
}

/// Google's APIs, as the listing's service account may use them.
pub struct Api<'v, 'a> {
    arrival: &'v Arrival<'a>,
    key: KeyFile,
    scope: &'static str,
}

/// Where a call stands.
pub enum Called<'a> {
    /// This comes first.
    Next(Proof<'a>),
    /// What was answered.
    Answered(&'a Answered),
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

impl<'v, 'a> Api<'v, 'a> {
    /// With the listing's secret `service_account`; nothing if that is not set.
    pub fn of(arrival: &'v Arrival<'a>, scope: &'static str) -> Result<Option<Self>, Refusal> {
        let Some(file) = arrival.listing.secret("service_account").first().copied() else { return Ok(None) };
        let key = strict_json::from_str(file).map_err(|_| Refusal::NotConfigured)?;
        Ok(Some(Self { arrival, key, scope }))
    }

    /// The text that is signed to ask for a token. Its times are the same for ten minutes, so that the token's request is
    /// the same too, and need not be made again.
    fn assertion(&self) -> String {
        let now = self.arrival.now.ms().div_euclid(1000);
        let issued = now.saturating_sub(now.rem_euclid(i64::from(KEPT_S)));
        let claims = json!({
            "iss": self.key.client_email, "scope": self.scope, "aud": TOKEN_URL,
            "iat": issued, "exp": issued.saturating_add(ASSERTION_S),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(&json!({"alg": "RS256", "typ": "JWT"})), part(&claims))
    }

    /// Gets an address: the first call of a callback is number 0.
    pub fn get(&self, number: usize, url: &str) -> Result<Called<'a>, Refusal> {
        let assertion = self.assertion();
        let Some(signature) = self.arrival.answers.first() else {
            let to_sign = ToSign { key: self.key.private_key.clone(), text: assertion };
            return Ok(Called::Next(Proof::Sign(to_sign)));
        };
        if signature.status != 200 {
            return Err(Refusal::NotConfigured);
        }
        let Some(granted) = self.arrival.answers.get(1) else {
            let fields = [
                ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
                ("assertion", &format!("{assertion}.{}", signature.body)),
            ];
            return Ok(Called::Next(Proof::Ask(Request::form(TOKEN_URL, &fields).kept_for(KEPT_S))));
        };
        // No word on the message. A key that is not taken is the operator's to mend; nor is it taken in the one moment of ten
        // minutes at which the text changes between the signature and the call, and then the vendor tries again.
        match granted.status {
            200 => {}
            400..=403 => return Err(Refusal::NotConfigured),
            _ => return Err(Refusal::Unanswered),
        }
        let granted: Granted = strict_json::from_str(&granted.body).map_err(|_| Refusal::Unanswered)?;
        Ok(match self.arrival.answers.get(number.saturating_add(2)) {
            Some(answered) => Called::Answered(answered),
            None => Called::Next(Proof::Ask(Request::get_as(url, &granted.access_token))),
        })
    }
}

/// What was answered to the call of this number, for what is read after it was proven.
pub fn answered<'a>(arrival: &Arrival<'a>, number: usize) -> Option<&'a Answered> {
    arrival.answers.get(number.saturating_add(2))
}
