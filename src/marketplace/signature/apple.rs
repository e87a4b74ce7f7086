//! Apple's App Store Server Notifications, version 2, and the certificate chain that signs them.
//!
//! A notification contains further tokens. Each is verified on its own, because the signature of the notification
//! does not prove who signed the tokens in it. Sources:
//! <https://developer.apple.com/documentation/appstoreservernotifications>, and Apple's libraries
//! (apple/app-store-server-library-node, jws_verification.ts), which are followed where the documentation is silent.

use super::{
    callback::Callback,
    claims,
    expected::{AppleEnvironment, Expected},
    jws::{Jws, JwsAlgorithm, VerifiedJws},
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
    window::Window,
    x509::Chain,
};
use crate::domain::values::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Apple retries for days and sends the history on demand, so no notification is too old. A time in the future would
/// make all later notifications look outdated, so it is refused.
const WINDOW: Window = Window { past_ms: i64::MAX, future_ms: 60 * 1000 };

/// The body of a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    signed_payload: String,
}

/// The parts of a notification that are checked. Exactly one of the four kinds of data is present.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    signed_date: Option<i64>,
    data: Option<Claims>,
    summary: Option<Claims>,
    external_purchase_token: Option<Claims>,
    app_data: Option<Claims>,
}

/// The claims of a notification or of a token in it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Claims {
    bundle_id: Option<String>,
    app_apple_id: Option<u64>,
    environment: Option<String>,
    signed_date: Option<i64>,
    /// An app transaction has these two instead of `environment` and `signed_date`.
    receipt_type: Option<String>,
    receipt_creation_date: Option<i64>,
    external_purchase_id: Option<String>,
    signed_transaction_info: Option<String>,
    signed_renewal_info: Option<String>,
    signed_app_transaction_info: Option<String>,
}

/// The payload of the proof: the claims of the notification and of the tokens in it.
#[derive(Serialize)]
struct VerifiedClaims<'p> {
    notification: &'p RawValue,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal: Option<&'p RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_transaction: Option<&'p RawValue>,
}

/// The kind of one of Apple's tokens. The kinds have different claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Notification,
    Transaction,
    /// A renewal, which may lack a bundle id.
    Renewal,
    AppTransaction,
}

impl Claims {
    fn environment(&self, kind: Kind) -> Option<AppleEnvironment> {
        let named = if kind == Kind::AppTransaction { &self.receipt_type } else { &self.environment };
        match (named, &self.external_purchase_id) {
            (Some(name), _) => AppleEnvironment::from_name(name),
            // The id of an external purchase contains the environment.
            (None, Some(id)) if id.starts_with("SANDBOX") => Some(AppleEnvironment::Sandbox),
            (None, Some(_)) => Some(AppleEnvironment::Production),
            (None, None) => None,
        }
    }

    fn check(&self, kind: Kind, expected: &Expected, environment: AppleEnvironment) -> Result<(), Refusal> {
        let is_our_bundle = match &self.bundle_id {
            Some(bundle_id) => expected.audiences.contains(bundle_id),
            None => kind == Kind::Renewal,
        };
        // Apple's libraries compare the app id in production only, because other environments may not send it.
        let is_our_app = match (kind, environment) {
            (Kind::Notification | Kind::AppTransaction, AppleEnvironment::Production) => {
                self.app_apple_id == expected.app_apple_id
            }
            (Kind::Notification | Kind::AppTransaction, AppleEnvironment::Sandbox)
            | (Kind::Transaction | Kind::Renewal, _) => true,
        };
        if is_our_bundle && is_our_app && self.environment(kind) == Some(environment) {
            Ok(())
        } else {
            Err(Refusal::WrongAudience)
        }
    }
}

/// Verifies the signature of one token. Returns its chain, which must have been valid at the time of signing.
fn verify_signature(token: &str, roots: &[Vec<u8>]) -> Result<(VerifiedJws, Chain), Refusal> {
    let jws = Jws::parse(token, JwsAlgorithm::Es256)?;
    let x5c = jws.x5c.as_deref().ok_or(Refusal::MalformedSignature)?;
    let chain = Chain::verify(x5c, roots)?;
    Ok((jws.verify(&chain.key)?, chain))
}

/// Checks the time of signing: the signed date or, as in Apple's libraries, now if there is none.
fn check_date(signed_date: Option<i64>, chain: &Chain, now: Timestamp) -> Result<Timestamp, Refusal> {
    let signed_at = match signed_date {
        Some(ms) => Timestamp::from_ms(ms).ok_or(Refusal::MalformedClaims)?,
        None => now,
    };
    WINDOW.check(signed_at, now)?;
    chain.check_validity(signed_at)?;
    Ok(signed_at)
}

fn raw(jws: &VerifiedJws) -> Result<&RawValue, Refusal> {
    claims::raw(&jws.json).ok_or(Refusal::MalformedClaims)
}

/// Verifies the tokens in a notification.
struct InnerTokens<'t> {
    roots: &'t [Vec<u8>],
    expected: &'t Expected,
    environment: AppleEnvironment,
    now: Timestamp,
}

impl InnerTokens<'_> {
    fn verify(&self, kind: Kind, token: &Option<String>) -> Result<Option<VerifiedJws>, Refusal> {
        let Some(token) = token else { return Ok(None) };
        let (jws, chain) = verify_signature(token, self.roots)?;
        let claims: Claims = jws.claims()?;
        let date = match kind {
            Kind::AppTransaction => claims.receipt_creation_date,
            Kind::Notification | Kind::Transaction | Kind::Renewal => claims.signed_date,
        };
        check_date(date, &chain, self.now)?;
        claims.check(kind, self.expected, self.environment)?;
        Ok(Some(jws))
    }
}

/// Verifies a notification. The caller must detect duplicates by its id, because Apple retries notifications.
pub(super) fn notification(
    callback: &Callback<'_>,
    roots: &[Vec<u8>],
    expected: &Expected,
    now: Timestamp,
) -> Result<Verified<'static>, Refusal> {
    let environment = expected.environment.ok_or(Refusal::NotConfigured)?;
    if environment == AppleEnvironment::Production && expected.app_apple_id.is_none() {
        return Err(Refusal::NotConfigured);
    }
    let Envelope { signed_payload } = claims::object(callback.body).ok_or(Refusal::MalformedBody)?;
    let (outer, chain) = verify_signature(&signed_payload, roots)?;
    let notification: Notification = outer.claims()?;
    let signed_at = check_date(notification.signed_date, &chain, now)?;
    let Notification { data, summary, external_purchase_token, app_data, .. } = notification;
    let mut present = [data, summary, external_purchase_token, app_data].into_iter().flatten();
    let (Some(claims), None) = (present.next(), present.next()) else {
        return Err(Refusal::MalformedClaims);
    };
    claims.check(Kind::Notification, expected, environment)?;
    let tokens = InnerTokens { roots, expected, environment, now };
    let transaction = tokens.verify(Kind::Transaction, &claims.signed_transaction_info)?;
    let renewal = tokens.verify(Kind::Renewal, &claims.signed_renewal_info)?;
    let app_transaction = tokens.verify(Kind::AppTransaction, &claims.signed_app_transaction_info)?;
    let verified_claims = VerifiedClaims {
        notification: raw(&outer)?,
        transaction: transaction.as_ref().map(raw).transpose()?,
        renewal: renewal.as_ref().map(raw).transpose()?,
        app_transaction: app_transaction.as_ref().map(raw).transpose()?,
    };
    let json = serde_json::to_vec(&verified_claims).map_err(|_| Refusal::MalformedClaims)?;
    Ok(Verified::new(Evidence::Signed, Payload::Json(json)).signed_at_time(Some(signed_at)))
}

/// Verifies a chain alone, as of now. The body is a JSON list, like an `x5c` header.
pub(super) fn chain<'a>(
    callback: &Callback<'a>,
    roots: &[Vec<u8>],
    now: Timestamp,
) -> Result<Verified<'a>, Refusal> {
    let x5c: Vec<String> = claims::read(callback.body).ok_or(Refusal::MalformedBody)?;
    Chain::verify(&x5c, roots)?.check_validity(now)?;
    Ok(Verified::new(Evidence::Signed, Payload::Body(callback.body)))
}
