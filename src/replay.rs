//! Rebuilds a Ledger from its log: reads the lines of an export, writes a database, and compares it with the original.

pub use crate::store::log::totals::{Included, Totals, totals};

use crate::{
    domain::{
        clicks::{
            bucket::Bucket,
            click::{Device, SHARDS},
        },
        values::time::Timestamp,
    },
    store::{
        Sql, SqlError,
        books::accounts,
        log::{
            redaction::redact,
            restored::{EndLine, EventLine},
        },
        reports::counts,
        schema::CUSTOMERS_OF_SHOPS,
        transaction,
        value::json_text,
    },
};
use serde::Deserialize;
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
        error: strict_json::Error,
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
    #[error("the last line is not {{\"end\":true,…}}: fetch the remaining pages and append them")]
    Unfinished,
    /// A database error.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

#[derive(Deserialize)]
struct ClickLine {
    at: Timestamp,
    shard: u8,
    seq: i64,
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

/// How the lines of an export differ from what the original's totals include.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// Clicks of the export that the original had not counted yet.
    pub on_their_way: i64,
    /// Clicks that the original had counted and that are newer than the export.
    pub newer_clicks: i64,
    /// Events that are newer than the export.
    pub newer_events: i64,
}

impl Lag {
    fn of(included: &Included, last_event: i64, last_clicks: &BTreeMap<u8, i64>) -> Self {
        let counted: BTreeMap<u8, i64> = included.clicks.iter().copied().collect();
        let mut lag =
            Self { newer_events: included.events.saturating_sub(last_event).max(0), ..Self::default() };
        for shard in 0..SHARDS {
            let of = |positions: &BTreeMap<u8, i64>| positions.get(&shard).copied().unwrap_or(0);
            let ahead = of(last_clicks).saturating_sub(of(&counted));
            lag.on_their_way = lag.on_their_way.saturating_add(ahead.max(0));
            lag.newer_clicks = lag.newer_clicks.saturating_add(ahead.saturating_neg().max(0));
        }
        lag
    }
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
    /// How the export differs from what the original's totals include.
    pub lag: Lag,
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
    let mut last_clicks: BTreeMap<u8, i64> = BTreeMap::new();
    let mut ended: Option<EndLine> = None;
    for (line, text) in (1u64..).zip(lines.lines()) {
        let text = text.map_err(|error| ReplayError::Read { line, error })?;
        let text = redact(&text);
        let malformed = |error| ReplayError::Malformed { line, error };
        let kind: Kind = strict_json::from_str(&text).map_err(malformed)?;
        ended = None;
        if kind.end.is_some() {
            // This line ends a page. Exports of several pages are concatenated.
            ended = Some(strict_json::from_str(&text).map_err(malformed)?);
        } else if kind.kind.as_deref() == Some("click") {
            let click: ClickLine = strict_json::from_str(&text).map_err(malformed)?;
            clicks_seen = clicks_seen.saturating_add(1);
            last_clicks.insert(click.shard, click.seq);
            add_click(&mut pending, click);
            if pending.len() >= MAX_GROUPS {
                flush(sql, &mut pending)?;
            }
        } else {
            let event: EventLine<'_> = strict_json::from_str(&text).map_err(malformed)?;
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
    let end = ended.filter(|end| !end.has_next()).ok_or(ReplayError::Unfinished)?;
    Ok(ReplayReport {
        events: events_seen,
        clicks: clicks_seen,
        rebuilt: totals(sql, None)?,
        original: end.totals,
        lag: end.included.map(|included| Lag::of(&included, last_seq, &last_clicks)).unwrap_or_default(),
        discrepancies: accounts::discrepancies(sql)?,
    })
}

fn apply(sql: &dyn Sql, event: &EventLine<'_>, line: u64) -> Result<(), ReplayError> {
    let change = event.change().map_err(|error| ReplayError::Malformed { line, error })?;
    transaction(sql, || event.apply(sql, change.as_ref()))?;
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
