//! Rebuilding a Ledger from the lines of its log, and how far a restore has come.

use crate::domain::{
    event::EventType,
    programme::partner::PartnerNo,
    values::{id::EventId, time::Timestamp},
};
use crate::store::{
    Sql, SqlError,
    log::{
        apply::apply_change,
        change::Change,
        events::{self, Event},
        totals::{Included, Totals},
    },
    meta::{
        self,
        name::{RESTORED, RESTORING},
    },
    value::json_text,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// An event as a line of an export.
#[derive(Debug, Deserialize)]
pub struct EventLine<'a> {
    /// The position in the log of events.
    pub seq: i64,
    id: EventId,
    #[serde(rename = "type")]
    kind: EventType,
    created_at: Timestamp,
    partner_no: Option<PartnerNo>,
    #[serde(borrow)]
    data: &'a RawValue,
    #[serde(borrow)]
    ledger: Option<&'a RawValue>,
}

impl EventLine<'_> {
    /// The change that the event recorded; `None` if it changed no rows of the log's replay.
    pub fn change(&self) -> Result<Option<Change>, strict_json::Error> {
        self.ledger.map(|ledger| strict_json::from_str(ledger.get())).transpose()
    }

    /// The event, without the data for rebuilding a Ledger.
    #[must_use]
    pub fn event(&self) -> Event {
        Event {
            seq: self.seq,
            id: self.id.clone(),
            kind: self.kind,
            partner_no: self.partner_no,
            at: self.created_at,
            data: self.data.get().to_owned(),
            ledger: None,
        }
    }

    /// Applies the event's change, and appends the event. Call it in a transaction.
    pub fn apply(&self, sql: &dyn Sql, change: Option<&Change>) -> Result<(), SqlError> {
        if let Some(change) = change {
            apply_change(sql, change, self.data.get(), self.created_at)?;
        }
        let ledger = self.ledger.map(|ledger| ledger.get().to_owned());
        let partner_no = self.partner_no.or_else(|| change.and_then(Change::partner_no));
        events::append(sql, &self.id, self.kind, partner_no, self.created_at, self.data.get(), ledger)
    }
}

/// The last line of a page of an export.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct EndLine {
    /// Whether the export ends here.
    pub end: bool,
    /// Lines of the page before this one.
    pub lines: usize,
    /// The cursor of the next page. Older versions end every page with `"end":true` and have a cursor.
    pub next_cursor: Option<String>,
    /// What a rebuilt Ledger must come to.
    pub totals: Option<Totals>,
    /// How far the totals include the logs.
    pub included: Option<Included>,
}

impl EndLine {
    /// Whether more pages follow.
    #[must_use]
    pub fn has_next(&self) -> bool {
        !self.end || self.next_cursor.is_some()
    }
}

/// How far a restore has come.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restore {
    /// Pages applied.
    pub pages: u64,
    /// The last event applied.
    pub events: i64,
    /// Clicks read.
    pub clicks: i64,
    /// The shard of the last click and its position in the shard's log.
    pub last_click: Option<(u8, i64)>,
    /// Whether the last page was applied.
    pub is_complete: bool,
    /// What the original's totals were, if the export has them.
    pub original: Option<Totals>,
    /// The partners and currencies whose balances differ from the original's. Known once it is complete.
    pub different_balances: Vec<String>,
}

/// Returns the restore that fills this Ledger, or that has filled it.
pub fn find(sql: &dyn Sql) -> Result<Option<Restore>, SqlError> {
    let text = meta::text(sql, RESTORED)?;
    let parse =
        |text: String| strict_json::from_str(&text).map_err(|error| SqlError::Engine(error.to_string()));
    text.map(parse).transpose()
}

/// Records how far a restore has come.
pub fn set(sql: &dyn Sql, restore: &Restore) -> Result<(), SqlError> {
    meta::set_int(sql, RESTORING, i64::from(!restore.is_complete))?;
    meta::set_text(sql, RESTORED, &json_text(restore)?)
}

/// Returns whether pages of an export are still missing. Until they are here, nothing else may be written.
pub fn is_running(sql: &dyn Sql) -> Result<bool, SqlError> {
    Ok(meta::get_int(sql, RESTORING)? == Some(1))
}

/// Records a page by its digest. Returns `false` if it was recorded before.
pub fn add_page(sql: &dyn Sql, digest: &str) -> Result<bool, SqlError> {
    let rows = sql.exec(
        "INSERT INTO restored_pages (digest) VALUES (?1) ON CONFLICT (digest) DO NOTHING RETURNING 1",
        &[digest.into()],
    )?;
    Ok(!rows.is_empty())
}
