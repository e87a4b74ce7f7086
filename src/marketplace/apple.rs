//! Apple App Store. Apple's server sends signed notifications about purchases, with amounts. Devices send postbacks of
//! Apple's two advertising frameworks, which are signed and anonymous.
//!
//! Parameters on a link to the App Store do not reach the app. A purchase is joined with a click by the token that the
//! app sets on it (`appAccountToken`): a UUID that the app reports to Signpost's API together with the click.
//!
//! Sources: developer.apple.com, documentation/appstoreservernotifications, …/storekit, …/adattributionkit.

mod app;
mod notification;
mod postback;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof, Unreadable,
        Verification, VerifyError,
    },
    signature::{Trust, platforms::APPLE_KEY},
    vendor_api::VendorApi,
};
use crate::domain::programme::listing::Marketplace;
use async_trait::async_trait;

/// Apple App Store.
pub struct Apple {
    /// The roots that notifications are signed under.
    pub trust: fn() -> Trust,
    /// The key of postbacks: SubjectPublicKeyInfo in base64.
    pub postback_key: &'static str,
}

/// Apple's own keys. Tests use other keys, because only Apple can sign with these.
pub const APPLE: Apple = Apple { trust: Trust::apple, postback_key: APPLE_KEY };

const NOTIFICATIONS: Kind =
    Kind { name: "notifications", methods: &["POST"], origin: CallbackOrigin::Server };
pub use postback::app as postback_app;

const SKADNETWORK: Kind = Kind { name: "skadnetwork", methods: &["POST"], origin: CallbackOrigin::Server };
const ADATTRIBUTIONKIT: Kind =
    Kind { name: "adattributionkit", methods: &["POST"], origin: CallbackOrigin::Server };

#[async_trait(?Send)]
impl Adapter for Apple {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Apple
    }

    fn kinds(&self) -> &'static [Kind] {
        &[NOTIFICATIONS, SKADNETWORK, ADATTRIBUTIONKIT]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &[]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["bundle_id", "app_apple_id", "environment", "ad_network_ids"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Apple App Store",
            kinds: &[
                (
                    NOTIFICATIONS.name,
                    "App Store Server Notifications, version 2: the server URL of the environment in App Store \
                     Connect. Purchases, renewals, refunds and ends, with amounts",
                ),
                (
                    SKADNETWORK.name,
                    "copies of winning SKAdNetwork postbacks, versions 2.1 to 4.0. Devices post them to \
                     `/.well-known/skadnetwork/report-attribution/` on the domain in the app's \
                     `NSAdvertisingAttributionReportEndpoint`. If that is Signpost's domain, Signpost receives them \
                     there, for the listing whose `app_apple_id` they name; otherwise forward the path to this URL",
                ),
                (
                    ADATTRIBUTIONKIT.name,
                    "copies of AdAttributionKit postbacks, from `/.well-known/appattribution/report-attribution/` on \
                     the domain in `AttributionCopyEndpoint`, in the same way",
                ),
            ],
            secrets: &[],
            settings: &[
                ("bundle_id", "the app's bundle id, or a list of them"),
                ("app_apple_id", "the app's id in the App Store"),
                (
                    "environment",
                    "`Production` (the default) or `Sandbox`, for a separate listing in a programme for tests: test \
                     purchases are booked as if they were real",
                ),
                ("ad_network_ids", "for postbacks: the ad networks whose postbacks count"),
            ],
            proof: "notifications and each transaction in them by a signature (ES256) under certificates up to Apple's \
                    root, for this app and this environment; postbacks by Apple's key, for this app and these ad \
                    networks. Apple's development keys are accepted in `Sandbox` only",
            carrier: "`appAccountToken`: the app generates a UUID for its user and sets it on each purchase. Your \
                      server sends `POST /v1/conversions` a `lead` with `customer_id` `apple:<the UUID in lower case>` \
                      and the click id, preferably before the first purchase: a click that is reported later is \
                      credited with the next purchase. The app learns the click if the visitor signs up on the web \
                      first, or if a universal link opens the installed app",
            ends: "`REFUND` refunds the purchase, or Apple's percentage of it. `REVOKE` does the same to a purchase \
                   that the customer paid for; that of a family member has no price, so only the account ends. \
                   `EXPIRED` ends the account and refunds nothing. `REFUND_REVERSED` is a new sale. `REFUND_DECLINED` \
                   and `CONSUMPTION_REQUEST` change nothing",
            unprocessed: "500, because Apple sends notifications again for three days and postbacks for nine, and \
                          gives no URL up: a repetition is processed as soon as it can be read",
            limits: "parameters on a link to the App Store reach neither the app nor these messages: App Store Connect \
                     alone counts `pt`, `ct` and `mt` in the listing's `url` \
                     (`https://apps.apple.com/app/id1234567890?pt=1234&ct=partners&mt=8`), and for the listing as a \
                     whole: a link has no `ct` of its own. Apple reports no installs and no removals of apps: a \
                     postback is an anonymous install that no partner earns. Values outside a postback's signature \
                     (conversion values, country) are not used. The customer of a purchase without `appAccountToken` \
                     is its subscription (`apple:<originalTransactionId>`), unless the subscription's first purchase \
                     had a token and was reported before. Amounts are what the customer pays, including tax and \
                     Apple's share; only Apple's reports are suitable for accounting. An upgrade refunds the rest of \
                     the old period, which Apple does not report, so the old sale stays whole. A prorated refund is \
                     the price times Apple's percentage, rounded half up. A reversed refund is booked as a sale of the \
                     whole price, because Apple does not say how much was refunded; a second refund of the same \
                     transaction then refunds nothing more. Refunds of Advanced Commerce are reported by item and are \
                     not read. Family members pay nothing and do not count as sales. A customer with several \
                     subscriptions is one account, whose status is that of the latest notification",
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

    fn unprocessed(&self, _: Kind) -> Option<CallbackResponse> {
        Some(CallbackResponse::empty(500))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
