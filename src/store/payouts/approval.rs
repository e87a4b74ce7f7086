//! The approval of a draft: its commissions are bound and its money moves, in a few statements over all of them.

use super::{
    super::{Sql, SqlError, meta},
    OPEN_OF_M as OPEN,
    legs::{Direction, of_run},
};
use crate::domain::{money::Currency, values::time::Timestamp};
use crate::store::{
    books::fx,
    payouts::runs::{self, Run},
};

/// Why a draft is no longer what the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outdated {
    /// What is open of a commission changed, one more became payable, or a payout of a partner failed.
    Open,
    /// A rate was corrected.
    Rate,
    /// A partner is to be paid in another currency.
    Currency,
}

/// What changed of a draft since it was computed; nothing if it still holds.
pub fn changed_since(sql: &dyn Sql, run: &Run) -> Result<Option<Outdated>, SqlError> {
    let of_programme = meta::program(sql)?.map_or(Currency::EUR, |program| program.currency);
    // What is later than the period's end is none of the run's; of a payout that failed it may be its.
    let open = "SELECT 1 FROM transfers f CROSS JOIN payouts y ON y.partner_no = f.partner_no \
                LEFT JOIN commissions m ON m.no = f.commission_no \
                WHERE f.no > ?2 AND (f.debit = 'payable' OR f.credit = 'payable') \
                AND y.run_no = ?1 AND y.status = 'draft' AND (m.no IS NULL OR m.matures_at < ?3) LIMIT 1";
    let end = run.terms.to.end();
    if !sql.exec(open, &[run.terms.no.into(), run.transfers_seen.into(), end.into()])?.is_empty() {
        return Ok(Some(Outdated::Open));
    }
    let rates = "SELECT DISTINCT t.currency, y.currency, t.rate FROM payouts y CROSS JOIN payout_parts t ON t.payout_no = y.no \
                 WHERE y.run_no = ?1 AND y.status = 'draft' AND t.rate IS NOT NULL";
    for row in sql.exec(rates, &[run.terms.no.into()])? {
        let pair =
            (row.parsed(0, "a currency", Currency::parse)?, row.parsed(1, "a currency", Currency::parse)?);
        let now = fx::of_day(sql, run.terms.rate_date, pair.0, pair.1)?;
        if now.is_none_or(|now| row.text(2).ok() != Some(now.dated.rate.as_str())) {
            return Ok(Some(Outdated::Rate));
        }
    }
    let currency = "SELECT 1 FROM payouts y CROSS JOIN partners p ON p.no = y.partner_no \
                    WHERE y.run_no = ?1 AND y.status = 'draft' AND coalesce(p.currency, ?2) <> y.currency LIMIT 1";
    let moved = !sql.exec(currency, &[run.terms.no.into(), of_programme.code().into()])?.is_empty();
    Ok(moved.then_some(Outdated::Currency))
}

/// Approves a draft. The caller has seen that nothing changed of it.
pub fn approve(sql: &dyn Sql, run_no: i64, by: &str, at: Timestamp) -> Result<(), SqlError> {
    let run =
        runs::by_no(sql, run_no)?.ok_or(SqlError::Shape { column: 0, expected: "a run that exists" })?;
    bind(sql, &run)?;
    of_run(sql, &run, Direction::Approved, at)?;
    let latest = "UPDATE payouts SET status = 'open', invoice_no = r.invoice, \
                  details_no = (SELECT max(d.no) FROM payout_details d WHERE d.partner_no = payouts.partner_no) \
                  FROM (SELECT y.no, (SELECT coalesce(max(invoice_no), 0) FROM payouts) + row_number() OVER (ORDER BY y.no) \
                  AS invoice FROM payouts y WHERE y.run_no = ?1 AND y.status = 'draft') r WHERE payouts.no = r.no";
    sql.exec(latest, &[run_no.into()])?;
    let used = "UPDATE fx_rates SET used = 1 WHERE date = ?2 AND (from_currency, to_currency) IN \
                (SELECT t.currency, y.currency FROM payouts y CROSS JOIN payout_parts t ON t.payout_no = y.no \
                WHERE y.run_no = ?1 AND y.status = 'open' AND t.rate IS NOT NULL)";
    sql.exec(used, &[run_no.into(), run.terms.rate_date.to_string().into()])?;
    let payer = meta::program(sql)?.map(|program| (program.name, program.payer));
    runs::approved(sql, run_no, by, payer, at)?;
    runs::settle(sql, run_no)
}

/// Binds the commissions: each stands in its payout with what is open of it. The rows of a million commissions are not
/// written for that: what is bound of one is what stands in its open payout (`commissions::read`).
fn bind(sql: &dyn Sql, run: &Run) -> Result<(), SqlError> {
    let items = format!(
        "INSERT INTO payout_items (payout_no, commission_no, amount, reversed) SELECT y.no, m.no, {OPEN}, m.reversed \
         FROM payouts y CROSS JOIN payout_parts t ON t.payout_no = y.no \
         CROSS JOIN commissions m INDEXED BY commissions_open ON m.partner_no = y.partner_no \
         AND m.currency = t.currency AND m.matures_at < ?2 AND m.status <> 'pending' AND {OPEN} <> 0 \
         WHERE y.run_no = ?1 AND y.status = 'draft' AND t.converted IS NOT NULL"
    );
    let run_no = run.terms.no;
    sql.exec(&items, &[run_no.into(), run.terms.to.end().into()])?;
    // The parts were summed up when the draft was computed, the items are what is open now: to the last unit the same.
    let differ = "SELECT count(*) <> (SELECT coalesce(sum(t.commissions), 0) FROM payouts y CROSS JOIN payout_parts t \
                  ON t.payout_no = y.no WHERE y.run_no = ?1 AND y.status = 'draft' AND t.converted IS NOT NULL) \
                  OR coalesce(sum(i.amount), 0) <> (SELECT coalesce(sum(t.amount), 0) FROM payouts y \
                  CROSS JOIN payout_parts t ON t.payout_no = y.no WHERE y.run_no = ?1 AND y.status = 'draft' \
                  AND t.converted IS NOT NULL) FROM payouts y CROSS JOIN payout_items i ON i.payout_no = y.no \
                  WHERE y.run_no = ?1 AND y.status = 'draft'";
    if sql.exec(differ, &[run_no.into()])?.first().map_or(Ok(0), |row| row.int(0))? != 0 {
        return Err(SqlError::Engine("a draft is approved that is not what is open".to_owned()));
    }
    Ok(())
}
