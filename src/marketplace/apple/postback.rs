//! Postbacks of SKAdNetwork and AdAttributionKit. They say that an advertisement won an install, but not whose: each is
//! an install of an account of its own, without a click.
//!
//! An install has up to three postbacks, and the first is the install. They have no time and may arrive twice.

use super::{
    super::{
        adapter::{
            CallbackContext, CallbackResponse, ParsedCallback, Reply, Unreadable, VerifyError, unreadable,
        },
        event::{Event, EventKind},
        payload,
        signature::{
            AppleEnvironment, Callback, Keys, Refusal, Verified,
            platforms::{
                APPLE_KEY, AdAttributionKit, Allowed, DEVELOPMENT_KEYS, FetchedDocuments, PRODUCTION_KEY,
                PlatformVerifier, Skadnetwork,
            },
            public_key::PublicKey,
        },
        vendor_api::VendorApi,
    },
    app::{app_apple_id, environment},
};
use crate::domain::values::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;

fn key(spki: &str) -> Result<PublicKey, Refusal> {
    let der = STANDARD.decode(spki).map_err(|_| Refusal::UnusableKey)?;
    PublicKey::from_spki(&der).map_err(|_| Refusal::UnusableKey)
}

/// The app and the ad networks. Apple signs the postbacks of all apps with the same key, so both must be configured.
fn bounds(context: &CallbackContext<'_>) -> Result<(Allowed, Allowed), Refusal> {
    let app = app_apple_id(context).ok_or(Refusal::NotConfigured)?;
    let networks = context.listing.texts("ad_network_ids");
    if networks.is_empty() {
        return Err(Refusal::NotConfigured);
    }
    Ok((Allowed::Only(vec![app.to_string()]), Allowed::Only(networks)))
}

/// Verifies a postback of SKAdNetwork.
pub async fn verify_skadnetwork<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
    spki: &str,
) -> Result<Verified<'a>, VerifyError> {
    let (apps, networks) = bounds(context)?;
    let verifier = Skadnetwork { key: key(spki)?, apps, networks };
    context.verify_platform(api, &PlatformVerifier::Skadnetwork(verifier)).await
}

/// Verifies a postback of AdAttributionKit.
pub async fn verify_adattributionkit<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
    spki: &str,
) -> Result<Verified<'a>, VerifyError> {
    let (apps, networks) = bounds(context)?;
    let mut keys = vec![(PRODUCTION_KEY.0.to_owned(), key(spki)?)];
    if environment(context)? == AppleEnvironment::Sandbox {
        for (name, spki) in DEVELOPMENT_KEYS {
            keys.push((name.to_owned(), key(spki)?));
        }
    }
    let verifier = AdAttributionKit { keys: Keys::new(keys), apps, networks };
    context.verify_platform(api, &PlatformVerifier::AdAttributionKit(verifier)).await
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Advertised {
    advertised_item_identifier: u64,
}

/// The app that a postback of this kind names, if Apple signed it, for whatever app and ad network. It only serves to find
/// the listing, because Apple's URL does not name one: the listing then verifies the postback for itself.
#[must_use]
pub fn app(kind: &str, body: &[u8]) -> Option<String> {
    let callback = Callback { method: "POST", url: "", headers: &[], body };
    let (apps, networks) = (Allowed::Any, Allowed::Any);
    // A postback has no signed time, so its verification reads none.
    let now = Timestamp::clamped(0);
    if kind == "skadnetwork" {
        let verifier =
            PlatformVerifier::Skadnetwork(Skadnetwork { key: key(APPLE_KEY).ok()?, apps, networks });
        let verified = verifier.verify(&callback, FetchedDocuments::default(), now).ok()?;
        return payload::parameter(&verified, "app-id").map(str::to_owned);
    }
    let mut keys = Vec::new();
    for (name, spki) in [PRODUCTION_KEY].into_iter().chain(DEVELOPMENT_KEYS) {
        keys.push((name.to_owned(), key(spki).ok()?));
    }
    let kit = AdAttributionKit { keys: Keys::new(keys), apps, networks };
    let verifier = PlatformVerifier::AdAttributionKit(kit);
    let verified = verifier.verify(&callback, FetchedDocuments::default(), now).ok()?;
    let advertised: Advertised = payload::read(&verified).ok()?;
    Some(advertised.advertised_item_identifier.to_string())
}

/// Parses a postback into an install under the postback's own id, if it is one.
fn parse(
    framework: &str,
    id: Option<&str>,
    is_install: bool,
    verified: &Verified<'_>,
) -> Result<ParsedCallback, Unreadable> {
    let id = id.filter(|id| !id.is_empty()).ok_or_else(|| unreadable("the postback has no id"))?;
    let account = format!("{framework}:{id}");
    let installed =
        Event::new(EventKind::Installed, &account, format!("install:{account}"), verified.evidence());
    let events = is_install.then_some(installed).into_iter().collect();
    Ok(ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200))))
}

/// Parses a postback of SKAdNetwork. Versions before 3.0 are sent to winners only, and versions before 4.0 once.
pub fn parse_skadnetwork(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let field = |name| payload::parameter(verified, name);
    let won = field("did-win").is_none_or(|won| won == "true");
    let is_first = field("postback-sequence-index").is_none_or(|index| index == "0");
    parse("skadnetwork", field("transaction-id"), won && is_first, verified)
}

/// The signed claims of a postback of AdAttributionKit that are read.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Signed {
    postback_identifier: Option<String>,
    conversion_type: Option<String>,
    did_win: Option<bool>,
    postback_sequence_index: Option<u64>,
}

/// Parses a postback of AdAttributionKit. A conversion of someone who already has the app is not an install.
pub fn parse_adattributionkit(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let signed: Signed = payload::read(verified)?;
    let is_download = matches!(signed.conversion_type.as_deref(), Some("download" | "redownload"));
    let is_first = signed.postback_sequence_index.is_none_or(|index| index == 0);
    let is_install = signed.did_win == Some(true) && is_first && is_download;
    parse("adattributionkit", signed.postback_identifier.as_deref(), is_install, verified)
}
