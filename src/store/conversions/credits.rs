//! Rows of credits: the shares of conversions that several touches earn.

use crate::domain::{attribution::TouchOrigin, programme::partner::PartnerNo};
use crate::store::{Row, Sql, SqlError, Value, columns, conversions::CreditDimensions};

/// A credit for part of a conversion, with the dimensions under which it is counted.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "LoggedCredit", from = "LoggedCredit")]
pub struct SharedCredit {
    /// The partner, link and origin.
    pub dimensions: CreditDimensions,
    /// The credited click or coupon.
    pub origin: TouchOrigin,
    /// The share in basis points.
    pub share_bp: i64,
    /// The share of the conversion's amount in minor units.
    pub amount: i64,
    /// The share of the refunded amount in minor units.
    pub refunded: i64,
}

/// A [`SharedCredit`] in the log: `click_id` is the coupon's id if a coupon is credited.
#[derive(serde::Serialize, serde::Deserialize)]
struct LoggedCredit {
    place: CreditDimensions,
    click_id: String,
    share_bp: i64,
    amount: i64,
    refunded: i64,
}

impl From<SharedCredit> for LoggedCredit {
    fn from(credit: SharedCredit) -> Self {
        let SharedCredit { dimensions, origin, share_bp, amount, refunded } = credit;
        Self { place: dimensions, click_id: origin.id().to_owned(), share_bp, amount, refunded }
    }
}

impl From<LoggedCredit> for SharedCredit {
    fn from(logged: LoggedCredit) -> Self {
        let LoggedCredit { place: dimensions, click_id, share_bp, amount, refunded } = logged;
        let origin = columns::touch_origin(click_id, dimensions.link_no.unwrap_or(0));
        Self { dimensions, origin, share_bp, amount, refunded }
    }
}

fn read(row: &Row) -> Result<SharedCredit, SqlError> {
    let dimensions = CreditDimensions {
        partner_no: row.number(0)?,
        link_no: columns::nonzero(row, 1)?,
        country: columns::country(row, 3)?,
        device: columns::device(row, 4)?,
    };
    Ok(SharedCredit {
        origin: columns::touch_origin(row.text(2)?.to_owned(), row.number(1)?),
        dimensions,
        share_bp: row.int(5)?,
        amount: row.int(6)?,
        refunded: row.int(7)?,
    })
}

/// Inserts a conversion's credits.
pub fn insert(sql: &dyn Sql, conversion_no: i64, credits: &[SharedCredit]) -> Result<(), SqlError> {
    let statement = "INSERT INTO conversion_credits (conversion_no, place, partner_no, link_no, click_id, country, device, \
                     share_bp, amount, refunded) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    for (position, credit) in (0i64..).zip(credits) {
        let args: [Value; 10] = [
            conversion_no.into(),
            position.into(),
            credit.dimensions.partner_no.into(),
            columns::number_or_zero(credit.origin.link_no()),
            credit.origin.id().into(),
            columns::country_or_empty(credit.dimensions.country),
            credit.dimensions.device.code().into(),
            credit.share_bp.into(),
            credit.amount.into(),
            credit.refunded.into(),
        ];
        sql.exec(statement, &args)?;
    }
    Ok(())
}

/// Returns the credits of a shared conversion in their order; empty if it is not shared.
pub fn of(sql: &dyn Sql, conversion_no: i64) -> Result<Vec<SharedCredit>, SqlError> {
    let statement = "SELECT partner_no, link_no, click_id, country, device, share_bp, amount, refunded \
                     FROM conversion_credits WHERE conversion_no = ?1 ORDER BY place";
    sql.exec(statement, &[conversion_no.into()])?.iter().map(read).collect()
}

/// Returns whether a partner has a credit of a shared conversion.
pub fn is_shared_by(sql: &dyn Sql, conversion_no: i64, partner: PartnerNo) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM conversion_credits WHERE partner_no = ?1 AND conversion_no = ?2 LIMIT 1";
    Ok(!sql.exec(statement, &[partner.into(), conversion_no.into()])?.is_empty())
}

/// Sets the refunded amount of each credit of a conversion, in their order.
pub fn set_refunded(sql: &dyn Sql, conversion_no: i64, refunded: &[i64]) -> Result<(), SqlError> {
    let statement = "UPDATE conversion_credits SET refunded = ?3 WHERE conversion_no = ?1 AND place = ?2";
    for (position, refunded) in (0i64..).zip(refunded) {
        sql.exec(statement, &[conversion_no.into(), position.into(), (*refunded).into()])?;
    }
    Ok(())
}
