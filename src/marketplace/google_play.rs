//! Google Play. Pub/Sub pushes real-time developer notifications, which are not signed and contain no amounts. Each
//! only identifies a purchase; the Developer API supplies the rest, above all the account and the payment.
//!
//! A purchase has a token. A plan that replaces another has a new token that names the old one. If the app sets its own
//! user id on purchases, that id is the account; otherwise the account is a hash of the first token of the chain.
//!
//! Sources: developer.android.com/google/play/billing/rtdn-reference, …/billing/lifecycle/subscriptions;
//! developers.google.com/android-publisher/api-ref/rest/v3 (purchases.subscriptionsv2, purchases.productsv2, orders).

mod confirmed;
mod notification;
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
    signature::{Refusal, polled},
    vendor_api::{VendorApi, VendorResponses},
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
use async_trait::async_trait;
use notification::{About, Change, Notification};
use purchase::{Purchase, charge_name, end_name, is_plain, purchase_name};

/// Google Play.
pub struct GooglePlay;

const RTDN: Kind = Kind { name: "rtdn", methods: &["POST"], origin: CallbackOrigin::Server };

const APPLICATIONS: &str = "https://androidpublisher.googleapis.com/androidpublisher/v3/applications";
const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";

/// The path of the first API request, relative to the package; `None` if there is nothing to ask.
fn api_path(change: Change, about: &About) -> Option<String> {
    let (path, name) = match change {
        Change::Nothing | Change::Unknown => return None,
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
    let mut responses = VendorResponses::one(confirmed::SUBJECT, subject);
    for id in purchase.iter().flat_map(Purchase::orders) {
        let order = client.get(&format!("{APPLICATIONS}/{package}/orders/{id}")).await?;
        match polled(&order) {
            // An order that the account may not view has an unknown amount. `parse` handles that.
            Ok(_) | Err(Refusal::Declined) => responses.insert(charge_name(id), order),
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
        ..Event::new(kind, purchase_name(&about.purchase_token), transaction, Evidence::TransportOnly)
    };
    let message = format!("message:{id}");
    let events = match change {
        Change::Nothing | Change::Unknown => Vec::new(),
        Change::Changed(kind, false) => vec![event(kind, message)],
        Change::Changed(kind, true) => {
            vec![event(kind, message.clone()), event(EventKind::Charged, message)]
        }
        Change::Ended => vec![event(EventKind::Uninstalled, end_name(&about.purchase_token))],
        Change::Paid | Change::Bought => vec![event(EventKind::Charged, message)],
        Change::Voided => match &about.order_id {
            Some(order) => vec![Event {
                charge: Some(charge_name(order)),
                ..event(EventKind::Refunded, format!("{}:refunded", charge_name(order)))
            }],
            None => Vec::new(),
        },
        // Only the API knows the amount. The refund must not be booked as a full one.
        Change::PartlyVoided => {
            let why = "a part was refunded, and without the API nobody knows how much";
            return ParsedCallback { unprocessed: Some(why.to_owned()), ..google::acknowledged(Vec::new()) };
        }
    };
    google::acknowledged(events)
}

#[async_trait(?Send)]
impl Adapter for GooglePlay {
    fn marketplace(&self) -> Marketplace {
        Marketplace::GooglePlay
    }

    fn kinds(&self) -> &'static [Kind] {
        &[RTDN]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["service_account"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["package_name", "audience", "push_email", "subscription"]
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
            ends: "an order that is `REFUNDED` refunds all that is left, and one that is `PARTIALLY_REFUNDED` what \
                   was refunded so far, both with the notification of the voided purchase and with one that reports \
                   the charge late. Chargebacks are voided purchases. A `CANCELED` order was never paid. A \
                   subscription that is revoked or expires ends the account; Google reports the refund of a revoked \
                   one as a voided purchase",
            unprocessed: "500, because Pub/Sub delivers a notification again for seven days and the API is asked \
                          again each time, for example until an order shows its refund",
            limits: "no callback reports an install: the app does. An amount is what the customer paid for the order, \
                     including taxes; free trials and test purchases are not charges. The API returns a \
                     subscription's latest order: if a notification is delivered a whole period late, the order \
                     before it is lost. A partial refund has the refunded amount of Google's order. The customer is \
                     `google-play:<obfuscated account id>` if the app sets one (make it unique among all your apps, \
                     as the hash of a user id is), otherwise the SHA-256 of the first purchase token. Without \
                     `service_account` it is the SHA-256 of each token: an upgrade then ends one customer and starts \
                     another, and refunds are not matched to charges",
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
        let (change, about) = notification.about();
        if change == Change::Unknown {
            return Ok(google::acknowledged(Vec::new()).unknown("notificationType or refundType"));
        }
        let Some(about) = about else { return Ok(google::acknowledged(Vec::new())) };
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

    fn unprocessed(&self, _: Kind) -> Option<CallbackResponse> {
        Some(CallbackResponse::empty(500))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
