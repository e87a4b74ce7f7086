//! Takes the rows that terms depend on back to before a conversion was accepted. Only a rehearsal
//! ([`rehearsal`](crate::store::rehearsal)) may do so, because these rows are otherwise never deleted.

use crate::domain::values::time::Timestamp;
use crate::store::{
    Sql, SqlError,
    commissions::usage_counters::{self, Usage},
    conversions::uses,
};

/// Returns how many conversions have the number `first` or a higher one, counting at most `most`.
pub fn number_from(sql: &dyn Sql, first: i64, most: i64) -> Result<i64, SqlError> {
    let statement =
        "SELECT count(*) FROM (SELECT 1 FROM conversions WHERE no >= ?1 LIMIT CAST(?2 AS INTEGER))";
    let rows = sql.exec(statement, &[first.into(), most.into()])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Returns the number of the first conversion that was accepted of those that occurred in `from..to`.
pub fn first_between(sql: &dyn Sql, from: Timestamp, to: Timestamp) -> Result<Option<i64>, SqlError> {
    let statement = "SELECT min(no) FROM conversions WHERE occurred_at >= ?1 AND occurred_at < ?2";
    let rows = sql.exec(statement, &[from.into(), to.into()])?;
    rows.first().map_or(Ok(None), |row| row.opt_int(0))
}

/// Deletes the conversions from number `first` on, accepted at `since` or later, with everything that they left in the rows
/// that terms depend on: commissions, refunds, touches bound to customers, and counters. Transfers, events and reports stay,
/// because no term depends on them. Refunds of earlier conversions stay as well.
pub fn rewind(sql: &dyn Sql, first: i64, since: Timestamp) -> Result<(), SqlError> {
    if number_before(sql, first)? == 0 {
        sql.exec("DELETE FROM uses", &[])?;
    } else if let Some(sums) = uses::since(sql, first)? {
        let negated = sums.into_iter().map(|(key, added)| Usage { key, added: added.saturating_neg() });
        usage_counters::add(sql, &negated.collect::<Vec<_>>())?;
    }
    let by_number: [&str; 3] = [
        "DELETE FROM conversion_credits WHERE conversion_no >= ?1",
        "DELETE FROM refunds WHERE conversion_no >= ?1",
        "DELETE FROM commissions WHERE conversion_no >= ?1",
    ];
    for statement in by_number {
        sql.exec(statement, &[first.into()])?;
    }
    let triggered =
        "DELETE FROM commissions WHERE source IN ('tier_adjustment', 'bonus') AND created_at >= ?1";
    sql.exec(triggered, &[since.into()])?;
    let bound = "DELETE FROM customer_touches WHERE bound_by >= ?1 AND customer_id IN \
                 (SELECT customer_id FROM conversions WHERE no >= ?1 AND customer_id IS NOT NULL)";
    sql.exec(bound, &[first.into()])?;
    sql.exec("DELETE FROM customer_touches WHERE bound_by = 0 AND bound_at >= ?1", &[since.into()])?;
    sql.exec("DELETE FROM conversions WHERE no >= ?1", &[first.into()]).map(drop)
}

fn number_before(sql: &dyn Sql, first: i64) -> Result<i64, SqlError> {
    let rows =
        sql.exec("SELECT count(*) FROM (SELECT 1 FROM conversions WHERE no < ?1 LIMIT 1)", &[first.into()])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}
