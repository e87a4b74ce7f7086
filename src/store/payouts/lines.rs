//! The contents of payouts: parts by currency, and commissions.

use crate::domain::{
    conversions::CommissionSource,
    money::Currency,
    payouts::PayoutStatus,
    programme::partner::PartnerNo,
    values::{
        date::Date,
        id::{CommissionId, ConversionId, PayoutId},
        time::Timestamp,
    },
};
use crate::store::{
    Page, Row, Sql, SqlError,
    payouts::rows::{OPEN, OPEN_OF_M, Payout, amount},
};

/// The part of a payout that was earned in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// The currency.
    pub currency: Currency,
    /// The amount in minor units.
    pub amount: i64,
    /// The number of commissions.
    pub commissions: i64,
    /// The exchange rate as a decimal.
    pub rate: Option<String>,
    /// The amount in the payout's currency in minor units; absent if it is held.
    pub converted: Option<i64>,
}

/// Returns a payout's parts by currency.
pub fn parts(sql: &dyn Sql, payout_no: i64) -> Result<Vec<StoredPart>, SqlError> {
    let statement = "SELECT currency, CAST(amount AS TEXT), commissions, rate, CAST(converted AS TEXT), converted IS NULL \
                     FROM payout_parts WHERE payout_no = ?1 ORDER BY currency";
    let read = |row: &Row| {
        Ok(StoredPart {
            currency: row.parsed(0, "a currency", Currency::parse)?,
            amount: amount(row, 1)?,
            commissions: row.int(2)?,
            rate: row.opt_string(3)?,
            converted: if row.int(5)? == 1 { None } else { Some(amount(row, 4)?) },
        })
    };
    sql.exec(statement, &[payout_no.into()])?.iter().map(read).collect()
}

/// A commission in a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The commission's number.
    pub no: i64,
    /// The public id of the commission.
    pub id: CommissionId,
    /// The source of the commission.
    pub source: CommissionSource,
    /// The conversion that earned it, if any.
    pub conversion_id: Option<ConversionId>,
    /// The caller's id of that conversion.
    pub external_id: Option<String>,
    /// When its conversion occurred, or when the commission was created if it has none.
    pub earned_at: Timestamp,
    /// The amount that the rate was applied to, in minor units, or the conversion's amount if that was not recorded.
    pub base: Option<i64>,
    /// The rate in basis points.
    pub rate_bp: i64,
    /// The amount earned in minor units.
    pub earned: i64,
    /// The amount reversed when the payout was approved, in minor units; for a draft, so far.
    pub reversed: i64,
    /// The amount in this payout in minor units; negative if more was paid before than remains.
    pub amount: i64,
    /// The currency of all amounts.
    pub currency: Currency,
}

const ITEM: &str = "m.no, m.id, m.source, c.id, c.external_id, coalesce(c.occurred_at, m.created_at), \
                    coalesce(m.base, c.amount), m.rate_bp, m.amount, m.currency";

fn item(row: &Row) -> Result<Item, SqlError> {
    Ok(Item {
        no: row.int(0)?,
        id: row.parsed(1, "a commission id", CommissionId::parse)?,
        source: row.parsed(2, "a source", CommissionSource::parse)?,
        conversion_id: row.opt_parsed(3, "a conversion id", ConversionId::parse)?,
        external_id: row.opt_string(4)?,
        earned_at: row.time(5)?,
        base: row.opt_int(6)?,
        rate_bp: row.int(7)?,
        earned: row.int(8)?,
        currency: row.parsed(9, "a currency", Currency::parse)?,
        amount: amount(row, 10)?,
        reversed: row.int(11)?,
    })
}

/// Returns the commissions of an approved payout, newest first.
pub fn items(sql: &dyn Sql, payout_no: i64, page: Page) -> Result<Vec<Item>, SqlError> {
    let statement = format!(
        "SELECT {ITEM}, CAST(i.amount AS TEXT), i.reversed FROM payout_items i CROSS JOIN commissions m ON m.no = i.commission_no \
         LEFT JOIN conversions c ON c.no = m.conversion_no \
         WHERE i.payout_no = ?1 AND i.commission_no < ?2 ORDER BY i.commission_no DESC LIMIT CAST(?3 AS INTEGER)"
    );
    sql.exec(&statement, &[payout_no.into(), page.below().into(), page.limit.into()])?
        .iter()
        .map(item)
        .collect()
}

/// Returns the commissions of a draft payout, newest first: those open now that became payable by the end of its
/// period, `to`.
pub fn draft_items(sql: &dyn Sql, payout: &Payout, to: Date, page: Page) -> Result<Vec<Item>, SqlError> {
    let open = OPEN_OF_M;
    let statement = format!(
        "SELECT {ITEM}, CAST({open} AS TEXT), m.reversed FROM payout_parts t CROSS JOIN commissions m INDEXED BY commissions_open \
         ON m.partner_no = ?2 AND m.currency = t.currency AND m.matures_at < ?3 AND m.status <> 'pending' AND {open} <> 0 \
         LEFT JOIN conversions c ON c.no = m.conversion_no \
         WHERE t.payout_no = ?1 AND t.converted IS NOT NULL AND m.no < ?4 ORDER BY m.no DESC LIMIT CAST(?5 AS INTEGER)"
    );
    let args =
        [payout.no.into(), payout.partner_no.into(), to.end().into(), page.below().into(), page.limit.into()];
    sql.exec(&statement, &args)?.iter().map(item).collect()
}

/// A payout that includes a commission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommissionPayout {
    /// The public id of the payout.
    pub id: PayoutId,
    /// The amount of the commission in it, in minor units.
    pub amount: i64,
    /// The status of the payout.
    pub status: PayoutStatus,
    /// The provider's reference.
    pub reference: Option<String>,
}

/// Returns the payouts that include a partner's commission, oldest first.
pub fn of_commission(
    sql: &dyn Sql,
    partner_no: PartnerNo,
    commission_no: i64,
) -> Result<Vec<CommissionPayout>, SqlError> {
    let statement = "SELECT y.id, CAST(i.amount AS TEXT), y.status, y.reference FROM payouts y \
                     CROSS JOIN payout_items i ON i.payout_no = y.no AND i.commission_no = ?2 \
                     WHERE y.partner_no = ?1 ORDER BY y.no";
    let read = |row: &Row| {
        Ok(CommissionPayout {
            id: row.parsed(0, "a payout's id", PayoutId::parse)?,
            amount: amount(row, 1)?,
            status: row.parsed(2, "a status", PayoutStatus::parse)?,
            reference: row.opt_string(3)?,
        })
    };
    sql.exec(statement, &[partner_no.into(), commission_no.into()])?.iter().map(read).collect()
}

/// Returns a partner's commissions that were paid more than remains, oldest first: number and excess in minor units.
pub fn overpaid(
    sql: &dyn Sql,
    partner_no: PartnerNo,
    currency: Currency,
) -> Result<Vec<(i64, i64)>, SqlError> {
    let statement = format!(
        "SELECT no, CAST(-({OPEN}) AS TEXT) FROM commissions WHERE partner_no = ?1 AND currency = ?2 \
         AND status <> 'pending' AND {OPEN} <> 0 AND {OPEN} < 0 ORDER BY no"
    );
    let args = [partner_no.into(), currency.code().into()];
    sql.exec(&statement, &args)?.iter().map(|row| Ok((row.int(0)?, amount(row, 1)?))).collect()
}

/// Returns the write-offs of debts that a paid payout caused and that cease to exist if it comes back, oldest first: the
/// commission, its currency, and the amount in minor units.
///
/// A commission of which more was paid than remained had its excess written off. Without the payout there is no excess,
/// or less of it, and a write-off beyond it would be paid out.
pub fn undue_write_offs(sql: &dyn Sql, payout_no: i64) -> Result<Vec<(i64, Currency, i64)>, SqlError> {
    let excess = "max(0, m.settled - i.amount - m.amount + m.reversed)";
    let statement = format!(
        "SELECT m.no, m.currency, CAST(m.written_off - {excess} AS TEXT) FROM payout_items i \
         CROSS JOIN commissions m ON m.no = i.commission_no \
         WHERE i.payout_no = ?1 AND m.written_off > {excess} ORDER BY m.no"
    );
    let read = |row: &Row| Ok((row.int(0)?, row.parsed(1, "a currency", Currency::parse)?, amount(row, 2)?));
    sql.exec(&statement, &[payout_no.into()])?.iter().map(read).collect()
}
