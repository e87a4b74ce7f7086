//! Writes to KV that follow changes of the Ledger: the snapshot for redirects, keys of slugs and paths, and the event
//! log. All writes are idempotent.

use crate::domain::{
    event::EventType,
    links::{destination::ClickIdTransport, link::LinkNo},
    programme::{cookies::CookiePolicy, partner::PartnerNo},
    values::{id::EventId, time::Timestamp},
};
use crate::store::{
    Sql, SqlError,
    imports::has_queued_clicks,
    links,
    log::events,
    meta,
    programme::listings,
    value::{MAX_SAFE_INTEGER, json_text},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// The minimum interval between writes of the snapshot: KV accepts one write per second for a key.
const SNAPSHOT_EVERY_MS: i64 = 1_000;
/// The number of pending events that closes a segment of the log.
pub const SEGMENT_EVENTS: i64 = 500;
/// The length of the pending events that closes a segment of the log. KV takes values of up to 25 MiB.
pub const SEGMENT_BYTES: i64 = 1024 * 1024;
/// The age of the oldest pending event that closes a segment of the log.
const SEGMENT_AGE_MS: i64 = 60_000;
/// How long new events are collected before they are handed to the relay.
const RELAY_AFTER_MS: i64 = 100;
/// The KV prefix of segments of the event log.
pub const EVENT_SEGMENTS: &str = "log/events/";
/// The maximum number of keys written in one step. The platform allows 1,000 operations per invocation.
const WRITES_A_STEP: i64 = 200;

#[derive(Serialize)]
struct Snapshot {
    version: i64,
    click_param: String,
    landing_url: Option<String>,
    cookies: CookiePolicy,
    max_link_no: i64,
    listings: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    carry: BTreeMap<String, ClickIdTransport>,
    blocked: Vec<(LinkNo, LinkNo)>,
    listing_ids: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    revised: Vec<(LinkNo, u32, i64)>,
}

/// Groups ascending numbers into inclusive ranges.
fn ranges(numbers: &[LinkNo]) -> Vec<(LinkNo, LinkNo)> {
    let mut ranges: Vec<(LinkNo, LinkNo)> = Vec::new();
    for &no in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(no) => *last = no,
            _ => ranges.push((no, no)),
        }
    }
    ranges
}

/// Returns the current snapshot as JSON (see ARCHITECTURE.md for its form).
pub fn snapshot(sql: &dyn Sql) -> Result<String, SqlError> {
    let program = meta::program(sql)?;
    let (mut by_no, mut carry) = (BTreeMap::new(), BTreeMap::new());
    for (no, url, transport) in listings::urls(sql)? {
        by_no.insert(no.to_string(), url);
        if transport != ClickIdTransport::Parameter {
            carry.insert(no.to_string(), transport);
        }
    }
    json_text(&Snapshot {
        version: snapshot_version(sql)?,
        click_param: program.as_ref().map_or_else(
            || crate::domain::programme::Program::DEFAULT_CLICK_PARAM.to_owned(),
            |program| program.click_param.clone(),
        ),
        cookies: program.as_ref().map(|program| program.cookies).unwrap_or_default(),
        landing_url: program.and_then(|program| program.landing_url),
        max_link_no: links::next_no(sql)?.saturating_sub(1),
        listings: by_no,
        carry,
        blocked: ranges(&links::blocked(sql)?),
        listing_ids: listings::ids(sql)?,
        revised: links::revised(sql)?
            .into_iter()
            .map(|(no, revision, expires_at)| {
                (no, revision, expires_at.map_or(0, |at| at.ms().div_euclid(1000)))
            })
            .collect(),
    })
}

/// Returns the version of the current snapshot, which increases with every change that redirects depend on.
pub fn snapshot_version(sql: &dyn Sql) -> Result<i64, SqlError> {
    Ok(meta::get_int(sql, meta::name::SNAPSHOT_VERSION)?.unwrap_or(0))
}

/// Increases the snapshot version after a change that redirects depend on.
pub fn bump_snapshot_version(sql: &dyn Sql) -> Result<(), SqlError> {
    meta::set_int(sql, meta::name::SNAPSHOT_VERSION, snapshot_version(sql)?.saturating_add(1))
}

/// Queues a KV write.
pub fn queue_write(sql: &dyn Sql, key: &str, value: &str) -> Result<(), SqlError> {
    let statement = "INSERT INTO kv_writes (key, value, version) VALUES (?1, ?2, 1) \
                     ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = version + 1";
    sql.exec(statement, &[key.into(), value.into()]).map(drop)
}

/// Returns the KV key of a slug.
#[must_use]
pub fn slug_key(slug: &str) -> String {
    format!("slug/{slug}")
}

/// Returns the KV key of a link's path and query. A link that was never changed has revision 0.
#[must_use]
pub fn path_key(no: LinkNo, revision: u32) -> String {
    if revision == 0 { format!("path/{no}") } else { format!("path/{no}/{revision}") }
}

/// A KV write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Put {
    /// Key.
    pub key: String,
    /// Value.
    pub value: String,
    /// Metadata of a log segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Segment>,
}

/// Metadata of a log segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// The time of the first line in Unix milliseconds.
    pub from_ms: i64,
    /// The time of the last line in Unix milliseconds.
    pub to_ms: i64,
    /// The position of the first line.
    pub first: i64,
    /// The position of the last line.
    pub last: i64,
}

/// Identifies the writes that were returned, so that they can be acknowledged.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Ack {
    snapshot: Option<i64>,
    keys: Vec<(String, i64)>,
    events: Option<i64>,
}

/// Pending writes, and when to check again.
#[derive(Debug, Serialize)]
pub struct Work {
    /// Writes to make.
    pub puts: Vec<Put>,
    /// The token to pass to [`done`] after all writes have been made.
    pub ack: String,
    /// When to check again, in Unix milliseconds; `None` means after the next change.
    pub next_at_ms: Option<i64>,
}

/// An event as a line of the log.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "LoggedEvent"))]
pub struct Line<'a> {
    /// Always `event`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = "event")))]
    kind: &'static str,
    /// The position in the log of events.
    seq: i64,
    /// The public id.
    id: &'a EventId,
    /// The type of the event.
    #[serde(rename = "type")]
    event: EventType,
    /// When it was recorded.
    created_at: Timestamp,
    /// The number of the partner that it belongs to; absent if it belongs to the programme, or in older logs.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_no: Option<PartnerNo>,
    /// The change as the API returns it.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    data: &'a RawValue,
    /// The data for rebuilding a Ledger; its form is internal to Signpost.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(
        not(target_arch = "wasm32"),
        schemars(with = "Option<serde_json::Map<String, serde_json::Value>>")
    )]
    ledger: Option<&'a RawValue>,
}

/// Formats an event as a line of the log and the export, without the line end.
pub fn event_line(event: &events::Event) -> Result<String, SqlError> {
    let raw = |text| serde_json::from_str(text).map_err(|_| SqlError::Shape { column: 5, expected: "JSON" });
    json_text(&Line {
        kind: "event",
        seq: event.seq,
        id: &event.id,
        event: event.kind,
        created_at: event.at,
        partner_no: event.partner_no,
        data: raw(&event.data)?,
        ledger: event.ledger.as_deref().map(raw).transpose()?,
    })
}

/// Returns the writes pending at `now`. Call it in a transaction: it records the range of a segment before the segment
/// is written, so that a second attempt writes the same bytes under the same key.
pub fn due(sql: &dyn Sql, now: Timestamp) -> Result<Work, SqlError> {
    let mut puts = Vec::new();
    let mut ack = Ack::default();
    let mut next_at: Option<i64> = None;
    let mut wake = |at: i64| next_at = Some(next_at.map_or(at, |next| next.min(at)));

    let version = snapshot_version(sql)?;
    if meta::get_int(sql, meta::name::SNAPSHOT_WRITTEN)?.unwrap_or(0) < version {
        let written_at = meta::get_int(sql, meta::name::SNAPSHOT_WRITTEN_AT)?.unwrap_or(0);
        let allowed_at = written_at.saturating_add(SNAPSHOT_EVERY_MS);
        if now.ms() < allowed_at {
            wake(allowed_at);
        } else {
            puts.push(Put { key: "snapshot".to_owned(), value: snapshot(sql)?, metadata: None });
            // The time is recorded before the write because a write that fails half-way also counts towards the limit.
            meta::set_int(sql, meta::name::SNAPSHOT_WRITTEN_AT, now.ms())?;
            ack.snapshot = Some(version);
        }
    }
    for row in sql.exec(
        "SELECT key, value, version FROM kv_writes LIMIT CAST(?1 AS INTEGER)",
        &[WRITES_A_STEP.into()],
    )? {
        puts.push(Put { key: row.text(0)?.to_owned(), value: row.text(1)?.to_owned(), metadata: None });
        ack.keys.push((row.text(0)?.to_owned(), row.int(2)?));
    }
    match segment(sql, now)? {
        Due::Now(put, last) => {
            puts.push(put);
            ack.events = Some(last);
        }
        Due::At(at) => wake(at),
        Due::Never => {}
    }
    if !puts.is_empty() || has_queued_clicks(sql)? {
        // More may be pending after these.
        wake(now.ms());
    }
    Ok(Work { puts, ack: json_text(&ack)?, next_at_ms: next_at })
}

enum Due {
    Now(Put, i64),
    At(i64),
    Never,
}

fn segment(sql: &dyn Sql, now: Timestamp) -> Result<Due, SqlError> {
    let logged = meta::get_int(sql, meta::name::EVENTS_LOGGED)?.unwrap_or(0);
    let logging = meta::get_int(sql, meta::name::EVENTS_LOGGING)?.unwrap_or(0);
    // A segment whose range is recorded is read again in full.
    let (limit, bytes) = if logging > logged {
        (logging.saturating_sub(logged), MAX_SAFE_INTEGER)
    } else {
        (SEGMENT_EVENTS, SEGMENT_BYTES)
    };
    let events = events::after_within(sql, logged, limit, bytes)?;
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(Due::Never) };
    if logging <= logged {
        let due_at = first.at.ms().saturating_add(SEGMENT_AGE_MS);
        let is_full = i64::try_from(events.len()).is_ok_and(|count| count >= SEGMENT_EVENTS)
            || last.seq < events::last_seq(sql)?;
        if !is_full && now.ms() < due_at {
            return Ok(Due::At(due_at));
        }
        meta::set_int(sql, meta::name::EVENTS_LOGGING, last.seq)?;
    }
    Ok(segment_put(&events)?.map_or(Due::Never, |put| Due::Now(put, last.seq)))
}

/// Returns the KV key of the segment that begins with an event.
#[must_use]
pub fn segment_key(first: i64) -> String {
    format!("{EVENT_SEGMENTS}{first:012}")
}

/// Formats events as lines of the log and the export.
pub fn event_lines(events: &[events::Event]) -> Result<String, SqlError> {
    let mut lines = String::new();
    for event in events {
        lines.push_str(&event_line(event)?);
        lines.push('\n');
    }
    Ok(lines)
}

/// Returns the write of a segment; `None` if there are no events.
pub fn segment_put(events: &[events::Event]) -> Result<Option<Put>, SqlError> {
    let (Some(first), Some(last)) = (events.first(), events.last()) else { return Ok(None) };
    let metadata = Segment { from_ms: first.at.ms(), to_ms: last.at.ms(), first: first.seq, last: last.seq };
    Ok(Some(Put { key: segment_key(first.seq), value: event_lines(events)?, metadata: Some(metadata) }))
}

/// Returns when the alarm may next have work, in Unix milliseconds. It takes ten lookups, regardless of the size of the
/// Ledger.
pub fn next_due(sql: &dyn Sql, now: Timestamp) -> Result<Option<i64>, SqlError> {
    let statement = "SELECT EXISTS (SELECT 1 FROM kv_writes) OR EXISTS (SELECT 1 FROM click_outbox) OR coalesce((SELECT value FROM meta WHERE name = ?1), 0) < \
                     coalesce((SELECT value FROM meta WHERE name = ?2), 0), \
                     (SELECT min(matures_at) FROM commissions INDEXED BY commissions_maturing \
                     WHERE status = 'pending' AND held_reason IS NULL), \
                     (SELECT created_at FROM events WHERE seq > coalesce((SELECT value FROM meta WHERE name = ?3), 0) \
                     ORDER BY seq LIMIT 1), (SELECT min(expires_at) + 1 FROM kept_answers), \
                     (SELECT value FROM meta WHERE name = ?4) < (SELECT max(seq) FROM events), \
                     EXISTS (SELECT 1 FROM destination_commands), (SELECT value FROM meta WHERE name = ?5), \
                     (SELECT min(check_at) FROM listing_calls INDEXED BY listing_calls_due WHERE check_at IS NOT NULL)";
    let names = [
        meta::name::SNAPSHOT_WRITTEN,
        meta::name::SNAPSHOT_VERSION,
        meta::name::EVENTS_LOGGED,
        meta::name::EVENTS_RELAYED,
        meta::name::EVENTS_PRUNE_AT,
    ];
    let rows = sql.exec(statement, &names.map(Into::into))?;
    let Some(row) = rows.first() else { return Ok(None) };
    let at_once = (row.int(0)? == 1).then_some(now.ms());
    let segment = row.opt_int(2)?.map(|at| at.saturating_add(SEGMENT_AGE_MS));
    let relay = (row.opt_int(4)? == Some(1)).then(|| now.ms().saturating_add(RELAY_AFTER_MS));
    let command = (row.int(5)? == 1).then_some(now.ms());
    let dates = [
        at_once,
        row.opt_int(1)?,
        segment,
        row.opt_int(3)?,
        relay,
        command,
        row.opt_int(6)?,
        row.opt_int(7)?,
    ];
    Ok(dates.into_iter().flatten().min())
}

/// Records that the writes of a [`Work`] have been made. Call it in a transaction.
pub fn done(sql: &dyn Sql, ack: &str) -> Result<(), SqlError> {
    let ack: Ack = strict_json::from_str(ack).map_err(|error| SqlError::Engine(error.to_string()))?;
    if let Some(version) = ack.snapshot {
        meta::set_int(sql, meta::name::SNAPSHOT_WRITTEN, version)?;
    }
    for (key, version) in ack.keys {
        // A key that was queued again in the meantime has a higher version and stays.
        let args = [key.into(), version.into()];
        sql.exec("DELETE FROM kv_writes WHERE key = ?1 AND version = ?2", &args)?;
    }
    if let Some(last) = ack.events {
        meta::set_int(sql, meta::name::EVENTS_LOGGED, last)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::store::log::outbox::ranges;

    #[test]
    fn neighbours_form_a_range() {
        assert_eq!(ranges(&[]), []);
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10, u32::MAX]), [(1, 3), (7, 7), (9, 10), (u32::MAX, u32::MAX)]);
    }
}
