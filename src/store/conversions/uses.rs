//! What a conversion and its refunds added to the counters of the terms, net. A simulation subtracts it before it computes the
//! conversion anew.

use crate::store::{Sql, SqlError, commissions::usage_counters::Usage, value::json_text};
use std::collections::BTreeMap;

/// Adds to what a conversion has added.
pub fn add(sql: &dyn Sql, no: i64, more: &[Usage]) -> Result<(), SqlError> {
    if more.is_empty() {
        return Ok(());
    }
    let rows = sql.exec("SELECT uses FROM conversions WHERE no = ?1 AND uses IS NOT NULL", &[no.into()])?;
    // What a conversion of an older version added is not known, and neither is its sum.
    let Some(row) = rows.first() else { return Ok(()) };
    let mut sums = BTreeMap::new();
    let known: Vec<Usage> = row.json(0)?;
    sum_up(&mut sums, known.iter().chain(more))?;
    let uses: Vec<Usage> = sums.into_iter().map(|(key, added)| Usage { key, added }).collect();
    let args = [no.into(), json_text(&uses)?.into()];
    sql.exec("UPDATE conversions SET uses = ?2 WHERE no = ?1", &args).map(drop)
}

/// Returns what the conversions from number `first` on have added, by counter, or `None` if it is not known of all of them.
pub fn since(sql: &dyn Sql, first: i64) -> Result<Option<BTreeMap<String, i64>>, SqlError> {
    let unknown = "SELECT 1 FROM conversions WHERE no >= ?1 AND uses IS NULL LIMIT 1";
    if !sql.exec(unknown, &[first.into()])?.is_empty() {
        return Ok(None);
    }
    let mut sums = BTreeMap::new();
    let statement = "SELECT uses FROM conversions WHERE no >= ?1 AND uses <> '[]'";
    for row in sql.exec(statement, &[first.into()])? {
        let uses: Vec<Usage> = row.json(0)?;
        sum_up(&mut sums, &uses)?;
    }
    Ok(Some(sums))
}

fn sum_up<'u>(
    sums: &mut BTreeMap<String, i64>,
    uses: impl IntoIterator<Item = &'u Usage>,
) -> Result<(), SqlError> {
    for usage in uses {
        let sum = sums.entry(usage.key.clone()).or_default();
        *sum = sum.checked_add(usage.added).ok_or(SqlError::Overflow("a counter of the terms"))?;
    }
    Ok(())
}
