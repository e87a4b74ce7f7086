//! Reading a shard: newest first for `GET /v1/clicks`, in log order for the tail of the export that is not in KV yet,
//! and a visitor's trail for attribution.

use crate::store::clicks::{row::PACKED, shard::ClickLog};
use crate::store::{Row, SqlError, Value, page::Conditions, value::json_text};
use serde::{Deserialize, Serialize};

/// A query for a page of a shard's clicks, newest first.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PageQuery {
    /// Only clicks before this position: the Unix milliseconds and stored id of the last click of the previous page.
    pub before: Option<(i64, String)>,
    /// Only clicks on these links; absent means all.
    pub links: Option<Vec<u32>>,
    /// Only clicks in the bucket with this code.
    #[serde(default)]
    pub bucket: Option<u8>,
    /// Only clicks from this time on, Unix milliseconds.
    pub from_ms: Option<i64>,
    /// Only clicks before this time, Unix milliseconds.
    pub to_ms: Option<i64>,
    /// The maximum number of clicks.
    pub limit: u32,
    /// Whether the clicks of all pages are counted.
    #[serde(default)]
    pub count: bool,
}

/// A time after all clicks that is still a safe integer.
const END_OF_TIME: i64 = 1 << 52;
const WITHIN: &str = "at_ms >= ?1 AND at_ms < ?2 AND (at_ms, id) < (?3, ?4)";
const ORDER: &str = "ORDER BY at_ms DESC, id DESC LIMIT CAST(?5 AS INTEGER)";

impl ClickLog<'_> {
    /// Returns the page as a JSON array of packed visits ([`crate::store::clicks::PackedClick`]). It reads at most
    /// `limit` rows per link, regardless of the number of clicks.
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
        let in_bucket = match query.bucket {
            Some(bucket) => {
                args.push(bucket.into());
                format!("bucket = ?{} AND ", args.len())
            }
            None => String::new(),
        };
        let chosen = match &query.links {
            None if query.bucket.is_some() => {
                format!("INDEXED BY click_by_bucket WHERE {in_bucket}{WITHIN} {ORDER}")
            }
            None => format!("WHERE {WITHIN} {ORDER}"),
            Some(links) => {
                args.push(json_text(links)?.into());
                let links = args.len();
                // The inner query takes the newest clicks of each link from the index. Without it, SQLite would read
                // and sort all clicks of those links.
                let newest = format!(
                    "SELECT seq FROM click INDEXED BY click_by_link WHERE link_no = link.value AND {in_bucket}{WITHIN} {ORDER}"
                );
                format!(
                    "WHERE seq IN (SELECT c.seq FROM json_each(?{links}) AS link JOIN click AS c ON c.seq IN ({newest})) {ORDER}"
                )
            }
        };
        let rows = self.sql.exec(
            &format!(
                "SELECT '[' || coalesce(group_concat({PACKED}), '') || ']' FROM (SELECT * FROM click {chosen})"
            ),
            &args,
        )?;
        text(&rows)
    }

    /// Returns the number of clicks of all pages.
    pub fn count(&self, query: &PageQuery) -> Result<i64, SqlError> {
        let mut all = Conditions::default();
        let (from, to) = (query.from_ms.unwrap_or(0), query.to_ms.unwrap_or(END_OF_TIME));
        for (comparison, bound) in [(">=", from), ("<", to)] {
            let bound = all.bind(bound);
            all.and(format!("at_ms {comparison} {bound}"));
        }
        let index = match (&query.links, query.bucket) {
            (Some(links), _) => {
                let links = all.bind(json_text(links)?);
                all.and(format!("link_no IN (SELECT value FROM json_each({links}))"));
                "click_by_link"
            }
            (None, Some(_)) => "click_by_bucket",
            (None, None) => "click_by_time",
        };
        all.equals("bucket", query.bucket);
        let statement = format!("SELECT count(*) FROM click INDEXED BY {index} WHERE {}", all.text());
        let rows = self.sql.exec(&statement, all.args())?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }

    /// Returns the clicks at positions `first` to `last` of the shard's log in order, one packed visit per line.
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

    /// Returns at most `limit` clicks after position `after` of the shard's log in order, one packed visit per line.
    pub fn tail(&self, after: i64, limit: u32) -> Result<String, SqlError> {
        let first = after.saturating_add(1);
        self.lines(first, after.saturating_add(limit.into()))
    }

    /// Returns the visitor's click ids before this click, oldest first, or `None` if the click is not stored here.
    pub fn trail(&self, click_id: &str) -> Result<Option<Vec<String>>, SqlError> {
        let rows = self.sql.exec("SELECT trail FROM click WHERE id = ?1", &[click_id.into()])?;
        let Some(row) = rows.first() else { return Ok(None) };
        let trail = row.text(0)?;
        Ok(Some(if trail.is_empty() { Vec::new() } else { trail.split('.').map(str::to_owned).collect() }))
    }

    /// Returns the position of the newest click in the shard's log, or 0 if there is none. Positions have no gaps, so
    /// this is also the number of clicks ever stored. It also serves as the shard's health check.
    pub fn last_position(&self) -> Result<i64, SqlError> {
        let rows = self.sql.exec("SELECT coalesce(max(seq), 0) FROM click", &[])?;
        rows.first().map_or(Ok(0), |row| row.int(0))
    }
}

fn text(rows: &[Row]) -> Result<String, SqlError> {
    rows.first().map_or(Ok(String::new()), |row| row.text(0).map(str::to_owned))
}
