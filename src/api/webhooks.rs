//! Endpoints that receive events.

pub mod deliveries;
pub mod replay;

use super::http::{
    call::Call,
    checks::Checks,
    failure::Failure,
    message::Response,
    problems::{Code, Problem},
    table::Row,
};
use crate::{
    domain::{
        delivery::{
            endpoint::{
                ApiVersion, EndpointStatus, EventFilter, Filters, MAX_ENDPOINTS, MAX_ENDPOINTS_OF_PARTNER,
                PauseReason, Receiver,
            },
            receiver_url::{self, UrlRefusal},
        },
        event::EventType,
        programme::partner::PartnerNo,
        values::{
            id::{EventId, PartnerId, WebhookId},
            limits,
        },
    },
    ledger::{
        view::view,
        webhooks::{self as endpoints, SecretError, WebhookView, commit, new_secret, paused, show},
    },
    store::{
        Sql,
        log::events,
        programme::partners,
        webhooks::{self, Webhook},
    },
};
use serde::{Deserialize, Serialize};

/// An endpoint to create.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewWebhook {
    /// The URL that receives the events: https, a public host, no user name or password, no fragment.
    url: String,
    /// The types of events to send, or `*` for all.
    events: Vec<String>,
    /// A note.
    description: Option<String>,
    /// Sends this partner's events only, as the partner sees them. A partner's key creates its own partner's endpoints.
    partner_id: Option<String>,
    /// The version of the payloads; the newest if absent.
    api_version: Option<ApiVersion>,
}

/// Changes to an endpoint.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct WebhookChange {
    /// The URL that receives the events.
    url: Option<String>,
    /// The types of events to send, or `*` for all; replaces all of them.
    events: Option<Vec<String>>,
    /// A note.
    #[serde(default, deserialize_with = "strict_json::double_option")]
    description: Option<Option<String>>,
    /// `paused` stops deliveries; events wait. `active` delivers them.
    status: Option<EndpointStatus>,
    /// The version of the payloads.
    api_version: Option<ApiVersion>,
}

/// An endpoint with its signing secret.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct MadeWebhook {
    /// The signing secret, shown once: a replay of the response leaves it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    #[serde(flatten)]
    view: WebhookView,
}

view! {
    /// A test that was sent.
    pub struct SentTest {
        /// The id of its event, which is in the list of deliveries.
        event_id: EventId,
    }
}

/// The URL of a request in its normal form.
fn checked_url(call: &Call<'_>, checks: &mut Checks, url: &str) -> String {
    match receiver_url::check(url, call.tx.config.reach) {
        Ok(url) => url,
        Err(refusal) => {
            let code = match refusal {
                UrlRefusal::Malformed => Code::InvalidUrl,
                UrlRefusal::NotHttps => Code::UrlNotHttps,
                UrlRefusal::Credentials => Code::UrlWithCredentials,
                UrlRefusal::NotPublic => Code::HostNotPublic,
            };
            checks.refuse(code, "url", refusal.to_string());
            String::new()
        }
    }
}

/// The filter of a request.
fn checked_events(checks: &mut Checks, words: &[String]) -> EventFilter {
    checks.count("events", words.len(), limits::EVENTS);
    match EventFilter::parse(words.iter().map(String::as_str)) {
        Ok(filter) => filter,
        Err(word) => {
            let detail =
                format!("{word:?} is no type of event; /docs/enumerations lists all. \"*\" stands for all.");
            checks.refuse(Code::UnknownEvent, "events", detail);
            EventFilter::Types(Vec::new())
        }
    }
}

/// The partner whose endpoint is created.
fn owner(call: &Call<'_>, checks: &mut Checks, named: Option<&str>) -> Result<Option<PartnerNo>, Problem> {
    let Some(named) = named else { return Ok(call.caller.partner) };
    let partner = PartnerId::parse(named).map(|id| partners::by_id(call.tx.sql, &id)).transpose()?.flatten();
    if call.caller.partner.is_some() && partner.as_ref().map(|partner| partner.no) != call.caller.partner {
        return Err(Problem::not_found());
    }
    if partner.is_none() {
        checks.refuse(Code::UnknownPartner, "partner_id", "There is no partner with this id.");
    }
    Ok(partner.map(|partner| partner.no))
}

/// Refuses one endpoint too many.
fn check_number(call: &Call<'_>, partner: Option<PartnerNo>) -> Result<(), Problem> {
    if webhooks::count(call.tx.sql, None)? >= MAX_ENDPOINTS {
        let detail =
            format!("A programme has at most {MAX_ENDPOINTS} webhooks. Delete one that is not used.");
        return Err(Problem::new(Code::WebhookLimit, detail));
    }
    if partner.is_some() && webhooks::count(call.tx.sql, partner)? >= MAX_ENDPOINTS_OF_PARTNER {
        let detail = format!(
            "A partner has at most {MAX_ENDPOINTS_OF_PARTNER} webhooks. Delete one that is not used."
        );
        return Err(Problem::new(Code::WebhookLimit, detail));
    }
    Ok(())
}

/// `POST /v1/webhooks`
pub fn create(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewWebhook = call.body()?;
    let mut checks = Checks::default();
    let url = checked_url(call, &mut checks, &body.url);
    let events = checked_events(&mut checks, &body.events);
    checks.text("description", body.description.as_deref(), limits::DESCRIPTION);
    let partner_no = owner(call, &mut checks, body.partner_id.as_deref())?;
    checks.finish()?;
    check_number(call, partner_no)?;
    let id = call.tx.new_id(WebhookId::generate);
    let (secret, sealed) = new_secret(call.tx, &id, None).map_err(refused)?;
    let webhook = Webhook {
        no: webhooks::next_no(call.tx.sql)?,
        id,
        receiver: Receiver::Https,
        partner_no,
        url,
        events: Filters::new(events),
        description: body.description,
        status: EndpointStatus::Active,
        pause_reason: None,
        paused_at: None,
        api_version: body.api_version.unwrap_or(ApiVersion::NEWEST),
        secrets: sealed,
        start_seq: events::last_seq(call.tx.sql)?,
        created_by: call.caller.id.clone(),
        created_at: call.tx.now,
        updated_at: call.tx.now,
    };
    let view = commit(call.tx, EventType::WebhookCreated, &webhook)?;
    let location = format!("/v1/webhooks/{}", view.id);
    Ok(call.json(201, &MadeWebhook { secret: Some(secret.text()), view })?.with_header("location", location))
}

fn refused(error: SecretError) -> Failure {
    match error {
        SecretError::TooMany => {
            let detail = "Its secret was rotated four times within 24 hours, and all five still sign. Wait until the \
                          oldest one expires.";
            Problem::new(Code::StateConflict, detail).into()
        }
        SecretError::Sql(error) => error.into(),
    }
}

/// The endpoint that the path names, if the caller may see it.
pub(super) fn named(call: &Call<'_>) -> Result<Webhook, Problem> {
    let id = call.id(WebhookId::parse)?;
    let found = webhooks::by_id(call.tx.sql, &id)?;
    let is_visible =
        |webhook: &Webhook| call.caller.partner.is_none() || webhook.partner_no == call.caller.partner;
    found
        .filter(|webhook| webhook.receiver == Receiver::Https && is_visible(webhook))
        .ok_or_else(Problem::not_found)
}

/// The endpoint that the path names, if it is active.
fn active(call: &Call<'_>) -> Result<Webhook, Problem> {
    let webhook = named(call)?;
    match webhook.status {
        EndpointStatus::Active => Ok(webhook),
        EndpointStatus::Paused => {
            let detail = "The webhook is paused. Set its status to active first.";
            Err(Problem::new(Code::StateConflict, detail))
        }
    }
}

impl Row for WebhookView {
    const COLUMNS: &'static str = "id,url,events,description,partner_id,status,pause_reason,paused_at,api_version,created_at,updated_at";
}

/// `GET /v1/webhooks`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let fetch = |sql: &dyn Sql, page| webhooks::list(sql, call.caller.partner, page);
    call.page("webhooks", fetch, |webhook| webhook.no, |webhook| show(call.tx.sql, webhook))
}

/// `GET /v1/webhooks/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &show(call.tx.sql, &named(call)?)?)
}

/// `PATCH /v1/webhooks/{id}`
pub fn patch(call: &Call<'_>) -> Result<Response, Failure> {
    let before = named(call)?;
    let body: WebhookChange = call.body()?;
    let mut checks = Checks::default();
    let mut webhook = before.clone();
    if let Some(url) = &body.url {
        webhook.url = checked_url(call, &mut checks, url);
    }
    if let Some(words) = &body.events {
        let filter = checked_events(&mut checks, words);
        if filter != webhook.events.current {
            webhook.events.change(filter, events::last_seq(call.tx.sql)?);
        }
    }
    checks.text("description", body.description.as_ref().and_then(Option::as_deref), limits::DESCRIPTION);
    checks.finish()?;
    webhook.description = body.description.unwrap_or(webhook.description);
    webhook.api_version = body.api_version.unwrap_or(webhook.api_version);
    match (before.status, body.status) {
        (EndpointStatus::Active, Some(EndpointStatus::Paused)) => {
            webhook = paused(webhook, PauseReason::Requested, call.tx.now);
        }
        (EndpointStatus::Paused, Some(EndpointStatus::Active)) => {
            (webhook.status, webhook.pause_reason, webhook.paused_at) = (EndpointStatus::Active, None, None);
        }
        (_, None)
        | (EndpointStatus::Active, Some(EndpointStatus::Active))
        | (EndpointStatus::Paused, Some(EndpointStatus::Paused)) => {}
    }
    if webhook == before {
        return call.json(200, &show(call.tx.sql, &before)?);
    }
    webhook.updated_at = call.tx.now;
    call.json(200, &commit(call.tx, EventType::WebhookUpdated, &webhook)?)
}

/// `DELETE /v1/webhooks/{id}`
pub fn delete(call: &Call<'_>) -> Result<Response, Failure> {
    endpoints::delete(call.tx, &named(call)?)?;
    Ok(Response::empty(204))
}

/// `POST /v1/webhooks/{id}/rotate`
pub fn rotate(call: &Call<'_>) -> Result<Response, Failure> {
    let before = named(call)?;
    let (secret, sealed) = new_secret(call.tx, &before.id, Some(&before)).map_err(refused)?;
    let webhook = Webhook { secrets: sealed, updated_at: call.tx.now, ..before };
    let view = commit(call.tx, EventType::WebhookSecretRotated, &webhook)?;
    call.json(200, &MadeWebhook { secret: Some(secret.text()), view })
}

/// `POST /v1/webhooks/{id}/test`
pub fn test(call: &Call<'_>) -> Result<Response, Failure> {
    let webhook = active(call)?;
    call.json(202, &SentTest { event_id: endpoints::test(call.tx, &webhook)? })
}

/// The response of [`create`] as a replay shows it: without the secret, which is shown once.
#[must_use]
pub fn without_secret(answer: &str) -> String {
    super::http::body::without(answer, "secret")
}
