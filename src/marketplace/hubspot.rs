//! HubSpot apps. Requests to an app's redirect URI are not signed. The proof is that HubSpot accepts the code, and
//! HubSpot's response names the account. If the authorization starts at Signpost, `state` carries the click, so no
//! cookie is needed.
//!
//! Webhooks are verified and parsed, but produce no events: they are about records in the CRM of a customer, so a deal
//! in them is the customer's sale and never the operator's. HubSpot takes no payments for apps.
//!
//! Sources: developers.hubspot.com, docs/api-reference/2026-03/authentication (OAuth),
//! docs/apps/legacy-apps/authentication/validating-requests, docs/api-reference/webhooks.

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
use crate::domain::{
    clicks::click::CLICK_ID_LENGTH,
    programme::{Program, listing::Marketplace},
};
use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value as Json;

/// HubSpot.
pub struct Hubspot;

/// The fields of a token response that are read.
#[derive(Deserialize)]
struct Granted {
    /// The account that the app was installed in.
    hub_id: u64,
}

/// Its predecessor `/oauth/v1/token` is shut down on 2027-02-16.
const TOKEN_ENDPOINT: TokenEndpoint =
    TokenEndpoint { url: "https://api.hubapi.com/oauth/2026-03/token", encoding: TokenEncoding::Form };
const AUTHORIZE: &str = "https://app.hubspot.com/oauth/authorize";

const OAUTH: Kind = Kind { name: "oauth", methods: &["GET"], origin: CallbackOrigin::Browser };
const INSTALL: Kind = Kind { name: "install", methods: &["GET"], origin: CallbackOrigin::Browser };
const WEBHOOK: Kind = Kind { name: "webhook", methods: &["POST"], origin: CallbackOrigin::Server };

/// A parameter, if it has the form of a click id. Other values are not passed on.
fn click(context: &CallbackContext<'_>, name: &str) -> Option<String> {
    let is_click_id = |text: &String| {
        text.len() == CLICK_ID_LENGTH
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    oauth::parameter(context, name).ok().flatten().filter(is_click_id)
}

async fn authorize<'a>(
    context: &CallbackContext<'a>,
    api: &dyn VendorApi,
) -> Result<Verification<'a>, VerifyError> {
    // Everything that can be wrong on our side is checked before the code is used: it is accepted once.
    let query = context.query().ok_or(Refusal::MalformedParameters)?;
    let forward_url = context.listing.forward_url(query).ok_or(Refusal::NotConfigured)?;
    oauth::parameter(context, "state")?;
    if oauth::parameter(context, "code")?.is_none() {
        // Either `step=authorize`, where the app creates a `state` and sends the browser to HubSpot's `returnUrl`, or a
        // customer who refused consent.
        return Ok(Verification::respond(CallbackResponse::redirect(302, forward_url)));
    }
    let (verified, _) = oauth::exchange_code(context, api, TOKEN_ENDPOINT, &[]).await?;
    Ok(verified.into())
}

fn authorized(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let Granted { hub_id } = payload::read(verified)?;
    let account = hub_id.to_string();
    let installed = Event {
        clicks: click(context, "state").into_iter().collect(),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), verified.evidence())
    };
    let query = context.query().ok_or_else(|| unreadable("the query is not urlencoded"))?.to_owned();
    let token_handoff = Some(oauth::token_handoff(payload::text(verified)?, context)?);
    Ok(ParsedCallback {
        token_handoff,
        ..ParsedCallback::new(vec![installed], Reply::BrowserHandoff { account, query })
    })
}

/// Redirects a visitor to HubSpot's consent page, with the click in `state`.
fn begin(context: &CallbackContext<'_>) -> Result<Verification<'static>, Refusal> {
    let listing = context.listing;
    let required = |name| listing.setting(name).filter(|text| !text.is_empty()).ok_or(Refusal::NotConfigured);
    let (client_id, scopes) = (required("client_id")?, required("scopes")?);
    let (base, _) = context.callback.url.split_once("/callbacks/").unwrap_or_default();
    let redirect_uri = format!("{base}/callbacks/hubspot/{}/{}", listing.id, OAUTH.name);
    let click = click(context, listing.setting("click_param").unwrap_or(Program::DEFAULT_CLICK_PARAM));
    let parameters = [
        ("client_id", Some(client_id)),
        ("redirect_uri", Some(&redirect_uri)),
        ("scope", Some(scopes)),
        ("optional_scope", listing.setting("optional_scopes").filter(|text| !text.is_empty())),
        ("state", click.as_deref()),
    ];
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters {
        if let Some(value) = value {
            query.append_pair(name, value);
        }
    }
    // HubSpot encodes spaces between scopes like this. A plus sign in a value is encoded as %2B.
    let query = query.finish().replace('+', "%20");
    Ok(Verification::respond(CallbackResponse::redirect(302, format!("{AUTHORIZE}?{query}"))))
}

/// HubSpot sends its two older signatures together with v3. They never expire, so they are accepted only if the
/// operator allows it, and never together with v3.
fn signed<'a>(context: &CallbackContext<'a>) -> Result<Verified<'a>, Refusal> {
    app_id(context)?;
    let verify = |scheme, allow_legacy| {
        let parameters = Parameters { allow_legacy, ..Parameters::default() };
        context.verify(scheme, "client_secret", parameters)
    };
    let verified = verify(Scheme::HubspotV3, false);
    if !matches!(verified, Err(Refusal::MissingHeader(_))) || !context.listing.is_set("accept_v1") {
        return verified;
    }
    match verify(Scheme::HubspotV2, true) {
        Err(Refusal::WrongAlgorithm) => verify(Scheme::HubspotV1, true),
        proof => proof,
    }
}

/// The setting `app_id`. A value that is not a number must not accept every app.
fn app_id(context: &CallbackContext<'_>) -> Result<Option<u64>, Refusal> {
    match context.listing.settings.get("app_id").filter(|set| !set.is_null()) {
        Some(set) => payload::number(Some(set)).map(Some).ok_or(Refusal::NotConfigured),
        None => Ok(None),
    }
}

/// The app of an element of a webhook, if it names one; or what it lacks.
fn app_of(element: &Json) -> Result<Option<u64>, &'static str> {
    // Older documentation calls it `eventType`.
    let kind = element.get("subscriptionType").or_else(|| element.get("eventType"));
    if kind.and_then(Json::as_str).is_none() {
        return Err("has no subscriptionType");
    }
    if payload::number(element.get("portalId")).is_none() {
        return Err("has no portalId");
    }
    Ok(payload::number(element.get("appId")))
}

/// The kinds of objects in a customer's CRM: what happens to them is the customer's business. Subscriptions to the same
/// events of any kind of object begin with `object`.
const CRM_OBJECTS: [&str; 9] =
    ["company", "contact", "conversation", "deal", "line_item", "object", "product", "ticket", "quote"];

/// Whether an element is about an object in the CRM.
fn is_of_crm(element: &Json) -> bool {
    let kind = element.get("subscriptionType").or_else(|| element.get("eventType")).and_then(Json::as_str);
    kind.and_then(|kind| kind.split('.').next()).is_some_and(|object| CRM_OBJECTS.contains(&object))
}

/// Parses up to 100 elements, in any order. An element that does not count must not block the others. If no element can
/// be read, the whole webhook fails, so that it is sent again. The log says why in both cases.
fn webhook(verified: &Verified<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
    let list: Json = payload::read(verified)?;
    let list = list.as_array().ok_or_else(|| unreadable("the body is not a list"))?;
    let ours = app_id(context).map_err(|_| unreadable("app_id is not a number"))?;
    let (mut left_out, mut was_read, mut last) = (0usize, list.is_empty(), None);
    let mut has_unknown = false;
    for (index, element) in list.iter().enumerate() {
        let app = app_of(element);
        was_read |= app.is_ok();
        let objection = match app {
            Ok(app) if ours.is_none() || app == ours => {
                has_unknown |= !is_of_crm(element);
                continue;
            }
            Ok(_) => "is of another app",
            Err(lack) => lack,
        };
        left_out = left_out.saturating_add(1);
        last = Some(format!("/{index} {objection}"));
    }
    let log =
        last.map(|last| format!("{left_out} of {} elements do not count, the last: {last}", list.len()));
    match log {
        Some(log) if !was_read => Err(Unreadable(log)),
        log => {
            let parsed = ParsedCallback::new(Vec::new(), Reply::Plain(CallbackResponse::empty(200)));
            let parsed = if has_unknown { parsed.unknown("subscriptionType") } else { parsed };
            Ok(ParsedCallback { log, ..parsed })
        }
    }
}

#[async_trait(?Send)]
impl Adapter for Hubspot {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Hubspot
    }

    fn kinds(&self) -> &'static [Kind] {
        &[OAUTH, oauth::TOKEN, INSTALL, WEBHOOK]
    }

    fn secrets(&self) -> &'static [&'static str] {
        &["client_secret"]
    }

    fn settings(&self) -> &'static [&'static str] {
        &["client_id", "scopes", "optional_scopes", "click_param", "app_id", "accept_v1"]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn docs(&self) -> MarketplaceDocs {
        MarketplaceDocs {
            title: "HubSpot App Marketplace",
            kinds: &[
                (
                    OAUTH.name,
                    "a redirect URL of the app, and its install URL in the marketplace. With a `code` it is the \
                     install: it binds the visitor's clicks to the account and redirects to `forward_to` with the \
                     query unchanged, and the app fetches its tokens at `token`. Without a `code` (`step=authorize`, \
                     or a customer who refuses) it only redirects to `forward_to`",
                ),
                (oauth::TOKEN.name, oauth::ABOUT_TOKEN),
                (
                    INSTALL.name,
                    "preferably the listing's `url`, to which links lead: redirects to HubSpot's consent page, with \
                     the click id as `state` and `oauth` as the redirect URL",
                ),
                (
                    WEBHOOK.name,
                    "webhooks of the app: verified, parsed and answered. They produce no events, because they are \
                     about your customers' own records",
                ),
            ],
            secrets: &[("client_secret", "the app's client secret; it signs webhooks too")],
            settings: &[
                ("client_id", "the app's client id"),
                ("scopes", "for `install`: the scopes that the app requires, separated by spaces"),
                (
                    "optional_scopes",
                    "for `install`: scopes that HubSpot omits if the account lacks them, separated by spaces",
                ),
                (
                    "click_param",
                    "for `install`: query parameter of the click id, if the programme's is not `sp_click`",
                ),
                (
                    "app_id",
                    "for `webhook`: the app's id; elements of other apps are skipped, and the log says so",
                ),
                (
                    "accept_v1",
                    "for `webhook`: `true` accepts signatures v1 and v2 if there is no v3; they contain no time, so a \
                     captured request is valid for ever",
                ),
            ],
            proof: "`oauth`: HubSpot accepts the code and names the account (`hub_id`); webhooks by \
                    `X-HubSpot-Signature-v3` (HMAC-SHA256, 5 min). A v1 or v2 together with a v3 is never accepted",
            carrier: "the click id in `state`, which HubSpot returns, if the install started at `install`; otherwise \
                      the visitor's cookie, between the install and `forward_to`",
            ends: "HubSpot pushes no ends and takes no payments for apps: send uninstalls and refunds with the API",
            unprocessed: "500, because HubSpot repeats a webhook for a day, and a visitor sees it",
            limits: "HubSpot takes no payments for apps: send sales with the API. It pushes no installs and no \
                     uninstalls: the app polls the Webhooks Journal, and you send an uninstall with the API, for the \
                     customer `hubspot:<hub_id>`. An account counts as one install, however often it is reinstalled. A \
                     marketplace page carries no click id: an install that starts there is attributed by the cookie \
                     alone, and in a frame only if the browser allows third-party cookies. A code is accepted once, so \
                     the app cannot exchange it itself. Signpost does not check `state`: the app checks values that it \
                     generated, and a value from `install` is a click id or absent, and proves no session. Signpost \
                     does not follow `returnUrl`: the app does, after checking that it is HubSpot's",
        }
    }

    async fn verify<'a>(
        &self,
        context: &CallbackContext<'a>,
        api: &dyn VendorApi,
    ) -> Result<Verification<'a>, VerifyError> {
        Ok(match context.kind {
            OAUTH => authorize(context, api).await?,
            oauth::TOKEN => oauth::verify_token_request(context, "client_secret")?.into(),
            INSTALL => begin(context)?,
            _ => signed(context)?.into(),
        })
    }

    fn parse(&self, proof: &Proof<'_>, context: &CallbackContext<'_>) -> Result<ParsedCallback, Unreadable> {
        let verified = &proof.verified;
        match context.kind {
            OAUTH => authorized(verified, context),
            oauth::TOKEN => oauth::parse_token_request(verified),
            _ => webhook(verified, context),
        }
    }

    fn unprocessed(&self, kind: Kind) -> Option<CallbackResponse> {
        (kind != oauth::TOKEN).then(|| CallbackResponse::empty(500))
    }

    fn refused(&self, _: Kind) -> CallbackResponse {
        CallbackResponse::unauthorized()
    }
}
