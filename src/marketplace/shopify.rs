//! Shopify apps. Shopify signs the queries that open an app and the bodies of webhooks, but not the headers of
//! webhooks. Therefore each topic has a URL of its own, and the body identifies the shop.
//!
//! A shop has two names: the domain, which browsers send, and a number, which webhooks send. Events are joined by the
//! domain. The number is joined with it once a signed body contains both.
//!
//! Shopify pushes no charges: the Partner API contains what merchants pay.
//!
//! Sources: shopify.dev, docs/apps/build/authentication-authorization, …/webhooks, …/privacy-law-compliance.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        AccountEmail, AccountName, Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind,
        ParsedCallback, Proof, Reply, Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind},
    fields::Fields,
    payload,
    signature::{Parameters, Refusal, Scheme, Verified, is_shop},
    vendor_api::VendorApi,
};
use crate::domain::{
    programme::listing::Marketplace,
    values::{digest::sha256_hex, time::Timestamp},
};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::value::RawValue;

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

/// The kinds of webhooks and their topics.
const TOPICS: [(Kind, &str); 6] = [
    (SUBSCRIPTION, "app_subscriptions/update"),
    (UNINSTALLED, "app/uninstalled"),
    (SHOP, "shop/update"),
    (DATA_REQUEST, "customers/data_request"),
    (CUSTOMER_REDACT, "customers/redact"),
    (SHOP_REDACT, "shop/redact"),
];

/// The names of a webhook's headers: those of webhooks, and those of Shopify's future events.
const TOPIC: [&str; 2] = ["x-shopify-topic", "shopify-topic"];
const TRIGGERED_AT: [&str; 2] = ["x-shopify-triggered-at", "shopify-triggered-at"];

/// The member of a shop that contains its domain.
const DOMAIN_MEMBER: &str = "myshopify_domain";

/// `app_subscriptions/update`. Newer versions contain a price, which is the plan's and not a payment.
#[derive(Deserialize)]
struct SubscriptionUpdate {
    /// An object with `admin_graphql_api_id`, `admin_graphql_api_shop_id`, `status` and `updated_at`, and with the side fields
    /// `plan_handle` and `name`.
    app_subscription: Box<RawValue>,
}

/// The shop in `app/uninstalled`, `shop/update` and the privacy topics. Only its number is needed.
struct Shop {
    id: u64,
    fields: Fields,
}

impl Shop {
    /// Reads a body that has the shop's number in this member.
    fn read(verified: &Verified<'_>, id: &str) -> Result<Self, Unreadable> {
        let fields = Fields::read(payload::text(verified)?)?;
        let number = fields.needed(id)?.and_then(|number| number.parse().ok());
        Ok(Self { id: number.ok_or_else(|| unreadable(format!("/{id} is not a number")))?, fields })
    }

    /// The acknowledgement, with the names and the owner's address that the signed body contains.
    fn acknowledged(&self, events: Vec<Event>, domain: &str) -> ParsedCallback {
        let names = names(self.id, self.fields.side(domain).as_deref());
        let emails = AccountEmail::list(&gid(self.id), self.fields.side("email"));
        noting(&self.fields, ParsedCallback { emails, ..acknowledged(events, names) })
    }
}

/// Notes the fields that were skipped.
fn noting(fields: &Fields, parsed: ParsedCallback) -> ParsedCallback {
    let skipped = fields.skipped();
    let log = (!skipped.is_empty()).then(|| format!("skipped {}", skipped.join(" ")));
    ParsedCallback { log, ..parsed }
}

/// A header, which is not signed.
fn header<'a>(context: &CallbackContext<'a>, names: &[&str]) -> Option<&'a str> {
    let named = |known: &str| names.iter().any(|name| known.eq_ignore_ascii_case(name));
    context.callback.headers.iter().find(|(known, _)| named(known)).map(|(_, value)| *value)
}

/// The GraphQL id of a shop.
fn gid(id: u64) -> String {
    format!("gid://shopify/Shop/{id}")
}

/// Both names of a shop, if a signed body contains both.
fn names(id: u64, domain: Option<&str>) -> Vec<AccountName> {
    let name = |domain: &str| AccountName { alias: gid(id), account: domain.to_ascii_lowercase() };
    domain.filter(|domain| is_shop(domain)).map(name).into_iter().collect()
}

/// An event of the shop with this number. The header with its domain is not signed, so it is not read: the number is joined
/// with the domain once a signed body contains both.
fn event(kind: EventKind, gid: &str, transaction: String, verified: &Verified<'_>) -> Event {
    Event::new(kind, gid, transaction, verified.evidence())
}

fn acknowledged(events: Vec<Event>, names: Vec<AccountName>) -> ParsedCallback {
    ParsedCallback { names, ..ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200))) }
}

fn time(text: &str) -> Result<Timestamp, Unreadable> {
    Timestamp::parse(text).ok_or_else(|| unreadable("a time is not of RFC 3339"))
}

/// Parses the state of a subscription. An end is ignored, because a change of plans also ends a subscription in the
/// same second.
fn subscription(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let SubscriptionUpdate { app_subscription } = payload::read(verified)?;
    let fields = Fields::read(app_subscription.get())?;
    let needed = |name: &str| {
        let missing = || unreadable(format!("/app_subscription/{name} is missing"));
        fields.needed(name)?.ok_or_else(missing)
    };
    let status = needed("status")?;
    let kind = match status.as_str() {
        "ACTIVE" => EventKind::Activated,
        "FROZEN" => EventKind::Suspended,
        // Offered to the merchant, or ended.
        "PENDING" | "ACCEPTED" | "CANCELLED" | "DECLINED" | "EXPIRED" => {
            return Ok(acknowledged(Vec::new(), Vec::new()));
        }
        _ => return Ok(acknowledged(Vec::new(), Vec::new()).unknown("status")),
    };
    let shop = needed("admin_graphql_api_shop_id")?;
    if !shop.starts_with("gid://shopify/Shop/") {
        return Err(unreadable("admin_graphql_api_shop_id is not a shop"));
    }
    let (id, updated_at) = (needed("admin_graphql_api_id")?, needed("updated_at")?);
    let event = Event {
        plan: fields.side("plan_handle").or_else(|| fields.side("name")),
        occurred_at: Some(time(&updated_at)?),
        ..event(kind, &shop, format!("{id}:{status}:{updated_at}"), verified)
    };
    Ok(noting(&fields, acknowledged(vec![event], Vec::new())))
}

fn uninstalled(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let shop = Shop::read(verified, "id")?;
    let updated_at = shop.fields.side("updated_at");
    // Only a header contains the time of the event. The body's time is that of the shop's last change. The header is not
    // signed, so it must not tell one uninstall from another: the signed body does.
    let at = header(context, &TRIGGERED_AT).or(updated_at.as_deref());
    let at = at.ok_or_else(|| unreadable("neither a header nor the body says when"))?;
    let body = sha256_hex(payload::text(verified)?.as_bytes());
    let transaction = format!("uninstall:{}:{}", shop.id, body.get(..32).unwrap_or(&body));
    let event = Event {
        occurred_at: Some(time(at)?),
        ..event(EventKind::Uninstalled, &gid(shop.id), transaction, verified)
    };
    Ok(shop.acknowledged(vec![event], DOMAIN_MEMBER))
}

/// Parses a visit to the App URL or the redirect URI. Shopify sends a code or an `id_token` only to an app that the
/// shop has installed; the App URL is opened before that as well.
fn opened(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let shop = payload::parameter(verified, "shop")
        .ok_or_else(|| unreadable("there is no shop"))?
        .to_ascii_lowercase();
    // The app verifies the same query, so it is forwarded unchanged.
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
        // Shopify requires this of embedded apps, to prevent clickjacking.
        let frame_ancestors = format!("https://{shop} https://admin.shopify.com");
        Reply::FrameHandoff { account: shop, query, frame_ancestors, reloads: true }
    } else {
        Reply::BrowserHandoff { account: shop, query }
    };
    Ok(ParsedCallback::new(events, reply))
}

/// The claim of a session token that names the shop.
#[derive(Deserialize)]
struct SessionToken {
    /// `https://{shop}`.
    dest: String,
}

/// Verifies the query, and its `id_token` if there is one. Both must be of the same shop.
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

    fn secrets(&self) -> &'static [&'static str] {
        &["client_secret"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["client_id"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Shopify App Store",
            kinds: &[
                (
                    APP.name,
                    "the App URL. With an `id_token` (embedded apps, managed installation) the first load is the \
                     install. In the admin's frame, its page links to the top of the window once, and later loads \
                     redirect to `forward_to` at once; outside a frame, it redirects by way of a page that binds the \
                     visitor's clicks to the shop. The query is kept unchanged",
                ),
                (
                    OAUTH.name,
                    "the redirect URI of the authorization code grant: the install. It redirects to `forward_to` with \
                     the query unchanged, and the app exchanges the code; a click id in `state` counts",
                ),
                (SUBSCRIPTION.name, "webhook `app_subscriptions/update`: the plan, active or frozen"),
                (UNINSTALLED.name, "webhook `app/uninstalled`"),
                (
                    SHOP.name,
                    "webhook `shop/update`: joins the shop's number with its domain, and reports its owner's e-mail \
                     address, but no event",
                ),
                (
                    DATA_REQUEST.name,
                    "webhook `customers/data_request`: answered; Signpost holds no data of a shop's customers",
                ),
                (CUSTOMER_REDACT.name, "webhook `customers/redact`: answered, for the same reason"),
                (
                    SHOP_REDACT.name,
                    "webhook `shop/redact`: answered; Signpost stores only the domain and the number of a shop",
                ),
            ],
            secrets: &[(
                "client_secret",
                "the app's client secret; after a rotation keep the old one as well for an hour",
            )],
            settings: &[("client_id", "the app's client id, for which every `id_token` must be made")],
            proof: "queries by HMAC-SHA256, once within 90 s (in a frame as often as it is loaded), and the `id_token` \
                    in them (HS256, for the client id, of the same shop); webhooks by HMAC-SHA256 of the raw body. The \
                    body identifies the shop: headers are not signed",
            carrier: "the visitor's cookie, between the install and `forward_to`; a click id in `state`, if your own \
                      page starts the install",
            ends: "`app/uninstalled` ends the account, and a `FROZEN` subscription suspends it; `CANCELLED`, \
                   `DECLINED` and `EXPIRED` subscriptions change nothing. Shopify pushes no charges, so nothing is \
                   reversed: refund the conversion with the API",
            unprocessed: "webhooks with 200, because Shopify deletes a subscription after eight failures; `app` and \
                          `oauth` with 500, which the visitor sees",
            limits: "parameters on an App Store link do not reach the app, so a merchant who never follows “Continue” \
                     in the frame is not attributed. Shopify pushes no charges and no refunds: they are in the \
                     Partner API; send them with the API, with `customer_id` `shopify:<shop domain>`. Prices in \
                     webhooks are those of the plan and not payments. Two removals between which nothing in the \
                     signed body changed count as one, because the time in a webhook's header is not signed. The end \
                     of a subscription and one-time purchases are not reported. Webhooks that are created by hand in \
                     a shop's settings are signed with another key and refused. The header with a shop's domain is not \
                     signed and not read: until a webhook has contained both the shop's number and its domain, as \
                     `shop/update` does, its subscription is shown for the customer `shopify:gid://shopify/Shop/<number>`; \
                     then both are one account. A header also says when an app was removed: it dates the removal and \
                     decides nothing else",
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
        // The topic proves nothing, but a wrong one shows that the webhook was registered for another URL.
        if header(context, &TOPIC).is_some_and(|known| Some(known) != topic) {
            return Err(unreadable("the topic is that of another URL: register each topic for its own URL"));
        }
        match context.kind {
            SUBSCRIPTION => subscription(verified),
            UNINSTALLED => uninstalled(verified, context),
            SHOP => Ok(Shop::read(verified, "id")?.acknowledged(Vec::new(), DOMAIN_MEMBER)),
            _ => Ok(Shop::read(verified, "shop_id")?.acknowledged(Vec::new(), "shop_domain")),
        }
    }

    fn unprocessed(&self, kind: Kind) -> Option<CallbackResponse> {
        Some(CallbackResponse::empty(if matches!(kind, APP | OAUTH) { 500 } else { 200 }))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
