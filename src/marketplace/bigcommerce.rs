//! BigCommerce apps. Requests to `/auth` are not signed. The proof is that BigCommerce accepts the code, and
//! BigCommerce's response names the store. For an app with its own `/auth`, the first load in the control panel is the
//! install. BigCommerce reports no charges.
//!
//! A signed payload does not name its endpoint, so a token of `/load`, which browser histories contain, also verifies
//! on `/uninstall`. Therefore a token is accepted only where it was first used. That includes `/remove_user`, which
//! reports nothing.
//!
//! Sources: developer.bigcommerce.com, docs/integrations/apps/guide/callbacks, …/webhooks; Standard Webhooks.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        AccountEmail, Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback,
        Proof, Reply, Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind},
    oauth, payload,
    signature::{Parameters, Refusal, Scheme, TokenEncoding, TokenEndpoint, Verified},
    vendor_api::VendorApi,
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value as Json;

/// BigCommerce.
pub struct Bigcommerce;

/// The claims of a `signed_payload_jwt` that are read here. The scheme has checked the others.
#[derive(Deserialize)]
struct Claims {
    /// `stores/{hash}`.
    sub: String,
    jti: Option<String>,
    #[serde(default)]
    owner: Json,
    #[serde(default)]
    user: Json,
}

/// The fields of a token response that are read.
#[derive(Deserialize)]
struct Granted {
    /// `stores/{hash}`.
    context: String,
    #[serde(default)]
    owner: Json,
    #[serde(default)]
    user: Json,
}

/// A webhook. Other scopes have other members.
#[derive(Deserialize)]
struct Hook {
    scope: String,
    /// `stores/{hash}`.
    producer: Option<String>,
    /// The same in every delivery of the event.
    hash: Option<String>,
    /// Unix seconds.
    created_at: Option<i64>,
}

/// developer.bigcommerce.com, docs/integrations/apps/guide/auth.
const TOKEN_ENDPOINT: TokenEndpoint =
    TokenEndpoint { url: "https://login.bigcommerce.com/oauth2/token", encoding: TokenEncoding::Json };

const AUTH: Kind = Kind { name: "auth", methods: &["GET"], origin: CallbackOrigin::Browser };
const LOAD: Kind = Kind { name: "load", methods: &["GET"], origin: CallbackOrigin::Browser };
const UNINSTALL: Kind = Kind { name: "uninstall", methods: &["GET"], origin: CallbackOrigin::Server };
const REMOVE_USER: Kind = Kind { name: "remove-user", methods: &["GET"], origin: CallbackOrigin::Server };
const WEBHOOK: Kind = Kind { name: "webhook", methods: &["POST"], origin: CallbackOrigin::Server };

/// Sites that may frame the app's page.
const FRAME_ANCESTORS: &str = "https://*.mybigcommerce.com https://login.bigcommerce.com";

/// The response that BigCommerce documents: an empty JSON object.
fn received() -> Reply {
    Reply::Plain(CallbackResponse::with_body(200, "application/json", "{}"))
}

/// The address of the store's owner. The user, who may work for somebody else, counts only if no owner is named.
fn email(owner: &Json, user: &Json) -> Option<String> {
    payload::email(owner).or_else(|| payload::email(user))
}

/// The install, and the page that links to the top of the window.
fn installed(
    account: String,
    email: Option<String>,
    verified: &Verified<'_>,
    context: &CallbackContext<'_>,
) -> Result<ParsedCallback, Unreadable> {
    // The app reads the same query, so it is forwarded unchanged.
    let query = context.query().ok_or_else(|| unreadable("the query is not urlencoded"))?;
    let installed = Event {
        occurred_at: verified.signed_at(),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), verified.evidence())
    };
    let emails = AccountEmail::list(&account, email);
    let reply = Reply::FrameHandoff {
        account,
        query: query.to_owned(),
        frame_ancestors: FRAME_ANCESTORS.to_owned(),
        reloads: true,
    };
    Ok(ParsedCallback { emails, ..ParsedCallback::new(vec![installed], reply) })
}

fn authorized(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    // The store in the response counts. The one in the query is not proven.
    let Granted { context: store, owner, user } = payload::read(verified)?;
    if !store.starts_with("stores/") {
        return Err(unreadable("context is not a store"));
    }
    let token_handoff = Some(oauth::token_handoff(payload::text(verified)?, context)?);
    Ok(ParsedCallback { token_handoff, ..installed(store, email(&owner, &user), verified, context)? })
}

fn uninstall(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let Claims { sub, jti, .. } = payload::read(verified)?;
    let jti = jti.filter(|jti| !jti.is_empty()).ok_or_else(|| unreadable("there is no jti"))?;
    let uninstalled = Event {
        occurred_at: verified.signed_at(),
        ..Event::new(EventKind::Uninstalled, &sub, format!("uninstall:{sub}:{jti}"), verified.evidence())
    };
    Ok(ParsedCallback::new(vec![uninstalled], received()))
}

/// The parts of a store whose changes are the merchant's business.
const STORE_PARTS: [&str; 16] = [
    "cart",
    "category",
    "channel",
    "customer",
    "information",
    "inventory",
    "metafield",
    "order",
    "priceList",
    "product",
    "script",
    "shipment",
    "sku",
    "subscriber",
    "site",
    "customer_group",
];

/// Whether a scope is about the merchant's own business, and not about the app.
fn is_of_store(scope: &str) -> bool {
    let part = scope.strip_prefix("store/").and_then(|rest| rest.split('/').next());
    part.is_some_and(|part| STORE_PARTS.contains(&part))
}

fn webhook(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let hook: Hook = payload::read(verified)?;
    let reply = Reply::Plain(CallbackResponse::empty(200));
    if hook.scope != "store/app/uninstalled" {
        let parsed = ParsedCallback::new(Vec::new(), reply);
        return Ok(if is_of_store(&hook.scope) { parsed } else { parsed.unknown("scope") });
    }
    let store = hook.producer.filter(|producer| producer.starts_with("stores/"));
    let store = store.ok_or_else(|| unreadable("producer is not a store"))?;
    let hash = hook.hash.filter(|hash| !hash.is_empty()).ok_or_else(|| unreadable("there is no hash"))?;
    let at = hook.created_at.and_then(|seconds| Timestamp::from_ms(seconds.checked_mul(1000)?));
    let uninstalled = Event {
        occurred_at: Some(at.ok_or_else(|| unreadable("created_at is not a time"))?),
        ..Event::new(EventKind::Uninstalled, &store, format!("uninstall:{store}:{hash}"), verified.evidence())
    };
    Ok(ParsedCallback::new(vec![uninstalled], reply))
}

/// Exchanges the code. BigCommerce requires its context and scope in the request.
async fn authorize<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let required = |name| oauth::parameter(context, name)?.ok_or(Refusal::MissingParameter(name));
    let (store, scope) = (required("context")?, required("scope")?);
    let more = [("context", store.as_str()), ("scope", scope.as_str())];
    let (verified, _) = oauth::exchange_code(context, api, TOKEN_ENDPOINT, &more).await?;
    Ok(verified.into())
}

#[async_trait(?Send)]
impl Adapter for Bigcommerce {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Bigcommerce
    }

    fn kinds(&self) -> &'static [Kind] {
        &[AUTH, oauth::TOKEN, LOAD, UNINSTALL, REMOVE_USER, WEBHOOK]
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
            title: "BigCommerce",
            kinds: &[
                (
                    AUTH.name,
                    "the app's Auth Callback URL, if Signpost is to exchange the code: the install. Its page links to \
                     the top of the window as that of `load` does, and the app fetches its tokens at `token`",
                ),
                (oauth::TOKEN.name, oauth::ABOUT_TOKEN),
                (
                    LOAD.name,
                    "the app's Load Callback URL, shown in the control panel: the first load is the install. Its page \
                     links to the top of the window, and from there to `forward_to` with the query unchanged",
                ),
                (UNINSTALL.name, "the app's Uninstall Callback URL"),
                (REMOVE_USER.name, "the app's Remove User Callback URL: answered, and reports nothing"),
                (
                    WEBHOOK.name,
                    "webhooks of the app; `store/app/uninstalled` counts, and scopes of the merchant's own business (orders, \
                     products, customers, …) are answered and ignored",
                ),
            ],
            secrets: &[("client_secret", "the app's client secret; it signs webhooks too")],
            settings: &[("client_id", "the app's client id, for which every signed payload must be made")],
            proof: "`auth`: BigCommerce accepts the code and names the store; `signed_payload_jwt` (HS256, for the \
                    client id, 24 h): accepted only where it was first used, once there, and on `load` as often as the \
                    page is loaded; webhooks by the Standard Webhooks scheme (HMAC-SHA256, 5 min)",
            carrier: "the visitor's cookie, between the page in the control panel and `forward_to`; it is not visible \
                      in the frame itself",
            ends: "`uninstall` and `store/app/uninstalled` end the account. BigCommerce reports no charges, so \
                   nothing is reversed: refund the conversion with the API",
            unprocessed: "`uninstall`, `remove-user` and `webhook` with success, because BigCommerce does not repeat \
                          the first two and deactivates a webhook that keeps failing; the others with 500, which the \
                          visitor sees",
            limits: "BigCommerce pushes no charges: the app polls Unified Billing, and you send its charges with the \
                     API. BigCommerce does not repeat a missed `uninstall`. A code is accepted once, so with `auth` \
                     the app cannot exchange it itself. A merchant who never follows “Continue” is not attributed",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        let scheme = match context.kind {
            AUTH => return authorize(context, api).await,
            oauth::TOKEN => return Ok(oauth::verify_token_request(context, "client_secret")?.into()),
            WEBHOOK => Scheme::BigcommerceWebhook,
            _ => Scheme::BigcommerceSignedPayloadJwt,
        };
        let audiences = context.listing.texts("client_id");
        let parameters = Parameters { audiences, ..Parameters::default() };
        Ok(context.verify(scheme, "client_secret", parameters)?.into())
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        match context.kind {
            AUTH => authorized(verified, context),
            oauth::TOKEN => oauth::parse_token_request(verified),
            LOAD => {
                let Claims { sub, owner, user, .. } = payload::read(verified)?;
                installed(sub, email(&owner, &user), verified, context)
            }
            UNINSTALL => uninstall(verified),
            WEBHOOK => webhook(verified),
            _ => Ok(ParsedCallback::new(Vec::new(), received())),
        }
    }

    fn unprocessed(&self, kind: Kind) -> Option<CallbackResponse> {
        match kind {
            oauth::TOKEN => None,
            UNINSTALL | REMOVE_USER => Some(CallbackResponse::with_body(200, "application/json", "{}")),
            WEBHOOK => Some(CallbackResponse::empty(200)),
            _ => Some(CallbackResponse::empty(500)),
        }
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
