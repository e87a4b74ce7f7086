//! Google Cloud Marketplace. A buyer's browser posts a signed token to the sign-up page, and Pub/Sub pushes the events
//! of the procurement API. Those events are not signed. Each only identifies an entitlement; Google's API supplies the
//! rest, above all the account.
//!
//! Neither source reports amounts: Google's reports contain what customers pay.
//!
//! Sources: cloud.google.com/marketplace/docs/partners/integrated-saas (frontend-integration, backend-integration),
//! …/commerce-procurement-api/reference/rest/v1/providers.entitlements.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        AccountName, Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof,
        Reply, Unreadable, Verification, VerifyError, is_urlencoded, unreadable,
    },
    event::{Event, EventKind, Evidence},
    google::{self, ServiceAccount},
    payload,
    signature::{Expected, Refusal, TokenScheme, Verified, polled},
    vendor_api::{VendorApi, VendorResponses},
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
use async_trait::async_trait;
use serde::Deserialize;

/// Google Cloud Marketplace.
pub struct GoogleCloud;

const SIGNUP: Kind = Kind { name: "signup", methods: &["POST"], origin: CallbackOrigin::Browser };
const EVENTS: Kind = Kind { name: "events", methods: &["POST"], origin: CallbackOrigin::Server };

const PROVIDERS: &str = "https://cloudcommerceprocurement.googleapis.com/v1/providers";
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// The name of the response that describes the entitlement.
const FOUND: &str = "entitlement";
/// The maximum length of an id.
const ID_LENGTH: usize = 64;

/// The claims of a sign-up token that are read here. The scheme has checked the others.
#[derive(Deserialize)]
struct SignUp {
    /// The procurement account.
    sub: String,
    #[serde(default)]
    google: Orders,
}

#[derive(Deserialize, Default)]
struct Orders {
    #[serde(default)]
    orders: Vec<String>,
}

/// An event of the procurement API.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notice {
    event_id: Option<String>,
    event_type: String,
    entitlement: Option<Subject>,
    account: Option<Subject>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Subject {
    id: String,
    update_time: Option<String>,
    new_plan: Option<String>,
}

/// The fields of an entitlement that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entitlement {
    /// `providers/…/accounts/…`
    account: Option<String>,
    plan: Option<String>,
    order_id: Option<String>,
    product_external_name: Option<String>,
    state: String,
    update_time: Option<String>,
}

fn is_id(text: &str) -> bool {
    google::is_plain(text, ID_LENGTH)
}

fn time(text: Option<&str>) -> Result<Option<Timestamp>, Unreadable> {
    let time = |text| Timestamp::parse(text).ok_or_else(|| unreadable("updateTime is not of RFC 3339"));
    text.map(time).transpose()
}

/// Parses a sign-up, or a later log-in. The product verifies the same token, so the form is forwarded unchanged.
fn signed_up(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let SignUp { sub: account, google: Orders { orders } } = payload::read(verified)?;
    let form = str::from_utf8(context.callback.body).ok().filter(|form| is_urlencoded(form));
    let query = form.ok_or_else(|| unreadable("the form is not urlencoded"))?.to_owned();
    let installed = Event {
        occurred_at: verified.signed_at(),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), verified.evidence())
    };
    let name = |alias| AccountName { alias, account: account.clone() };
    let names = orders.into_iter().filter(|order| *order != account).map(name).collect();
    Ok(ParsedCallback {
        names,
        ..ParsedCallback::new(vec![installed], Reply::BrowserHandoff { account, query })
    })
}

fn notice(verified: &Verified<'_>) -> Result<Notice, Unreadable> {
    let (data, message_id) = google::pushed(verified)?;
    let mut notice: Notice = strict_json::from_str(&data)?;
    notice.event_id.get_or_insert(message_id);
    Ok(notice)
}

/// Verifies the push, and asks the API about the entitlement if the listing has a service account.
async fn verify_event<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let verified = google::verify_push(context, api, None).await?;
    // `parse` reports a message that cannot be read.
    let Ok(notice) = notice(&verified) else { return Ok(verified.into()) };
    let entitlement = notice.entitlement.filter(|entitlement| is_id(&entitlement.id));
    let account = ServiceAccount::of(context.listing, SCOPE)?;
    let (Some(account), Some(Subject { id, .. })) = (account, entitlement) else {
        return Ok(verified.into());
    };
    let provider = context.listing.setting("provider_id").filter(|provider| is_id(provider));
    let provider = provider.ok_or(Refusal::NotConfigured)?;
    let client = account.sign_in(api).await?;
    let response = client.get(&format!("{PROVIDERS}/{provider}/entitlements/{id}")).await?;
    // A deleted entitlement cannot be read any more. Its end was reported when it was cancelled.
    if notice.event_type == "ENTITLEMENT_DELETED" && matches!(response.status, 403 | 404) {
        return Ok(Verification::respond(CallbackResponse::empty(204)));
    }
    let verified = verified.confirmed_by(&polled(&response)?);
    Ok(Verification::with_responses(verified, VendorResponses::one(FOUND, response)))
}

/// The kind of an event; `None` for one that only announces another.
fn meaning(event_type: &str) -> Option<EventKind> {
    match event_type {
        "ENTITLEMENT_CREATION_REQUESTED" | "ENTITLEMENT_OFFER_ACCEPTED" => Some(EventKind::Installed),
        "ENTITLEMENT_ACTIVE" => Some(EventKind::Activated),
        "ENTITLEMENT_PLAN_CHANGED" => Some(EventKind::PlanChanged),
        "ENTITLEMENT_RENEWED" => Some(EventKind::Charged),
        "ENTITLEMENT_CANCELLED" | "ENTITLEMENT_OFFER_ENDED" | "ENTITLEMENT_DELETED" => {
            Some(EventKind::Uninstalled)
        }
        _ => None,
    }
}

/// Types that only announce another event, or that concern an account without an entitlement.
const IGNORED: [&str; 8] = [
    "ACCOUNT_ACTIVE",
    "ACCOUNT_CREATION_REQUESTED",
    "ACCOUNT_DELETED",
    "ENTITLEMENT_CANCELLATION_REVERTED",
    "ENTITLEMENT_CANCELLING",
    "ENTITLEMENT_PENDING_CANCELLATION",
    "ENTITLEMENT_PLAN_CHANGE_CANCELLED",
    "ENTITLEMENT_PLAN_CHANGE_REQUESTED",
];

/// Whether a type is one that the reference describes.
fn is_known(event_type: &str) -> bool {
    meaning(event_type).is_some() || IGNORED.contains(&event_type)
}

/// Whether an entitlement can be in this state after an event. Events are late, so the entitlement may have progressed.
/// But an ended entitlement does not start again, and one that was never approved was never paid.
fn agrees(kind: EventKind, state: &str) -> bool {
    match kind {
        EventKind::Installed => true,
        EventKind::Uninstalled => state == "ENTITLEMENT_CANCELLED",
        _ => state != "ENTITLEMENT_ACTIVATION_REQUESTED",
    }
}

/// Parses an event without the API. The account is unknown, so no install is reported. Whether an ended offer has a
/// successor is unknown too.
fn unconfirmed(
    kind: EventKind,
    event_type: &str,
    subject: Subject,
    id: &str,
) -> Result<ParsedCallback, Unreadable> {
    if kind == EventKind::Installed || event_type == "ENTITLEMENT_OFFER_ENDED" {
        return Ok(google::acknowledged(Vec::new()));
    }
    let transaction =
        if kind == EventKind::Uninstalled { format!("uninstall:{}", subject.id) } else { id.to_owned() };
    let event = Event {
        plan: subject.new_plan.filter(|_| kind == EventKind::PlanChanged),
        occurred_at: time(subject.update_time.as_deref())?,
        ..Event::new(kind, subject.id, transaction, Evidence::TransportOnly)
    };
    Ok(google::acknowledged(vec![event]))
}

/// Parses an event together with the entitlement that the API returned.
fn confirmed(
    event_type: &str,
    subject: &Subject,
    id: &str,
    found: &Entitlement,
) -> Result<ParsedCallback, Unreadable> {
    let account = found.account.as_deref().and_then(|name| name.rsplit('/').next()).unwrap_or(&subject.id);
    let event = |kind, transaction: String, at| Event {
        plan: found.plan.clone(),
        occurred_at: at,
        ..Event::new(kind, account, transaction, Evidence::ApiPoll)
    };
    let at = time(subject.update_time.as_deref())?;
    let kind = meaning(event_type);
    let mut parsed = google::acknowledged(Vec::new());
    match kind.filter(|kind| agrees(*kind, &found.state)) {
        Some(kind @ EventKind::Installed) => {
            parsed.events.push(event(kind, format!("install:{account}"), at));
        }
        Some(kind @ EventKind::Uninstalled) => {
            parsed.events.push(event(kind, format!("uninstall:{account}"), at));
        }
        Some(kind @ EventKind::PlanChanged) => {
            let plan = subject.new_plan.clone().or_else(|| found.plan.clone());
            parsed.events.push(Event { plan, ..event(kind, id.to_owned(), at) });
        }
        Some(kind) => parsed.events.push(event(kind, id.to_owned(), at)),
        // An ended offer may have a successor.
        None if event_type == "ENTITLEMENT_OFFER_ENDED" => {}
        None => parsed.log = kind.map(|_| format!("the API does not agree with {event_type}")),
    }
    // Google sends no event for a suspension or for its end. The state in the next event shows it.
    match found.state.as_str() {
        "ENTITLEMENT_SUSPENDED" => {
            let since = time(found.update_time.as_deref())?.or(at);
            parsed.events.push(event(EventKind::Suspended, format!("suspended:{id}"), since));
        }
        "ENTITLEMENT_ACTIVE" if matches!(kind, None | Some(EventKind::Charged)) => {
            parsed.events.push(event(EventKind::Activated, format!("active:{id}"), at));
        }
        _ => {}
    }
    if !is_known(event_type) {
        parsed = parsed.unknown("eventType");
    }
    let names = [Some(&subject.id), found.order_id.as_ref()];
    let name = |alias: &String| AccountName { alias: alias.clone(), account: account.to_owned() };
    parsed.names = names.into_iter().flatten().filter(|alias| *alias != account).map(name).collect();
    Ok(parsed)
}

/// Parses an event that names no entitlement.
fn without_entitlement(
    event_type: &str,
    account: Option<Subject>,
    context: &CallbackContext<'_>,
) -> Result<ParsedCallback, Unreadable> {
    if !is_known(event_type) {
        return Ok(google::acknowledged(Vec::new()).unknown("eventType"));
    }
    if !event_type.starts_with("ACCOUNT_") {
        return Err(unreadable("entitlement is missing"));
    }
    if event_type != "ACCOUNT_DELETED" {
        return Ok(google::acknowledged(Vec::new()));
    }
    let account = account.ok_or_else(|| unreadable("account is missing"))?;
    // Without the API, the end of an entitlement cannot be assigned to this account, and both would count.
    if context.listing.secret("service_account").is_empty() {
        return Ok(google::acknowledged(Vec::new()));
    }
    let transaction = format!("uninstall:{}", account.id);
    Ok(google::acknowledged(vec![Event {
        occurred_at: time(account.update_time.as_deref())?,
        ..Event::new(EventKind::Uninstalled, account.id, transaction, Evidence::TransportOnly)
    }]))
}

fn parse_event(proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let Notice { event_id, event_type, entitlement, account } = notice(&proof.verified)?;
    let id = event_id.unwrap_or_default();
    let Some(subject) = entitlement else {
        return without_entitlement(&event_type, account, context);
    };
    if !is_id(&subject.id) {
        return Err(unreadable("entitlement.id is not a plain id"));
    }
    if proof.verified.evidence() == Evidence::ApiPoll {
        let found = proof.responses.get(FOUND).ok_or_else(|| unreadable("the API was not asked"))?;
        let found: Entitlement = strict_json::from_str(&found.body)?;
        let product = context.listing.setting("product");
        if product.is_some() && product != found.product_external_name.as_deref() {
            return Ok(google::acknowledged(Vec::new()));
        }
        return confirmed(&event_type, &subject, &id, &found);
    }
    match meaning(&event_type) {
        Some(kind) => unconfirmed(kind, &event_type, subject, &id),
        None if is_known(&event_type) => Ok(google::acknowledged(Vec::new())),
        None => Ok(google::acknowledged(Vec::new()).unknown("eventType")),
    }
}

#[async_trait(?Send)]
impl Adapter for GoogleCloud {
    fn marketplace(&self) -> Marketplace {
        Marketplace::GoogleCloud
    }

    fn kinds(&self) -> &'static [Kind] {
        &[SIGNUP, EVENTS]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["service_account"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["domain", "audience", "push_email", "subscription", "provider_id", "product"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Google Cloud Marketplace",
            kinds: &[
                (
                    SIGNUP.name,
                    "the product's Sign-up URL and its log-in URL: the install. It binds the visitor's clicks to the \
                     procurement account, then redirects to `forward_to` with the form as the query. The product \
                     verifies `x-gcp-marketplace-token` itself, within the token's five minutes. Signpost accepts the \
                     token once, but it stays valid for the product, so keep it out of the product's logs",
                ),
                (
                    EVENTS.name,
                    "the push subscription to the procurement topic, with authentication: entitlements and accounts",
                ),
            ],
            secrets: &[(
                "service_account",
                "the JSON key file of a service account that may read the procurement API (link it in the Producer \
                 Portal); without it, no event is confirmed",
            )],
            settings: &[
                (
                    "domain",
                    "for `signup`: the product's domain, as in the token's audience, without a scheme",
                ),
                google::AUDIENCE,
                google::PUSH_EMAIL,
                google::SUBSCRIPTION,
                ("provider_id", "the partner's provider id; required with `service_account`"),
                (
                    "product",
                    "the product's external name, if the topic carries several products: entitlements of other \
                     products are ignored",
                ),
            ],
            proof: "`signup`: Google's token (RS256, for the domain, once within five minutes); `events`: Google's \
                    token of the push (RS256, for the audience, of the service account and the subscription). The \
                    event itself is not signed: with `service_account` the procurement API is asked and must agree \
                    (`evidence` is `api_poll`); without it, `evidence` is `transport_only`",
            carrier: "the visitor's cookie, between the sign-up and `forward_to`",
            ends: "a cancelled or deleted entitlement, an ended offer and a deleted account end the account and \
                   refund nothing. Google's reports contain its refunds: send them with the API",
            unprocessed: "500, because Pub/Sub delivers an event again for seven days: it is processed as soon as it \
                          can be read",
            limits: "parameters on a link to the marketplace do not reach the sign-up. A buyer who buys in one browser \
                     and signs up in another is not attributed. Google reports no amounts: a renewal counts as a \
                     charge of the plan without an amount, and the first period, usage and refunds are not reported at \
                     all. They are in Google's reports; send them with the API, for the customer \
                     `google-cloud:<procurement account>`. Without `service_account` an event names only its \
                     entitlement. It is then assigned to an account only if the sign-up named it as an order; installs \
                     come from the sign-up alone, and ended offers and deleted accounts are ignored. Google sends no \
                     event for a suspension: it shows with the next event. An account counts as one install and one \
                     uninstall, however many entitlements it has",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        if context.kind == EVENTS {
            return verify_event(context, api).await;
        }
        let expected = Expected { audiences: context.listing.texts("domain"), ..Expected::default() };
        Ok(context.verify_token(api, TokenScheme::GcpMarketplaceSignupJwt, &expected).await?.into())
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        if context.kind == EVENTS { parse_event(proof, context) } else { signed_up(&proof.verified, context) }
    }

    fn unprocessed(&self, _: Kind) -> Option<CallbackResponse> {
        Some(CallbackResponse::empty(500))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
