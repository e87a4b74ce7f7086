//! Shopify apps. Shopify signs the queries with which it opens an app, and the bodies of webhooks, but no header of those.
//! So each topic has an address of its own, and the shop is what the body says.
//!
//! A shop has two names: the domain, which browsers bring, and a number, which webhooks bring. Events are joined by the
//! domain; the number leads to it once a signed body has told both.
//!
//! Shopify pushes no charges: what merchants pay stands in the Partner API.
//!
//! Sources: shopify.dev, docs/apps/build/authentication-authorization, …/webhooks, …/privacy-law-compliance.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        AccountName, Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof,
        Reply, Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind},
    payload,
    signature::{Parameters, Refusal, Scheme, Verified, is_shop},
    vendor_api::VendorApi,
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
use async_trait::async_trait;
use json::FromJson;

/// Shopify.
pub struct Shopify;

const APP: Kind = Kind { name: "app", methods: &["GET"], origin: CallbackOrigin::Browser };
const OAUTH: Kind = Kind { name: "oauth", methods: &["GET"], origin: CallbackOrigin::Browser };
const SUBSCRIPTION: Kind = Kind { name: "subscription", methods: &["POST"], origin: CallbackOrigin::Server };
const UNINSTALLED: Kind = Kind { name: "uninstalled", methods: &["POST"], origin: CallbackOrigin::Server };
const SHOP: Kind = Kind { name: "shop", methods: &["POST"], origin: CallbackOrigin::Server };
const DATA_REQUEST: Kind =
    Kind { name: "customers-data-request", methods: &["POST"], origin: CallbackOrigin::Server };
const CUSTOMER_REDACT: Kind =
    Kind { name: "customers-redact", methods: &["POST"], origin: CallbackOrigin::Server };
const SHOP_REDACT: Kind = Kind { name: "shop-redact", methods: &["POST"], origin: CallbackOrigin::Server };

/// The kinds of webhooks, each with its topic.
const TOPICS: [(Kind, &str); 6] = [
    (SUBSCRIPTION, "app_subscriptions/update"),
    (UNINSTALLED, "app/uninstalled"),
    (SHOP, "shop/update"),
    (DATA_REQUEST, "customers/data_request"),
    (CUSTOMER_REDACT, "customers/redact"),
    (SHOP_REDACT, "shop/redact"),
];

/// A webhook's headers by what they are: as webhooks have them, and as Shopify's events will.
const TOPIC: [&str; 2] = ["x-shopify-topic", "shopify-topic"];
const DOMAIN: [&str; 2] = ["x-shopify-shop-domain", "shopify-shop-domain"];
const TRIGGERED_AT: [&str; 2] = ["x-shopify-triggered-at", "shopify-triggered-at"];

/// `app_subscriptions/update`. Newer versions of it also have a price, which is the plan's and no payment.
#[derive(FromJson)]
struct SubscriptionUpdate {
    app_subscription: Subscription,
}

#[derive(FromJson)]
struct Subscription {
    /// `gid://shopify/AppSubscription/…`.
    admin_graphql_api_id: String,
    /// `gid://shopify/Shop/…`.
    admin_graphql_api_shop_id: String,
    status: String,
    updated_at: String,
    name: Option<String>,
    plan_handle: Option<String>,
}

/// The shop, of `app/uninstalled` and `shop/update`.
#[derive(FromJson)]
struct Shop {
    id: u64,
    myshopify_domain: Option<String>,
    updated_at: Option<String>,
}

/// The topics of privacy law.
#[derive(FromJson)]
struct Privacy {
    shop_id: u64,
    shop_domain: Option<String>,
}

/// A header. No header is signed: what it says is hearsay.
fn header<'a>(context: &CallbackContext<'a>, names: &[&str]) -> Option<&'a str> {
    let named = |known: &str| names.iter().any(|name| known.eq_ignore_ascii_case(name));
    context.callback.headers.iter().find(|(known, _)| named(known)).map(|(_, value)| *value)
}

/// The number of a shop as it stands in GraphQL.
fn gid(id: u64) -> String {
    format!("gid://shopify/Shop/{id}")
}

/// Both names of a shop, if a signed body told both.
fn names(id: u64, domain: Option<&str>) -> Vec<AccountName> {
    let name = |domain: &str| AccountName { alias: gid(id), account: domain.to_ascii_lowercase() };
    domain.filter(|domain| is_shop(domain)).map(name).into_iter().collect()
}

/// An event of a shop of this number. As long as no signed body has told its domain, the header's must do.
fn event(
    kind: EventKind,
    gid: &str,
    transaction: String,
    verified: &Verified<'_>,
    context: &CallbackContext<'_>,
) -> Event {
    let domain = header(context, &DOMAIN).filter(|domain| is_shop(domain)).map(str::to_ascii_lowercase);
    let account = domain.unwrap_or_else(|| gid.to_owned());
    Event { alias: Some(gid.to_owned()), ..Event::new(kind, account, transaction, verified.evidence()) }
}

fn answered(events: Vec<Event>, names: Vec<AccountName>) -> ParsedCallback {
    ParsedCallback { names, ..ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200))) }
}

fn time(text: &str) -> Result<Timestamp, Unreadable> {
    Timestamp::parse(text).ok_or_else(|| unreadable("a time is not of RFC 3339"))
}

/// A subscription's state. One that ends tells nothing: a change of plans ends one, too, in the same second.
fn subscription(
    verified: &Verified<'_>,
    context: &CallbackContext<'_>,
) -> Result<ParsedCallback, Unreadable> {
    let SubscriptionUpdate { app_subscription: told } = payload::read(verified)?;
    let kind = match told.status.as_str() {
        "ACTIVE" => EventKind::Activated,
        "FROZEN" => EventKind::Suspended,
        _ => return Ok(answered(Vec::new(), Vec::new())),
    };
    let shop = told.admin_graphql_api_shop_id.as_str();
    if !shop.starts_with("gid://shopify/Shop/") {
        return Err(unreadable("admin_graphql_api_shop_id is no shop"));
    }
    let transaction = format!("{}:{}:{}", told.admin_graphql_api_id, told.status, told.updated_at);
    let event = Event {
        plan: told.plan_handle.or(told.name),
        occurred_at: Some(time(&told.updated_at)?),
        ..event(kind, shop, transaction, verified, context)
    };
    Ok(answered(vec![event], Vec::new()))
}

fn uninstalled(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let shop: Shop = payload::read(verified)?;
    // When it happened stands in a header alone; the body's time is that of the shop's last change.
    let at = header(context, &TRIGGERED_AT).or(shop.updated_at.as_deref());
    let at = at.ok_or_else(|| unreadable("neither a header nor the body says when"))?;
    let transaction = format!("uninstall:{}:{at}", shop.id);
    let event = Event {
        occurred_at: Some(time(at)?),
        ..event(EventKind::Uninstalled, &gid(shop.id), transaction, verified, context)
    };
    Ok(answered(vec![event], names(shop.id, shop.myshopify_domain.as_deref())))
}

/// A browser at the App URL or at the redirect URI. Shopify gives a code and an `id_token` only to an app that the shop has
/// installed; the App URL alone is opened before that, too.
fn opened(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let shop = payload::parameter(verified, "shop")
        .ok_or_else(|| unreadable("there is no shop"))?
        .to_ascii_lowercase();
    // The app verifies the same query, so it gets it as it came.
    let query = context.query().ok_or_else(|| unreadable("the query is not urlencoded"))?.to_owned();
    let proves_install = if context.kind == OAUTH { "code" } else { "id_token" };
    let mut events = Vec::new();
    if payload::parameter(verified, proves_install).is_some() {
        events.push(Event {
            occurred_at: verified.signed_at(),
            clicks: payload::parameter(verified, "state").map(str::to_owned).into_iter().collect(),
            ..Event::new(EventKind::Installed, &shop, format!("install:{shop}"), verified.evidence())
        });
    }
    let in_frame = context.kind == APP && payload::parameter(verified, "embedded") == Some("1");
    let reply = if in_frame {
        // As Shopify requires of an embedded app, so that no other site can have its page clicked.
        let frame_ancestors = format!("https://{shop} https://admin.shopify.com");
        Reply::FrameHandoff { account: shop, query, frame_ancestors, reloads: true }
    } else {
        Reply::BrowserHandoff { account: shop, query }
    };
    Ok(ParsedCallback::new(events, reply))
}

/// The claim of a session token that names the shop.
#[derive(FromJson)]
struct SessionToken {
    /// `https://{shop}`.
    dest: String,
}

/// The query, and the `id_token` in it if there is one: it must be of the same shop.
fn verify_opened<'a>(context: &CallbackContext<'a>) -> Result<Verified<'a>, Refusal> {
    let verified = context.verify(Scheme::ShopifyOauthQuery, "client_secret", Parameters::default())?;
    if context.kind == OAUTH && payload::parameter(&verified, "code").is_none() {
        return Err(Refusal::MissingParameter("code"));
    }
    if context.kind == APP && payload::parameter(&verified, "id_token").is_some() {
        let audiences = context.listing.texts("client_id");
        let parameters = Parameters { audiences, ..Parameters::default() };
        let token = context.verify(Scheme::ShopifySessionToken, "client_secret", parameters)?;
        let claims: SessionToken = payload::read(&token).map_err(|_| Refusal::MalformedClaims)?;
        let shop = payload::parameter(&verified, "shop").unwrap_or_default();
        if claims.dest.strip_prefix("https://").is_none_or(|dest| !dest.eq_ignore_ascii_case(shop)) {
            return Err(Refusal::WrongSubject);
        }
    }
    Ok(verified)
}

#[async_trait(?Send)]
impl Adapter for Shopify {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Shopify
    }

    fn kinds(&self) -> &'static [Kind] {
        &[APP, OAUTH, SUBSCRIPTION, UNINSTALLED, SHOP, DATA_REQUEST, CUSTOMER_REDACT, SHOP_REDACT]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Shopify App Store",
            kinds: &[
                (
                    APP.name,
                    "the App URL. With an `id_token` (embedded apps, managed installation) the first load is the install. In \
                     the admin's frame its page leads to the top once, and later loads go on to `forward_to` at once; \
                     outside a frame it goes on by way of a page where the visitor's clicks are bound to the shop; always \
                     with the query as it came",
                ),
                (
                    OAUTH.name,
                    "the redirect URI of the authorization code grant: the install. Goes on to `forward_to` with the query \
                     as it came, for the app to have the code exchanged; a click id in `state` counts",
                ),
                (SUBSCRIPTION.name, "webhook `app_subscriptions/update`: the plan, active or frozen"),
                (UNINSTALLED.name, "webhook `app/uninstalled`"),
                (
                    SHOP.name,
                    "webhook `shop/update`: joins the shop's number with its domain; tells nothing else",
                ),
                (
                    DATA_REQUEST.name,
                    "webhook `customers/data_request`: answered; Signpost holds no data of a shop's customers",
                ),
                (CUSTOMER_REDACT.name, "webhook `customers/redact`: answered, for the same reason"),
                (
                    SHOP_REDACT.name,
                    "webhook `shop/redact`: answered; what is kept of a shop is its domain and its number",
                ),
            ],
            secrets: &[(
                "client_secret",
                "the app's client secret; after a rotation keep the old one beside it for an hour",
            )],
            settings: &[("client_id", "the app's client id, for which every `id_token` must be made")],
            proof: "queries by HMAC-SHA256, once within 90 s (in a frame as often as it is loaded), and the `id_token` in them \
                    (HS256, for the client id, of the same shop); webhooks by HMAC-SHA256 of the raw body. The shop is what \
                    the body says: headers are not signed",
            carrier: "the visitor's cookie, seen on the way from the install to `forward_to`; a click id in `state`, if your \
                      own page starts the install",
            limits: "nothing that is put on an App Store link reaches the app, so a merchant who never follows “Continue” in \
                     the frame is not attributed; Shopify pushes no charges and no refunds: they stand in the Partner API and \
                     come in by the API, with `customer_id` `shopify:<shop domain>`; prices in webhooks are the plan's and no \
                     payments; a subscription that ends and a one-time purchase tell nothing; webhooks that are made by hand in \
                     a shop's settings are signed with another key and refused; until a webhook has told a shop's number and \
                     its domain together, the domain in a webhook's header is believed",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        _: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        if matches!(context.kind, APP | OAUTH) {
            return Ok(verify_opened(context)?.into());
        }
        Ok(context.verify(Scheme::ShopifyWebhook, "client_secret", Parameters::default())?.into())
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        if matches!(context.kind, APP | OAUTH) {
            return opened(verified, context);
        }
        let topic = TOPICS.iter().find(|(kind, _)| *kind == context.kind).map(|(_, topic)| *topic);
        // Not proof of anything, but a sign of a wrong address.
        if header(context, &TOPIC).is_some_and(|sent| Some(sent) != topic) {
            return Err(unreadable("the topic is another one's: each has an address of its own"));
        }
        match context.kind {
            SUBSCRIPTION => subscription(verified, context),
            UNINSTALLED => uninstalled(verified, context),
            SHOP => {
                let shop: Shop = payload::read(verified)?;
                Ok(answered(Vec::new(), names(shop.id, shop.myshopify_domain.as_deref())))
            }
            _ => {
                let privacy: Privacy = payload::read(verified)?;
                Ok(answered(Vec::new(), names(privacy.shop_id, privacy.shop_domain.as_deref())))
            }
        }
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
