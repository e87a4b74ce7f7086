//! WooCommerce: webhooks of the operator's own store. A paid order is a charge, each of its refunds a refund; what carries
//! the referral is the order itself (the click id in WooCommerce's order attribution, or a coupon). Every update of an
//! order tells all of it again, so an update that was lost is made up for by the next.
//!
//! Beside it, in files of their own: the subscriptions of an app that WooCommerce.com sells ([`billing`]), and
//! stores that are connected to the operator's app ([`connect`]).
//!
//! Sources: woocommerce/woocommerce `class-wc-webhook.php`, `OrderAttributionMeta`; the REST API's order object.

mod billing;
mod connect;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof, Reply,
        Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind, Evidence},
    money::minor_units,
    oauth, payload,
    signature::{Parameters, Scheme},
    vendor_api::VendorApi,
};
use crate::domain::{
    clicks::click::CLICK_ID_LENGTH,
    money::Currency,
    programme::listing::Marketplace,
    values::{digest::sha256_hex, time::Timestamp},
};
use async_trait::async_trait;
use json::FromJson;

/// WooCommerce.
pub struct Woocommerce;

/// An order, as far as we read it. What is not told is `null`, an empty text or absent, by version and plugin.
#[derive(FromJson)]
struct Order {
    id: u64,
    status: Option<String>,
    currency: Option<String>,
    total: Option<String>,
    date_paid_gmt: Option<String>,
    date_modified_gmt: Option<String>,
    #[serde(default)]
    customer_id: u64,
    billing: Option<Billing>,
    #[serde(default)]
    line_items: Vec<LineItem>,
    #[serde(default)]
    coupon_lines: Vec<CouponLine>,
    #[serde(default)]
    refunds: Vec<RefundLine>,
    #[serde(default)]
    meta_data: Vec<Meta>,
}

#[derive(FromJson)]
struct Billing {
    email: Option<String>,
}

#[derive(FromJson)]
struct LineItem {
    sku: Option<String>,
}

#[derive(FromJson)]
struct CouponLine {
    code: String,
}

#[derive(FromJson)]
struct RefundLine {
    id: u64,
    total: String,
}

#[derive(FromJson)]
struct Meta {
    key: String,
    value: Option<serde_json::Value>,
}

impl Order {
    /// Statuses of an order that is paid for; `completed` also of one that is paid on delivery.
    fn is_paid(&self) -> bool {
        let paid = self.date_paid_gmt.as_deref().is_some_and(|date| !date.is_empty());
        paid || matches!(self.status.as_deref(), Some("processing" | "completed" | "refunded"))
    }

    /// The customer; a guest is known by the e-mail address, of which only a hash is kept.
    fn account(&self, listing_id: &str) -> Result<String, Unreadable> {
        if self.customer_id != 0 {
            return Ok(format!("customer:{}", self.customer_id));
        }
        let email = self.billing.as_ref().and_then(|billing| billing.email.as_deref());
        match email.filter(|email| !email.is_empty()) {
            Some(email) => {
                let hash = sha256_hex(format!("{listing_id}\0{}", email.to_ascii_lowercase()).as_bytes());
                Ok(format!("guest:{}", hash.get(..32).unwrap_or(&hash)))
            }
            // A counter sale: a customer of its own.
            None => Ok(format!("order:{}", self.id)),
        }
    }

    /// The click id that WooCommerce's order attribution kept of the visit.
    fn clicks(&self, click_param: &str) -> Vec<String> {
        let mut found = Vec::new();
        for meta in &self.meta_data {
            let Some(value) = meta.value.as_ref().and_then(|value| value.as_str()) else { continue };
            match meta.key.as_str() {
                "_wc_order_attribution_utm_content" | "_wc_order_attribution_utm_id" => {
                    found.push(value.to_owned())
                }
                "_wc_order_attribution_session_entry" => {
                    let url = url::Url::parse(value).ok();
                    let pairs = url.iter().flat_map(url::Url::query_pairs);
                    found
                        .extend(pairs.filter(|(name, _)| name == click_param).map(|(_, id)| id.into_owned()));
                }
                _ => {}
            }
        }
        found.retain(|id| id.len() == CLICK_ID_LENGTH);
        found.dedup();
        found
    }
}

/// A time of WooCommerce's: UTC without saying so.
fn time(text: Option<&str>) -> Result<Option<Timestamp>, Unreadable> {
    match text.filter(|text| !text.is_empty()) {
        Some(text) => {
            let at = Timestamp::parse(&format!("{}Z", text.trim_end_matches('Z')));
            at.map(Some).ok_or_else(|| unreadable("a time is not of the form 2026-11-01T00:00:08"))
        }
        None => Ok(None),
    }
}

/// The events of an order: its charge, and its refunds.
fn events(
    order: &Order,
    context: &CallbackContext<'_>,
    evidence: Evidence,
) -> Result<Vec<Event>, Unreadable> {
    if !order.is_paid() {
        return Ok(Vec::new());
    }
    let currency = order.currency.as_deref().and_then(Currency::parse);
    let currency = currency.ok_or_else(|| unreadable("currency is no ISO 4217 code"))?;
    let amount = |text: &str| minor_units(text, currency);
    let total = order.total.as_deref().and_then(amount).filter(|(_, negative)| !negative);
    let (total, _) = total.ok_or_else(|| unreadable("total is no amount of the currency"))?;
    let account = order.account(&context.listing.id)?;
    let transaction = format!("order:{}", order.id);
    let click_param = context.listing.setting("click_param").unwrap_or("sp_click");
    let mut charge = Event {
        amount: Some(total),
        currency: Some(currency.code().to_owned()),
        plan: order.line_items.iter().find_map(|item| item.sku.clone()).filter(|sku| !sku.is_empty()),
        occurred_at: time(order.date_paid_gmt.as_deref().or(order.date_modified_gmt.as_deref()))?,
        clicks: order.clicks(click_param),
        ..Event::new(EventKind::Charged, &account, &transaction, evidence)
    };
    charge.coupon = order.coupon_lines.first().map(|line| line.code.clone());
    let refund = |transaction: String, amount: Option<i64>| Event {
        charge: Some(charge.transaction.clone()),
        amount,
        currency: Some(currency.code().to_owned()),
        ..Event::new(EventKind::Refunded, &account, transaction, evidence)
    };
    let mut refunds = Vec::with_capacity(order.refunds.len());
    for line in &order.refunds {
        let (amount, _) = amount(&line.total).ok_or_else(|| unreadable("a refund's total is no amount"))?;
        refunds.push(refund(format!("refund:{}", line.id), Some(amount)));
    }
    // A status alone: refunded without a refund that says how much, so all that is left.
    if refunds.is_empty() && order.status.as_deref() == Some("refunded") {
        refunds.push(refund(format!("{transaction}:refunded"), None));
    }
    Ok(std::iter::once(charge).chain(refunds).collect())
}

const ORDERS: Kind = Kind { name: "orders", methods: &["POST"], origin: CallbackOrigin::Server };

#[async_trait(?Send)]
impl Adapter for Woocommerce {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Woocommerce
    }

    fn kinds(&self) -> &'static [Kind] {
        &[ORDERS, billing::BILLING, connect::CONNECT, connect::AUTH, oauth::TOKEN]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "WooCommerce",
            kinds: &[
                (
                    ORDERS.name,
                    "webhooks “Order created” and “Order updated” of the operator's own store; the ping on creation is answered too",
                ),
                (
                    billing::BILLING.name,
                    "webhooks of SaaS billing, for an app that WooCommerce.com sells: all topics, because the signed body says what \
            happened and the header with the topic is not signed",
                ),
                (
                    connect::CONNECT.name,
                    "a merchant wants to connect a store: with `Authorization: Bearer <connect_secret>` and \
            `{\"shop\": \"https://…\", \"return_url\": \"https://…\", \"click_id\": \"…\"}` it answers `{\"authorize_url\": \"…\", \"user_id\": \"…\"}`: \
            the app keeps the one for the merchant's session and sends the browser to the other within an hour; the store leads it \
            back to `return_url` with a `user_id` that counts only if it is the session's",
                ),
                (
                    connect::AUTH.name,
                    "where the store hands its keys over; `connect` names it as `callback_url`: the first time is the install, and \
            the customer is `woocommerce:<address of the store>`",
                ),
                (
                    oauth::TOKEN.name,
                    "where the app fetches the keys: asked with `code` (the `user_id` that came to `return_url`) and \
            `client_secret` (the `connect_secret`), in a form or in JSON, it answers `shop`, `consumer_key`, `consumer_secret`, \
            `key_permissions` and `user_id`, for ten minutes",
                ),
            ],
            secrets: &[
                (
                    "webhook_secret",
                    "for `orders`: the webhook's secret, as typed into WooCommerce; best `[A-Za-z0-9]{32,}`",
                ),
                ("billing_secret", "for `billing`: the app's API secret"),
                (
                    "connect_secret",
                    "for `connect`, `auth` and `token`: at least 32 random characters that the app and the listing share",
                ),
            ],
            settings: &[
                (
                    "click_param",
                    "for `orders`: query parameter of the click id, if the programme's is not `sp_click`",
                ),
                (
                    "currency",
                    "for `billing`: currency of amounts that come without one (default `USD`: we assume that WooCommerce.com bills in it)",
                ),
                ("app_name", "for `connect`: the app's name, as the store shows it to the merchant"),
                (
                    "scope",
                    "for `connect`: `read` (the default) or `read_write`; keys that only write cannot be tried",
                ),
            ],
            proof: "HMAC-SHA256 of the raw body, of `orders` under the webhook's secret, of `billing` under the app's API secret; `auth` is not \
                    signed: it brings back a `user_id` of ours (HMAC-SHA256, for an hour, once) that names the store, and \
                    the keys open the store's API, so its `evidence` is `api_poll`",
            carrier: "of an order: the click id in WooCommerce's order attribution (`utm_content`, or the session's first page), or a \
                      coupon; of a subscription: nothing, so the app names the click by the API, with the customer \
                      `woocommerce:<subscription id>`; a click that is named after a charge is credited with it when the next charge comes; of a store: the `click_id` that the \
                      app names at `connect`",
            limits: "no timestamp is signed, so an old message can be sent again: it moves no money twice and revives no ended \
                     subscription, but it can show a running one as paused or active; WooCommerce does not \
                     repeat a failed delivery of an order, the next update of the order makes up for it; an order is attributed \
                     to the session's click alone; WooCommerce.com does not document the body of its billing webhooks: it is read as \
                     `{\"subscription\": {\"id\", \"status\", \"currency\", \"transactions\": [{\"id\", \"amount\", \
                     \"amount_refunded\", \"completed_at\"}]}}`, with amounts as decimal texts, and answered 500 if it is another; \
                     a subscription that is `pending-cancel` runs on until it is `cancelled` or `expired`; plans are not told; the \
                     `return_url` of a checkout is not signed and is not taken in; `connect` takes stores at public names with https, without a port, and paths of \
                     letters, digits and `-._~`; a store that redirects its API, or whose server drops `Authorization`, or that \
                     does not answer within seconds, cannot be connected; whoever runs a server can have it say that it is a store, \
                     so an install carries no amount and is only as good as the app's choice of merchants; WooCommerce tells \
                     nothing when a merchant revokes the keys",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        if context.kind == billing::BILLING {
            let scheme = Scheme::WooSaasBillingWebhook;
            return Ok(context.verify(scheme, "billing_secret", Parameters::default())?.into());
        }
        if context.kind != ORDERS {
            return connect::verify(context, api).await;
        }
        // On creation the store sends `webhook_id=14`, unsigned, and wants 200. It tells nothing, so it needs no proof.
        let is_ping = context
            .callback
            .body
            .strip_prefix(b"webhook_id=")
            .is_some_and(|id| !id.is_empty() && id.len() <= 20 && id.iter().all(u8::is_ascii_digit));
        if is_ping {
            return Ok(Verification::respond(CallbackResponse::empty(200)));
        }
        Ok(context.verify(Scheme::WoocommerceWebhook, "webhook_secret", Parameters::default())?.into())
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        let events = if context.kind == billing::BILLING {
            billing::events(payload::text(verified)?, context, verified.evidence())?
        } else if context.kind == connect::CONNECT {
            return connect::connect(verified, context);
        } else if context.kind == connect::AUTH {
            return connect::authorised(verified, context);
        } else if context.kind == oauth::TOKEN {
            return oauth::parse_token_request(verified);
        } else {
            events(&json::read(payload::text(verified)?)?, context, verified.evidence())?
        };
        Ok(ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200))))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
