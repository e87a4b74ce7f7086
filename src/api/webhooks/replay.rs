//! `POST /v1/webhooks/{id}/replay`.

use super::{
    super::http::{
        call::Call,
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    active,
};
use crate::{
    delivery::fan_out::received,
    domain::values::{
        id::{EventId, WebhookId},
        limits,
    },
    ledger::{terms, view::view, webhooks},
    store::{
        delivery::queue::Event,
        log::{archive::LogError, relay},
        webhooks::Webhook,
    },
};
use serde::Deserialize;

/// The events to send again: those with these ids, or those of a period that the endpoint receives.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewReplay {
    /// Ids of events, also of types that the endpoint does not receive otherwise.
    event_ids: Option<Vec<String>>,
    /// The beginning of the period.
    from: Option<String>,
    /// The end of the period, exclusive; now if absent.
    to: Option<String>,
}

view! {
    /// What is sent again.
    pub struct ReplayView {
        /// The endpoint.
        webhook_id: WebhookId,
        /// The number of events.
        events: i64,
    }
}

/// The number of segments of the log in KV that one request reads. A segment has at most 500 events and about 1 MiB.
const SEGMENTS: usize = 16;

/// The events with these ids, as the endpoint receives them.
fn named_events(call: &Call<'_>, webhook: &Webhook, ids: &[String]) -> Result<Vec<Event>, Failure> {
    let mut checks = Checks::default();
    checks.count("event_ids", ids.len(), limits::EVENT_IDS);
    checks.finish()?;
    let mut checks = Checks::default();
    let sees_customers = terms::current(call.tx)?.partners_see_customers;
    let (log, mut found) = (call.log()?, Vec::with_capacity(ids.len()));
    for (place, id) in ids.iter().enumerate() {
        let event = match EventId::parse(id).map(|id| log.by_id(&id)).transpose() {
            Err(LogError::SegmentNeeded(_)) if call.segments.len() >= SEGMENTS => {
                let detail = "These events are in too many segments of the log. Send fewer ids, or a period.";
                return Err(Problem::field(Code::OutOfRange, "/event_ids", detail).into());
            }
            event => event?.flatten(),
        };
        let visible =
            event.filter(|event| webhook.partner_no.is_none() || event.partner_no == webhook.partner_no);
        match visible {
            Some(event) => found.push(received(event, webhook.partner_no, sees_customers)?),
            None => {
                let detail = format!("There is no event {id:?} that this endpoint may receive.");
                checks.refuse(Code::UnknownEventId, &format!("event_ids/{place}"), detail);
            }
        }
    }
    checks.finish()?;
    Ok(found)
}

/// `POST /v1/webhooks/{id}/replay`
pub fn replay(call: &Call<'_>) -> Result<Response, Failure> {
    let webhook = active(call)?;
    let body: NewReplay = call.body()?;
    let mut checks = Checks::default();
    let from = checks.time("from", body.from.as_deref());
    let to = checks.time("to", body.to.as_deref());
    checks.finish()?;
    let events = match (&body.event_ids, from) {
        (Some(ids), None) if to.is_none() => {
            let events = named_events(call, &webhook, ids)?;
            let count = i64::try_from(events.len()).unwrap_or(i64::MAX);
            webhooks::deliver_again(call.tx, &webhook, events)?;
            count
        }
        (None, Some(from)) => {
            let to = to.unwrap_or(call.tx.now);
            if to <= from {
                let detail = format!("The period begins at {from}; send a later end.");
                return Err(Problem::field(Code::EndsBeforeStart, "/to", detail).into());
            }
            let log = call.log()?;
            let (after, through) = (log.last_before(from)?, log.last_before(to)?);
            let count = relay::count(&log, after, through, webhook.partner_no, &webhook.events.current)?;
            if count > 0 {
                webhooks::replay(call.tx, &webhook, after, through)?;
            }
            count
        }
        (None | Some(_), _) => {
            let detail = "Send either \"event_ids\", or \"from\" and, if you like, \"to\".";
            return Err(Problem::new(Code::MisplacedField, detail).into());
        }
    };
    call.json(202, &ReplayView { webhook_id: webhook.id, events })
}
