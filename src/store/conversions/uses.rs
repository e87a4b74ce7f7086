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

/// Returns whether it is known what a conversion and those after it have added. It is known of all since the version that
/// keeps it.
pub fn is_known(sql: &dyn Sql, no: i64) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM conversions WHERE no = ?1 AND uses IS NOT NULL";
    Ok(!sql.exec(statement, &[no.into()])?.is_empty())
}

/// Adds to `sums` what the conversions with numbers above `after` up to `until` have added, by counter.
pub fn sum_between(
    sql: &dyn Sql,
    after: i64,
    until: i64,
    sums: &mut BTreeMap<String, i64>,
) -> Result<(), SqlError> {
    let statement = "SELECT uses FROM conversions WHERE no > ?1 AND no <= ?2 AND uses <> '[]'";
    for row in sql.exec(statement, &[after.into(), until.into()])? {
        let uses: Vec<Usage> = row.json(0)?;
        sum_up(sums, &uses)?;
    }
    Ok(())
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
