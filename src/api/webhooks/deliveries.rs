//! `GET /v1/webhooks/{id}/deliveries`. The attempts are in the object of the endpoint; the Worker asks the Ledger for the query, then
//! the object, then the Ledger for the page.

use super::{
    super::http::{
        call::{Call, List},
        cursor,
        failure::Failure,
        message::Response,
        query::Query,
        table::Row,
    },
    named,
};
use crate::{
    domain::{
        event::EventType,
        values::{id::EventId, time::Timestamp},
    },
    ledger::view::view,
    store::{
        Page, Sql, SqlError, count,
        delivery::attempts::{self, Attempt, AttemptStatus},
    },
};
use serde::{Deserialize, Serialize};

view! {
    /// An attempt to deliver an event.
    pub struct DeliveryView {
        /// The event.
        event_id: EventId,
        /// Its type.
        r#type: EventType,
        /// 1 for the first attempt. An event that is sent again begins with 1.
        attempt: u32,
        /// What became of it.
        status: AttemptStatus,
        /// The status of the response; `null` without one.
        http_status: Option<u16>,
        /// Why there was no response.
        error: Option<String>,
        /// How long it took, in milliseconds.
        latency_ms: i64,
        /// When it began.
        attempted_at: Timestamp,
        /// When the next attempt is due; `null` if there is none.
        next_attempt_at: Option<Timestamp>,
        /// The first 1,024 bytes of the response.
        response_excerpt: String,
        /// Whether the event was sent again on request.
        replay: bool,
    }
}

impl Row for DeliveryView {
    const COLUMNS: &'static str = "event_id,type,attempt,status,http_status,error,latency_ms,attempted_at,next_attempt_at,\
                                   response_excerpt,replay";
}

/// A query to the object of an endpoint.
#[derive(Debug, Serialize, Deserialize)]
pub struct AttemptsQuery {
    /// The endpoint.
    pub destination: String,
    /// Only attempts of which this became.
    pub status: Option<AttemptStatus>,
    /// Only attempts before this number.
    pub before: Option<i64>,
    /// The maximum number of attempts.
    pub limit: i64,
    /// Whether all attempts are counted.
    pub count: bool,
}

/// What the object of an endpoint returns.
#[derive(Debug, Serialize, Deserialize)]
pub struct FoundAttempts {
    /// The attempts, newest first.
    pub attempts: Vec<Attempt>,
    /// The number of attempts of all pages, if they were counted.
    pub total: Option<i64>,
}

/// Answers a query in the object of an endpoint.
pub fn find(sql: &dyn Sql, query: &AttemptsQuery) -> Result<FoundAttempts, SqlError> {
    let fetch = |sql: &dyn Sql, page| attempts::list(sql, query.status, page);
    let page = Page { before: query.before, ..Page::first(query.limit) };
    let total = if query.count { Some(count(sql, fetch)?) } else { None };
    Ok(FoundAttempts { attempts: fetch(sql, page)?, total })
}

const KNOWN: &[&str] = &["status", "limit", "cursor", "count"];

fn list_name(call: &Call<'_>, query: &Query) -> String {
    call.list_name(&format!("deliveries {}", call.params.first().map_or("", String::as_str)), query)
}

/// `GET /internal/webhooks/{id}/deliveries`: what to ask the object for.
pub fn start(call: &Call<'_>) -> Result<Response, Failure> {
    let webhook = named(call)?;
    let query = call.query(KNOWN)?;
    let list = list_name(call, &query);
    call.json(
        200,
        &AttemptsQuery {
            destination: webhook.id.to_string(),
            status: query.choice("status", AttemptStatus::ALL, AttemptStatus::as_str)?,
            before: query.cursor("cursor").map(|text| cursor::decode(&list, text)).transpose()?,
            // One more tells whether there is a next page.
            limit: query.limit()?.saturating_add(1),
            count: query.flag("count")?.unwrap_or_default(),
        },
    )
}

/// `POST /internal/webhooks/{id}/deliveries`: shows what the object has returned.
pub fn show(call: &Call<'_>) -> Result<Response, Failure> {
    named(call)?;
    let query = call.query(KNOWN)?;
    let limit = usize::try_from(query.limit()?).unwrap_or(usize::MAX);
    let unreadable =
        |error: &dyn std::fmt::Display| SqlError::Engine(format!("attempts cannot be parsed: {error}"));
    let body = std::str::from_utf8(call.request.body).map_err(|error| unreadable(&error))?;
    let FoundAttempts { mut attempts, total } =
        strict_json::from_str(body).map_err(|error| unreadable(&error))?;
    let more = attempts.len() > limit;
    attempts.truncate(limit);
    let list = list_name(call, &query);
    let next_cursor = attempts.last().filter(|_| more).map(|attempt| cursor::encode(&list, attempt.no));
    let data = attempts.into_iter().map(view).collect();
    call.list(List { data, next_cursor, total })
}

fn view(attempt: Attempt) -> DeliveryView {
    DeliveryView {
        event_id: attempt.event_id,
        r#type: attempt.kind,
        attempt: attempt.attempt,
        status: attempt.status,
        http_status: attempt.http_status,
        error: attempt.error,
        latency_ms: attempt.latency_ms,
        attempted_at: attempt.attempted_at,
        next_attempt_at: attempt.next_attempt_at,
        response_excerpt: attempt.response_excerpt,
        replay: attempt.is_replay,
    }
}
