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
    ledger::{event_visibility::as_partner_sees, terms},
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
    let sees_customers = terms::current(call.tx)?.partners_see_customers;
    for event in rows {
        let text = if call.caller.partner.is_some() {
            as_partner_sees(event.kind, &event.data, sees_customers)?
        } else {
            event.data
        };
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
