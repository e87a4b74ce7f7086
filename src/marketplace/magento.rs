//! Adobe Commerce, formerly Magento. Its marketplace has no callbacks and forwards nobody. Callbacks report the orders
//! of a Commerce instance in which the operator sells ([`orders`]), through Adobe I/O Events or the instance's own
//! webhooks. Apps report their own installs.
//!
//! A webhook of an instance blocks the shopper's checkout, so the response is always a success.
//!
//! Sources: developer.adobe.com/events/docs/guides (webhooks, signatures), developer.adobe.com/commerce/extensibility
//! (events, webhooks, app management).

mod orders;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        AccountEmail, Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback,
        Proof, Reply, Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind},
    payload,
    signature::{
        Parameters, Scheme, Verified,
        platforms::{AdobeCommerce, AdobeIoEvents, PlatformVerifier, challenge},
        public_key,
    },
    vendor_api::VendorApi,
};
use crate::domain::{
    clicks::click::CLICK_ID_LENGTH, programme::listing::Marketplace, values::time::Timestamp,
};
use async_trait::async_trait;
use orders::{Object, Reported};

/// Adobe Commerce.
pub struct Magento;

const EVENTS: Kind = Kind { name: "events", methods: &["GET", "POST"], origin: CallbackOrigin::Server };
const COMMERCE: Kind = Kind { name: "commerce", methods: &["POST"], origin: CallbackOrigin::Server };
const APP: Kind = Kind { name: "app", methods: &["POST"], origin: CallbackOrigin::App };

/// The start of the URL with which Adobe confirms a registration whose challenge was not answered.
const VALIDATION: &str = "https://csm.adobe.io/csm/registrations/validate?";
/// The maximum length of such a URL.
const VALIDATION_LENGTH: usize = 512;

/// The response that lets the instance continue.
fn success() -> CallbackResponse {
    CallbackResponse::with_body(200, "application/json", r#"[{"op":"success"}]"#)
}

/// The URL that Adobe wants opened after an unanswered challenge. The request is not authenticated, so the URL is not
/// opened here, and only a URL of Adobe's is shown to the operator.
fn validation(context: &CallbackContext<'_>) -> Option<String> {
    let text = std::str::from_utf8(context.callback.body).ok()?;
    let address = Object::read(text)?.text("validationUrl")?;
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b'&' | b'-' | b'_' | b'.' | b'%');
    let query = address.strip_prefix(VALIDATION)?;
    (address.len() <= VALIDATION_LENGTH && query.bytes().all(plain)).then_some(address)
}

async fn verify_events<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    if context.callback.method == "GET" {
        let greeting = challenge::answer(&context.callback)?;
        let (status, media_type) =
            (challenge::ChallengeResponse::STATUS, challenge::ChallengeResponse::MEDIA_TYPE);
        return Ok(Verification::respond(CallbackResponse::with_body(status, media_type, greeting.body())));
    }
    let is_signed =
        |(name, _): &(&str, &str)| name.to_ascii_lowercase().starts_with("x-adobe-digital-signature");
    if !context.callback.headers.iter().any(is_signed) {
        if let Some(address) = validation(context) {
            let why = format!("Adobe wants the operator to open {address} within five minutes");
            return Ok(Verification::respond_and_log(CallbackResponse::empty(200), why));
        }
        if context.listing.is_set("accept_legacy_hmac") {
            let parameters = Parameters { allow_legacy: true, ..Parameters::default() };
            let verified = context.verify(Scheme::AdobeIoEventsLegacyHmac, "client_secret", parameters);
            return Ok(verified?.into());
        }
    }
    let client_ids = context.listing.texts("client_id");
    let events = PlatformVerifier::AdobeIoEvents(AdobeIoEvents { client_ids });
    Ok(context.verify_platform(api, &events).await?.into())
}

async fn verify_commerce<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let pems = context.listing.texts("public_key");
    let keys: Vec<_> = pems.iter().filter_map(|pem| public_key::from_pem(pem).ok()).collect();
    let commerce = PlatformVerifier::AdobeCommerce(AdobeCommerce { keys });
    Ok(context.verify_platform(api, &commerce).await?.into())
}

fn parsed(reported: Option<Reported>, log: Option<&str>, response: CallbackResponse) -> ParsedCallback {
    let (events, emails) = reported.map(|it| (vec![it.event], it.emails)).unwrap_or_default();
    let skipped = events.iter().find(|event: &&Event| !event.skipped.is_empty());
    let skipped = skipped.map(|event| format!("skipped {}", event.skipped.join(" ")));
    let log = log.map(str::to_owned).or(skipped);
    ParsedCallback { log, emails, ..ParsedCallback::new(events, Reply::Plain(response)) }
}

/// The beginnings of events about sales that move no money, or whose order or credit memo is reported by another event.
const OTHER_SALES: [&str; 11] = [
    "checkout_cart_",
    "checkout_type_",
    "sales_order_address_",
    "sales_order_creditmemo_item_",
    "sales_order_invoice_",
    "sales_order_item_",
    "sales_order_payment_",
    "sales_order_place_",
    "sales_order_shipment_",
    "sales_order_status_history_",
    "sales_quote_",
];

/// Whether an event does not concern us: it is not about sales, or about a part of them that moves no money.
fn is_ignored(kind: &str) -> bool {
    let name = kind.rsplit('.').next().unwrap_or_default();
    let is_of_sales = ["sales", "checkout", "order", "creditmemo"].iter().any(|part| kind.contains(part));
    !kind.is_empty() && (!is_of_sales || OTHER_SALES.iter().any(|other| name.starts_with(other)))
}

/// Parses an event of Adobe I/O Events. An app may add a prefix between Adobe's prefix and the name of the event.
fn event(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let answered = |reported, log| parsed(reported, log, CallbackResponse::empty(200));
    let message = Object::read(payload::text(verified)?).ok_or_else(|| unreadable("it is not an object"))?;
    let (kind, evidence) = (message.text("type").unwrap_or_default(), verified.evidence());
    let is = |name: &str| kind.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    let is_order = is("observer.checkout_submit_all_after") || is("observer.sales_order_save_commit_after");
    let is_memo = is("observer.sales_order_creditmemo_save_after");
    let is_known = is_order || is_memo;
    if !is_known && is_ignored(&kind) {
        return Ok(answered(None, None));
    }
    let sources = context.listing.texts("source");
    if !sources.is_empty() && !message.text("source").is_some_and(|source| sources.contains(&source)) {
        return Ok(answered(None, Some("source is not one of the listing's")));
    }
    if !is_known {
        return Ok(answered(None, None).unknown("type"));
    }
    let at = message.text("time").and_then(|time| Timestamp::parse(&time));
    let value = message.object("data").and_then(|data| data.object("value"));
    let value = value.ok_or_else(|| unreadable("there is no data.value"))?;
    let reported = if is_order {
        orders::order(value, at, context, evidence)?
    } else {
        orders::refund(value, at, context, evidence)?
    };
    Ok(answered(reported, None))
}

/// Parses a webhook of the instance: an order, if it is stored and paid by then.
fn webhook(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let message = Object::read(payload::text(verified)?).ok_or_else(|| unreadable("it is not an object"))?;
    let value = message.object("data").unwrap_or(message);
    if let Some(counts) = orders::counts_once_stored(&value) {
        let log = counts.then_some("the order is not stored yet: there is no entity_id");
        return Ok(parsed(None, log, success()));
    }
    Ok(parsed(orders::order(value, None, context, verified.evidence())?, None, success()))
}

/// Parses the operator's app's report about a Commerce instance.
fn app(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let message = Object::read(payload::text(verified)?).ok_or_else(|| unreadable("it is not an object"))?;
    let required = |name| message.text(name).ok_or_else(|| unreadable(format!("there is no {name}")));
    let (name, instance) = (required("event")?, required("instance")?);
    let kind = match name.as_str() {
        "installed" => EventKind::Installed,
        "uninstalled" => EventKind::Uninstalled,
        _ => return Err(unreadable("event is neither installed nor uninstalled")),
    };
    let at = message.text("occurred_at").and_then(|time| Timestamp::parse(&time));
    let account = format!("instance:{instance}");
    let emails = AccountEmail::list(&account, message.text("email"));
    let event = Event {
        plan: message.text("plan"),
        occurred_at: at.or(verified.signed_at()),
        clicks: message.text("click_id").filter(|id| id.len() == CLICK_ID_LENGTH).into_iter().collect(),
        coupon: message.text("coupon"),
        ..Event::new(kind, account, format!("{name}:{instance}"), verified.evidence())
    };
    Ok(ParsedCallback {
        emails,
        ..ParsedCallback::new(vec![event], Reply::Plain(CallbackResponse::empty(200)))
    })
}

#[async_trait(?Send)]
impl Adapter for Magento {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Magento
    }

    fn kinds(&self) -> &'static [Kind] {
        &[EVENTS, COMMERCE, APP]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["app_secret", "client_secret"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["client_id", "source", "amounts", "click_field", "accept_legacy_hmac", "public_key"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Adobe Commerce (Magento)",
            kinds: &[
                (
                    EVENTS.name,
                    "the webhook of an event registration in Adobe's Developer Console, with individual delivery (not \
                     batches), for the events `observer.sales_order_save_commit_after` or \
                     `observer.checkout_submit_all_after` (a charge, once the order's state is `processing` or \
                     `complete`, and the reversal of one that is `canceled` or `closed`) and \
                     `observer.sales_order_creditmemo_save_after` (a refund); the challenge is answered. Select the fields `entity_id`, `state`, `base_grand_total`, `base_currency_code`, \
                     `customer_id`, `customer_email`, `coupon_code` and `created_at` of orders, and `order_id`, \
                     `increment_id`, `state`, `base_grand_total`, `base_currency_code` and `created_at` of credit \
                     memos. An event that lacks a field is kept, and its reason says which field",
                ),
                (
                    COMMERCE.name,
                    "a webhook of the instance's own Webhooks module that sends `order` with the same fields, for \
                     instances without I/O Events. The shopper waits for it: the response is `[{\"op\":\"success\"}]` \
                     even if the webhook is refused. Leave it “optional” (`required=\"false\"`), so that no checkout \
                     fails if Signpost cannot be reached",
                ),
                (
                    APP.name,
                    "called by an app when it is installed or removed: `{\"event\": \"installed\" or \"uninstalled\", \
                     \"instance\": \"…\", \"click_id\", \"coupon\", \"plan\", \"email\", \"occurred_at\"}`, the last \
                     five if known, signed by the Standard Webhooks scheme (`webhook-id`, `webhook-timestamp`, \
                     `webhook-signature`, with the secret's own bytes as the key); the customer is \
                     `magento:instance:<instance>`",
                ),
            ],
            secrets: &[
                ("app_secret", "for `app`: at least 32 random characters that the app and the listing share"),
                (
                    "client_secret",
                    "for `events`, with `accept_legacy_hmac` only: the project's client secret",
                ),
            ],
            settings: &[
                (
                    "client_id",
                    "for `events`: the client id of the project in Adobe's Developer Console, or a list: Adobe signs \
                     the events of all customers with the same keys, so without it all events are refused",
                ),
                (
                    "source",
                    "for `events`: the event provider (`urn:uuid:…`), or a list, if the project also receives events \
                     of other instances. A listing is for one instance, because each instance numbers its orders and \
                     customers itself",
                ),
                (
                    "amounts",
                    "`base` (the default): `base_grand_total`, in the instance's currency; `order`: `grand_total` and \
                     `order_currency_code`, in the customer's currency, which must then be selected",
                ),
                (
                    "click_field",
                    "the field of the order, or of its `extension_attributes`, that carries a click id",
                ),
                (
                    "accept_legacy_hmac",
                    "for `events`: `true` accepts `x-adobe-signature` if there is no RSA signature; it contains no time",
                ),
                (
                    "public_key",
                    "for `commerce`: the instance's public key in PEM, or a list, from Stores, Configuration, Adobe \
                     Services, Webhooks, where signing must be enabled",
                ),
            ],
            proof: "`events`: RSA over the raw body under a key that Adobe publishes (either of two signatures), for \
                    the client id, not older than 25 h; `commerce`: RSA under the instance's own key, without a time; \
                    `app`: HMAC-SHA256 under `app_secret`, 5 min",
            carrier: "a coupon code, or the field of the order that `click_field` names; what the app reports with an install",
            ends: "an order that is `canceled` or `closed` refunds all that is left, also if its charge arrives \
                   later; a credit memo refunds its amount. The cancelled part of an order (`base_total_canceled` or, \
                   with `amounts` `order`, `total_canceled`, if you select the field) is not owed: if it grows after \
                   the charge, the difference is refunded. A credit memo that is open or cancelled counts for \
                   nothing, and `holded` and `payment_review` change nothing",
            unprocessed: "`events` with 200 and `commerce` with its success, because Adobe disables a registration \
                          that keeps failing and a checkout waits for the other; `app` with 500, which your app sees",
            limits: "Adobe's marketplace reports no purchases and no installs of extensions, and parameters on links \
                     to its listings are lost: an extension is attributed by what its merchant enters or by the app's \
                     own page. An order is charged once with its grand total, including shipping and taxes, whichever \
                     event arrives first. Amounts with more decimals than the currency are rounded half up, and \
                     `metadata.amount` of the conversion is then `rounded`. A webhook that is sent before the order \
                     is stored has no `entity_id` and is ignored. Guests are identified by a hash of their e-mail \
                     address, so a guest who registers later is another customer. If the challenge was not answered, \
                     Adobe sends `validationUrl`: the log shows it, for the operator to open. An instance counts as \
                     one install and one removal, however often it is reinstalled",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        if context.kind == EVENTS {
            verify_events(context, api).await
        } else if context.kind == COMMERCE {
            verify_commerce(context, api).await
        } else {
            // BigCommerce signs its webhooks with the Standard Webhooks scheme, too.
            let scheme = Scheme::BigcommerceWebhook;
            Ok(context.verify(scheme, "app_secret", Parameters::default())?.into())
        }
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        match context.kind {
            EVENTS => event(verified, context),
            COMMERCE => webhook(verified, context),
            _ => app(verified),
        }
    }

    fn unprocessed(&self, kind: Kind) -> Option<CallbackResponse> {
        Some(match kind {
            EVENTS => CallbackResponse::empty(200),
            COMMERCE => success(),
            _ => CallbackResponse::empty(500),
        })
    }

    fn refused(&self, kind: Kind) -> CallbackResponse {
        if kind == COMMERCE { success() } else { CallbackResponse::unauthorized() }
    }
}
