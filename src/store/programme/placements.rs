//! Rows of placements, and their returns.

use crate::domain::{
    money::{Currency, Money},
    programme::{
        partner::PartnerNo,
        placement::{Placement, PlacementKind},
    },
    values::{id::PlacementId, string_enum::Word, time::Timestamp},
};
use crate::store::{Page, Row, Sql, SqlError, Value, value::json_text};

const COLUMNS: &str = "no, id, partner_no, kind, title, external_id, link_no, fee, currency, published_at, \
                       target_roi_bp, metadata, created_at";

fn read(row: &Row) -> Result<Placement, SqlError> {
    Ok(Placement {
        no: row.int(0)?,
        id: row.parsed(1, "a placement id", PlacementId::parse)?,
        partner_no: row.number(2)?,
        kind: row.parsed(3, "a kind", PlacementKind::parse)?,
        title: row.text(4)?.to_owned(),
        external_id: row.text(5)?.to_owned(),
        link_no: row.opt_int(6)?.map(|_| row.number(6)).transpose()?,
        fee: Money { amount: row.int(7)?, currency: row.parsed(8, "a currency", Currency::parse)? },
        published_at: row.time(9)?,
        target_roi_bp: row.opt_int(10)?,
        metadata: row.json(11)?,
        created_at: row.time(12)?,
    })
}

/// Returns the number for the next placement.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "placements")
}

/// Inserts a placement.
pub fn insert(sql: &dyn Sql, placement: &Placement) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO placements ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"
    );
    let args: [Value; 13] = [
        placement.no.into(),
        placement.id.as_str().into(),
        placement.partner_no.into(),
        Word::from(placement.kind).into(),
        placement.title.as_str().into(),
        placement.external_id.as_str().into(),
        placement.link_no.into(),
        placement.fee.amount.into(),
        placement.fee.currency.code().into(),
        placement.published_at.into(),
        placement.target_roi_bp.into(),
        json_text(&placement.metadata)?.into(),
        placement.created_at.into(),
    ];
    sql.exec(&statement, &args).map(drop)
}

fn one(sql: &dyn Sql, condition: &str, arg: Value) -> Result<Option<Placement>, SqlError> {
    let rows = sql.exec(&format!("SELECT {COLUMNS} FROM placements WHERE {condition} = ?1"), &[arg])?;
    rows.first().map(read).transpose()
}

/// Returns the placement with this id.
pub fn by_id(sql: &dyn Sql, id: &PlacementId) -> Result<Option<Placement>, SqlError> {
    one(sql, "id", id.as_str().into())
}

/// Returns the placement with this external id.
pub fn by_external_id(sql: &dyn Sql, external_id: &str) -> Result<Option<Placement>, SqlError> {
    one(sql, "external_id", external_id.into())
}

/// Returns placements, newest first; `partner` limits them to one partner's.
pub fn list(sql: &dyn Sql, partner: Option<PartnerNo>, page: Page) -> Result<Vec<Placement>, SqlError> {
    let (condition, partner) = match partner {
        Some(partner) => ("partner_no = ?3 AND", partner),
        None => ("?3 IS NOT NULL AND", 0),
    };
    let statement = format!(
        "SELECT {COLUMNS} FROM placements WHERE {condition} no < ?1 ORDER BY no DESC LIMIT CAST(?2 AS INTEGER)"
    );
    sql.exec(&statement, &[page.below().into(), page.limit.into(), partner.into()])?
        .iter()
        .map(read)
        .collect()
}

/// Returns the revenue minus refunds of a placement's link since publication, by currency in minor units.
pub fn returned(sql: &dyn Sql, placement: &Placement) -> Result<Vec<(Currency, i128)>, SqlError> {
    let Some(link_no) = placement.link_no else { return Ok(Vec::new()) };
    let statement = "SELECT currency, CAST(sum(revenue) - sum(refunds) AS TEXT) FROM conversion_counts \
                     WHERE partner_no = ?1 AND quarter >= ?2 AND link_no = ?3 AND currency <> '' \
                     GROUP BY currency ORDER BY currency";
    let since = Timestamp::quarter(placement.published_at);
    let args: [Value; 3] = [placement.partner_no.into(), since.into(), link_no.into()];
    let read = |row: &Row| Ok((row.parsed(0, "a currency", Currency::parse)?, row.big_int(1)?));
    sql.exec(statement, &args)?.iter().map(read).collect()
}
