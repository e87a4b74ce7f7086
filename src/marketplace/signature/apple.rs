//! Apple's App Store Server Notifications, version 2, and the chain of certificates that they are signed with.
//!
//! A notification holds further tokens: each is verified on its own, because a proof of the envelope is none of what was
//! put into it. Sources: <https://developer.apple.com/documentation/appstoreservernotifications>, and Apple's libraries
//! (apple/app-store-server-library-node, jws_verification.ts), which this follows where the documentation is silent.

use super::{
    callback::Callback,
    claims,
    expected::{AppleEnvironment, Expected},
    jws::{Jws, Pinned, Signed},
    refusal::Refusal,
    verified::{Evidence, Payload, Verified},
    window::Window,
    x509::Chain,
};
use crate::domain::values::time::Timestamp;
use json::FromJson;
use json::Verbatim;
use serde::Serialize;

/// Apple repeats for days what was not answered, and tells history on demand: nothing is too old. But a time in the
/// future would make all that follows look outdated.
const WINDOW: Window = Window { past_ms: i64::MAX, future_ms: 60 * 1000 };

/// The body of a request.
#[derive(FromJson)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    signed_payload: String,
}

/// A notification, as far as it is judged here. Exactly one of the four is there.
#[derive(FromJson)]
#[serde(rename_all = "camelCase")]
struct Notification {
    signed_date: Option<i64>,
    data: Option<Claims>,
    summary: Option<Claims>,
    external_purchase_token: Option<Claims>,
    app_data: Option<Claims>,
}

/// Whose a notification or a token in it is.
#[derive(FromJson)]
#[serde(rename_all = "camelCase")]
struct Claims {
    bundle_id: Option<String>,
    app_apple_id: Option<u64>,
    environment: Option<String>,
    signed_date: Option<i64>,
    /// What an app's own transaction has instead of these two.
    receipt_type: Option<String>,
    receipt_creation_date: Option<i64>,
    external_purchase_id: Option<String>,
    signed_transaction_info: Option<String>,
    signed_renewal_info: Option<String>,
    signed_app_transaction_info: Option<String>,
}

/// What is proven of a notification: its claims and, decoded, those of the tokens in it.
#[derive(Serialize)]
struct Proven<'p> {
    notification: Verbatim<'p>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<Verbatim<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    renewal: Option<Verbatim<'p>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_transaction: Option<Verbatim<'p>>,
}

/// Which of Apple's tokens one is; they differ in what they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Notification,
    Transaction,
    /// Names no bundle.
    Renewal,
    AppTransaction,
}

impl Claims {
    fn environment(&self, kind: Kind) -> Option<AppleEnvironment> {
        let named = if kind == Kind::AppTransaction { &self.receipt_type } else { &self.environment };
        match (named, &self.external_purchase_id) {
            (Some(name), _) => AppleEnvironment::from_name(name),
            // Tokens of external purchases tell it in their id.
            (None, Some(id)) if id.starts_with("SANDBOX") => Some(AppleEnvironment::Sandbox),
            (None, Some(_)) => Some(AppleEnvironment::Production),
            (None, None) => None,
        }
    }

    fn check(&self, kind: Kind, expected: &Expected, environment: AppleEnvironment) -> Result<(), Refusal> {
        let ours = match &self.bundle_id {
            Some(bundle_id) => expected.audiences.contains(bundle_id),
            None => kind == Kind::Renewal,
        };
        // Apple's libraries compare the app in production only: other environments may not tell it.
        let app = match (kind, environment) {
            (Kind::Notification | Kind::AppTransaction, AppleEnvironment::Production) => {
                self.app_apple_id == expected.app_apple_id
            }
            (Kind::Notification | Kind::AppTransaction, AppleEnvironment::Sandbox)
            | (Kind::Transaction | Kind::Renewal, _) => true,
        };
        if ours && app && self.environment(kind) == Some(environment) {
            Ok(())
        } else {
            Err(Refusal::WrongAudience)
        }
    }
}

/// One token, and the chain that must have been valid when it was signed.
fn signed(token: &str, roots: &[Vec<u8>]) -> Result<(Signed, Chain), Refusal> {
    let jws = Jws::parse(token, Pinned::Es256)?;
    let x5c = jws.x5c.as_deref().ok_or(Refusal::MalformedSignature)?;
    let chain = Chain::verify(x5c, roots)?;
    Ok((jws.verify(&chain.key)?, chain))
}

/// When a token was signed: what it says or, as Apple's libraries have it, now.
fn check_date(signed_date: Option<i64>, chain: &Chain, now: Timestamp) -> Result<Timestamp, Refusal> {
    let signed_at = match signed_date {
        Some(ms) => Timestamp::from_ms(ms).ok_or(Refusal::MalformedClaims)?,
        None => now,
    };
    WINDOW.check(signed_at, now)?;
    chain.check_validity(signed_at)?;
    Ok(signed_at)
}

fn verbatim(signed: &Signed) -> Result<Verbatim<'_>, Refusal> {
    claims::verbatim(&signed.json).ok_or(Refusal::MalformedClaims)
}

/// What tokens within a notification are verified with.
struct Judge<'j> {
    roots: &'j [Vec<u8>],
    expected: &'j Expected,
    environment: AppleEnvironment,
    now: Timestamp,
}

impl Judge<'_> {
    fn inner(&self, kind: Kind, token: &Option<String>) -> Result<Option<Signed>, Refusal> {
        let Some(token) = token else { return Ok(None) };
        let (signed, chain) = signed(token, self.roots)?;
        let claims: Claims = signed.claims()?;
        let app = kind == Kind::AppTransaction;
        let date = if app { claims.receipt_creation_date } else { claims.signed_date };
        check_date(date, &chain, self.now)?;
        claims.check(kind, self.expected, self.environment)?;
        Ok(Some(signed))
    }
}

/// A notification. Which one it is, and whether it came before, is for who stores it: Apple repeats what was not answered.
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
    let (outer, chain) = signed(&signed_payload, roots)?;
    let notification: Notification = outer.claims()?;
    let signed_at = check_date(notification.signed_date, &chain, now)?;
    let Notification { data, summary, external_purchase_token, app_data, .. } = notification;
    let mut told = [data, summary, external_purchase_token, app_data].into_iter().flatten();
    let (Some(told), None) = (told.next(), told.next()) else { return Err(Refusal::MalformedClaims) };
    told.check(Kind::Notification, expected, environment)?;
    let judge = Judge { roots, expected, environment, now };
    let transaction = judge.inner(Kind::Transaction, &told.signed_transaction_info)?;
    let renewal = judge.inner(Kind::Renewal, &told.signed_renewal_info)?;
    let app_transaction = judge.inner(Kind::AppTransaction, &told.signed_app_transaction_info)?;
    let proven = Proven {
        notification: verbatim(&outer)?,
        transaction: transaction.as_ref().map(verbatim).transpose()?,
        renewal: renewal.as_ref().map(verbatim).transpose()?,
        app_transaction: app_transaction.as_ref().map(verbatim).transpose()?,
    };
    let json = serde_json::to_vec(&proven).map_err(|_| Refusal::MalformedClaims)?;
    Ok(Verified::new(Evidence::Signed, Payload::Json(json)).signed_at_time(Some(signed_at)))
}

/// A chain alone, as an `x5c` header has it, in a body that is a JSON list: whether it signs for Apple, now.
pub(super) fn chain<'a>(
    callback: &Callback<'a>,
    roots: &[Vec<u8>],
    now: Timestamp,
) -> Result<Verified<'a>, Refusal> {
    let x5c: Vec<String> = claims::read(callback.body).ok_or(Refusal::MalformedBody)?;
    Chain::verify(&x5c, roots)?.check_validity(now)?;
    Ok(Verified::new(Evidence::Signed, Payload::Body(callback.body)))
}
