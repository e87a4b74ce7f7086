//! The log of changes, oldest first, for synchronisation.

use crate::{
    api::http::{
        call::{Call, List},
        cursor,
        failure::Failure,
        message::Response,
        table::Row,
    },
    domain::{
        event::EventType,
        values::{id::EventId, time::Timestamp},
    },
    store::{
        SqlError,
        log::events::{self, Filter},
    },
};
use serde::Serialize;
use serde_json::value::RawValue;

/// An event.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct EventView {
    /// Id.
    id: EventId,
    /// What changed.
    #[serde(rename = "type")]
    kind: EventType,
    /// When.
    created_at: Timestamp,
    /// Pass it as `after` to go on behind this event, now or later.
    cursor: String,
    /// What changed, as the API shows it, with its number within the programme.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    data: Box<RawValue>,
}

/// The parts of an event that may be hidden from partners, as JSON pointers: a click that the conversion named, and what the
/// operator noted on a decision.
fn private(kind: EventType) -> &'static [&'static str] {
    const OF_CONVERSION: [EventType; 3] =
        [EventType::ConversionCreated, EventType::ConversionCredited, EventType::ConversionConfirmed];
    const OF_QUALIFICATION: [EventType; 2] =
        [EventType::ConversionQualified, EventType::ConversionUnqualified];
    const WITH_NOTE: [EventType; 3] =
        [EventType::CommissionReleased, EventType::CommissionRejected, EventType::BalanceWrittenOff];
    if OF_CONVERSION.contains(&kind) {
        &["/click_id", "/qualification/reason"]
    } else if OF_QUALIFICATION.contains(&kind) {
        &["/qualification/reason"]
    } else if WITH_NOTE.contains(&kind) {
        &["/note"]
    } else {
        &[]
    }
}

/// What a partner sees of an event. A click that the conversion named but that did not earn may be another partner's, and is
/// removed like the operator's notes.
fn own(kind: EventType, data: String) -> Result<String, SqlError> {
    let private = private(kind);
    if private.is_empty() {
        return Ok(data);
    }
    let mut visible: serde_json::Value =
        strict_json::from_str(&data).map_err(|error| SqlError::Engine(error.to_string()))?;
    let credits = visible.pointer("/attribution/credits").and_then(serde_json::Value::as_array).cloned();
    for pointer in private {
        let Some(hidden) = visible.pointer_mut(pointer) else { continue };
        let has_earned = |credit: &serde_json::Value| credit.get("click_id") == Some(hidden);
        if !credits.iter().flatten().any(has_earned) {
            *hidden = serde_json::Value::Null;
        }
    }
    Ok(visible.to_string())
}

impl Row for EventView {
    const COLUMNS: &'static str = "id,type,created_at,cursor,data";
}

/// `GET /v1/events`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["type", "after", "cursor", "limit", "count"])?;
    let limit = query.limit()?;
    let kind = query.choice("type", EventType::ALL, EventType::as_str)?;
    let list = call.list_name("events", &query);
    let after = query.cursor("after").or(query.cursor("cursor"));
    let after = after.map(|text| cursor::decode(&list, text)).transpose()?.unwrap_or(0);
    let filter = Filter { partner: call.caller.partner, kind };
    let mut rows = events::list(call.tx.sql, after, &filter, limit.saturating_add(1))?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let mut data = Vec::with_capacity(rows.len());
    for event in rows {
        let text = if call.caller.partner.is_some() { own(event.kind, event.data)? } else { event.data };
        let data_shown = RawValue::from_string(text).map_err(|error| SqlError::Engine(error.to_string()))?;
        data.push(EventView {
            id: event.id,
            kind: event.kind,
            created_at: event.at,
            cursor: cursor::encode(&list, event.seq),
            data: data_shown,
        });
    }
    let next_cursor = data.last().filter(|_| more).map(|last| last.cursor.clone());
    let total = call.total(&query, |sql, page| events::list(sql, 0, &filter, page.limit))?;
    call.list(List { data, next_cursor, total })
}
