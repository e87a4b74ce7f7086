//! Reading a shard: newest first for `GET /v1/clicks`, in log order for the export's end that is not in KV yet, and
//! one visitor's trail for attribution.

use crate::store::clicks::{ClickLog, json, row::PACKED};
use crate::store::{Row, SqlError, Value};
use json::FromJson;
use serde::Serialize;

/// A page of a shard's clicks, newest first.
#[derive(Debug, Clone, Default, FromJson, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Only clicks before this position: Unix milliseconds and stored id of the last one that was seen.
    pub before: Option<(i64, String)>,
    /// Only clicks on these links; all if not told.
    pub links: Option<Vec<u32>>,
    /// Only clicks from this time on, Unix milliseconds.
    pub from_ms: Option<i64>,
    /// Only clicks before this time, Unix milliseconds.
    pub to_ms: Option<i64>,
    /// At most so many.
    pub limit: u32,
}

/// Above any time, and within what crosses into the engine unchanged.
const END_OF_TIME: i64 = 1 << 52;
const WITHIN: &str = "at_ms >= ?1 AND at_ms < ?2 AND (at_ms, id) < (?3, ?4)";
const ORDER: &str = "ORDER BY at_ms DESC, id DESC LIMIT ?5";

impl ClickLog<'_> {
    /// The page as a JSON array of packed visits ([`crate::store::clicks::PackedClick`]). Costs `limit` rows for each link at most, however
    /// many clicks there are.
    pub fn page(&self, query: &PageQuery) -> Result<String, SqlError> {
        let (before_ms, before_id) = match &query.before {
            Some((at_ms, id)) => (*at_ms, id.as_str()),
            None => (END_OF_TIME, ""),
        };
        let mut args = vec![
            Value::Int(query.from_ms.unwrap_or(0)),
            Value::Int(query.to_ms.unwrap_or(END_OF_TIME)),
            Value::Int(before_ms),
            Value::from(before_id),
            Value::from(query.limit),
        ];
        let chosen = match &query.links {
            None => format!("{WITHIN} {ORDER}"),
            Some(links) => {
                args.push(json(links)?);
                // The inner query takes each link's newest clicks from the index; without it SQLite would read and
                // sort all clicks of all those links.
                let newest = format!("SELECT seq FROM click WHERE link_no = link.value AND {WITHIN} {ORDER}");
                format!(
                    "seq IN (SELECT c.seq FROM json_each(?6) AS link JOIN click AS c ON c.seq IN ({newest})) {ORDER}"
                )
            }
        };
        let rows = self.sql.exec(
            &format!(
                "SELECT '[' || coalesce(group_concat({PACKED}), '') || ']' FROM (SELECT * FROM click WHERE {chosen})"
            ),
            &args,
        )?;
        text(&rows)
    }

    /// The clicks from place `first` to place `last` of the shard's log in its order, a packed visit a line.
    pub(super) fn lines(&self, first: i64, last: i64) -> Result<String, SqlError> {
        let rows = self.sql.exec(
            &format!(
                "SELECT coalesce(group_concat(line, ''), '') FROM
                   (SELECT {PACKED} || char(10) AS line FROM click WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq)"
            ),
            &[first.into(), last.into()],
        )?;
        text(&rows)
    }

    /// At most `limit` clicks behind place `after` of the shard's log in its order, a packed visit a line.
    pub fn tail(&self, after: i64, limit: u32) -> Result<String, SqlError> {
        let first = after.saturating_add(1);
        self.lines(first, after.saturating_add(limit.into()))
    }

    /// The visitor's click ids before this click, oldest first; `None` if the click is not stored here.
    pub fn trail(&self, click_id: &str) -> Result<Option<Vec<String>>, SqlError> {
        let rows = self.sql.exec("SELECT trail FROM click WHERE id = ?1", &[click_id.into()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let trail = row.text(0)?;
        Ok(Some(if trail.is_empty() { Vec::new() } else { trail.split('.').map(str::to_owned).collect() }))
    }

    /// Place of the newest click in the shard's log, 0 if there is none; since places have no gaps, also the number of
    /// clicks ever stored. Doubles as the shard's sign of life.
    pub fn last_place(&self) -> Result<i64, SqlError> {
        let rows = self.sql.exec("SELECT coalesce(max(seq), 0) FROM click", &[])?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }
}

fn text(rows: &[Row]) -> Result<String, SqlError> {
    rows.first().map_or(Ok(String::new()), |row| row.text(0).map(str::to_owned))
}
