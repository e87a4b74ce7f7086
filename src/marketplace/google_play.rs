//! Google Play. Real-time developer notifications are pushed. Nobody signs them, and they tell no money: each says which
//! purchase it is about, and the Developer API says the rest, whose it is and what was paid for it above all.
//!
//! A purchase has a token, and a plan that takes another one's place has a new token that names the old one. The app may
//! give each purchase an id of its own user's: that is the account then, and else the first token of the chain, of which
//! only a hash is kept.
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
use json::FromJson;
use purchase::Purchase;

/// Google Play.
pub struct GooglePlay;

const RTDN: Kind = Kind { name: "rtdn", methods: &["POST"], origin: CallbackOrigin::Server };

const APPLICATIONS: &str = "https://androidpublisher.googleapis.com/androidpublisher/v3/applications";
const SCOPE: &str = "https://www.googleapis.com/auth/androidpublisher";
/// Characters of a token, an order's id or a package's name at most.
const NAME_LENGTH: usize = 2048;
/// The name of the response about the purchase or the order that a notification names. A paid order has the name of its
/// [`charge`].
const SUBJECT: &str = "subject";

/// A notification, about one thing of these.
#[derive(FromJson)]
#[serde(rename_all = "camelCase")]
struct Notification {
    /// Unix milliseconds, as a text.
    event_time_millis: String,
    subscription_notification: Option<About>,
    one_time_product_notification: Option<About>,
    voided_purchase_notification: Option<About>,
}

#[derive(FromJson)]
#[serde(rename_all = "camelCase")]
struct About {
    purchase_token: String,
    #[serde(default)]
    notification_type: u32,
    /// Subscriptions: what was bought. Deprecated: it may be absent.
    subscription_id: Option<String>,
    /// One-time products: what was bought.
    sku: Option<String>,
    /// Voided purchases.
    order_id: Option<String>,
    #[serde(default)]
    refund_type: u32,
}

/// What happened.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Happened {
    /// Nothing of ours.
    Nothing,
    /// A subscription changed; whether something was paid, too.
    Changed(EventKind, bool),
    /// A subscription ended.
    Ended,
    /// Something was paid, and no more.
    Paid,
    /// A one-time product was bought.
    Bought,
    /// A purchase was voided, all of it.
    Voided,
    /// A part of one was.
    PartlyVoided,
}

impl Happened {
    fn is_paid(self) -> bool {
        matches!(self, Self::Changed(_, true) | Self::Paid | Self::Bought)
    }
}

impl Notification {
    fn read(verified: &Verified<'_>) -> Result<(Self, String), Unreadable> {
        let (data, message_id) = google::pushed(verified)?;
        Ok((json::read(&data)?, message_id))
    }

    /// What happened, and to what. The numbers are those of the reference; what is not here announces something, or is
    /// undone by another notification.
    fn about(&self) -> (Happened, Option<&About>) {
        if let Some(about) = &self.subscription_notification {
            let happened = match about.notification_type {
                // Recovered from hold, or resumed.
                1 => Happened::Changed(EventKind::Reinstated, true),
                2 => Happened::Paid,
                4 => Happened::Changed(EventKind::Activated, true),
                // On hold, and paused.
                5 | 10 => Happened::Changed(EventKind::Suspended, false),
                // Revoked, and expired.
                12 | 13 => Happened::Ended,
                17 => Happened::Changed(EventKind::PlanChanged, true),
                _ => Happened::Nothing,
            };
            return (happened, Some(about));
        }
        if let Some(about) = &self.one_time_product_notification {
            let happened = if about.notification_type == 1 { Happened::Bought } else { Happened::Nothing };
            return (happened, Some(about));
        }
        let about = self.voided_purchase_notification.as_ref();
        let happened = match about.map(|about| about.refund_type) {
            Some(1) => Happened::Voided,
            Some(2) => Happened::PartlyVoided,
            Some(_) | None => Happened::Nothing,
        };
        (happened, about)
    }

    fn at(&self) -> Result<Timestamp, Unreadable> {
        let at = self.event_time_millis.parse().ok().and_then(Timestamp::from_ms);
        at.ok_or_else(|| unreadable("eventTimeMillis is no time"))
    }
}

/// The name of a purchase without its token, which opens it to whoever has access to the API.
fn name(token: &str) -> String {
    sha256_hex(token.as_bytes())
}

fn is_plain(text: &str) -> bool {
    google::is_plain(text, NAME_LENGTH)
}

/// What the API is asked first, behind the package's address; nothing where there is nothing to ask.
fn question(happened: Happened, about: &About) -> Option<String> {
    let (path, name) = match happened {
        Happened::Nothing => return None,
        Happened::Bought => ("purchases/productsv2/tokens", about.purchase_token.as_str()),
        Happened::Voided | Happened::PartlyVoided => ("orders", about.order_id.as_deref()?),
        Happened::Changed(..) | Happened::Ended | Happened::Paid => {
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
    let (happened, about) = notification.about();
    let path = about.and_then(|about| question(happened, about));
    let (Some(account), Some(path)) = (ServiceAccount::of(context.listing, SCOPE)?, path) else {
        return Ok(verified.into());
    };
    let client = account.sign_in(api).await?;
    let subject = client.get(&format!("{APPLICATIONS}/{package}/{path}")).await?;
    let verified = verified.confirmed_by(&polled(&subject)?);
    let purchase: Option<Purchase> = if happened.is_paid() { json::read(&subject.body).ok() } else { None };
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

/// What is told on the caller's word alone. Which order was paid, and whose a purchase is, only the API says.
fn unconfirmed(happened: Happened, about: &About, id: String, at: Timestamp) -> ParsedCallback {
    let event = |kind, transaction| Event {
        plan: about.subscription_id.clone().or_else(|| about.sku.clone()),
        occurred_at: Some(at),
        ..Event::new(kind, name(&about.purchase_token), transaction, Evidence::TransportOnly)
    };
    let message = format!("message:{id}");
    let events = match happened {
        Happened::Nothing => Vec::new(),
        Happened::Changed(kind, false) => vec![event(kind, message)],
        Happened::Changed(kind, true) => {
            vec![event(kind, message.clone()), event(EventKind::Charged, message)]
        }
        Happened::Ended => vec![event(EventKind::Uninstalled, ended(about))],
        Happened::Paid | Happened::Bought => vec![event(EventKind::Charged, message)],
        Happened::Voided => match &about.order_id {
            Some(order) => vec![Event {
                charge: Some(charge(order)),
                ..event(EventKind::Refunded, format!("{}:refunded", charge(order)))
            }],
            None => Vec::new(),
        },
        // How much, only the API says: it must not become all of it.
        Happened::PartlyVoided => {
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
                "the JSON key file of a service account that the Play Console lets view app information, financial data and \
                 orders; without it nothing is confirmed and no amount is known",
            )],
            settings: &[
                ("package_name", "the app's package name; a subscription may tell of several apps"),
                google::AUDIENCE,
                google::PUSH_EMAIL,
                google::SUBSCRIPTION,
            ],
            proof: "Google's token of the push (RS256, for the audience, of the service account and the subscription, about the \
                    package). The notification itself is not signed: with `service_account` the Developer API is asked for \
                    the purchase and its order, and must agree (`evidence` is `api_poll`); without it, and for an order that \
                    the API does not show, `evidence` is `transport_only`",
            carrier: "the Play Store's `referrer`, which links put the click id into, and which the app reads on its first run and \
                      its backend reports (`POST /v1/installs/google-play`); or a click id that the app sets as the \
                      obfuscated account id of a purchase",
            limits: "no callback tells of an install: the app does. An amount is what the customer paid for the order, with taxes; a \
                     free trial and a test purchase are no charge. The API tells a subscription's latest order: where a \
                     notification is delivered a whole period late, the order before it is not told. A partial refund counts \
                     as much as Google's order says was given back. The customer is `google-play:<obfuscated account id>`, if the \
                     app sets one, and else the SHA-256 of the first purchase token; without `service_account` it is that of each \
                     token, an upgrade ends one customer and begins another, and refunds find no charge",
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
        let (happened, Some(about)) = notification.about() else {
            return Ok(google::acknowledged(Vec::new()));
        };
        let at = notification.at()?;
        if verified.evidence() == Evidence::ApiPoll {
            return match happened {
                Happened::Voided => confirmed::voided(true, about, at, &proof.responses),
                Happened::PartlyVoided => confirmed::voided(false, about, at, &proof.responses),
                _ => confirmed::changed(happened, about, at, &proof.responses),
            };
        }
        if happened != Happened::Nothing && question(happened, about).is_none() {
            return Err(unreadable("a token or an order is no plain name"));
        }
        Ok(unconfirmed(happened, about, id, at))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
