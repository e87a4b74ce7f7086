//! HubSpot apps. The redirect URI of an app is unsigned: its proof is that HubSpot takes the code, and HubSpot's answer
//! names the account that it gave access to. Where Signpost begins the authorization, the click travels in `state`, so
//! that it needs no cookie.
//!
//! Webhooks are verified and read, and tell nothing: they are about records in the CRMs of those who installed the app, so
//! a deal in them is a sale of the customer's, never of the operator's. HubSpot takes no payments for apps.
//!
//! Sources: developers.hubspot.com, docs/api-reference/2026-03/authentication (OAuth),
//! docs/apps/legacy-apps/authentication/validating-requests, docs/api-reference/webhooks.

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::Guide;
use super::{
    adapter::{Adapter, Answer, Arrival, Kind, Proof, Reply, Told, Unreadable, Way, unreadable},
    event::{Event, EventKind},
    oauth, proven,
    signature::{Parameters, Refusal, Scheme, TokenEncoding, TokenEndpoint, Verified},
};
use crate::domain::{
    clicks::click::CLICK_ID_LENGTH,
    programme::{Program, listing::Marketplace},
};
use serde::Deserialize;
use serde_json::Value as Json;

/// HubSpot.
pub struct Hubspot;

/// What the token endpoint answers, as far as we read it.
#[derive(Deserialize)]
struct Granted {
    /// The account that the app was installed in.
    hub_id: u64,
}

/// The one before, `/oauth/v1/token`, ends on 2027-02-16.
const TOKEN_ENDPOINT: TokenEndpoint =
    TokenEndpoint { url: "https://api.hubapi.com/oauth/2026-03/token", encoding: TokenEncoding::Form };
const AUTHORIZE: &str = "https://app.hubspot.com/oauth/authorize";

const OAUTH: Kind = Kind { name: "oauth", methods: &["GET"], way: Way::Browser };
const INSTALL: Kind = Kind { name: "install", methods: &["GET"], way: Way::Browser };
const WEBHOOK: Kind = Kind { name: "webhook", methods: &["POST"], way: Way::Server };

/// A parameter that looks like a click id. Whoever writes something else there must not have it passed on.
fn click(arrival: &Arrival<'_>, name: &str) -> Option<String> {
    let is_click_id = |text: &String| {
        text.len() == CLICK_ID_LENGTH
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    oauth::parameter(arrival, name).ok().flatten().filter(is_click_id)
}

fn authorise<'a>(arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
    // All that can be wrong on our side is wrong before the code is used up: it counts once.
    let query = arrival.query().ok_or(Refusal::MalformedParameters)?;
    let onward = arrival.listing.onward(query).ok_or(Refusal::NotConfigured)?;
    oauth::parameter(arrival, "state")?;
    if oauth::parameter(arrival, "code")?.is_none() {
        // `step=authorize`, where the app makes a `state` and answers HubSpot at `returnUrl`, or a customer who refuses.
        return Ok(Proof::Greeting(Answer::redirect(302, onward)));
    }
    oauth::prove(arrival, TOKEN_ENDPOINT, &[])
}

fn authorised(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let Granted { hub_id } = proven::read(proof)?;
    let account = hub_id.to_string();
    let installed = Event {
        clicks: click(arrival, "state").into_iter().collect(),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), proof.evidence())
    };
    let query = arrival.query().ok_or_else(|| unreadable("the query is not urlencoded"))?.to_owned();
    let hand_over = Some(oauth::for_the_app(proven::text(proof)?, arrival)?);
    Ok(Told { hand_over, ..Told::new(vec![installed], Reply::Relay { account, query }) })
}

/// Leads a visitor with a click to HubSpot's page of consent, and the click with it.
fn begin(arrival: &Arrival<'_>) -> Result<Proof<'static>, Refusal> {
    let listing = arrival.listing;
    let required = |name| listing.setting(name).filter(|text| !text.is_empty()).ok_or(Refusal::NotConfigured);
    let (client_id, scopes) = (required("client_id")?, required("scopes")?);
    let (base, _) = arrival.callback.url.split_once("/callbacks/").unwrap_or_default();
    let redirect_uri = format!("{base}/callbacks/hubspot/{}/{}", listing.id, OAUTH.name);
    let click = click(arrival, listing.setting("click_param").unwrap_or(Program::DEFAULT_CLICK_PARAM));
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
    // As HubSpot writes spaces between scopes. A plus sign in a value stands there as %2B.
    let query = query.finish().replace('+', "%20");
    Ok(Proof::Greeting(Answer::redirect(302, format!("{AUTHORIZE}?{query}"))))
}

/// HubSpot sends its two older signatures beside v3. They are valid for ever, so they count only where the operator says
/// so, and never beside a v3.
fn signed<'a>(arrival: &Arrival<'a>) -> Result<Verified<'a>, Refusal> {
    app_id(arrival)?;
    let verify = |scheme, allow_legacy| {
        let parameters = Parameters { allow_legacy, ..Parameters::default() };
        arrival.verify(scheme, "client_secret", parameters)
    };
    let proof = verify(Scheme::HubspotV3, false);
    if !matches!(proof, Err(Refusal::MissingHeader(_))) || !arrival.listing.is_set("accept_v1") {
        return proof;
    }
    match verify(Scheme::HubspotV2, true) {
        Err(Refusal::WrongAlgorithm) => verify(Scheme::HubspotV1, true),
        proof => proof,
    }
}

/// The setting `app_id`. One that is no number must not let everything in.
fn app_id(arrival: &Arrival<'_>) -> Result<Option<u64>, Refusal> {
    match arrival.listing.settings.get("app_id").filter(|set| !set.is_null()) {
        Some(set) => proven::number(Some(set)).map(Some).ok_or(Refusal::NotConfigured),
        None => Ok(None),
    }
}

/// The app that an element of a webhook's list is of, if it says so; or what it lacks.
fn app_of(element: &Json) -> Result<Option<u64>, &'static str> {
    // `eventType` in the documents of old.
    let kind = element.get("subscriptionType").or_else(|| element.get("eventType"));
    if kind.and_then(Json::as_str).is_none() {
        return Err("has no subscriptionType");
    }
    if proven::number(element.get("portalId")).is_none() {
        return Err("has no portalId");
    }
    Ok(proven::number(element.get("appId")))
}

/// Up to 100 elements, in no order. One that does not count must hold up none of the others; if none can be read, the list
/// is refused as a whole, so that it comes again. Either way the log says why.
fn webhook(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let list: Json = proven::read(proof)?;
    let list = list.as_array().ok_or_else(|| unreadable("the body is not a list"))?;
    let ours = app_id(arrival).map_err(|_| unreadable("app_id is no number"))?;
    let (mut left_out, mut was_read, mut last) = (0usize, list.is_empty(), None);
    for (index, element) in list.iter().enumerate() {
        let app = app_of(element);
        was_read |= app.is_ok();
        let objection = match app {
            Ok(app) if ours.is_none() || app == ours => continue,
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
        log => Ok(Told { log, ..Told::new(Vec::new(), Reply::Plain(Answer::empty(200))) }),
    }
}

impl Adapter for Hubspot {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Hubspot
    }

    fn kinds(&self) -> &'static [Kind] {
        &[OAUTH, oauth::TOKEN, INSTALL, WEBHOOK]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn guide(&self) -> Guide {
        Guide {
            title: "HubSpot App Marketplace",
            kinds: &[
                (
                    OAUTH.name,
                    "a redirect URL of the app, and its install URL in the marketplace: with a `code` the install; it binds the \
                     visitor's clicks to the account and goes on to `forward_to` with the query as it came, and the app \
                     fetches its tokens at `token`; without a `code` (`step=authorize`, or a customer who refuses) it goes on \
                     to `forward_to` and tells nothing",
                ),
                (oauth::TOKEN.name, oauth::ABOUT_TOKEN),
                (
                    INSTALL.name,
                    "best as the listing's `url`, which links lead to: goes on to HubSpot's page of consent, with the click id as `state` and `oauth` as \
                     the redirect URL",
                ),
                (
                    WEBHOOK.name,
                    "webhooks of the app: verified, read and answered, and tell nothing, because they are about your customers' \
                     own records",
                ),
            ],
            secrets: &[("client_secret", "the app's client secret; it signs webhooks too")],
            settings: &[
                ("client_id", "the app's client id"),
                ("scopes", "for `install`: the scopes that the app requires, separated by spaces"),
                (
                    "optional_scopes",
                    "for `install`: scopes that HubSpot leaves out where the account lacks them, separated by spaces",
                ),
                (
                    "click_param",
                    "for `install`: query parameter of the click id, if the programme's is not `sp_click`",
                ),
                (
                    "app_id",
                    "for `webhook`: the app's id; what is of another app is left out, and the log says so",
                ),
                (
                    "accept_v1",
                    "for `webhook`: `true` accepts signatures v1 and v2 where no v3 came; they bear no time, so a captured \
                     request is valid for ever",
                ),
            ],
            proof: "`oauth`: HubSpot takes the code and names the account (`hub_id`); webhooks by \
                    `X-HubSpot-Signature-v3` (HMAC-SHA256, 5 min). A v1 or v2 beside a v3 never counts",
            carrier: "the click id in `state`, which HubSpot brings back, where the install began at `install`; else the \
                      visitor's cookie on the way to `forward_to`",
            limits: "HubSpot takes no payments for apps: sales come in by the API; it pushes no installs and no uninstalls: the \
                     app polls the Webhooks Journal, and an uninstall comes in by the API, for the customer \
                     `hubspot:<hub_id>`; an account counts as one install, however often it is reinstalled; a marketplace \
                     page carries no click id: an install that begins there is attributed by the cookie alone, and in a \
                     frame only where the browser allows cookies of other sites; a code counts once, so the app has none \
                     of its own to exchange; `state` is not checked here: the app checks those that it made, and one of \
                     `install` is a click id or absent, and proves no session; `returnUrl` is not followed here: the app \
                     answers there itself, if it is HubSpot's",
        }
    }

    fn verify<'a>(&self, arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
        if arrival.kind == OAUTH {
            authorise(arrival)
        } else if arrival.kind == oauth::TOKEN {
            oauth::verify_token(arrival, "client_secret")
        } else if arrival.kind == INSTALL {
            begin(arrival)
        } else {
            signed(arrival).map(Proof::Verified)
        }
    }

    fn parse(&self, proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
        if arrival.kind == OAUTH {
            authorised(proof, arrival)
        } else if arrival.kind == oauth::TOKEN {
            oauth::read_token(proof)
        } else {
            webhook(proof, arrival)
        }
    }

    fn refused(&self, _: Kind) -> Answer {
        Answer::unauthorized()
    }
}
