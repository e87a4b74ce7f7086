//! WooCommerce: webhooks of the operator's own store. A paid order is a charge, and each of its refunds a refund. The
//! order itself carries the referral (the click id in WooCommerce's order attribution, or a coupon). Every update
//! contains the whole order, so the next update makes up for a lost one.
//!
//! Two other modules handle subscriptions to an app that WooCommerce.com sells ([`billing`]), and stores that are
//! connected to the operator's app ([`connect`]).
//!
//! Sources: woocommerce/woocommerce `class-wc-webhook.php`, `OrderAttributionMeta`; the REST API's order object.

mod billing;
mod connect;
mod time;

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
    clicks::click::CLICK_ID_LENGTH, money::Currency, programme::listing::Marketplace,
    values::digest::sha256_hex,
};
use async_trait::async_trait;
use serde::Deserialize;
use time::time;

/// WooCommerce.
pub struct Woocommerce;

/// The fields of an order that are read. Depending on version and plugin, unknown values are `null`, empty or absent.
#[derive(Deserialize)]
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

#[derive(Deserialize)]
struct Billing {
    email: Option<String>,
}

#[derive(Deserialize)]
struct LineItem {
    sku: Option<String>,
}

#[derive(Deserialize)]
struct CouponLine {
    code: String,
}

#[derive(Deserialize)]
struct RefundLine {
    id: u64,
    total: String,
}

#[derive(Deserialize)]
struct Meta {
    key: String,
    value: Option<serde_json::Value>,
}

impl Order {
    /// Whether it is paid. An order that is paid on delivery is `completed`.
    fn is_paid(&self) -> bool {
        let paid = self.date_paid_gmt.as_deref().is_some_and(|date| !date.is_empty());
        paid || matches!(self.status.as_deref(), Some("processing" | "completed" | "refunded"))
    }

    /// The customer. A guest is identified by a hash of the e-mail address.
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
            // A sale at the counter has no customer, so the order is its own.
            None => Ok(format!("order:{}", self.id)),
        }
    }

    /// The click id of the visit, from WooCommerce's order attribution.
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
    let currency = currency.ok_or_else(|| unreadable("currency is not an ISO 4217 code"))?;
    let amount = |text: &str| minor_units(text, currency);
    let total = order.total.as_deref().and_then(amount).filter(|(_, negative)| !negative);
    let (total, _) = total.ok_or_else(|| unreadable("total is not an amount of the currency"))?;
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
        let (amount, _) =
            amount(&line.total).ok_or_else(|| unreadable("a refund's total is not an amount"))?;
        refunds.push(refund(format!("refund:{}", line.id), Some(amount)));
    }
    // The status alone says that the order was refunded. Without a refund object, the whole rest is refunded.
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
                    "webhooks of SaaS billing, for an app that WooCommerce.com sells: register all topics, because the \
                     signed body says what happened and the header with the topic is not signed",
                ),
                (
                    connect::CONNECT.name,
                    "called when a merchant wants to connect a store: with `Authorization: Bearer <connect_secret>` \
                     and `{\"shop\": \"https://…\", \"return_url\": \"https://…\", \"click_id\": \"…\"}` it returns \
                     `{\"authorize_url\": \"…\", \"user_id\": \"…\"}`: the app stores `user_id` in the merchant's \
                     session and redirects the browser to `authorize_url` within an hour; the store redirects back to \
                     `return_url` with a `user_id` that counts only if it is the session's",
                ),
                (
                    connect::AUTH.name,
                    "receives the keys from the store; `connect` names it as `callback_url`: the first time is the \
                     install, and the customer is `woocommerce:<URL of the store>`",
                ),
                (
                    oauth::TOKEN.name,
                    "where the app fetches the keys: a request with `code` (the `user_id` from `return_url`) and \
                     `client_secret` (the `connect_secret`), as a form or as JSON, returns `shop`, `consumer_key`, \
                     `consumer_secret`, `key_permissions` and `user_id`, for ten minutes",
                ),
            ],
            secrets: &[
                (
                    "webhook_secret",
                    "for `orders`: the webhook's secret, as entered in WooCommerce; preferably `[A-Za-z0-9]{32,}`",
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
                    "for `billing`: currency of amounts without a currency (default `USD`, on the assumption that \
                     WooCommerce.com bills in it)",
                ),
                ("app_name", "for `connect`: the app's name, as the store shows it to the merchant"),
                (
                    "scope",
                    "for `connect`: `read` (the default) or `read_write`; write-only keys cannot be tried",
                ),
            ],
            proof: "HMAC-SHA256 of the raw body, of `orders` under the webhook's secret, of `billing` under the app's \
                    API secret. `auth` is not signed: it returns a `user_id` that Signpost made (HMAC-SHA256, for an \
                    hour, once) and that names the store, and the keys open the store's API, so its `evidence` is \
                    `api_poll`",
            carrier: "of an order: the click id in WooCommerce's order attribution (`utm_content`, or the session's \
                      first page), or a coupon; of a subscription: nothing, so the app reports the click with the API, \
                      for the customer `woocommerce:<subscription id>`; a click that is reported after a charge is \
                      credited with it when the next charge arrives; of a store: the `click_id` that the app sends to \
                      `connect`",
            limits: "the signatures contain no time, so an old message can be sent again: it moves no money twice and \
                     revives no ended subscription, but it can show a running one as paused or active. WooCommerce \
                     does not repeat a failed delivery of an order, but the next update of the order makes up for it. \
                     An order is attributed to the session's click alone. WooCommerce.com does not document the body \
                     of its billing webhooks: it is read as `{\"subscription\": {\"id\", \"status\", \"currency\", \
                     \"transactions\": [{\"id\", \"amount\", \"amount_refunded\", \"completed_at\"}]}}`, with amounts \
                     as decimal texts, and any other body is answered with 500. A subscription that is \
                     `pending-cancel` continues until it is `cancelled` or `expired`. Plans are not reported. The \
                     `return_url` of a checkout is not signed and is not used. `connect` accepts stores at public host \
                     names with https, without a port, and with paths of letters, digits and `-._~`. A store that \
                     redirects its API, whose server drops `Authorization`, or that does not respond within seconds \
                     cannot be connected. Whoever runs a server can have it imitate a store, so an install carries no \
                     amount and is only as trustworthy as the app's choice of merchants. WooCommerce sends nothing \
                     when a merchant revokes the keys",
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
        // When a webhook is created, the store sends an unsigned `webhook_id=14` and expects 200. It reports nothing,
        // so it needs no proof.
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
            return connect::authorized(verified, context);
        } else if context.kind == oauth::TOKEN {
            return oauth::parse_token_request(verified);
        } else {
            events(&strict_json::from_str(payload::text(verified)?)?, context, verified.evidence())?
        };
        Ok(ParsedCallback::new(events, Reply::Plain(CallbackResponse::empty(200))))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
