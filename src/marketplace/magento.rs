//! Adobe Commerce, formerly Magento. Its marketplace calls nobody back and leads nobody anywhere: what is told here are the
//! orders of a Commerce instance that the operator sells in ([`orders`]), by Adobe I/O Events or by the instance's own
//! webhooks, and installs of an app by the app itself.
//!
//! A webhook of an instance holds up the shopper, so whatever comes of it, it is answered as a success.
//!
//! Sources: developer.adobe.com/events/docs/guides (webhooks, signatures), developer.adobe.com/commerce/extensibility
//! (events, webhooks, app management).

mod orders;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof, Reply,
        Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind},
    payload,
    signature::{
        Parameters, Scheme, Verified,
        platforms::{AdobeCommerce, AdobeIoEvents, PlatformVerifier, challenge},
        public_key::PublicKey,
    },
    vendor_api::VendorApi,
};
use crate::domain::{
    clicks::click::CLICK_ID_LENGTH, programme::listing::Marketplace, values::time::Timestamp,
};
use async_trait::async_trait;
use orders::Object;

/// Adobe Commerce.
pub struct Magento;

const EVENTS: Kind = Kind { name: "events", methods: &["GET", "POST"], origin: CallbackOrigin::Server };
const COMMERCE: Kind = Kind { name: "commerce", methods: &["POST"], origin: CallbackOrigin::Server };
const APP: Kind = Kind { name: "app", methods: &["POST"], origin: CallbackOrigin::App };

/// Where Adobe has a registration confirmed that does not answer its challenge.
const VALIDATION: &str = "https://csm.adobe.io/csm/registrations/validate?";
/// Characters of such an address at most.
const VALIDATION_LENGTH: usize = 512;

/// The instance goes on as if it had not asked.
fn success() -> CallbackResponse {
    CallbackResponse::with_body(200, "application/json", r#"[{"op":"success"}]"#)
}

/// The address that Adobe wants opened, of a registration whose challenge was not answered. Nothing proves that it is Adobe
/// who says so, so it is not opened here, and only an address of Adobe's is shown to the operator.
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
        let (status, media_type) = (challenge::Greeting::STATUS, challenge::Greeting::MEDIA_TYPE);
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
    let keys: Vec<_> = pems.iter().filter_map(|pem| PublicKey::from_pem(pem).ok()).collect();
    let commerce = PlatformVerifier::AdobeCommerce(AdobeCommerce { keys });
    Ok(context.verify_platform(api, &commerce).await?.into())
}

/// What an event of Adobe I/O Events tells. An app may have a prefix of its own between Adobe's and the event's name.
fn event(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<Option<Event>, Unreadable> {
    let message = Object::read(payload::text(verified)?).ok_or_else(|| unreadable("it is no object"))?;
    let (kind, evidence) = (message.text("type").unwrap_or_default(), verified.evidence());
    let is = |name: &str| kind.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
    let is_order = is("observer.checkout_submit_all_after") || is("observer.sales_order_save_commit_after");
    let is_memo = is("observer.sales_order_creditmemo_save_after");
    if !is_order && !is_memo {
        return Ok(None);
    }
    let sources = context.listing.texts("source");
    if !sources.is_empty() && !message.text("source").is_some_and(|source| sources.contains(&source)) {
        return Err(unreadable("source is none of the listing's"));
    }
    let at = message.text("time").and_then(|time| Timestamp::parse(&time));
    let value = message.object("data").and_then(|data| data.object("value"));
    let value = value.ok_or_else(|| unreadable("there is no data.value"))?;
    if is_order {
        orders::charge(value, at, context, evidence)
    } else {
        orders::refund(value, at, context, evidence)
    }
}

/// What a webhook of the instance tells: an order, if it is stored and paid for by then.
fn webhook(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<Option<Event>, Unreadable> {
    let message = Object::read(payload::text(verified)?).ok_or_else(|| unreadable("it is no object"))?;
    let value = message.object("data").unwrap_or(message);
    orders::charge(value, None, context, verified.evidence())
}

/// What the operator's app tells of a Commerce instance that it was installed in.
fn app(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let message = Object::read(payload::text(verified)?).ok_or_else(|| unreadable("it is no object"))?;
    let required = |name| message.text(name).ok_or_else(|| unreadable(format!("there is no {name}")));
    let (event, instance) = (required("event")?, required("instance")?);
    let kind = match event.as_str() {
        "installed" => EventKind::Installed,
        "uninstalled" => EventKind::Uninstalled,
        _ => return Err(unreadable("event is neither installed nor uninstalled")),
    };
    let at = message.text("occurred_at").and_then(|time| Timestamp::parse(&time));
    let told = Event {
        plan: message.text("plan"),
        occurred_at: at.or(verified.signed_at()),
        clicks: message.text("click_id").filter(|id| id.len() == CLICK_ID_LENGTH).into_iter().collect(),
        coupon: message.text("coupon"),
        ..Event::new(kind, format!("instance:{instance}"), format!("{event}:{instance}"), verified.evidence())
    };
    Ok(ParsedCallback::new(vec![told], Reply::Plain(CallbackResponse::empty(200))))
}

#[async_trait(?Send)]
impl Adapter for Magento {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Magento
    }

    fn kinds(&self) -> &'static [Kind] {
        &[EVENTS, COMMERCE, APP]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Adobe Commerce (Magento)",
            kinds: &[
                (
                    EVENTS.name,
                    "the webhook of an event registration in Adobe's Developer Console, delivered one by one (not in batches), for \
                     the events `observer.sales_order_save_commit_after` or `observer.checkout_submit_all_after` (a charge, once the \
                     order's state is `processing` or `complete`) and `observer.sales_order_creditmemo_save_after` (a refund); the \
                     challenge is answered. Select the fields `entity_id`, `state`, `base_grand_total`, `base_currency_code`, \
                     `customer_id`, `customer_email`, `coupon_code` and `created_at` of orders, and `order_id`, `increment_id`, \
                     `state`, `base_grand_total`, `base_currency_code` and `created_at` of credit memos; an event that lacks one is answered all the same, and the log says \
                     which",
                ),
                (
                    COMMERCE.name,
                    "a webhook of the instance's own Webhooks module that sends `order` with the same fields, for instances without \
                     I/O Events. The shopper waits for it: it is answered `[{\"op\":\"success\"}]` even if it is refused. Leave it \
                     “optional” (`required=\"false\"`), so that no checkout fails should we not be reached",
                ),
                (
                    APP.name,
                    "from an app's own steps of installation and removal: \
                     `{\"event\": \"installed\" or \"uninstalled\", \"instance\": \"…\", \"click_id\", \"coupon\", \"plan\", \
                     \"occurred_at\"}`, the last four if known, signed as Standard Webhooks have it (`webhook-id`, \
                     `webhook-timestamp`, `webhook-signature`, the secret's own bytes as the key); the customer is `magento:instance:<instance>`",
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
                    "for `events`: client id of the project in Adobe's Developer Console, or a list: Adobe signs everybody's \
                     events with the same keys, so without it all are refused",
                ),
                (
                    "source",
                    "for `events`: the event provider (`urn:uuid:…`), or a list, if the project receives events of other \
                     instances, too: a listing is of one instance, because each numbers its orders and customers by itself",
                ),
                (
                    "amounts",
                    "`base` (the default): `base_grand_total`, in the instance's currency; `order`: `grand_total` and \
                     `order_currency_code`, in the customer's, which must then be selected",
                ),
                (
                    "click_field",
                    "field of the order, or of its `extension_attributes`, that carries a click id",
                ),
                (
                    "accept_legacy_hmac",
                    "for `events`: `true` accepts `x-adobe-signature` where no RSA signature came; it bears no time",
                ),
                (
                    "public_key",
                    "for `commerce`: the instance's public key in PEM, or a list, from Stores, Configuration, Adobe Services, \
                     Webhooks, where signing must be switched on",
                ),
            ],
            proof: "`events`: RSA over the raw body under a key that Adobe publishes (either of two signatures), for the client id, \
                    not older than 25 h; `commerce`: RSA under the instance's own key, without a time; `app`: HMAC-SHA256 under \
                    `app_secret`, 5 min",
            carrier: "a coupon code, or the field of the order that `click_field` names; what the app tells with an install",
            limits: "Adobe's marketplace tells of no purchases and no installs of extensions, and nothing of its listings' links \
                     survives: an extension is attributed by what its merchant enters or by the app's own page; an order is \
                     charged with its grand total, with shipping and taxes, once, whichever event tells of it first; an order that was \
                     closed or cancelled without a credit memo is not refunded; a hook that comes before an order is stored has \
                     no `entity_id` and tells nothing; guests are told apart by a hash of their e-mail address, so one who \
                     registers later is another customer; Adobe asks with `validationUrl` where the challenge was not answered: it is \
                     logged, for the operator to open; an instance counts as one install and one removal, however often it is \
                     reinstalled",
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
            // BigCommerce's webhooks are Standard Webhooks.
            let scheme = Scheme::BigcommerceWebhook;
            Ok(context.verify(scheme, "app_secret", Parameters::default())?.into())
        }
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        if context.kind == APP {
            return app(verified);
        }
        let (told, answer) = if context.kind == EVENTS {
            (event(verified, context), CallbackResponse::empty(200))
        } else {
            (webhook(verified, context), success())
        };
        // A subscription that lacks a field lacks it in every event. Adobe gives an address up that answers so many with a
        // failure, and a checkout must not fail for it: the log says what is wrong.
        let (events, log) = match told {
            Ok(event) => (event.into_iter().collect(), None),
            Err(Unreadable(why)) => (Vec::new(), Some(why)),
        };
        Ok(ParsedCallback { log, ..ParsedCallback::new(events, Reply::Plain(answer)) })
    }

    fn refused(&self, kind: Kind) -> CallbackResponse {
        if kind == COMMERCE { success() } else { CallbackResponse::unauthorized() }
    }
}
