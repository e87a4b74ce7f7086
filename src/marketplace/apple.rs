//! Apple App Store. Apple's server tells of purchases, with amounts, signed throughout; and devices bring postbacks of
//! Apple's two frameworks for advertisements, which are signed and nameless.
//!
//! Nothing on a link to the App Store reaches the app. What joins a purchase with a click is the token that the app gives
//! a purchase (`appAccountToken`): a UUID of its own, which it tells Signpost together with the click, by the API.
//!
//! Sources: developer.apple.com, documentation/appstoreservernotifications, …/storekit, …/adattributionkit.

mod notification;
mod postback;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof, Unreadable,
        Verification, VerifyError,
    },
    payload,
    signature::{AppleEnvironment, Refusal, Trust, platforms::APPLE_KEY},
    vendor_api::VendorApi,
};
use crate::domain::programme::listing::Marketplace;
use async_trait::async_trait;

/// Apple App Store.
pub struct Apple {
    /// What notifications are signed under.
    pub trust: fn() -> Trust,
    /// The key of postbacks: SubjectPublicKeyInfo in base64.
    pub postback_key: &'static str,
}

/// Apple's own keys. Others are for tests: nobody but Apple can sign with these.
pub const APPLE: Apple = Apple { trust: Trust::apple, postback_key: APPLE_KEY };

const NOTIFICATIONS: Kind =
    Kind { name: "notifications", methods: &["POST"], origin: CallbackOrigin::Server };
pub use postback::app as postback_app;

const SKADNETWORK: Kind = Kind { name: "skadnetwork", methods: &["POST"], origin: CallbackOrigin::Server };
const ADATTRIBUTIONKIT: Kind =
    Kind { name: "adattributionkit", methods: &["POST"], origin: CallbackOrigin::Server };

/// Where the listing's app is sold: to customers, unless the operator says that it is to testers.
fn environment(context: &CallbackContext<'_>) -> Result<AppleEnvironment, Refusal> {
    let name = context.listing.setting("environment").unwrap_or(AppleEnvironment::Production.name());
    AppleEnvironment::from_name(name).ok_or(Refusal::NotConfigured)
}

/// The app's id in the App Store, which may be written as a number or as a text.
fn app_apple_id(context: &CallbackContext<'_>) -> Option<u64> {
    payload::number(context.listing.settings.get("app_apple_id"))
}

#[async_trait(?Send)]
impl Adapter for Apple {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Apple
    }

    fn kinds(&self) -> &'static [Kind] {
        &[NOTIFICATIONS, SKADNETWORK, ADATTRIBUTIONKIT]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Apple App Store",
            kinds: &[
                (
                    NOTIFICATIONS.name,
                    "App Store Server Notifications, version 2: the server URL of the environment in App Store Connect. \
                     Purchases, renewals, refunds and ends, with amounts",
                ),
                (
                    SKADNETWORK.name,
                    "copies of winning SKAdNetwork postbacks, versions 2.1 to 4.0. Devices post them to \
                     `/.well-known/skadnetwork/report-attribution/` of the domain in the app's \
                     `NSAdvertisingAttributionReportEndpoint`. If Signpost has that domain, it takes them there, for the listing \
                     with the `app_apple_id` that they name; else have the path passed on to here",
                ),
                (
                    ADATTRIBUTIONKIT.name,
                    "copies of AdAttributionKit postbacks, from `/.well-known/appattribution/report-attribution/` of the domain \
                     in `AttributionCopyEndpoint`, passed on in the same way",
                ),
            ],
            secrets: &[],
            settings: &[
                ("bundle_id", "the app's bundle id, or a list of them"),
                ("app_apple_id", "the app's id in the App Store"),
                (
                    "environment",
                    "`Production` (the default) or `Sandbox`, for a listing of its own in a programme for tests: what testers buy \
                     is booked as if it were money",
                ),
                ("ad_network_ids", "for postbacks: the ad networks whose postbacks count"),
            ],
            proof: "notifications, and each transaction in them, by a signature (ES256) under certificates up to Apple's root, \
                    for this app and this environment; postbacks by Apple's key, for this app and these ad networks. Apple's \
                    development keys count in `Sandbox` alone",
            carrier: "`appAccountToken`: the app takes a UUID for its user, sets it on each purchase, and your server tells \
                      `POST /v1/conversions` a `lead` with `customer_id` `apple:<the UUID in lower case>` and the click id, \
                      best before the first purchase: a click that is told later is credited for it with the next. Clicks reach the app where the visitor signs up on the web first, or where \
                      a universal link opens an app that is already there",
            limits: "nothing that stands on a link to the App Store reaches the app or these messages: `pt`, `ct` and `mt` in \
                     the listing's `url` (`https://apps.apple.com/app/id1234567890?pt=1234&ct=partners&mt=8`) are counted by \
                     App Store Connect alone, and for the listing as a whole: a link has no `ct` of its own; Apple reports no installs and no removals of \
                     apps: a postback is an install of nobody in particular, which no partner earns; the values that \
                     stand beside a postback's signature (conversion values, country) are not used; a purchase without \
                     `appAccountToken` is its subscription's own (`apple:<originalTransactionId>`), unless the first purchase \
                     of that subscription had one and was told before; amounts are what the customer pays, with tax and before \
                     Apple's share, and Apple's reports alone are for accounts; an upgrade gives the rest of the old period \
                     back, which Apple does not tell, so the old sale stays whole; a prorated refund is the price times Apple's percentage, rounded half up; a refund that is \
                     reversed is booked as a sale of the whole price, because Apple does not say how much of it \
                     was given back, and a second refund of the same transaction takes nothing more back; refunds of Advanced \
                     Commerce are told by item and are not read; family members pay nothing and count as no sale; a customer with several \
                     subscriptions is one account, whose state is what was told last",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        Ok(match context.kind {
            NOTIFICATIONS => notification::verify(context, &(self.trust)())?.into(),
            SKADNETWORK => postback::verify_skadnetwork(context, api, self.postback_key).await?.into(),
            _ => postback::verify_adattributionkit(context, api, self.postback_key).await?.into(),
        })
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        match context.kind {
            NOTIFICATIONS => notification::parse(verified),
            SKADNETWORK => postback::parse_skadnetwork(verified),
            _ => postback::parse_adattributionkit(verified),
        }
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
