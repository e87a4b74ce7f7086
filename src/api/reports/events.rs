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
        log::{
            archive::LogError,
            events::{self, Event, Filter, Range},
        },
        value::MAX_SAFE_INTEGER,
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

/// The number of segments of the log in KV that one page reads. A segment has at most 500 events and about 1 MiB.
const SEGMENTS_PER_PAGE: usize = 4;
/// The number of steps of a page. Each reads one segment, or finds that 200 of them have nothing for the filter.
const STEPS_PER_PAGE: usize = 16;

/// Reads the events of a page and one more, if there are more. A page that would take too many steps ends earlier: then the last event
/// that was considered is returned too.
fn read(
    call: &Call<'_>,
    after: i64,
    filter: &Filter,
    limit: i64,
) -> Result<(Vec<Event>, Option<i64>), Failure> {
    let log = call.log()?;
    let types = filter.kind.as_ref().map(std::slice::from_ref);
    let (mut found, mut after, mut left) = (Vec::new(), after, limit);
    for _ in 0..STEPS_PER_PAGE {
        if after >= log.pruned {
            found.extend(events::list(log.sql, after, filter, left)?);
            return Ok((found, None));
        }
        let range = Range { after, through: log.pruned, partner: filter.partner, types };
        let (events, through) = match log.read(&range, left, MAX_SAFE_INTEGER) {
            Err(LogError::SegmentNeeded(_)) if call.segments.len() >= SEGMENTS_PER_PAGE => break,
            result => result?,
        };
        left = left.saturating_sub(i64::try_from(events.len()).unwrap_or(left));
        found.extend(events);
        after = through;
        if left == 0 {
            return Ok((found, None));
        }
    }
    Ok((found, Some(after)))
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
    let (mut rows, stopped_at) = read(call, after, &filter, limit.saturating_add(1))?;
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more).map(|event| event.seq);
    let next_cursor = last.or(stopped_at).map(|seq| cursor::encode(&list, seq));
    let sees_customers = terms::current(call.tx)?.partners_see_customers;
    let view = |event| view(call, &list, event, sees_customers);
    let data = rows.into_iter().map(view).collect::<Result<_, _>>()?;
    let mut total = call.total(&query, |sql, page| events::list(sql, 0, &filter, page.limit))?;
    if let Some(total) = &mut total {
        let log = call.log()?;
        let types = filter.kind.as_ref().map(std::slice::from_ref);
        let pruned = log.count(&Range { after: 0, through: log.pruned, partner: filter.partner, types })?;
        *total = total.saturating_add(pruned);
    }
    call.list(List { data, next_cursor, total })
}

fn view(call: &Call<'_>, list: &str, event: Event, sees_customers: bool) -> Result<EventView, SqlError> {
    let text = match call.caller.partner {
        Some(_) => as_partner_sees(event.kind, &event.data, sees_customers)?,
        None => event.data,
    };
    Ok(EventView {
        id: event.id,
        kind: event.kind,
        created_at: event.at,
        cursor: cursor::encode(list, event.seq),
        data: RawValue::from_string(text).map_err(|error| SqlError::Engine(error.to_string()))?,
    })
}
