//! Approval of a draft: assigns its commissions and moves the money, with a few statements over all rows.

use crate::domain::{money::Currency, values::time::Timestamp};
use crate::store::{
    Sql, SqlError,
    books::fx,
    meta,
    payouts::{
        fx_transfers::{Direction, post_run},
        rows::OPEN_OF_M as OPEN,
        runs::{self, Run},
    },
};

/// The reason that a draft no longer matches the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outdated {
    /// The open amount of a commission changed, another commission became payable, or a partner's payout failed.
    Open,
    /// An exchange rate was corrected.
    Rate,
    /// A partner's payout currency changed.
    Currency,
    /// A partner's payout details were set.
    Details,
    /// A partner's payout details are not in this Ledger, because it was rebuilt from its log.
    DetailsLost,
}

/// Returns what changed since a draft was computed, or `None` if it is still valid.
pub fn changed_since(sql: &dyn Sql, run: &Run) -> Result<Option<Outdated>, SqlError> {
    let of_programme = meta::program(sql)?.map_or(Currency::EUR, |program| program.currency);
    // Commissions that mature after the end of the period are not part of the run. A failed payout has no commission
    // number and may be part of it.
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
    if !sql.exec(currency, &[run.terms.no.into(), of_programme.code().into()])?.is_empty() {
        return Ok(Some(Outdated::Currency));
    }
    details_changed(sql, run)
}

/// Returns whether a draft would be paid to other payout details than those it was computed with. A draft of an older
/// version knows of none, so it must be recomputed first.
fn details_changed(sql: &dyn Sql, run: &Run) -> Result<Option<Outdated>, SqlError> {
    let details = "SELECT max(d.no IS NULL OR d.no <> coalesce((SELECT max(n.no) FROM payout_details n \
                   WHERE n.partner_no = y.partner_no), 0)), max(d.no IS NOT NULL AND d.sealed IS NULL) FROM payouts y \
                   LEFT JOIN payout_details d ON d.no = y.details_no WHERE y.run_no = ?1 AND y.status = 'draft'";
    let rows = sql.exec(details, &[run.terms.no.into()])?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(match (row.opt_int(0)?, row.opt_int(1)?) {
        (Some(1), _) => Some(Outdated::Details),
        (_, Some(1)) => Some(Outdated::DetailsLost),
        (_, _) => None,
    })
}

/// Approves a draft. The caller must have checked that it is still valid.
pub fn approve(sql: &dyn Sql, run_no: i64, by: &str, at: Timestamp) -> Result<(), SqlError> {
    let run =
        runs::by_no(sql, run_no)?.ok_or(SqlError::Shape { column: 0, expected: "a run that exists" })?;
    bind(sql, &run)?;
    post_run(sql, &run, Direction::Approved, at)?;
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

/// Assigns the commissions to the payouts with their open amounts. It does not update the commissions, of which there
/// may be a million: the amount in open payouts is read from their items (`commissions::read`).
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
    // The parts were summed when the draft was computed and the items are computed now. They must be equal.
    let differ = "SELECT count(*) <> (SELECT coalesce(sum(t.commissions), 0) FROM payouts y CROSS JOIN payout_parts t \
                  ON t.payout_no = y.no WHERE y.run_no = ?1 AND y.status = 'draft' AND t.converted IS NOT NULL) \
                  OR coalesce(sum(i.amount), 0) <> (SELECT coalesce(sum(t.amount), 0) FROM payouts y \
                  CROSS JOIN payout_parts t ON t.payout_no = y.no WHERE y.run_no = ?1 AND y.status = 'draft' \
                  AND t.converted IS NOT NULL) FROM payouts y CROSS JOIN payout_items i ON i.payout_no = y.no \
                  WHERE y.run_no = ?1 AND y.status = 'draft'";
    if sql.exec(differ, &[run_no.into()])?.first().map_or(Ok(0), |row| row.int(0))? != 0 {
        return Err(SqlError::Engine("the items of an approved draft do not match its parts".to_owned()));
    }
    Ok(())
}
