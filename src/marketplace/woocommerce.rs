//! WooCommerce: webhooks of the operator's own store ([`orders`]). A paid order is a charge, and each of its refunds a
//! refund. The order itself carries the referral (the click id in WooCommerce's order attribution, or a coupon). Every update
//! contains the whole order, so the next update makes up for a lost one.
//!
//! Two other modules handle subscriptions to an app that WooCommerce.com sells ([`billing`]), and stores that are
//! connected to the operator's app ([`connect`]).
//!
//! Sources: woocommerce/woocommerce `class-wc-webhook.php`, `OrderAttributionMeta`; the REST API's order object.

mod billing;
mod connect;
mod orders;
mod time;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof, Unreadable,
        Verification, VerifyError,
    },
    oauth, payload,
    signature::{Parameters, Scheme},
    vendor_api::VendorApi,
};
use crate::domain::programme::listing::Marketplace;
use async_trait::async_trait;

/// WooCommerce.
pub struct Woocommerce;

const ORDERS: Kind = Kind { name: "orders", methods: &["POST"], origin: CallbackOrigin::Server };

#[async_trait(?Send)]
impl Adapter for Woocommerce {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Woocommerce
    }

    fn kinds(&self) -> &'static [Kind] {
        &[ORDERS, billing::BILLING, connect::CONNECT, connect::AUTH, oauth::TOKEN]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["webhook_secret", "billing_secret", "connect_secret"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["click_param", "currency", "app_name", "scope"]
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
            ends: "an order that is `cancelled`, `failed` or in the `trash` refunds all that is left, even if it is \
                   first seen then, and so does the webhook “Order deleted”, if you register it. An order that ended \
                   unpaid may still be paid and count. One that ended after it was paid and is restored does not \
                   count again, because an old message could restore it too: send it with the API. `refunded` refunds \
                   all that is left besides the refunds that the order lists. A total below the one that was recorded \
                   is a refund of the difference; a total that rises changes nothing. Other statuses, also those of \
                   plugins, count as paid once the order has a date of payment. Of a subscription, `amount_refunded` \
                   refunds, and `cancelled` and `expired` end the account without a refund",
            unprocessed: "`orders` and `billing` with 200, because WooCommerce sends nothing again and switches a \
                          webhook off that keeps failing; `auth` with 500, which the store shows to the merchant",
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
        match context.kind {
            billing::BILLING => billing::events(payload::text(verified)?, context, verified.evidence()),
            connect::CONNECT => connect::connect(verified, context),
            connect::AUTH => connect::authorized(verified, context),
            oauth::TOKEN => oauth::parse_token_request(verified),
            _ => orders::events(payload::text(verified)?, context, verified.evidence()),
        }
    }

    fn unprocessed(&self, kind: Kind) -> Option<CallbackResponse> {
        match kind {
            ORDERS | billing::BILLING => Some(CallbackResponse::empty(200)),
            connect::AUTH => Some(CallbackResponse::empty(500)),
            // Requests of the operator's app, which report nothing.
            _ => None,
        }
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
