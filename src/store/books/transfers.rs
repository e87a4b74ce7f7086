//! Reading transfers: those of a commission, together with those of its payouts.

use crate::domain::{
    money::{
        Currency,
        accounts::{Account, TransferKind},
    },
    programme::partner::PartnerNo,
    values::{
        id::{PayoutId, TransferId},
        time::Timestamp,
    },
};
use crate::store::{Row, Sql, SqlError};

/// A transfer for display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransferRow {
    /// Public id.
    pub id: TransferId,
    /// The reason.
    pub kind: TransferKind,
    /// The account that is debited.
    pub debit: Account,
    /// The account that is credited.
    pub credit: Account,
    /// The amount in minor units.
    pub amount: i64,
    /// Currency.
    pub currency: Currency,
    /// The rate of an exchange as a decimal.
    pub rate: Option<String>,
    /// The payout that it belongs to, if it is a transfer of a whole payout.
    pub payout_id: Option<PayoutId>,
    /// When it was made.
    pub at: Timestamp,
}

fn read(row: &Row) -> Result<TransferRow, SqlError> {
    Ok(TransferRow {
        id: row.parsed(0, "a transfer's id", TransferId::parse)?,
        kind: row.parsed(1, "a kind", TransferKind::parse)?,
        debit: row.parsed(2, "an account", Account::parse)?,
        credit: row.parsed(3, "an account", Account::parse)?,
        amount: i64::try_from(row.big_int(4)?).map_err(|_| SqlError::Overflow("a transfer"))?,
        currency: row.parsed(5, "a currency", Currency::parse)?,
        rate: row.opt_string(6)?,
        payout_id: row.opt_parsed(7, "a payout's id", PayoutId::parse)?,
        at: row.time(8)?,
    })
}

/// Returns the transfers of a commission and of its payouts in chronological order.
pub fn of_commission(
    sql: &dyn Sql,
    partner_no: PartnerNo,
    commission_no: i64,
) -> Result<Vec<TransferRow>, SqlError> {
    let statement = "SELECT f.id, f.kind, f.debit, f.credit, CAST(f.amount AS TEXT), f.currency, f.rate, y.id, f.created_at \
                     FROM transfers f LEFT JOIN payouts y ON y.no = f.payout_no \
                     WHERE f.partner_no = ?1 AND (f.commission_no = ?2 OR (f.commission_no = 0 AND EXISTS \
                     (SELECT 1 FROM payout_items i WHERE i.payout_no = f.payout_no AND i.commission_no = ?2))) \
                     ORDER BY f.no";
    sql.exec(statement, &[partner_no.into(), commission_no.into()])?.iter().map(read).collect()
}

/// Returns when a commission was rejected.
pub fn rejected_at(
    sql: &dyn Sql,
    partner_no: PartnerNo,
    commission_no: i64,
) -> Result<Option<Timestamp>, SqlError> {
    let statement = "SELECT created_at FROM transfers WHERE partner_no = ?1 AND commission_no = ?2 AND kind = 'rejection'";
    let rows = sql.exec(statement, &[partner_no.into(), commission_no.into()])?;
    rows.first().map(|row| row.time(0)).transpose()
}
