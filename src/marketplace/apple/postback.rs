//! Postbacks of SKAdNetwork and AdAttributionKit. They say that an advertisement won an install, and keep from everybody
//! whose it is: each is an install of an account of its own, and nobody's click.
//!
//! Of the up to three postbacks of an install, the first is the install. They come without a clock and possibly twice.

use super::{
    super::{
        adapter::{
            CallbackContext, CallbackResponse, ParsedCallback, Reply, Unreadable, VerifyError, unreadable,
        },
        event::{Event, EventKind},
        payload,
        signature::{
            AppleEnvironment, Keys, Refusal, Verified,
            platforms::{
                AdAttributionKit, Bound, DEVELOPMENT_KEYS, PRODUCTION_KEY, PlatformVerifier, Skadnetwork,
            },
            public_key::PublicKey,
        },
        vendor_api::VendorApi,
    },
    app_apple_id, environment,
};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use json::FromJson;

fn key(spki: &str) -> Result<PublicKey, Refusal> {
    let der = STANDARD.decode(spki).map_err(|_| Refusal::UnusableKey)?;
    PublicKey::from_spki(&der).map_err(|_| Refusal::UnusableKey)
}

/// The app and the ad networks. Apple signs everybody's postbacks, so without them none is ours.
fn bounds(context: &CallbackContext<'_>) -> Result<(Bound, Bound), Refusal> {
    let app = app_apple_id(context).ok_or(Refusal::NotConfigured)?;
    let networks = context.listing.texts("ad_network_ids");
    if networks.is_empty() {
        return Err(Refusal::NotConfigured);
    }
    Ok((Bound::To(vec![app.to_string()]), Bound::To(networks)))
}

/// A postback of SKAdNetwork.
pub async fn verify_skadnetwork<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
    spki: &str,
) -> Result<Verified<'a>, VerifyError> {
    let (apps, networks) = bounds(context)?;
    let verifier = Skadnetwork { key: key(spki)?, apps, networks };
    context.verify_platform(api, &PlatformVerifier::Skadnetwork(verifier)).await
}

/// A postback of AdAttributionKit.
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

/// A postback of either kind, as it came.
#[derive(FromJson)]
#[serde(rename_all = "kebab-case")]
struct Unproven {
    app_id: Option<i64>,
    jws_string: Option<String>,
}

#[derive(FromJson)]
#[serde(rename_all = "kebab-case")]
struct UnprovenToken {
    advertised_item_identifier: i64,
}

/// The app that a postback says it is about: good to find its listing with, where it is verified, and for nothing else.
/// Apple posts to an address that names none.
#[must_use]
pub fn app(body: &[u8]) -> Option<i64> {
    let Unproven { app_id, jws_string } = json::read(str::from_utf8(body).ok()?).ok()?;
    let in_token = || {
        let payload = URL_SAFE_NO_PAD.decode(jws_string.as_deref()?.split('.').nth(1)?).ok()?;
        let token: UnprovenToken = json::read(str::from_utf8(&payload).ok()?).ok()?;
        Some(token.advertised_item_identifier)
    };
    app_id.or_else(in_token)
}

/// The install that a postback is, under its own id; nothing for one that is none.
fn told(
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

/// What a postback of SKAdNetwork tells. Versions before 3.0 go to winners alone, and those before 4.0 come once.
pub fn parse_skadnetwork(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let said = |name| payload::parameter(verified, name);
    let won = said("did-win").is_none_or(|won| won == "true");
    let is_first = said("postback-sequence-index").is_none_or(|index| index == "0");
    told("skadnetwork", said("transaction-id"), won && is_first, verified)
}

/// What the signed part of a postback of AdAttributionKit says.
#[derive(FromJson)]
#[serde(rename_all = "kebab-case")]
struct Signed {
    postback_identifier: Option<String>,
    conversion_type: Option<String>,
    did_win: Option<bool>,
    postback_sequence_index: Option<u64>,
}

/// What a postback of AdAttributionKit tells. One who has the app already is no install.
pub fn parse_adattributionkit(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let signed: Signed = payload::read(verified)?;
    let is_download = matches!(signed.conversion_type.as_deref(), Some("download" | "redownload"));
    let is_first = signed.postback_sequence_index.is_none_or(|index| index == 0);
    let is_install = signed.did_win == Some(true) && is_first && is_download;
    told("adattributionkit", signed.postback_identifier.as_deref(), is_install, verified)
}
