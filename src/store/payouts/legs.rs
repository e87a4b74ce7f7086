//! The transfers of payouts. What was earned in other currencies is exchanged, each part by two legs that carry the rate,
//! and the whole is moved out of `payable`; a payout that fails takes the same way back.

use super::super::{Sql, SqlError, Value};
use super::Payout;
use crate::domain::values::{id::DERIVED_LENGTH, time::Timestamp};
use crate::store::payouts::runs::Run;

/// Which way the money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// A draft is approved: payable → in payout.
    Approved,
    /// A payout failed: in payout → payable.
    Failed,
}

/// Moves the money of all payouts of a draft.
pub fn of_run(sql: &dyn Sql, run: &Run, direction: Direction, at: Timestamp) -> Result<(), SqlError> {
    let condition = "y.run_no = ?1 AND y.status = 'draft'";
    let start = run.terms.id.body().get(..DERIVED_LENGTH).unwrap_or_default();
    post(sql, (condition, run.terms.no), direction, start, at)
}

/// Moves the money of one payout.
pub fn of_payout(
    sql: &dyn Sql,
    payout: &Payout,
    direction: Direction,
    at: Timestamp,
) -> Result<(), SqlError> {
    let start = payout.id.body().get(..DERIVED_LENGTH).unwrap_or_default();
    post(sql, ("y.no = ?1", payout.no), direction, start, at)
}

/// The statement that writes the transfers of the payouts that `condition` names. A part that is negative moves the other
/// way; a leg that rounds to nothing is none. They are numbered in order, and their ids made of the numbers, so that a
/// replay gives them the same.
fn statement(condition: &str, direction: Direction) -> String {
    let (kind, debit, credit) = match direction {
        Direction::Approved => ("payout", "debit", "credit"),
        Direction::Failed => ("payout_failed", "credit", "debit"),
    };
    let parts = "FROM payouts y CROSS JOIN payout_parts t ON t.payout_no = y.no";
    let leg = |step: u8, amount: &str, currency: &str, (from, to): (&str, &str)| {
        format!(
            "SELECT y.no AS payout_no, y.partner_no, {step} AS step, t.currency AS part, \
             iif({amount} > 0, '{from}', '{to}') AS debit, iif({amount} > 0, '{to}', '{from}') AS credit, \
             abs({amount}) AS amount, {currency} AS currency, 'exchange' AS kind, t.rate {parts} \
             WHERE {condition} AND t.rate IS NOT NULL"
        )
    };
    let (out, into) = (
        leg(1, "t.amount", "t.currency", ("payable", "exchange")),
        leg(2, "t.converted", "y.currency", ("exchange", "payable")),
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
    // The sums beside the transfers. An overflowing one would become a float: that is looked for, and refused.
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
