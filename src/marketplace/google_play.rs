//! Google Play. Pub/Sub pushes real-time developer notifications, which are not signed and contain no amounts. Each
//! only identifies a purchase; the Developer API supplies the rest, above all the account and the payment.
//!
//! A purchase has a token. A plan that replaces another has a new token that names the old one. If the app sets its own
//! user id on purchases, that id is the account; otherwise the account is a hash of the first token of the chain.
//!
//! Sources: developer.android.com/google/play/billing/rtdn-reference, …/billing/lifecycle/subscriptions;
//! developers.google.com/android-publisher/api-ref/rest/v3 (purchases.subscriptionsv2, purchases.productsv2, orders).

mod confirmed;
mod purchase;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof, Unreadable,
        Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind, Evidence},
    google::{self, ServiceAccount},
    signature::{Refusal, Verified, polled},
    vendor_api::{VendorApi, VendorResponses},
};
use crate::domain::{
    programme::listing::Marketplace,
    values::{digest::sha256_hex, time::Timestamp},
};
use async_trait::async_trait;
use purchase::Purchase;
use serde::Deserialize;

/// Google Play.
pub struct GooglePlay;

const RTDN: Kind = Kind { name: "rtdn", methods: &["POST"], origin: CallbackOrigin::Server };

const APPLICATIONS: &str = "https://androidpublisher.googleapis.com/androidpublisher/v3/applications";
const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";
/// The maximum length of a token, an order id or a package name.
const NAME_LENGTH: usize = 2048;
/// The name of the response about the purchase or the order that a notification names. A paid order has the name of its
/// [`charge`].
const SUBJECT: &str = "subject";

/// A notification about one of these.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    /// Unix milliseconds, as a text.
    event_time_millis: String,
    subscription_notification: Option<About>,
    one_time_product_notification: Option<About>,
    voided_purchase_notification: Option<About>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct About {
    purchase_token: String,
    #[serde(default)]
    notification_type: u32,
    /// Subscriptions: the product. Deprecated, so it may be absent.
    subscription_id: Option<String>,
    /// One-time products: the product.
    sku: Option<String>,
    /// Voided purchases.
    order_id: Option<String>,
    #[serde(default)]
    refund_type: u32,
}

/// What a notification reports.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Nothing that concerns us.
    Nothing,
    /// A subscription changed; the flag says whether something was paid too.
    Changed(EventKind, bool),
    /// A subscription ended.
    Ended,
    /// A payment, and nothing else.
    Paid,
    /// A one-time product was bought.
    Bought,
    /// A purchase was voided completely.
    Voided,
    /// A part of a purchase was voided.
    PartlyVoided,
}

impl Change {
    fn is_paid(self) -> bool {
        matches!(self, Self::Changed(_, true) | Self::Paid | Self::Bought)
    }
}

impl Notification {
    fn read(verified: &Verified<'_>) -> Result<(Self, String), Unreadable> {
        let (data, message_id) = google::pushed(verified)?;
        Ok((strict_json::from_str(&data)?, message_id))
    }

    /// What changed, and which purchase. The numbers are those of the reference. Types that are not listed only
    /// announce something, or are superseded by another notification.
    fn about(&self) -> (Change, Option<&About>) {
        if let Some(about) = &self.subscription_notification {
            let change = match about.notification_type {
                // Recovered from hold, or resumed.
                1 => Change::Changed(EventKind::Reinstated, true),
                2 => Change::Paid,
                4 => Change::Changed(EventKind::Activated, true),
                // On hold, and paused.
                5 | 10 => Change::Changed(EventKind::Suspended, false),
                // Revoked, and expired.
                12 | 13 => Change::Ended,
                17 => Change::Changed(EventKind::PlanChanged, true),
                _ => Change::Nothing,
            };
            return (change, Some(about));
        }
        if let Some(about) = &self.one_time_product_notification {
            let change = if about.notification_type == 1 { Change::Bought } else { Change::Nothing };
            return (change, Some(about));
        }
        let about = self.voided_purchase_notification.as_ref();
        let change = match about.map(|about| about.refund_type) {
            Some(1) => Change::Voided,
            Some(2) => Change::PartlyVoided,
            Some(_) | None => Change::Nothing,
        };
        (change, about)
    }

    fn at(&self) -> Result<Timestamp, Unreadable> {
        let at = self.event_time_millis.parse().ok().and_then(Timestamp::from_ms);
        at.ok_or_else(|| unreadable("eventTimeMillis is not a time"))
    }
}

/// The name of a purchase: a hash, because the token gives access to the purchase in the API.
fn name(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

fn is_plain(text: &str) -> bool {
    google::is_plain(text, NAME_LENGTH)
}

/// The path of the first API request, relative to the package; `None` if there is nothing to ask.
fn api_path(change: Change, about: &About) -> Option<String> {
    let (path, name) = match change {
        Change::Nothing => return None,
        Change::Bought => ("purchases/productsv2/tokens", about.purchase_token.as_str()),
        Change::Voided | Change::PartlyVoided => ("orders", about.order_id.as_deref()?),
        Change::Changed(..) | Change::Ended | Change::Paid => {
            ("purchases/subscriptionsv2/tokens", about.purchase_token.as_str())
        }
    };
    is_plain(name).then(|| format!("{path}/{name}"))
}

/// Verifies the push, and asks the API about the purchase and its payments if the listing has a service account.
async fn verify<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let package = context.listing.setting("package_name").filter(|name| is_plain(name));
    let package = package.ok_or(Refusal::NotConfigured)?;
    let verified = google::verify_push(context, api, Some(package)).await?;
    // `parse` reports a message that cannot be read.
    let Ok((notification, _)) = Notification::read(&verified) else { return Ok(verified.into()) };
    let (change, about) = notification.about();
    let path = about.and_then(|about| api_path(change, about));
    let (Some(account), Some(path)) = (ServiceAccount::of(context.listing, SCOPE)?, path) else {
        return Ok(verified.into());
    };
    let client = account.sign_in(api).await?;
    let subject = client.get(&format!("{APPLICATIONS}/{package}/{path}")).await?;
    let verified = verified.confirmed_by(&polled(&subject)?);
    let purchase: Option<Purchase> =
        if change.is_paid() { strict_json::from_str(&subject.body).ok() } else { None };
    let mut responses = VendorResponses::one(SUBJECT, subject);
    for id in purchase.iter().flat_map(Purchase::orders) {
        let order = client.get(&format!("{APPLICATIONS}/{package}/orders/{id}")).await?;
        match polled(&order) {
            // An order that the account may not view has an unknown amount. `parse` handles that.
            Ok(_) | Err(Refusal::Declined) => responses.insert(charge(id), order),
            Err(refusal) => return Err(refusal.into()),
        }
    }
    Ok(Verification::with_responses(verified, responses))
}

/// Parses a notification without the API, which alone knows the account and which order was paid.
fn unconfirmed(change: Change, about: &About, id: String, at: Timestamp) -> ParsedCallback {
    let event = |kind, transaction| Event {
        plan: about.subscription_id.clone().or_else(|| about.sku.clone()),
        occurred_at: Some(at),
        ..Event::new(kind, name(&about.purchase_token), transaction, Evidence::TransportOnly)
    };
    let message = format!("message:{id}");
    let events = match change {
        Change::Nothing => Vec::new(),
        Change::Changed(kind, false) => vec![event(kind, message)],
        Change::Changed(kind, true) => {
            vec![event(kind, message.clone()), event(EventKind::Charged, message)]
        }
        Change::Ended => vec![event(EventKind::Uninstalled, ended(about))],
        Change::Paid | Change::Bought => vec![event(EventKind::Charged, message)],
        Change::Voided => match &about.order_id {
            Some(order) => vec![Event {
                charge: Some(charge(order)),
                ..event(EventKind::Refunded, format!("{}:refunded", charge(order)))
            }],
            None => Vec::new(),
        },
        // Only the API knows the amount. The refund must not be booked as a full one.
        Change::PartlyVoided => {
            let log = Some("a part was refunded, and without the API nobody knows how much".to_owned());
            return ParsedCallback { log, ..google::acknowledged(Vec::new()) };
        }
    };
    google::acknowledged(events)
}

fn ended(about: &About) -> String {
    format!("ended:{}", name(&about.purchase_token))
}

fn charge(order: &str) -> String {
    format!("order:{order}")
}

#[async_trait(?Send)]
impl Adapter for GooglePlay {
    fn marketplace(&self) -> Marketplace {
        Marketplace::GooglePlay
    }

    fn kinds(&self) -> &'static [Kind] {
        &[RTDN]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Google Play",
            kinds: &[(
                RTDN.name,
                "the push subscription to the topic of real-time developer notifications, with authentication",
            )],
            secrets: &[(
                "service_account",
                "the JSON key file of a service account that the Play Console lets view app information, financial \
                 data and orders; without it, nothing is confirmed and no amounts are known",
            )],
            settings: &[
                ("package_name", "the app's package name; a subscription may carry several apps"),
                google::AUDIENCE,
                google::PUSH_EMAIL,
                google::SUBSCRIPTION,
            ],
            proof: "Google's token of the push (RS256, for the audience, of the service account and the subscription, \
                    about the package). The notification itself is not signed: with `service_account` the Developer \
                    API is asked for the purchase and its order, and must agree (`evidence` is `api_poll`); without \
                    it, and for an order that the API does not show, `evidence` is `transport_only`",
            carrier: "the Play Store's `referrer`, which carries the click id of the link; the app reads it on its \
                      first run, and its backend reports it (`POST /v1/installs/google-play`). Alternatively, the app \
                      sets a click id as the obfuscated account id of a purchase",
            limits: "no callback reports an install: the app does. An amount is what the customer paid for the order, \
                     including taxes; free trials and test purchases are not charges. The API returns a subscription's \
                     latest order: if a notification is delivered a whole period late, the order before it is lost. A \
                     partial refund has the refunded amount of Google's order. The customer is \
                     `google-play:<obfuscated account id>` if the app sets one, otherwise the SHA-256 of the first \
                     purchase token. Without `service_account` it is the SHA-256 of each token: an upgrade then ends \
                     one customer and starts another, and refunds are not matched to charges",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        verify(context, api).await
    }

    fn parse(&self, proof: &Proof<'_>, _: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        let (notification, id) = Notification::read(verified)?;
        let (change, Some(about)) = notification.about() else {
            return Ok(google::acknowledged(Vec::new()));
        };
        let at = notification.at()?;
        if verified.evidence() == Evidence::ApiPoll {
            return match change {
                Change::Voided => confirmed::voided(true, about, at, &proof.responses),
                Change::PartlyVoided => confirmed::voided(false, about, at, &proof.responses),
                _ => confirmed::changed(change, about, at, &proof.responses),
            };
        }
        if change != Change::Nothing && api_path(change, about).is_none() {
            return Err(unreadable("a token or an order is not a plain name"));
        }
        Ok(unconfirmed(change, about, id, at))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
