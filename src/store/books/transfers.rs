//! Transfers as they are read: one commission's, with those of the payouts that it was in.

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

/// A transfer as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Public id.
    pub id: TransferId,
    /// Why.
    pub kind: TransferKind,
    /// The account that is debited.
    pub debit: Account,
    /// The account that is credited.
    pub credit: Account,
    /// Minor units.
    pub amount: i64,
    /// Currency.
    pub currency: Currency,
    /// The rate of an exchange, decimal.
    pub rate: Option<String>,
    /// The payout that it belongs to: it is for the whole of that.
    pub payout_id: Option<PayoutId>,
    /// When.
    pub at: Timestamp,
}

fn read(row: &Row) -> Result<Shown, SqlError> {
    Ok(Shown {
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

/// A commission's transfers and those of its payouts, in the order in which they were made.
pub fn of_commission(
    sql: &dyn Sql,
    partner_no: PartnerNo,
    commission_no: i64,
) -> Result<Vec<Shown>, SqlError> {
    let statement = "SELECT f.id, f.kind, f.debit, f.credit, CAST(f.amount AS TEXT), f.currency, f.rate, y.id, f.created_at \
                     FROM transfers f LEFT JOIN payouts y ON y.no = f.payout_no \
                     WHERE f.partner_no = ?1 AND (f.commission_no = ?2 OR (f.commission_no = 0 AND EXISTS \
                     (SELECT 1 FROM payout_items i WHERE i.payout_no = f.payout_no AND i.commission_no = ?2))) \
                     ORDER BY f.no";
    sql.exec(statement, &[partner_no.into(), commission_no.into()])?.iter().map(read).collect()
}
