//! Shared by Google's marketplaces: notifications that Pub/Sub pushes, and calls to Google's APIs as a service account
//! of the operator.
//!
//! Sources: cloud.google.com/pubsub/docs/push, …/authenticate-push-subscriptions;
//! developers.google.com/identity/protocols/oauth2/service-account (JWT bearer grant, RFC 7523).

use super::{
    adapter::{
        CallbackContext, CallbackResponse, Listing, ParsedCallback, Reply, Unreadable, VerifyError,
        unreadable,
    },
    event::Event,
    payload,
    signature::{Expected, Refusal, TokenScheme, Verified},
    vendor_api::{VendorApi, VendorRequest, VendorResponse},
};
use crate::domain::values::time::Timestamp;
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde::Deserialize;
use serde_json::json;

/// Where service accounts get their tokens. The URL in a key file is ignored, because an assertion signed with the
/// private key is sent there.
pub const TOKEN_URL: &str = "https://oauth2.googleapis.com/token";
/// Seconds for which an access token, and the assertion that requests it, are reused. Both are valid for an hour.
const TOKEN_TTL_S: u32 = 600;
/// The maximum lifetime of an assertion, in seconds.
const ASSERTION_S: i64 = 3600;

/// The name and the description of a setting or a secret.
#[cfg(not(target_arch = "wasm32"))]
type About = (&'static str, &'static str);

/// The settings that every push needs: the audience,
#[cfg(not(target_arch = "wasm32"))]
pub const AUDIENCE: About = (
    "audience",
    "the audience of the push subscription's tokens, or a list of audiences; if the subscription sets none, it is the \
     push endpoint's URL",
);
/// the service account,
#[cfg(not(target_arch = "wasm32"))]
pub const PUSH_EMAIL: About = (
    "push_email",
    "the service account that the push subscription authenticates as: anybody can have Google push here with this \
     audience, so the account is the proof",
);
/// and the subscription.
#[cfg(not(target_arch = "wasm32"))]
pub const SUBSCRIPTION: About =
    ("subscription", "the push subscription's full name, `projects/<project>/subscriptions/<name>`");

/// Verifies a push: a token of Google's for this audience, from the operator's service account, and a message of the
/// operator's subscription. The message itself is not signed. All three settings are required.
pub async fn verify_push<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
    package_name: Option<&str>,
) -> Result<Verified<'a>, VerifyError> {
    let required = |name| {
        let text = context.listing.setting(name).filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or(Refusal::NotConfigured)
    };
    let expected = Expected {
        audiences: context.listing.texts("audience"),
        email: Some(required("push_email")?),
        subscription: Some(required("subscription")?),
        package_name: package_name.map(str::to_owned),
        ..Expected::default()
    };
    context.verify_token(api, TokenScheme::PubsubPushOidc, &expected).await
}

#[derive(Deserialize)]
struct Push {
    message: Message,
}

/// A Pub/Sub message.
#[derive(Deserialize)]
struct Message {
    data: String,
    #[serde(rename = "messageId")]
    id: String,
}

/// The text of a pushed message that was proven, and its id, which is the same in every delivery.
pub fn pushed(verified: &Verified<'_>) -> Result<(String, String), Unreadable> {
    let Push { message } = payload::read(verified)?;
    let data = STANDARD.decode(message.data).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Ok((data.ok_or_else(|| unreadable("message.data is not base64 of a text"))?, message.id))
}

/// Acknowledges a push. Pub/Sub redelivers the message unless the status is one of a few.
pub fn acknowledged(events: Vec<Event>) -> ParsedCallback {
    ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(204)))
}

/// Whether a text can be put into a URL unchanged, as Google's ids can.
pub fn is_plain(text: &str, max: usize) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=max).contains(&text.len()) && text.bytes().all(plain) && !matches!(text, "." | "..")
}

/// The fields of a service account's key file that are used.
#[derive(Deserialize)]
struct KeyFile {
    client_email: String,
    /// PKCS#8 in PEM.
    private_key: String,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}

/// The listing's service account.
pub struct ServiceAccount {
    key: KeyFile,
    scope: &'static str,
}

impl ServiceAccount {
    /// Reads the listing's secret `service_account`; `None` if it is not set.
    pub fn of(listing: &Listing, scope: &'static str) -> Result<Option<Self>, Refusal> {
        let Some(file) = listing.secret("service_account").first().copied() else { return Ok(None) };
        let key = strict_json::from_str(file).map_err(|_| Refusal::NotConfigured)?;
        Ok(Some(Self { key, scope }))
    }

    /// The assertion that requests a token, without its signature. Its times change every ten minutes only, so that the
    /// request is identical within that time and its response can be reused.
    fn assertion(&self, now: Timestamp) -> String {
        let now = now.ms().div_euclid(1000);
        let issued = now.saturating_sub(now.rem_euclid(i64::from(TOKEN_TTL_S)));
        let claims = json!({
            "iss": self.key.client_email, "scope": self.scope, "aud": TOKEN_URL,
            "iat": issued, "exp": issued.saturating_add(ASSERTION_S),
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}", part(&json!({"alg": "RS256", "typ": "JWT"})), part(&claims))
    }

    /// Requests an access token.
    pub async fn sign_in<'v>(&self, api: &'v dyn VendorApi) -> Result<Client<'v>, VerifyError> {
        let assertion = self.assertion(api.now());
        let signature = api.sign_rs256(&self.key.private_key, &assertion).await?;
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", &format!("{assertion}.{signature}")),
        ];
        let response = api.send(&VendorRequest::form(TOKEN_URL, &fields).cached_for(TOKEN_TTL_S)).await?;
        // A rejected key does not judge the message. The operator has to replace the key.
        match response.status {
            200 => {}
            400..=403 => return Err(Refusal::NotConfigured.into()),
            _ => return Err(Refusal::Unanswered.into()),
        }
        let Granted { access_token } =
            strict_json::from_str(&response.body).map_err(|_| Refusal::Unanswered)?;
        Ok(Client { api, access_token })
    }
}

/// Google's APIs, with an access token.
pub struct Client<'v> {
    api: &'v dyn VendorApi,
    access_token: String,
}

impl Client<'_> {
    /// Gets a URL.
    pub async fn get(&self, url: &str) -> Result<VendorResponse, VerifyError> {
        Ok(self.api.send(&VendorRequest::get_as(url, &self.access_token)).await?)
    }
}
