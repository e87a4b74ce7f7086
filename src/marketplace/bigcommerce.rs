//! BigCommerce apps. The first load in the control panel is the install: `/auth` is unsigned, and only the app itself can
//! exchange its code. BigCommerce tells no charges.
//!
//! A signed payload does not name the endpoint that it was made for, so a token of `/load`, which lies in browsers'
//! histories, verifies on `/uninstall` too. Hence a token counts where it came first and nowhere else, also one of
//! `/remove_user`, which tells nothing.
//!
//! Sources: developer.bigcommerce.com, docs/integrations/apps/guide/callbacks, …/webhooks; Standard Webhooks.

use super::{
    adapter::{Adapter, Answer, Arrival, Guide, Kind, Proof, Reply, Told, Unreadable, Way},
    event::{Event, EventKind, Evidence},
    signature::{Parameters, Payload, Refusal, Scheme, Verified},
};
use crate::domain::{listing::Marketplace, time::Timestamp};
use serde::Deserialize;

/// BigCommerce.
pub struct Bigcommerce;

/// The claims of a `signed_payload_jwt`, as far as we read them; the scheme has judged the others.
#[derive(Deserialize)]
struct Claims {
    /// `stores/{hash}`.
    sub: String,
    jti: Option<String>,
}

/// A webhook. Scopes other than ours have other members.
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

const LOAD: Kind = Kind {
    name: "load",
    methods: &["GET"],
    way: Way::Browser,
    about: "the app's Load Callback URL, shown in the control panel: the first load is the install; its page leads out of \
            the frame, and on to `forward_to` with the query as it came",
};
const UNINSTALL: Kind = Kind {
    name: "uninstall",
    methods: &["GET"],
    way: Way::Server,
    about: "the app's Uninstall Callback URL",
};
const REMOVE_USER: Kind = Kind {
    name: "remove-user",
    methods: &["GET"],
    way: Way::Server,
    about: "the app's Remove User Callback URL: answered, tells nothing",
};
const WEBHOOK: Kind = Kind {
    name: "webhook",
    methods: &["POST"],
    way: Way::Server,
    about: "webhooks of the app; `store/app/uninstalled` counts, every other scope is answered and tells nothing",
};

/// Who may show the app's page in a frame.
const FRAME_ANCESTORS: &str = "https://*.mybigcommerce.com https://login.bigcommerce.com";

fn unreadable(what: &str) -> Unreadable {
    Unreadable(what.to_owned())
}

fn claims(proof: &Verified<'_>) -> Result<Claims, Unreadable> {
    let Payload::Json(text) = proof.payload() else { return Err(unreadable("there are no claims")) };
    let text = std::str::from_utf8(text).map_err(|_| unreadable("the claims are not UTF-8"))?;
    Ok(json::read(text)?)
}

/// What BigCommerce documents for its own calls: JSON, and nothing in it.
fn received() -> Reply {
    Reply::Plain(Answer::with_body(200, "application/json", "{}"))
}

fn load(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let account = claims(proof)?.sub;
    // The app verifies the same token, so it gets the query as it came.
    let query = arrival.callback.url.split_once('?').map_or("", |(_, query)| query);
    if !query.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(unreadable("the query is not urlencoded"));
    }
    let installed = Event {
        occurred_at: proof.signed_at(),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), Evidence::Signed)
    };
    let reply =
        Reply::TopLevel { account, query: query.to_owned(), frame_ancestors: FRAME_ANCESTORS, reloads: true };
    Ok(Told { events: vec![installed], reply })
}

fn uninstall(proof: &Verified<'_>) -> Result<Told, Unreadable> {
    let Claims { sub, jti } = claims(proof)?;
    let jti = jti.filter(|jti| !jti.is_empty()).ok_or_else(|| unreadable("there is no jti"))?;
    let uninstalled = Event {
        occurred_at: proof.signed_at(),
        ..Event::new(EventKind::Uninstalled, &sub, format!("uninstall:{sub}:{jti}"), Evidence::Signed)
    };
    Ok(Told { events: vec![uninstalled], reply: received() })
}

fn webhook(proof: &Verified<'_>) -> Result<Told, Unreadable> {
    let Payload::Body(body) = proof.payload() else { return Err(unreadable("there is no body")) };
    let text = std::str::from_utf8(body).map_err(|_| unreadable("the body is not UTF-8"))?;
    let hook: Hook = json::read(text)?;
    let reply = Reply::Plain(Answer::empty(200));
    if hook.scope != "store/app/uninstalled" {
        return Ok(Told { events: Vec::new(), reply });
    }
    let store = hook.producer.filter(|producer| producer.starts_with("stores/"));
    let store = store.ok_or_else(|| unreadable("producer is no store"))?;
    let hash = hook.hash.filter(|hash| !hash.is_empty()).ok_or_else(|| unreadable("there is no hash"))?;
    let at = hook.created_at.and_then(|seconds| Timestamp::from_ms(seconds.checked_mul(1000)?));
    let uninstalled = Event {
        occurred_at: Some(at.ok_or_else(|| unreadable("created_at is no time"))?),
        ..Event::new(EventKind::Uninstalled, &store, format!("uninstall:{store}:{hash}"), Evidence::Signed)
    };
    Ok(Told { events: vec![uninstalled], reply })
}

impl Adapter for Bigcommerce {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Bigcommerce
    }

    fn kinds(&self) -> &'static [Kind] {
        &[LOAD, UNINSTALL, REMOVE_USER, WEBHOOK]
    }

    fn guide(&self) -> Guide {
        Guide {
            title: "BigCommerce",
            secrets: &[("client_secret", "the app's client secret; it signs webhooks too")],
            settings: &[("client_id", "the app's client id, for which every signed payload must be made")],
            proof: "`signed_payload_jwt` (HS256, for the client id, 24 h): it counts where it came first and nowhere else, \
                    there once, and on `load` as often as the page is loaded; webhooks by Standard Webhooks \
                    (HMAC-SHA256, 5 min)",
            carrier: "the visitor's cookie, seen on the way from the page in the control panel to `forward_to`; in the \
                      frame itself it is not visible",
            limits: "BigCommerce pushes no charges: Unified Billing is polled by the app, and its charges come in by the \
                     API; a missed `uninstall` is not repeated by BigCommerce; `/auth` is unsigned and stays the app's own; \
                     a merchant who never follows “Continue” is not attributed",
        }
    }

    fn verify<'a>(&self, arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
        let scheme = if arrival.kind == WEBHOOK {
            Scheme::BigcommerceWebhook
        } else {
            Scheme::BigcommerceSignedPayloadJwt
        };
        let audiences = arrival.listing.setting("client_id").map(str::to_owned).into_iter().collect();
        let parameters = Parameters { audiences, ..Parameters::default() };
        arrival.verify(scheme, "client_secret", parameters).map(Proof::Verified)
    }

    fn parse(&self, proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
        if arrival.kind == LOAD {
            load(proof, arrival)
        } else if arrival.kind == UNINSTALL {
            uninstall(proof)
        } else if arrival.kind == WEBHOOK {
            webhook(proof)
        } else {
            Ok(Told { events: Vec::new(), reply: received() })
        }
    }

    fn refused(&self, _: Kind) -> Answer {
        Answer::with_body(401, "text/plain", "unauthorized")
    }
}
