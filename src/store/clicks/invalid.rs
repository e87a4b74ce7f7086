//! Visits whose link nobody made. They are counted by quarter hour, country and device, and not kept, because anybody can send
//! thousands with invented tokens.

use crate::{
    domain::clicks::{bucket::Bucket, click::Country, visit::ClickRecord},
    store::{Row, SqlError, Value, clicks::shard::ClickLog, value::json_text},
};
use serde_json::value::RawValue;
use std::{borrow::Cow, collections::BTreeMap};

/// The maximum number of rows that one outbox row includes.
const ROWS: i64 = 1_000;

/// A batch without its invalid visits, and those in the form in which they are counted.
pub(super) struct Split<'r> {
    pub records: Cow<'r, str>,
    pub clicks: Vec<ClickRecord<'r>>,
    pub invalid: Vec<Counted>,
}

/// Quarter, country, device, visits, and the time of the newest one.
pub(super) type Counted = (i64, String, u8, i64, i64);

/// Splits a batch. Most batches have no invalid visits and stay as they are.
pub(super) fn split<'r>(records: &'r str, clicks: Vec<ClickRecord<'r>>) -> Result<Split<'r>, SqlError> {
    if clicks.iter().all(|click| click.bucket != Bucket::Invalid) {
        return Ok(Split { records: Cow::Borrowed(records), clicks, invalid: Vec::new() });
    }
    // The caller has parsed the same text.
    let raw: Vec<&RawValue> =
        serde_json::from_str(records).map_err(|error| SqlError::Engine(error.to_string()))?;
    let mut sums = BTreeMap::<(i64, String, u8), (i64, i64)>::new();
    let (mut kept, mut kept_clicks) = (Vec::new(), Vec::new());
    for (record, click) in raw.into_iter().zip(clicks) {
        if click.bucket != Bucket::Invalid {
            kept.push(record);
            kept_clicks.push(click);
            continue;
        }
        let country = click.country.as_ref().map_or("", Country::as_str).to_owned();
        let sum = sums.entry((click.at.quarter(), country, click.device.code())).or_default();
        *sum = (sum.0.saturating_add(1), sum.1.max(click.at.ms()));
    }
    let count = |((quarter, country, device), (visits, newest))| (quarter, country, device, visits, newest);
    Ok(Split {
        records: Cow::Owned(json_text(&kept)?),
        clicks: kept_clicks,
        invalid: sums.into_iter().map(count).collect(),
    })
}

impl ClickLog<'_> {
    /// Adds invalid visits to the counts.
    pub(super) fn count_invalid(&self, invalid: &[Counted]) -> Result<(), SqlError> {
        if invalid.is_empty() {
            return Ok(());
        }
        let statement = "INSERT INTO invalid_visits (quarter, country, device, visits, newest_ms)
             SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?1) WHERE true
             ON CONFLICT (quarter, country, device) DO UPDATE SET visits = visits + excluded.visits,
               newest_ms = max(newest_ms, excluded.newest_ms)";
        self.sql.exec(statement, &[json_text(&invalid)?.into()]).map(drop)
    }

    /// Takes invalid visits out of the counts, for an outbox row.
    pub(super) fn take_invalid(&self) -> Result<Vec<Counted>, SqlError> {
        let rows = self.sql.exec(
            "DELETE FROM invalid_visits WHERE (quarter, country, device) IN
               (SELECT quarter, country, device FROM invalid_visits ORDER BY 1, 2, 3 LIMIT CAST(?1 AS INTEGER))
             RETURNING quarter, country, device, visits, newest_ms",
            &[Value::Int(ROWS)],
        )?;
        let read = |row: &Row| {
            let device = u8::try_from(row.int(2)?);
            let device = device.map_err(|_| SqlError::Shape { column: 2, expected: "a device" })?;
            Ok((row.int(0)?, row.text(1)?.to_owned(), device, row.int(3)?, row.int(4)?))
        };
        rows.iter().map(read).collect()
    }

    /// Returns whether there are invalid visits that no outbox row includes.
    pub(super) fn has_invalid(&self) -> Result<bool, SqlError> {
        Ok(!self.sql.exec("SELECT 1 FROM invalid_visits LIMIT 1", &[])?.is_empty())
    }
}
