//! RS256 tokens that prove the identity of a caller or user: Microsoft Entra, Google Cloud Marketplace's sign-up,
//! Pub/Sub's push, and Google's OpenID Connect.
//!
//! The vendors sign with the same keys for all of their customers, so a valid signature alone proves nothing: each
//! rule also checks the audience and the issuer.

use super::{
    callback::Callback,
    claims::{self, Audience},
    expected::Expected,
    fields::Fields,
    jws::{Jws, JwsAlgorithm, VerifiedJws},
    jwt,
    key_set::Keys,
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
};
use crate::domain::values::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

/// The accepted clock skew, in milliseconds.
const SKEW_MS: i64 = 60 * 1000;

/// The application id of the Marketplace SaaS API, which calls webhooks. It is the same in every tenant.
/// <https://learn.microsoft.com/en-us/partner-center/marketplace-offers/pc-saas-registration>
const ENTRA_CALLER: &str = "20e940b3-4c77-4b0b-9a53-9e16a1b010a7";

/// <https://docs.cloud.google.com/marketplace/docs/partners/integrated-saas/frontend-integration>: the issuer is the
/// address of its keys, so it is checked before a key is looked up.
pub(super) const GOOGLE_SIGNUP_ISSUER: &str =
    "https://www.googleapis.com/robot/v1/metadata/x509/cloud-commerce-partner@system.gserviceaccount.com";
const GOOGLE_SIGNUP_FIELD: &str = "x-gcp-marketplace-token";
/// According to the same page, a token is valid for five minutes.
const GOOGLE_SIGNUP_LIFE_MS: i64 = 5 * 60 * 1000;

/// Google's keys for ID tokens, from its discovery document
/// (<https://accounts.google.com/.well-known/openid-configuration>).
pub(super) const GOOGLE_KEYS: &str = "https://www.googleapis.com/oauth2/v3/certs";

/// The address of a tenant's keys, from its discovery document
/// (`https://login.microsoftonline.com/<tenant>/v2.0/.well-known/openid-configuration`). The tenant comes from the
/// operator's settings, never from a token.
pub(super) fn entra_keys(tenant: &str) -> String {
    let tenant = percent_encoding::utf8_percent_encode(tenant, crate::domain::links::destination::RESERVED);
    format!("https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys")
}

/// <https://docs.cloud.google.com/pubsub/docs/authenticate-push-subscriptions>; Google's libraries accept both.
const GOOGLE_ISSUERS: &[&str] = &["https://accounts.google.com", "accounts.google.com"];

/// The claims that are checked; times are in Unix seconds (RFC 7519 §4.1).
#[derive(Deserialize)]
struct Claims {
    aud: Audience,
    exp: i64,
    nbf: Option<i64>,
    iat: Option<i64>,
    iss: Option<String>,
    sub: Option<String>,
    jti: Option<String>,
    /// Entra: the tenant.
    tid: Option<String>,
    /// Entra: the calling app in tokens of version 1.0.
    appid: Option<String>,
    /// Entra: the calling app in tokens of version 2.0. Google: the party that the token was issued to.
    azp: Option<String>,
    /// Google: the service account.
    email: Option<String>,
    email_verified: Option<bool>,
}

impl Claims {
    /// Checks `nbf − skew ≤ now < exp + skew`, and that the token was not issued in the future. Returns the end of the
    /// validity, in Unix milliseconds.
    fn check_times(&self, now: Timestamp) -> Result<i64, Refusal> {
        claims::check_times(self.exp, [self.nbf, self.iat].into_iter().flatten(), SKEW_MS, now)
    }

    fn signed_at(&self) -> Option<Timestamp> {
        claims::signed_at(self.iat, self.nbf)
    }
}

/// Verifies the token of the `Authorization` header.
fn bearer(callback: &Callback<'_>, keys: &Keys) -> Result<VerifiedJws, Refusal> {
    let token = jwt::bearer(callback.required_header("authorization")?)?;
    Jws::parse(token, JwsAlgorithm::Rs256)?.verify_with(keys)
}

/// Verifies a Microsoft Marketplace webhook. The token authenticates the caller; the body is not signed.
/// <https://learn.microsoft.com/en-us/partner-center/marketplace-offers/pc-saas-fulfillment-webhook>
pub(super) fn entra<'a>(
    callback: &Callback<'a>,
    keys: &Keys,
    expected: &Expected,
    now: Timestamp,
) -> Result<Verified<'a>, Refusal> {
    let tenant = expected.tenant_id.as_deref().ok_or(Refusal::NotConfigured)?;
    let claims: Claims = bearer(callback, keys)?.claims()?;
    claims.check_times(now)?;
    claims.aud.check(&expected.audiences)?;
    // The issuers of token versions 1.0 and 2.0. The manifest of the operator's app chooses the version.
    let issuers = [
        format!("https://sts.windows.net/{tenant}/"),
        format!("https://login.microsoftonline.com/{tenant}/v2.0"),
    ];
    let is_issuer = claims.iss.as_ref().is_some_and(|iss| issuers.contains(iss));
    let callers = [&claims.appid, &claims.azp];
    // Each of the two that is present must match, so that a token of one version is not read as one of the other.
    let is_caller = callers.iter().any(|caller| caller.is_some())
        && callers.into_iter().flatten().all(|caller| caller == ENTRA_CALLER);
    if !is_issuer || claims.tid.as_deref() != Some(tenant) || !is_caller {
        return Err(Refusal::WrongIssuer);
    }
    let verified = Verified::new(Evidence::TransportOnly, Payload::Body(callback.body));
    Ok(verified.signed_at_time(claims.signed_at()))
}

/// The issuer, parsed before the signature is verified.
#[derive(Deserialize)]
struct Issuer {
    iss: Option<String>,
}

/// Verifies a buyer's sign-up or log-in from Google Cloud Marketplace. The token may be used once.
pub(super) fn google_signup(
    name: &'static str,
    callback: &Callback<'_>,
    keys: &Keys,
    expected: &Expected,
    now: Timestamp,
) -> Result<Verified<'static>, Refusal> {
    let fields = Fields::of(callback)?;
    let jws = Jws::parse(fields.required(GOOGLE_SIGNUP_FIELD)?, JwsAlgorithm::Rs256)?;
    let Issuer { iss } = jws.unverified_claims()?;
    if iss.as_deref() != Some(GOOGLE_SIGNUP_ISSUER) {
        return Err(Refusal::WrongIssuer);
    }
    let signed = jws.verify_with(keys)?;
    let claims: Claims = signed.claims()?;
    let end_ms = claims.check_times(now)?;
    let issued_ms = claims.iat.ok_or(Refusal::MalformedClaims)?.saturating_mul(1000);
    // This limit applies even if `exp` is later.
    let latest_ms = issued_ms.saturating_add(GOOGLE_SIGNUP_LIFE_MS).saturating_add(SKEW_MS);
    if now.ms() >= latest_ms {
        return Err(Refusal::Stale);
    }
    claims.aud.check(&expected.audiences)?;
    if claims.sub.as_deref().is_none_or(str::is_empty) {
        return Err(Refusal::WrongSubject);
    }
    let signed_at = claims.signed_at();
    let id = claims.jti.filter(|jti| !jti.is_empty()).map_or(signed.signature, String::into_bytes);
    let verified = Verified::new(Evidence::Signed, Payload::Json(signed.json));
    Ok(verified.signed_at_time(signed_at).once(name, &id, end_ms.min(latest_ms)))
}

/// Verifies a Google user's sign-in: the ID token of an app or of Google's token endpoint. The caller must check the
/// `nonce` that it sent. <https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken>
pub fn google_sign_in(
    token: &str,
    keys: &Keys,
    expected: &Expected,
    now: Timestamp,
) -> Result<Verified<'static>, Refusal> {
    if !expected.is_addressed() {
        return Err(Refusal::NotConfigured);
    }
    let signed = Jws::parse(token, JwsAlgorithm::Rs256)?.verify_with(keys)?;
    let claims: Claims = signed.claims()?;
    claims.check_times(now)?;
    claims.aud.check(&expected.audiences)?;
    if !claims.iss.as_deref().is_some_and(|iss| GOOGLE_ISSUERS.contains(&iss)) {
        return Err(Refusal::WrongIssuer);
    }
    // Anybody with a service account can have Google sign a token for any audience. Such a token has another authorised
    // party.
    if claims.azp.is_some_and(|party| !expected.audiences.contains(&party)) {
        return Err(Refusal::WrongAudience);
    }
    if claims.sub.as_deref().is_none_or(str::is_empty) {
        return Err(Refusal::WrongSubject);
    }
    let signed_at = claims::signed_at(claims.iat, claims.nbf);
    Ok(Verified::new(Evidence::Signed, Payload::Json(signed.json)).signed_at_time(signed_at))
}

/// The parts of a push that are checked.
#[derive(Deserialize)]
struct Push {
    subscription: Option<String>,
    message: Option<PushMessage>,
}

#[derive(Deserialize)]
struct PushMessage {
    data: Option<String>,
}

/// <https://developer.android.com/google/play/billing/rtdn-reference>
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PlayNotification {
    package_name: Option<String>,
}

impl Push {
    /// Checks the expected subscription and package, if they are configured.
    fn check(&self, expected: &Expected) -> Result<(), Refusal> {
        let subscription = expected.subscription.is_none() || expected.subscription == self.subscription;
        let package = expected.package_name.is_none() || expected.package_name == self.package_name()?;
        if subscription && package { Ok(()) } else { Err(Refusal::WrongAudience) }
    }

    fn package_name(&self) -> Result<Option<String>, Refusal> {
        let data = self.message.as_ref().and_then(|message| message.data.as_deref());
        let json = STANDARD.decode(data.unwrap_or_default()).map_err(|_| Refusal::MalformedBody)?;
        let notification: PlayNotification = claims::object(&json).ok_or(Refusal::MalformedBody)?;
        Ok(notification.package_name)
    }
}

/// Verifies a Pub/Sub push. Anybody can have Google sign a push to any address with any audience, so only the service
/// account proves the sender. The body is not signed.
pub(super) fn pubsub_push<'a>(
    callback: &Callback<'a>,
    keys: &Keys,
    expected: &Expected,
    now: Timestamp,
) -> Result<Verified<'a>, Refusal> {
    let email = expected.email.as_deref().ok_or(Refusal::NotConfigured)?;
    let claims: Claims = bearer(callback, keys)?.claims()?;
    claims.check_times(now)?;
    claims.aud.check(&expected.audiences)?;
    let is_issuer = claims.iss.as_deref().is_some_and(|iss| GOOGLE_ISSUERS.contains(&iss));
    let is_sender = claims.email.as_deref() == Some(email) && claims.email_verified == Some(true);
    if !is_issuer || !is_sender {
        return Err(Refusal::WrongIssuer);
    }
    if expected.subscription.is_some() || expected.package_name.is_some() {
        let push: Push = claims::object(callback.body).ok_or(Refusal::MalformedBody)?;
        push.check(expected)?;
    }
    let verified = Verified::new(Evidence::TransportOnly, Payload::Body(callback.body));
    Ok(verified.signed_at_time(claims.signed_at()))
}
