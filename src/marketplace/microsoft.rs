//! Microsoft AppSource and Azure Marketplace: software as a service that Microsoft sells. A buyer's browser opens the
//! landing page with our cookies and a token that only Microsoft's API can resolve ([`fulfillment`]). Later changes are
//! sent to the connection webhook ([`webhook`]). The purchase is the customer's account.
//!
//! Microsoft does the billing and reports no amounts: a charge names its plan.
//!
//! Sources: learn.microsoft.com, partner-center/marketplace-offers/pc-saas-fulfillment-life-cycle,
//! …/pc-saas-fulfillment-webhook.

mod change;
mod confirmation;
mod fulfillment;
mod webhook;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::MarketplaceDocs;
use super::{
    adapter::{
        AccountEmail, Adapter, CallbackContext, CallbackOrigin, CallbackResponse, Kind, ParsedCallback,
        Proof, Reply, Unreadable, Verification, VerifyError, is_urlencoded, unreadable,
    },
    event::{Event, EventKind},
    oauth, payload,
    signature::{Refusal, Verified},
    vendor_api::VendorApi,
};
use crate::domain::programme::listing::Marketplace;
use async_trait::async_trait;
use fulfillment::{Access, Found, NO_ACCESS, Subscription};
use serde::Deserialize;

/// Microsoft.
pub struct Microsoft;

const LANDING: Kind = Kind { name: "landing", methods: &["GET"], origin: CallbackOrigin::Browser };
const WEBHOOK: Kind = Kind { name: "webhook", methods: &["POST"], origin: CallbackOrigin::Server };

/// The fields of a resolved token that are read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resolved {
    id: String,
    plan_id: Option<String>,
    subscription: Option<Subscription>,
}

/// The URL that the browser is forwarded to. It keeps the raw query, because the product has to resolve the token too.
fn forward_url(context: &CallbackContext<'_>) -> Result<String, Refusal> {
    let query = context.query().ok_or(Refusal::MalformedParameters)?;
    context.listing.forward_url(query).ok_or(Refusal::NotConfigured)
}

/// Resolves the token of a landing page. If the listing lacks the credentials for that, visitors are forwarded all the
/// same and nothing is reported, so that the product keeps working.
async fn resolve<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    let forward = CallbackResponse::redirect(302, forward_url(context)?);
    let Some(token) = oauth::parameter(context, "token")? else { return Ok(Verification::respond(forward)) };
    // Form decoding turns a plus sign into a space. The token is base64, so it contains no spaces.
    let token = token.replace(' ', "+");
    if !is_urlencoded(&token) {
        return Err(Refusal::MalformedParameters.into());
    }
    let bearer = match Access::of(context.listing).sign_in(api).await? {
        Access::Granted(bearer) => bearer,
        Access::NotConfigured => {
            return Ok(Verification::respond_and_log(forward, "the listing has no client_secret"));
        }
        Access::Denied => return Ok(Verification::respond_and_log(forward, NO_ACCESS)),
    };
    match fulfillment::found(&api.send(&fulfillment::resolve(&bearer, token)).await?)? {
        Found::Yes(verified) => Ok(verified.into()),
        Found::No => Err(Refusal::Declined.into()),
        Found::Denied => Ok(Verification::respond_and_log(forward, NO_ACCESS)),
    }
}

/// Parses a resolved token: the install. A buyer who returns to manage the purchase opens the same page, so the event
/// is dated by the purchase.
fn installed(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let resolved: Resolved = payload::read(verified)?;
    if !fulfillment::is_guid(&resolved.id) {
        return Err(unreadable("id is not a GUID"));
    }
    let account = resolved.id.to_ascii_lowercase();
    let known = resolved.subscription;
    if known.as_ref().is_some_and(Subscription::is_test) {
        let forward_url = forward_url(context).map_err(|refusal| unreadable(refusal.to_string()))?;
        let parsed =
            ParsedCallback::new(Vec::new(), Reply::Plain(CallbackResponse::redirect(302, forward_url)));
        return Ok(ParsedCallback { log: Some("it is a test purchase".to_owned()), ..parsed });
    }
    let is_new = known.as_ref().is_none_or(|known| known.status() == "PendingFulfillmentStart");
    let bought_at = known.as_ref().and_then(Subscription::bought_at);
    let event = |at| Event {
        plan: resolved.plan_id.filter(|plan| !plan.is_empty()),
        occurred_at: Some(at),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), verified.evidence())
    };
    let events = bought_at.or(is_new.then_some(context.now)).map(event).into_iter().collect();
    let query = context.query().ok_or_else(|| unreadable("the query is not urlencoded"))?.to_owned();
    let emails = known.iter().flat_map(Subscription::emails);
    let emails = emails.flat_map(|email| AccountEmail::list(&account, Some(email))).collect();
    Ok(ParsedCallback { emails, ..ParsedCallback::new(events, Reply::BrowserHandoff { account, query }) })
}

#[async_trait(?Send)]
impl Adapter for Microsoft {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Microsoft
    }

    fn kinds(&self) -> &'static [Kind] {
        &[LANDING, WEBHOOK]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["client_secret"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["tenant_id", "client_id", "audiences", "plans"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "Microsoft AppSource and Azure Marketplace",
            kinds: &[
                (
                    LANDING.name,
                    "the offer's landing page URL: Signpost resolves the `token`, which is the install, binds the \
                     visitor's clicks to the purchase, and redirects to `forward_to` with the query unchanged. The \
                     product resolves the token again and activates the purchase; Signpost never does. Without a \
                     `token` Signpost only redirects",
                ),
                (
                    WEBHOOK.name,
                    "the offer's connection webhook, or what the product's own webhook forwards with the header \
                     `Authorization` unchanged: plan and seats changed, suspended, reinstated, cancelled; `Subscribe` \
                     and `Renew` are charges of a term. The response is always 200: Signpost accepts and vetoes \
                     nothing",
                ),
            ],
            secrets: &[(
                "client_secret",
                "a client secret of the offer's Entra application, with which Microsoft's API is asked; without it, \
                 the landing page binds nothing and webhooks are not confirmed",
            )],
            settings: &[
                (
                    "tenant_id",
                    "the publisher's tenant, a GUID, as in the offer's technical configuration; without it, every \
                     webhook is refused",
                ),
                (
                    "client_id",
                    "the id of the Entra application in the offer's technical configuration, a GUID, for which every \
                     token must be made; without it, every webhook is refused",
                ),
                (
                    "audiences",
                    "a list instead of `client_id`, for tokens that are made for `api://…` or for several applications",
                ),
                (
                    "plans",
                    "the price of a term of each plan, by the plan's id in the offer (see `settings.plans` of a listing in the API reference)",
                ),
            ],
            proof: "landing page: Microsoft's API resolves the token and names the purchase (`api_poll`). Webhook: a \
                    token of Entra's (RS256 under the tenant's published keys, of the Marketplace SaaS API, for the \
                    application). The token does not cover the body, so Microsoft is asked for the operation or, if it \
                    keeps none, for the purchase: a confirmed event is `api_poll`, and a denied one is dropped and \
                    logged. Without `client_secret`, or if the purchase has changed since a renewal, the event is \
                    `transport_only` and its commissions are held",
            carrier: "the visitor's cookie, on the landing page",
            ends: "`Unsubscribe` ends the account and `Suspend` suspends it. Neither refunds a term, even if \
                   Microsoft gives the money back, as it does within 72 hours of a purchase: refund the conversion \
                   with the API",
            unprocessed: "`webhook` with 200, because an error would veto the customer's change of plan; `landing` \
                          with 500, which the visitor sees",
            limits: "parameters on a link to the listing reach neither the landing page nor the webhook: a buyer who \
                     configures the purchase in another browser than that of the click is not attributed. Microsoft \
                     reports no amounts: a charge names its plan, whose price `plans` must contain, for one term and \
                     any number of seats. There is no webhook for refunds: send them with the API. Metered usage is \
                     not seen. A purchase in a free trial is not charged, and a test purchase (`isTest`) is ignored. A \
                     change of plans counts while it is in progress, because Microsoft may report nothing more; a \
                     failed change restores the previous plan. Leads (the lead connector) are not signed and are not \
                     accepted",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        if context.kind == LANDING {
            resolve(context, api).await
        } else {
            webhook::verify(context, api).await
        }
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        if context.kind == LANDING {
            installed(&proof.verified, context)
        } else {
            webhook::parse(proof, context)
        }
    }

    fn unprocessed(&self, kind: Kind) -> Option<CallbackResponse> {
        Some(CallbackResponse::empty(if kind == WEBHOOK { 200 } else { 500 }))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
