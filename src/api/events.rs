//! Every change, oldest first, for syncing.

use super::{
    call::{Call, List},
    cursor,
    http::Response,
    problem::Problem,
};
use crate::{
    domain::time::Timestamp,
    store::{SqlError, events},
};
use serde::Serialize;
use serde_json::value::RawValue;

/// An event.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct EventView {
    /// Id.
    id: String,
    /// What changed.
    #[serde(rename = "type")]
    kind: &'static str,
    /// When.
    created_at: Timestamp,
    /// Pass it as `after` to go on behind this event, now or later.
    cursor: String,
    /// What changed, as the API shows it, with its number within the programme.
    data: Box<RawValue>,
}

/// `GET /v1/events`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let query = call.query(&["after", "cursor", "limit"])?;
    let limit = query.limit()?;
    let list = format!("events {}", call.caller.partner.map_or(0, |partner| partner));
    let after = query.text("after").or(query.text("cursor"));
    let after = after.map(|text| cursor::decode(&list, text)).transpose()?.unwrap_or(0);
    let mut rows = events::after(call.sql, after, call.caller.partner, limit.saturating_add(1))?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let mut data = Vec::with_capacity(rows.len());
    for event in rows {
        let raw = RawValue::from_string(event.data);
        data.push(EventView {
            id: event.id.to_string(),
            kind: event.kind.as_str(),
            created_at: event.at,
            cursor: cursor::encode(&list, event.seq),
            data: raw.map_err(|error| SqlError::Engine(error.to_string()))?,
        });
    }
    let next_cursor = data.last().filter(|_| more).map(|last| last.cursor.clone());
    call.json(200, &List { data, next_cursor })
}
