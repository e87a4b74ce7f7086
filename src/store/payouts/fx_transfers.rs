//! The transfers of payouts. Each part in another currency is exchanged by two transfers that carry the rate, and then
//! the whole amount moves out of `payable`. A payout that fails reverses all of them.

use crate::domain::values::{id::DERIVED_LENGTH, time::Timestamp};
use crate::store::{
    Sql, SqlError, Value,
    payouts::{rows::Payout, runs::Run},
};

/// The direction in which the money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The approval of a draft: payable → in payout.
    Approved,
    /// The failure of a payout: in payout → payable.
    Failed,
}

/// Records the transfers of all payouts of a draft.
pub fn post_run(sql: &dyn Sql, run: &Run, direction: Direction, at: Timestamp) -> Result<(), SqlError> {
    let condition = "y.run_no = ?1 AND y.status = 'draft'";
    let start = run.terms.id.body().get(..DERIVED_LENGTH).unwrap_or_default();
    post(sql, (condition, run.terms.no), direction, start, at)
}

/// Records the transfers of one payout.
pub fn post_payout(
    sql: &dyn Sql,
    payout: &Payout,
    direction: Direction,
    at: Timestamp,
) -> Result<(), SqlError> {
    let start = payout.id.body().get(..DERIVED_LENGTH).unwrap_or_default();
    post(sql, ("y.no = ?1", payout.no), direction, start, at)
}

/// Returns the statement that inserts the transfers of the payouts selected by `condition`. Negative parts move in the
/// opposite direction, and transfers that round to zero are omitted. Transfers are numbered in order and their ids
/// derive from the numbers, so that a replay produces the same ids.
fn statement(condition: &str, direction: Direction) -> String {
    let (kind, debit, credit) = match direction {
        Direction::Approved => ("payout", "debit", "credit"),
        Direction::Failed => ("payout_failed", "credit", "debit"),
    };
    let parts = "FROM payouts y CROSS JOIN payout_parts t ON t.payout_no = y.no";
    let transfer = |step: u8, amount: &str, currency: &str, (from, to): (&str, &str)| {
        format!(
            "SELECT y.no AS payout_no, y.partner_no, {step} AS step, t.currency AS part, \
             iif({amount} > 0, '{from}', '{to}') AS debit, iif({amount} > 0, '{to}', '{from}') AS credit, \
             abs({amount}) AS amount, {currency} AS currency, 'exchange' AS kind, t.rate {parts} \
             WHERE {condition} AND t.rate IS NOT NULL"
        )
    };
    let (out, into) = (
        transfer(1, "t.amount", "t.currency", ("payable", "exchange")),
        transfer(2, "t.converted", "y.currency", ("exchange", "payable")),
    );
    format!(
        "INSERT INTO transfers (no, id, partner_no, debit, credit, amount, currency, kind, commission_no, created_at, rate, \
         payout_no) SELECT no, 'trf_' || ?3 || printf('%012d', no), partner_no, {debit}, {credit}, amount, currency, kind, 0, ?4, \
         rate, payout_no FROM (SELECT ?2 + row_number() OVER (ORDER BY payout_no, step, part) AS no, * FROM \
         ({out} UNION ALL {into} UNION ALL SELECT y.no, y.partner_no, 3, '', 'payable', 'in_payout', y.amount, y.currency, \
         '{kind}', NULL FROM payouts y WHERE {condition}) WHERE amount > 0)"
    )
}

fn post(
    sql: &dyn Sql,
    (condition, no): (&str, i64),
    direction: Direction,
    start: &str,
    at: Timestamp,
) -> Result<(), SqlError> {
    let rows = sql.exec("SELECT coalesce(max(no), 0) FROM transfers", &[])?;
    let before: Value = rows.first().map_or(Ok(0), |row| row.int(0))?.into();
    sql.exec(&statement(condition, direction), &[no.into(), before.clone(), start.into(), at.into()])?;
    // This updates the account sums. An overflowing sum would become a float, which the next query detects.
    let sums = "INSERT INTO accounts (partner_no, currency, account, debits, credits) \
                SELECT partner_no, currency, account, sum(debit), sum(credit) FROM \
                (SELECT partner_no, currency, debit AS account, amount AS debit, 0 AS credit FROM transfers WHERE no > ?1 \
                UNION ALL SELECT partner_no, currency, credit, 0, amount FROM transfers WHERE no > ?1) \
                WHERE true GROUP BY partner_no, currency, account \
                ON CONFLICT (partner_no, currency, account) DO UPDATE SET debits = debits + excluded.debits, \
                credits = credits + excluded.credits";
    sql.exec(sums, std::slice::from_ref(&before))?;
    let floats = "SELECT 1 FROM (SELECT DISTINCT +partner_no AS partner_no FROM transfers WHERE no > ?1) f \
                  CROSS JOIN accounts a ON a.partner_no = f.partner_no \
                  WHERE typeof(a.debits) <> 'integer' OR typeof(a.credits) <> 'integer' LIMIT 1";
    if sql.exec(floats, &[before])?.is_empty() {
        Ok(())
    } else {
        Err(SqlError::Overflow("the sum of an account"))
    }
}
