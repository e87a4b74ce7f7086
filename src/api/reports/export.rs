//! The export: the log of events, then the sixteen logs of clicks, paged. Most lines are read from KV; lines that are not in
//! KV yet come from the object that will write them. This file decides what to read, and the Worker reads it.

use crate::{
    api::http::{
        call::Call,
        cursor,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
    },
    domain::{
        clicks::{click::SHARDS, visit::MalformedClickRecord},
        values::time::Timestamp,
    },
    store::{
        SqlError,
        clicks::PackedClick,
        log::{
            events,
            outbox::{self, event_lines},
            redaction::redact,
            totals::{Included, Totals, included, totals},
        },
        value::json_text,
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a page starts, and the period of its lines. Stage 0 is the log of events, stages 1 … 16 are the logs of clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which log.
    pub stage: u8,
    /// Lines of it up to this place have been exported.
    pub after: i64,
    /// Only lines from this time on, Unix milliseconds.
    pub from_ms: i64,
    /// Only lines before this time.
    pub to_ms: i64,
}

/// Says whether more events follow a tail; it never leaves the Worker.
pub const MORE_HEADER: &str = "x-signpost-more";

/// How many lines an object returns at once of those that are not in KV yet. Fewer clicks mean that there are no more.
pub const TAIL_LINES: u32 = 1_000;

/// Stages of the export.
pub const STAGES: u8 = SHARDS + 1;

impl Position {
    /// The KV prefix of this stage's log.
    #[must_use]
    pub fn prefix(&self) -> String {
        match self.stage.checked_sub(1) {
            None => outbox::EVENT_SEGMENTS.to_owned(),
            Some(shard) => format!("log/clicks/{shard:02}/"),
        }
    }

    /// The KV key of the segment that starts right after this position, if there is one.
    #[must_use]
    pub fn next_key(&self) -> String {
        format!("{}{:012}", self.prefix(), self.after.saturating_add(1))
    }

    /// The start of the next stage.
    #[must_use]
    pub fn next_stage(self) -> Self {
        Self { stage: self.stage.saturating_add(1), after: 0, ..self }
    }
}

/// The place and the time of a line.
#[derive(Deserialize)]
struct Place {
    seq: i64,
    #[serde(alias = "created_at")]
    at: Timestamp,
}

/// The lines of a log that belong to the export.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The lines.
    pub text: String,
    /// How many.
    pub lines: u64,
    /// The place of the last line read, exported or not.
    pub last: Option<i64>,
    /// Lines read, exported or not.
    pub read: u64,
}

/// Selects the lines after `position` and within its period, and unpacks clicks.
pub fn cut(text: &str, position: &Position) -> Result<Cut, CutError> {
    let mut cut = Cut::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        // Events are not packed, nor are clicks of logs that are older than the packed format.
        let packed = if line.starts_with('[') { Some(PackedClick::parse(line)?) } else { None };
        let place = match &packed {
            Some(click) => Place { seq: click.seq(), at: click.at() },
            None => strict_json::from_str(line)?,
        };
        cut.last = Some(place.seq);
        cut.read = cut.read.saturating_add(1);
        if place.seq <= position.after || !(position.from_ms..position.to_ms).contains(&place.at.ms()) {
            continue;
        }
        match &packed {
            Some(click) => {
                let click = click.unpack(position.stage.saturating_sub(1));
                cut.text.push_str(&json_text(&click)?);
            }
            None => cut.text.push_str(&redact(line)),
        }
        cut.text.push('\n');
        cut.lines = cut.lines.saturating_add(1);
    }
    Ok(cut)
}

/// Why a log cannot be parsed.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// A line is malformed.
    #[error(transparent)]
    Line(#[from] strict_json::Error),
    /// A packed click is malformed.
    #[error(transparent)]
    Click(#[from] MalformedClickRecord),
    /// A click cannot be serialized.
    #[error(transparent)]
    Write(#[from] SqlError),
}

/// The name of the list, for cursors; the period is part of it.
fn list_name(from_ms: i64, to_ms: i64) -> String {
    format!("export {from_ms} {to_ms}")
}

/// Later than any time in a row.
const END_OF_TIME_MS: i64 = 253_402_300_800_000;
/// Bits of a cursor that hold the place within a log; the stage is in the bits above them.
const PLACE_BITS: u32 = 48;

/// `GET /internal/export`: checks the query of `GET /v1/export`, and returns where to start.
pub fn start(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["from", "to", "cursor"])?;
    let from_ms = query.time("from")?.map_or(0, Timestamp::ms);
    let to_ms = query.time("to")?.map_or(END_OF_TIME_MS, Timestamp::ms);
    if from_ms > to_ms {
        return Err(Problem::new(Code::OutOfRange, "\"from\" is later than \"to\".").into());
    }
    let packed = match query.text("cursor") {
        Some(text) => cursor::decode(&list_name(from_ms, to_ms), text)?,
        None => 0,
    };
    let stage = u8::try_from(packed >> PLACE_BITS).ok().filter(|stage| *stage < STAGES);
    let stage = stage.ok_or_else(|| Problem::new(Code::InvalidCursor, "Pass next_cursor unchanged."))?;
    call.json(200, &Position { stage, after: packed & ((1 << PLACE_BITS) - 1), from_ms, to_ms })
}

/// `POST /internal/export/events`: events after a position that are not in KV yet, NDJSON.
pub fn tail(call: &Call<'_>) -> Result<Response, Failure> {
    let position: Position = call.body()?;
    if let Some(lines) = call.log()?.lines_after(position.after)? {
        return Ok(
            Response::of_type("application/x-ndjson", lines).with_header(MORE_HEADER, "true".to_owned())
        );
    }
    let events =
        events::after_within(call.tx.sql, position.after, i64::from(TAIL_LINES), outbox::SEGMENT_BYTES)?;
    let body = event_lines(&events)?;
    let last = events.last().map_or(position.after, |event| event.seq);
    let has_more = last < events::last_seq(call.tx.sql)?;
    Ok(Response::of_type("application/x-ndjson", body).with_header(MORE_HEADER, has_more.to_string()))
}

/// Where a page ends.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stop {
    /// Lines of the page.
    pub lines: u64,
    /// Where the next page starts; absent after the last.
    pub next: Option<Position>,
    /// The period asked for.
    pub position: Position,
}

/// The last line of a page.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "ExportEnd"))]
pub struct End {
    /// Whether the export ends here. Without this line the page was cut off.
    end: bool,
    /// Lines of the page before this one.
    lines: u64,
    /// On every page but the last: pass it as `cursor` to go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// On the last page of an export from the beginning: what a Ledger rebuilt from it must come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
    /// How far the totals include the logs. Absent if the export has an end, because all of its clicks are counted then.
    #[serde(skip_serializing_if = "Option::is_none")]
    included: Option<Included>,
}

impl End {
    /// Whether the totals include the clicks of these shards up to these positions.
    #[must_use]
    pub fn includes(line: &str, exported: &BTreeMap<u8, i64>) -> bool {
        #[derive(Deserialize)]
        struct Ended {
            included: Option<Included>,
        }
        let included = strict_json::from_str::<Ended>(line).ok().and_then(|ended| ended.included);
        let Some(Included { clicks, .. }) = included else { return true };
        let counted: BTreeMap<u8, i64> = clicks.into_iter().collect();
        exported.iter().all(|(shard, last)| counted.get(shard).is_some_and(|counted| counted >= last))
    }
}

/// `POST /internal/export/end`: the page's last line. On the last page of an export from the beginning it also has the
/// totals of a Ledger that is rebuilt from the export.
pub fn end(call: &Call<'_>) -> Result<Response, Failure> {
    let stop: Stop = call.body()?;
    let Position { from_ms, to_ms, .. } = stop.position;
    let next_cursor = stop.next.map(|next| {
        let packed = (i64::from(next.stage) << PLACE_BITS) | next.after;
        cursor::encode(&list_name(from_ms, to_ms), packed)
    });
    let whole = next_cursor.is_none() && from_ms == 0;
    let to = (to_ms < END_OF_TIME_MS).then(|| Timestamp::clamped(to_ms));
    let totals = if whole { Some(totals(call.tx.sql, to)?) } else { None };
    let included = if whole && to.is_none() { included(call.tx.sql)? } else { None };
    let line =
        json_text(&End { end: next_cursor.is_none(), lines: stop.lines, next_cursor, totals, included })?;
    Ok(Response::json(200, line))
}
