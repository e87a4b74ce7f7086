//! A stored visit as it leaves the shard: in the export, in KV segments and in `GET /v1/clicks`.

use crate::{
    domain::{bucket::Bucket, click::Device, time::Timestamp},
    store::{Row, SqlError},
};
use serde::Serialize;

/// Columns in the order that [`StoredClick::read`] expects.
pub(super) const COLUMNS: &str =
    "seq, id, at_ms, link_no, visitor, country, device, bucket, first_of_day, trail";

/// A stored visit. As JSON it is one line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "LoggedClick"))]
pub struct StoredClick<'a> {
    /// Always `click`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = "click")))]
    kind: &'static str,
    /// The click id; `None` for a visit that got none.
    pub id: Option<&'a str>,
    /// When the redirect was answered.
    pub at: Timestamp,
    /// The link's number; 0 if no link is known.
    pub link_no: u32,
    /// The shard that stores it.
    pub shard: u8,
    /// Its place in the shard's log.
    pub seq: i64,
    /// The visitor of the day, 16 hexadecimal digits.
    pub visitor: Option<&'a str>,
    /// Where the visitor was, if known.
    pub country: Option<&'a str>,
    /// What the visitor used.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Device"))]
    pub device: &'static str,
    /// Where it is counted.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "Bucket"))]
    pub bucket: &'static str,
    /// The visitor's first counted click on the link in the UTC day.
    pub unique: bool,
    /// Earlier click ids of the visitor, oldest first.
    pub trail: Vec<&'a str>,
    /// The id under which it is stored: the click id, or a random one. Orders visits of one millisecond.
    #[serde(skip)]
    pub stored_id: &'a str,
}

impl<'a> StoredClick<'a> {
    /// Reads the columns of [`COLUMNS`].
    pub(super) fn read(row: &'a Row, shard: u8) -> Result<Self, SqlError> {
        let stored_id = row.text(1)?;
        let bucket = code(row, 7, Bucket::from_code)?;
        let (country, trail) = (row.text(5)?, row.text(9)?);
        Ok(Self {
            kind: "click",
            id: bucket.has_click_id().then_some(stored_id),
            at: Timestamp::clamped(row.int(2)?),
            link_no: row.number(3)?,
            shard,
            seq: row.int(0)?,
            visitor: row.opt_text(4)?,
            country: (!country.is_empty()).then_some(country),
            device: code(row, 6, Device::from_code)?.as_str(),
            bucket: bucket.as_str(),
            unique: row.int(8)? == 1,
            trail: if trail.is_empty() { Vec::new() } else { trail.split('.').collect() },
            stored_id,
        })
    }

    /// The line of the log, without its line feed.
    pub(super) fn line(&self) -> Result<String, SqlError> {
        serde_json::to_string(self).map_err(|error| SqlError::Engine(error.to_string()))
    }
}

fn code<T>(row: &Row, column: usize, read: impl Fn(u8) -> Option<T>) -> Result<T, SqlError> {
    let code = u8::try_from(row.int(column)?).ok();
    code.and_then(read).ok_or(SqlError::Shape { column, expected: "a known code" })
}

/// Rows as NDJSON, each line with its line feed.
pub(super) fn ndjson(rows: &[Row], shard: u8) -> Result<String, SqlError> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&StoredClick::read(row, shard)?.line()?);
        text.push('\n');
    }
    Ok(text)
}
