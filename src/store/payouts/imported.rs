//! Payouts that were made elsewhere. The payouts of one period are in one run, which is settled from the start.

use crate::domain::{
    money::Currency,
    payouts::OpenAmount,
    programme::partner::PartnerNo,
    values::{date::Date, id::PayoutId, time::Timestamp},
};
use crate::store::{
    Sql, SqlError, Value,
    books::accounts::Transfer,
    payouts::{
        fx_transfers::{Direction, post_payout},
        rows::{self, OPEN, amount},
        runs::{self, RunTerms},
        settlement,
    },
    value::json_text,
};
use serde::{Deserialize, Serialize};

/// A payout that was made elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedPayout {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: PayoutId,
    /// The number of its run.
    pub run_no: i64,
    /// The run, if this payout is the first of its period.
    pub new_run: Option<RunTerms>,
    /// The provider's reference.
    pub reference: String,
    /// The commissions that it paid.
    pub items: Vec<OpenAmount>,
    /// Its payment.
    pub transfer: Transfer,
}

/// Returns the number of the run of a period whose payouts were made elsewhere.
pub fn run_of(sql: &dyn Sql, from: Date, to: Date) -> Result<Option<i64>, SqlError> {
    let statement = "SELECT no FROM payout_runs WHERE period_from = ?1 AND period_to = ?2 AND imported = 1";
    let rows = sql.exec(statement, &[from.to_string().into(), to.to_string().into()])?;
    rows.first().map(|row| row.int(0)).transpose()
}

/// Returns whether the payouts of a run were made elsewhere.
pub fn is_imported(sql: &dyn Sql, run_no: i64) -> Result<bool, SqlError> {
    let rows = sql.exec("SELECT imported FROM payout_runs WHERE no = ?1", &[run_no.into()])?;
    rows.first().map_or(Ok(false), |row| Ok(row.int(0)? == 1))
}

/// Returns what is open of a partner's commissions that became payable before `before`, oldest first.
pub fn open(
    sql: &dyn Sql,
    partner_no: PartnerNo,
    currency: Currency,
    before: Timestamp,
) -> Result<Vec<OpenAmount>, SqlError> {
    let statement = format!(
        "SELECT no, CAST({OPEN} AS TEXT) FROM commissions INDEXED BY commissions_open WHERE partner_no = ?1 \
         AND currency = ?2 AND matures_at < ?3 AND status <> 'pending' AND {OPEN} <> 0 ORDER BY matures_at, no"
    );
    let args = [partner_no.into(), currency.code().into(), before.into()];
    sql.exec(&statement, &args)?.iter().map(|row| Ok((row.int(0)?, amount(row, 1)?))).collect()
}

/// Writes a payout that was made elsewhere, and its transfers.
pub fn insert(sql: &dyn Sql, payout: &ImportedPayout) -> Result<(), SqlError> {
    let at = payout.transfer.at;
    if let Some(terms) = &payout.new_run {
        runs::insert_imported(sql, terms, at)?;
    }
    let transfer = &payout.transfer;
    let args: [Value; 7] = [
        payout.no.into(),
        payout.id.as_str().into(),
        payout.run_no.into(),
        transfer.partner_no.into(),
        transfer.currency.code().into(),
        transfer.amount.into(),
        at.into(),
    ];
    let statement = "INSERT INTO payouts (no, id, run_no, partner_no, currency, amount, status, created_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'open', ?7)";
    sql.exec(statement, &args)?;
    let statement = "INSERT INTO payout_items (payout_no, commission_no, amount, reversed) \
                     SELECT ?1, m.no, value ->> 1, m.reversed FROM json_each(?2) \
                     CROSS JOIN commissions m ON m.no = value ->> 0";
    sql.exec(statement, &[payout.no.into(), json_text(&payout.items)?.into()])?;
    let statement = "INSERT INTO payout_parts (payout_no, currency, amount, commissions, converted) \
                     SELECT ?1, ?2, ?3, count(*), ?3 FROM payout_items WHERE payout_no = ?1";
    let args = [payout.no.into(), transfer.currency.code().into(), transfer.amount.into()];
    sql.exec(statement, &args)?;
    let row = rows::by_no(sql, payout.no)?
        .ok_or(SqlError::Shape { column: 0, expected: "a payout that exists" })?;
    post_payout(sql, &row, Direction::Approved, at)?;
    settlement::paid(sql, payout.no, &payout.reference, transfer)?;
    runs::has_payout(sql, payout.run_no, payout.no)
}
