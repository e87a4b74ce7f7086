//! BigCommerce apps. `/auth` is unsigned: its proof is that BigCommerce takes the code, and BigCommerce's answer names the
//! store. An app that has its own `/auth` is installed with the first load in the control panel. BigCommerce tells no
//! charges.
//!
//! A signed payload does not name the endpoint that it was made for, so a token of `/load`, which lies in browsers'
//! histories, verifies on `/uninstall` too. Hence a token counts where it came first and nowhere else, also one of
//! `/remove_user`, which tells nothing.
//!
//! Sources: developer.bigcommerce.com, docs/integrations/apps/guide/callbacks, …/webhooks; Standard Webhooks.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback, Proof, Reply,
        Unreadable, Verification, VerifyError, unreadable,
    },
    event::{Event, EventKind},
    oauth, payload,
    signature::{Parameters, Refusal, Scheme, TokenEncoding, TokenEndpoint, Verified},
    vendor_api::VendorApi,
};
use crate::domain::{programme::listing::Marketplace, values::time::Timestamp};
use async_trait::async_trait;
use json::FromJson;

/// BigCommerce.
pub struct Bigcommerce;

/// The claims of a `signed_payload_jwt`, as far as we read them; the scheme has judged the others.
#[derive(FromJson)]
struct Claims {
    /// `stores/{hash}`.
    sub: String,
    jti: Option<String>,
}

/// What the token endpoint answers, as far as we read it.
#[derive(FromJson)]
struct Granted {
    /// `stores/{hash}`.
    context: String,
}

/// A webhook. Scopes other than ours have other members.
#[derive(FromJson)]
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

/// Who may show the app's page in a frame.
const FRAME_ANCESTORS: &str = "https://*.mybigcommerce.com https://login.bigcommerce.com";

/// What BigCommerce documents for its own calls: JSON, and nothing in it.
fn received() -> Reply {
    Reply::Plain(CallbackResponse::with_body(200, "application/json", "{}"))
}

/// The install, and the page that leads out of the frame.
fn installed(
    account: String,
    verified: &Verified<'_>,
    context: &CallbackContext<'_>,
) -> Result<ParsedCallback, Unreadable> {
    // The app reads what BigCommerce sent, so it gets the query as it came.
    let query = context.query().ok_or_else(|| unreadable("the query is not urlencoded"))?;
    let installed = Event {
        occurred_at: verified.signed_at(),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), verified.evidence())
    };
    let reply = Reply::FrameHandoff {
        account,
        query: query.to_owned(),
        frame_ancestors: FRAME_ANCESTORS.to_owned(),
        reloads: true,
    };
    Ok(ParsedCallback::new(vec![installed], reply))
}

fn authorized(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    // The store that BigCommerce names, not the one in the query: anybody can write that.
    let Granted { context: store } = payload::read(verified)?;
    if !store.starts_with("stores/") {
        return Err(unreadable("context is no store"));
    }
    let token_handoff = Some(oauth::token_handoff(payload::text(verified)?, context)?);
    Ok(ParsedCallback { token_handoff, ..installed(store, verified, context)? })
}

fn uninstall(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let Claims { sub, jti } = payload::read(verified)?;
    let jti = jti.filter(|jti| !jti.is_empty()).ok_or_else(|| unreadable("there is no jti"))?;
    let uninstalled = Event {
        occurred_at: verified.signed_at(),
        ..Event::new(EventKind::Uninstalled, &sub, format!("uninstall:{sub}:{jti}"), verified.evidence())
    };
    Ok(ParsedCallback::new(vec![uninstalled], received()))
}

fn webhook(verified: &Verified<'_>) -> Result<ParsedCallback, Unreadable> {
    let hook: Hook = payload::read(verified)?;
    let reply = Reply::Plain(CallbackResponse::empty(200));
    if hook.scope != "store/app/uninstalled" {
        return Ok(ParsedCallback::new(Vec::new(), reply));
    }
    let store = hook.producer.filter(|producer| producer.starts_with("stores/"));
    let store = store.ok_or_else(|| unreadable("producer is no store"))?;
    let hash = hook.hash.filter(|hash| !hash.is_empty()).ok_or_else(|| unreadable("there is no hash"))?;
    let at = hook.created_at.and_then(|seconds| Timestamp::from_ms(seconds.checked_mul(1000)?));
    let uninstalled = Event {
        occurred_at: Some(at.ok_or_else(|| unreadable("created_at is no time"))?),
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

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "BigCommerce",
            kinds: &[
                (
                    AUTH.name,
                    "the app's Auth Callback URL, if Signpost is to have the code exchanged: the install; its page leads out of the \
            frame as that of `load` does, and the app fetches its tokens at `token`",
                ),
                (oauth::TOKEN.name, oauth::ABOUT_TOKEN),
                (
                    LOAD.name,
                    "the app's Load Callback URL, shown in the control panel: the first load is the install; its page leads out of \
            the frame, and on to `forward_to` with the query as it came",
                ),
                (UNINSTALL.name, "the app's Uninstall Callback URL"),
                (REMOVE_USER.name, "the app's Remove User Callback URL: answered, tells nothing"),
                (
                    WEBHOOK.name,
                    "webhooks of the app; `store/app/uninstalled` counts, every other scope is answered and tells nothing",
                ),
            ],
            secrets: &[("client_secret", "the app's client secret; it signs webhooks too")],
            settings: &[("client_id", "the app's client id, for which every signed payload must be made")],
            proof: "`auth`: BigCommerce takes the code and names the store; `signed_payload_jwt` (HS256, for the client id, 24 h): it counts where it came first and nowhere else, \
                    there once, and on `load` as often as the page is loaded; webhooks by Standard Webhooks \
                    (HMAC-SHA256, 5 min)",
            carrier: "the visitor's cookie, seen on the way from the page in the control panel to `forward_to`; in the \
                      frame itself it is not visible",
            limits: "BigCommerce pushes no charges: Unified Billing is polled by the app, and its charges come in by the \
                     API; a missed `uninstall` is not repeated by BigCommerce; a code counts once, so with `auth` here the \
                     app has none of its own to exchange; \
                     a merchant who never follows “Continue” is not attributed",
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
            LOAD => installed(payload::read::<Claims>(verified)?.sub, verified, context),
            UNINSTALL => uninstall(verified),
            WEBHOOK => webhook(verified),
            _ => Ok(ParsedCallback::new(Vec::new(), received())),
        }
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
