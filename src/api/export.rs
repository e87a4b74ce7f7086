//! The export: the log of events, then the sixteen logs of clicks, paged. What KV holds is read there; what it does
//! not hold yet comes from the object that will write it. This file decides; JavaScript fetches (src/export.mjs).

use super::{
    call::Call,
    cursor,
    http::Response,
    problem::{Code, Problem},
};
use crate::{
    domain::{
        clicks::{click::SHARDS, visit::VisitError},
        values::time::Timestamp,
    },
    store::{
        SqlError,
        clicks::PackedClick,
        log::{
            events,
            outbox::event_line,
            totals::{Totals, totals},
        },
        value::json_text,
    },
};
use json::FromJson;
use json::JsonError;
use serde::Serialize;

/// Where a page starts, and which lines are wanted. Stage 0 is the log of events, 1 … 16 those of clicks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, FromJson)]
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

/// Lines that an object tells at once of what KV does not hold yet; fewer mean that there are no more.
pub const TAIL_LINES: u32 = 1_000;

/// Stages of the export.
pub const STAGES: u8 = SHARDS + 1;

impl Position {
    /// The KV prefix of this stage's log.
    #[must_use]
    pub fn prefix(&self) -> String {
        match self.stage.checked_sub(1) {
            None => "log/events/".to_owned(),
            Some(shard) => format!("log/clicks/{shard:02}/"),
        }
    }

    /// The KV key of the segment that starts right behind this position, if one does.
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

/// Where a line stands in its log.
#[derive(FromJson)]
struct Place {
    seq: i64,
    #[serde(alias = "created_at")]
    at: Timestamp,
}

/// Lines that are wanted of what a log holds behind a position.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// The lines.
    pub text: String,
    /// How many.
    pub lines: u64,
    /// The place of the last line read, wanted or not.
    pub last: Option<i64>,
    /// Lines read, wanted or not.
    pub read: u64,
}

/// Picks the wanted lines, and unpacks clicks.
pub fn cut(text: &str, position: &Position) -> Result<Cut, CutError> {
    let mut cut = Cut::default();
    for line in text.lines().filter(|line| !line.is_empty()) {
        // Events, and clicks of logs that are older than the packed form, stand there in full.
        let packed = if line.starts_with('[') { Some(PackedClick::parse(line)?) } else { None };
        let place = match &packed {
            Some(click) => Place { seq: click.seq(), at: click.at() },
            None => json::read(line)?,
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
            None => cut.text.push_str(line),
        }
        cut.text.push('\n');
        cut.lines = cut.lines.saturating_add(1);
    }
    Ok(cut)
}

/// What a log holds cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum CutError {
    /// A line is not of its form.
    #[error(transparent)]
    Line(#[from] JsonError),
    /// A packed click is not of its form.
    #[error(transparent)]
    Click(#[from] VisitError),
    /// A click cannot be written out.
    #[error(transparent)]
    Write(#[from] SqlError),
}

/// The list that the export's cursors belong to: the period is part of it.
fn list_name(from_ms: i64, to_ms: i64) -> String {
    format!("export {from_ms} {to_ms}")
}

/// Beyond any time that a row holds.
const END_OF_TIME_MS: i64 = 253_402_300_800_000;
/// Bits of the place within a log in a cursor; the stage stands above them.
const PLACE_BITS: u32 = 48;

/// `GET /internal/export`: checks the caller and the query of `GET /v1/export`, and answers where to start.
pub fn start(call: &Call<'_>) -> Result<Response, Problem> {
    let query = call.query(&["from", "to", "cursor"])?;
    let from_ms = query.time("from")?.map_or(0, Timestamp::ms);
    let to_ms = query.time("to")?.map_or(END_OF_TIME_MS, Timestamp::ms);
    if from_ms > to_ms {
        return Err(Problem::new(Code::OutOfRange, "\"from\" lies behind \"to\"."));
    }
    let packed = match query.text("cursor") {
        Some(text) => cursor::decode(&list_name(from_ms, to_ms), text)?,
        None => 0,
    };
    let stage = u8::try_from(packed >> PLACE_BITS).ok().filter(|stage| *stage < STAGES);
    let stage = stage.ok_or_else(|| Problem::new(Code::InvalidCursor, "Pass next_cursor unchanged."))?;
    call.json(200, &Position { stage, after: packed & ((1 << PLACE_BITS) - 1), from_ms, to_ms })
}

/// `POST /internal/export/events`: events behind a position that KV does not hold yet, NDJSON.
pub fn tail(call: &Call<'_>) -> Result<Response, Problem> {
    let position: Position = call.body()?;
    let mut body = String::new();
    for event in events::after(call.sql, position.after, None, i64::from(TAIL_LINES))? {
        body.push_str(&event_line(&event)?);
        body.push('\n');
    }
    Ok(Response {
        status: 200,
        headers: vec![("content-type", "application/x-ndjson".to_owned())],
        body,
        log: None,
    })
}

/// Where a page ends.
#[derive(Debug, Serialize, FromJson)]
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
    /// Always `true`: without this line the page was cut off.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = true)))]
    end: bool,
    /// Lines before this one.
    lines: u64,
    /// Pass it as `cursor` to go on; `null` when there is no more.
    next_cursor: Option<String>,
    /// On the last page of an export from the beginning: what a Ledger rebuilt from it must come to.
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
}

/// `POST /internal/export/end`: the page's last line. The last page also says what a Ledger rebuilt from all of it must
/// come to, if nothing was left out at the front.
pub fn end(call: &Call<'_>) -> Result<Response, Problem> {
    let stop: Stop = call.body()?;
    let Position { from_ms, to_ms, .. } = stop.position;
    let next_cursor = stop.next.map(|next| {
        let packed = (i64::from(next.stage) << PLACE_BITS) | next.after;
        cursor::encode(&list_name(from_ms, to_ms), packed)
    });
    let whole = next_cursor.is_none() && from_ms == 0;
    let to = (to_ms < END_OF_TIME_MS).then(|| Timestamp::clamped(to_ms));
    let totals = if whole { Some(totals(call.sql, to)?) } else { None };
    let line = json_text(&End { end: true, lines: stop.lines, next_cursor, totals })?;
    Ok(Response::json(200, line))
}
