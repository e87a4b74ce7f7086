//! Microsoft AppSource and Azure Marketplace: software as a service that Microsoft sells. A buyer comes to the landing page
//! with a token that only Microsoft's API can read ([`fulfillment`]), in the browser that brings the cookie of the clicks;
//! later changes come to the connection webhook ([`webhook`]). The purchase is the customer's account.
//!
//! Microsoft bills and tells no amounts: a charge names its plan.
//!
//! Sources: learn.microsoft.com, partner-center/marketplace-offers/pc-saas-fulfillment-life-cycle,
//! …/pc-saas-fulfillment-webhook.

mod fulfillment;
mod webhook;

#[cfg(not(target_arch = "wasm32"))]
use super::adapter::Guide;
use super::{
    adapter::{
        Adapter, Answer, Arrival, Kind, Proof, Reply, Told, Unreadable, Way, is_urlencoded, unreadable,
    },
    event::{Event, EventKind},
    oauth, proven,
    signature::{Refusal, Verified},
};
use crate::domain::programme::listing::Marketplace;
use fulfillment::{Access, NO_ACCESS, Said, Subscription};
use serde::Deserialize;

/// Microsoft.
pub struct Microsoft;

const LANDING: Kind = Kind { name: "landing", methods: &["GET"], way: Way::Browser };
const WEBHOOK: Kind = Kind { name: "webhook", methods: &["POST"], way: Way::Server };

/// Whose purchase a token names, as far as we read it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resolved {
    id: String,
    plan_id: Option<String>,
    subscription: Option<Subscription>,
}

/// Where the browser goes on to, with the query as it came: the product has to resolve the token, too.
fn onward(arrival: &Arrival<'_>) -> Result<String, Refusal> {
    let query = arrival.query().ok_or(Refusal::MalformedParameters)?;
    arrival.listing.onward(query).ok_or(Refusal::NotConfigured)
}

/// Has the token resolved. The product must not break for a listing that lacks what that takes: its visitors go on, and
/// nothing is told of them.
fn arrived<'a>(arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
    let onward = Answer::redirect(302, onward(arrival)?);
    let Some(token) = oauth::parameter(arrival, "token")? else { return Ok(Proof::Greeting(onward)) };
    // A form's reader takes a plus sign for a blank; the token is base64, so it has no blanks.
    let token = token.replace(' ', "+");
    if !is_urlencoded(&token) {
        return Err(Refusal::MalformedParameters);
    }
    let bearer = match fulfillment::access(arrival)? {
        Access::Ask(request) => return Ok(Proof::Ask(request)),
        Access::Granted(bearer) => bearer,
        Access::Unwanted => return Ok(Proof::Noted(onward, "the listing has no client_secret".to_owned())),
        Access::Denied => return Ok(Proof::Noted(onward, NO_ACCESS.to_owned())),
    };
    let Some(answered) = arrival.answers.get(1) else {
        return Ok(Proof::Ask(fulfillment::resolve(&bearer, token)));
    };
    match fulfillment::said(answered)? {
        Said::Yes(proof) => Ok(Proof::Verified(proof)),
        Said::No => Err(Refusal::Declined),
        Said::NotToUs => Ok(Proof::Noted(onward, NO_ACCESS.to_owned())),
    }
}

/// The install; also told when the buyer comes back to manage the purchase, as of the time when it was bought.
fn installed(proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
    let resolved: Resolved = proven::read(proof)?;
    if !fulfillment::is_guid(&resolved.id) {
        return Err(unreadable("id is no GUID"));
    }
    let account = resolved.id.to_ascii_lowercase();
    let known = resolved.subscription;
    if known.as_ref().is_some_and(Subscription::is_test) {
        let onward = onward(arrival).map_err(|refusal| unreadable(refusal.to_string()))?;
        let told = Told::new(Vec::new(), Reply::Plain(Answer::redirect(302, onward)));
        return Ok(Told { log: Some("it is a test purchase".to_owned()), ..told });
    }
    let is_new = known.as_ref().is_none_or(|known| known.status() == "PendingFulfillmentStart");
    let bought_at = known.as_ref().and_then(Subscription::bought_at);
    let event = |at| Event {
        plan: resolved.plan_id.filter(|plan| !plan.is_empty()),
        occurred_at: Some(at),
        ..Event::new(EventKind::Installed, &account, format!("install:{account}"), proof.evidence())
    };
    let events = bought_at.or(is_new.then_some(arrival.now)).map(event).into_iter().collect();
    let query = arrival.query().ok_or_else(|| unreadable("the query is not urlencoded"))?.to_owned();
    Ok(Told::new(events, Reply::Relay { account, query }))
}

impl Adapter for Microsoft {
    fn marketplace(&self) -> Marketplace {
        Marketplace::Microsoft
    }

    fn kinds(&self) -> &'static [Kind] {
        &[LANDING, WEBHOOK]
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn guide(&self) -> Guide {
        Guide {
            title: "Microsoft AppSource and Azure Marketplace",
            kinds: &[
                (
                    LANDING.name,
                    "the offer's landing page URL: has the `token` resolved, which is the install, binds the visitor's clicks \
                     to the purchase, and goes on to `forward_to` with the query as it came, for the product to resolve the \
                     token again and to activate the purchase, which Signpost never does; without a `token` it goes on and \
                     tells nothing",
                ),
                (
                    WEBHOOK.name,
                    "the offer's connection webhook, or what the product's own webhook passes on with the header \
                     `Authorization` as it came: plan and seats changed, suspended, reinstated, cancelled; `Subscribe` and \
                     `Renew` are charges of a term. Answered 200 whatever it tells: Signpost accepts and vetoes nothing",
                ),
            ],
            secrets: &[(
                "client_secret",
                "a client secret of the offer's Entra application, with which Microsoft is asked; without it the landing page \
                 binds nothing, and nobody confirms what comes to the webhook",
            )],
            settings: &[
                (
                    "tenant_id",
                    "the publisher's tenant, a GUID, as in the offer's technical configuration; without it every webhook is \
                     refused",
                ),
                (
                    "client_id",
                    "id of the Entra application in the offer's technical configuration, a GUID: every token must be made for \
                     it; without it every webhook is refused",
                ),
                (
                    "audiences",
                    "a list instead of `client_id`, for tokens that are made for `api://…`, or for several applications",
                ),
                ("plans", "what a term of each plan costs, by the plan's id in the offer (see above)"),
            ],
            proof: "landing page: Microsoft's API resolves the token and names the purchase (`api_poll`). Webhook: a token of \
                    Entra's (RS256 under the tenant's published keys, of the Marketplace SaaS API, for the application). It \
                    does not cover the body, so Microsoft is asked for the operation, and, where it keeps none, for the \
                    purchase: what it confirms is `api_poll`, what it denies is left out and logged. Without `client_secret`, \
                    or where a renewal came and the purchase has gone on since, it is `transport_only`, and its commissions \
                    are held",
            carrier: "the visitor's cookie, on the landing page",
            limits: "nothing of a listing's link reaches the landing page or the webhook: a buyer who configures the purchase in \
                     another browser than that of the click is not attributed; Microsoft tells no amounts: a charge names its \
                     plan, whose price `plans` must say, for one term and whatever the number of seats; there \
                     is no webhook for refunds: they come in by the API; usage that is billed by metering is not seen; a \
                     purchase in a free trial is not charged, and one for a test (`isTest`) tells nothing; a change of \
                     plans counts while it is in progress, because Microsoft may tell nothing more, and one that failed sets \
                     the plan back; leads (the lead connector) are not signed and are not taken in",
        }
    }

    fn verify<'a>(&self, arrival: &Arrival<'a>) -> Result<Proof<'a>, Refusal> {
        if arrival.kind == LANDING { arrived(arrival) } else { webhook::verify(arrival) }
    }

    fn parse(&self, proof: &Verified<'_>, arrival: &Arrival<'_>) -> Result<Told, Unreadable> {
        if arrival.kind == LANDING { installed(proof, arrival) } else { webhook::read(proof, arrival) }
    }

    fn refused(&self, _: Kind) -> Answer {
        Answer::unauthorized()
    }
}
