//! Rebuilds a Ledger from its log: reads the lines of an export, writes a database, and compares it with the original.

pub use crate::store::log::totals::{Totals, totals};

use crate::{
    domain::{
        clicks::{bucket::Bucket, click::Device},
        event::EventType,
        values::{id::EventId, time::Timestamp},
    },
    store::{
        Sql, SqlError,
        books::accounts,
        log::{apply::apply_change, change::Change, events, redaction::redact},
        reports::counts,
        schema::CUSTOMERS_OF_SHOPS,
        transaction,
        value::json_text,
    },
};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{collections::BTreeMap, io::BufRead};

/// The reason that a log could not be replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The file could not be read.
    #[error("line {line}: {error}")]
    Read {
        /// Line number from 1.
        line: u64,
        /// The I/O error.
        error: std::io::Error,
    },
    /// A line does not have the form that the export writes.
    #[error("line {line} is not a line of an export: {error}")]
    Malformed {
        /// Line number from 1.
        line: u64,
        /// The parse error.
        error: serde_json::Error,
    },
    /// Events are missing.
    #[error("line {line}: event {found} follows event {before}; the export is incomplete")]
    Gap {
        /// Line number from 1.
        line: u64,
        /// The number of the previous event.
        before: i64,
        /// The number of the event found.
        found: i64,
    },
    /// The export is not complete.
    #[error(
        "the last line is not {{\"end\":true,…}} without a cursor: fetch the remaining pages and append them"
    )]
    Unfinished,
    /// A database error.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

#[derive(Deserialize)]
struct EventLine<'a> {
    seq: i64,
    id: EventId,
    #[serde(rename = "type")]
    kind: EventType,
    created_at: Timestamp,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow)]
    ledger: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct ClickLine {
    at: Timestamp,
    link_no: u32,
    country: Option<String>,
    device: Device,
    bucket: Bucket,
    unique: bool,
}

#[derive(Deserialize)]
struct Kind {
    kind: Option<String>,
    end: Option<bool>,
}

#[derive(Deserialize)]
struct EndLine {
    next_cursor: Option<String>,
    totals: Option<Totals>,
}

/// The result of a replay.
#[derive(Debug)]
pub struct ReplayReport {
    /// Events applied.
    pub events: u64,
    /// Clicks counted.
    pub clicks: u64,
    /// The totals of the rebuilt Ledger.
    pub rebuilt: Totals,
    /// The totals of the original at export time; absent if the export was limited by `from`.
    pub original: Option<Totals>,
    /// Accounts whose stored sums differ from the sums of their transfers.
    pub discrepancies: Vec<String>,
}

/// Per link, quarter hour, country, device and bucket: the number of clicks, the number of unique clicks, and the time
/// of the newest.
type ClickCounts = BTreeMap<(u32, i64, String, u8, u8), (i64, i64, i64)>;

/// The number of groups that are summed in memory before they are written.
const MAX_GROUPS: usize = 20_000;

/// Rebuilds a Ledger in an empty, migrated database from the lines of an export.
pub fn replay(lines: impl BufRead, sql: &dyn Sql) -> Result<ReplayReport, ReplayError> {
    let (mut events_seen, mut clicks_seen, mut last_seq) = (0u64, 0u64, 0i64);
    let mut pending = ClickCounts::new();
    let mut ended: Option<EndLine> = None;
    for (line, text) in (1u64..).zip(lines.lines()) {
        let text = text.map_err(|error| ReplayError::Read { line, error })?;
        let text = redact(&text);
        let malformed = |error| ReplayError::Malformed { line, error };
        let kind: Kind = serde_json::from_str(&text).map_err(malformed)?;
        ended = None;
        if kind.end == Some(true) {
            // This line ends a page. Exports of several pages are concatenated.
            ended = Some(serde_json::from_str(&text).map_err(malformed)?);
        } else if kind.kind.as_deref() == Some("click") {
            let click: ClickLine = serde_json::from_str(&text).map_err(malformed)?;
            clicks_seen = clicks_seen.saturating_add(1);
            add_click(&mut pending, click);
            if pending.len() >= MAX_GROUPS {
                flush(sql, &mut pending)?;
            }
        } else {
            let event: EventLine<'_> = serde_json::from_str(&text).map_err(malformed)?;
            if event.seq != last_seq.saturating_add(1) {
                return Err(ReplayError::Gap { line, before: last_seq, found: event.seq });
            }
            last_seq = event.seq;
            events_seen = events_seen.saturating_add(1);
            apply(sql, &event, line)?;
        }
    }
    flush(sql, &mut pending)?;
    // Events from before that step have the customers' old names.
    transaction(sql, || sql.script(CUSTOMERS_OF_SHOPS))?;
    let end = ended.filter(|end| end.next_cursor.is_none()).ok_or(ReplayError::Unfinished)?;
    Ok(ReplayReport {
        events: events_seen,
        clicks: clicks_seen,
        rebuilt: totals(sql, None)?,
        original: end.totals,
        discrepancies: accounts::discrepancies(sql)?,
    })
}

fn apply(sql: &dyn Sql, event: &EventLine<'_>, line: u64) -> Result<(), ReplayError> {
    let malformed = |error| ReplayError::Malformed { line, error };
    let change: Option<Change> =
        event.ledger.map(|ledger| serde_json::from_str(ledger.get())).transpose().map_err(malformed)?;
    let partner_no = change.as_ref().and_then(Change::partner_no);
    transaction(sql, || -> Result<(), SqlError> {
        if let Some(change) = &change {
            apply_change(sql, change, event.data.get(), event.created_at)?;
        }
        let ledger = event.ledger.map(|ledger| ledger.get().to_owned());
        events::append(sql, &event.id, event.kind, partner_no, event.created_at, event.data.get(), ledger)
    })?;
    Ok(())
}

fn add_click(pending: &mut ClickCounts, click: ClickLine) {
    let country = click.country.unwrap_or_default();
    let key = (click.link_no, click.at.quarter(), country, click.device.code(), click.bucket.code());
    let (count, uniques, newest) = pending.entry(key).or_default();
    *count = count.saturating_add(1);
    *uniques = uniques.saturating_add(i64::from(click.unique));
    *newest = click.at.ms().max(*newest);
}

fn flush(sql: &dyn Sql, pending: &mut ClickCounts) -> Result<(), SqlError> {
    let newest = pending.values().map(|(_, _, newest)| *newest).max().unwrap_or(0);
    let rows: Vec<_> = std::mem::take(pending)
        .into_iter()
        .map(|((link, quarter, country, device, bucket), (count, uniques, _))| {
            (link, quarter, country, device, bucket, count, uniques)
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    transaction(sql, || counts::add_rows(sql, &json_text(&rows)?, newest))
}
