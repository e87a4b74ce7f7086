//! What payouts are made of: parts by currency, and commissions.

use super::{
    super::{Page, Row, Sql, SqlError},
    OPEN, OPEN_OF_M, Payout, amount,
};
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

/// What of a payout was earned in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPart {
    /// The currency.
    pub currency: Currency,
    /// Minor units.
    pub amount: i64,
    /// Of so many commissions.
    pub commissions: i64,
    /// The rate that it is exchanged at, decimal.
    pub rate: Option<String>,
    /// What it is worth in the payout's currency; absent = it is held.
    pub converted: Option<i64>,
}

/// A payout's parts.
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
    /// The commission.
    pub id: CommissionId,
    /// What earned it.
    pub source: CommissionSource,
    /// The conversion that earned it, if one did …
    pub conversion_id: Option<ConversionId>,
    /// … and the caller's id of that.
    pub external_id: Option<String>,
    /// When it was earned: when its conversion occurred, else when it was booked.
    pub earned_at: Timestamp,
    /// What the rate was applied to, minor units; the conversion's amount where that was not kept.
    pub base: Option<i64>,
    /// The rate, basis points.
    pub rate_bp: i64,
    /// Earned, minor units.
    pub earned: i64,
    /// Taken back of that by the time of the payout; of a draft's, so far.
    pub reversed: i64,
    /// In this payout, minor units; negative where more was paid before than is left.
    pub amount: i64,
    /// Currency of all.
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

/// An approved payout's commissions, newest first.
pub fn items(sql: &dyn Sql, payout_no: i64, page: Page) -> Result<Vec<Item>, SqlError> {
    let statement = format!(
        "SELECT {ITEM}, CAST(i.amount AS TEXT), i.reversed FROM payout_items i CROSS JOIN commissions m ON m.no = i.commission_no \
         LEFT JOIN conversions c ON c.no = m.conversion_no \
         WHERE i.payout_no = ?1 AND i.commission_no < ?2 ORDER BY i.commission_no DESC LIMIT ?3"
    );
    sql.exec(&statement, &[payout_no.into(), page.below().into(), page.limit.into()])?
        .iter()
        .map(item)
        .collect()
}

/// The same of a draft's: what is open now of what became payable by the end of its period, `to`.
pub fn draft_items(sql: &dyn Sql, payout: &Payout, to: Date, page: Page) -> Result<Vec<Item>, SqlError> {
    let open = OPEN_OF_M;
    let statement = format!(
        "SELECT {ITEM}, CAST({open} AS TEXT), m.reversed FROM payout_parts t CROSS JOIN commissions m INDEXED BY commissions_open \
         ON m.partner_no = ?2 AND m.currency = t.currency AND m.matures_at < ?3 AND m.status <> 'pending' AND {open} <> 0 \
         LEFT JOIN conversions c ON c.no = m.conversion_no \
         WHERE t.payout_no = ?1 AND t.converted IS NOT NULL AND m.no < ?4 ORDER BY m.no DESC LIMIT ?5"
    );
    let args =
        [payout.no.into(), payout.partner_no.into(), to.end().into(), page.below().into(), page.limit.into()];
    sql.exec(&statement, &args)?.iter().map(item).collect()
}

/// A payout that a commission was in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// The payout.
    pub id: PayoutId,
    /// How much of the commission was in it, minor units.
    pub amount: i64,
    /// Where the payout stands.
    pub status: PayoutStatus,
    /// The provider's reference.
    pub reference: Option<String>,
}

/// The payouts that a partner's commission was in, oldest first.
pub fn of_commission(
    sql: &dyn Sql,
    partner_no: PartnerNo,
    commission_no: i64,
) -> Result<Vec<Placed>, SqlError> {
    let statement = "SELECT y.id, CAST(i.amount AS TEXT), y.status, y.reference FROM payouts y \
                     CROSS JOIN payout_items i ON i.payout_no = y.no AND i.commission_no = ?2 \
                     WHERE y.partner_no = ?1 ORDER BY y.no";
    let read = |row: &Row| {
        Ok(Placed {
            id: row.parsed(0, "a payout's id", PayoutId::parse)?,
            amount: amount(row, 1)?,
            status: row.parsed(2, "a status", PayoutStatus::parse)?,
            reference: row.opt_string(3)?,
        })
    };
    sql.exec(statement, &[partner_no.into(), commission_no.into()])?.iter().map(read).collect()
}

/// A partner's commissions of which more was paid than is left, oldest first: number, and how much, minor units.
pub fn owed_back(
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
