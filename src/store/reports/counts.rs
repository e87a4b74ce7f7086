//! Counts by quarter hour, the basis of reports.

use crate::domain::{
    clicks::click::{Country, Device},
    conversions::ConversionType,
    links::link::LinkNo,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::time::Timestamp,
};
use crate::store::{Sql, SqlError, Value, columns};
use serde::Deserialize;

/// A numbered set of count deltas from one shard of the ClickLog.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deltas {
    /// The shard.
    pub shard: u8,
    /// The number in the shard's sequence: 1, 2, …
    pub seq: i64,
    /// The position in the shard's log of the last click that these or earlier deltas include. Deltas that an earlier version
    /// has recorded do not say.
    #[serde(default)]
    pub through: Option<i64>,
    /// The time of the newest click included, in Unix milliseconds.
    pub through_ms: i64,
    /// Rows of `[link_no, quarter, country, device, bucket, count, uniques]`.
    pub rows: Vec<(LinkNo, i64, String, u8, u8, i64, i64)>,
}

/// The reason that deltas were not applied.
#[derive(Debug, thiserror::Error)]
pub enum DeltasError {
    /// The deltas do not have the documented form.
    #[error("the count deltas are malformed: {0}")]
    Malformed(#[from] strict_json::Error),
    /// An earlier set of deltas is missing.
    #[error("shard {shard} sent deltas {seq}, but the last ones applied are {applied}")]
    Gap {
        /// The shard.
        shard: u8,
        /// The number received.
        seq: i64,
        /// The last number applied.
        applied: i64,
    },
    /// A database error.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Returns the number of the last deltas applied for a shard, or 0 if there are none.
pub fn applied_seq(sql: &dyn Sql, shard: u8) -> Result<i64, SqlError> {
    let rows = sql.exec("SELECT applied_seq FROM shards WHERE shard = ?1", &[shard.into()])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Adds the deltas to the counts, each number once even if it arrives repeatedly. Returns the last number applied. Call
/// it in a transaction. The number of statements does not depend on the number of rows.
pub fn apply(sql: &dyn Sql, text: &str) -> Result<i64, DeltasError> {
    let deltas: Deltas = strict_json::from_str(text)?;
    let applied = applied_seq(sql, deltas.shard)?;
    if deltas.seq <= applied {
        return Ok(applied);
    }
    if deltas.seq != applied.saturating_add(1) {
        return Err(DeltasError::Gap { shard: deltas.shard, seq: deltas.seq, applied });
    }
    // A set without rows contains no newer data, regardless of its time.
    if !deltas.rows.is_empty() {
        add_rows(sql, &crate::store::value::json_text(&deltas.rows)?, deltas.through_ms)?;
    }
    sql.exec(
        "INSERT INTO shards (shard, applied_seq, counted_through) VALUES (?1, ?2, ?3) \
         ON CONFLICT (shard) DO UPDATE SET applied_seq = excluded.applied_seq, counted_through = excluded.counted_through",
        &[deltas.shard.into(), deltas.seq.into(), deltas.through.into()],
    )?;
    Ok(deltas.seq)
}

/// Returns the positions in the shards' logs up to which clicks are counted, by shard; `None` if a shard does not say.
pub fn counted_through(sql: &dyn Sql) -> Result<Option<Vec<(u8, i64)>>, SqlError> {
    let rows = sql.exec("SELECT shard, counted_through FROM shards ORDER BY shard", &[])?;
    let mut positions = Vec::with_capacity(rows.len());
    for row in &rows {
        let shard = u8::try_from(row.int(0)?);
        let shard = shard.map_err(|_| SqlError::Shape { column: 0, expected: "a shard" })?;
        let Some(through) = row.opt_int(1)? else { return Ok(None) };
        positions.push((shard, through));
    }
    Ok(Some(positions))
}

/// Adds rows of `[link_no, quarter, country, device, bucket, count, uniques]`, given as JSON.
pub fn add_rows(sql: &dyn Sql, rows: &str, through_ms: i64) -> Result<(), SqlError> {
    const READ: &str = "WITH r AS (SELECT json_extract(value, '$[0]') AS link_no, json_extract(value, '$[1]') AS \
         quarter, json_extract(value, '$[2]') AS country, json_extract(value, '$[3]') AS device, \
         json_extract(value, '$[4]') AS bucket, json_extract(value, '$[5]') AS n, json_extract(value, '$[6]') AS u \
         FROM json_each(?1))";
    let statement = format!(
        "{READ} INSERT INTO click_counts (partner_no, quarter, link_no, country, device, clicks, uniques, duplicate, bot, \
         prefetch, revoked, expired, invalid) \
         SELECT coalesce(l.partner_no, 0), r.quarter, coalesce(l.no, 0), r.country, r.device, \
         sum(iif(r.bucket = 0, r.n, 0)), sum(r.u), sum(iif(r.bucket = 1, r.n, 0)), sum(iif(r.bucket = 2, r.n, 0)), \
         sum(iif(r.bucket = 3, r.n, 0)), sum(iif(r.bucket = 4, r.n, 0)), sum(iif(r.bucket = 5, r.n, 0)), \
         sum(iif(r.bucket = 6, r.n, 0)) \
         FROM r LEFT JOIN links l ON l.no = r.link_no WHERE true GROUP BY 1, 2, 3, 4, 5 \
         ON CONFLICT (partner_no, quarter, link_no, country, device) DO UPDATE SET clicks = clicks + excluded.clicks, \
         uniques = uniques + excluded.uniques, duplicate = duplicate + excluded.duplicate, bot = bot + excluded.bot, \
         prefetch = prefetch + excluded.prefetch, revoked = revoked + excluded.revoked, \
         expired = expired + excluded.expired, invalid = invalid + excluded.invalid"
    );
    sql.exec(&statement, &[rows.into()])?;
    let statement = format!(
        "{READ} INSERT INTO data_through (partner_no, through_ms) SELECT DISTINCT l.partner_no, CAST(?2 AS INTEGER) \
         FROM r JOIN links l ON l.no = r.link_no WHERE true UNION SELECT 0, CAST(?2 AS INTEGER) \
         ON CONFLICT (partner_no) DO UPDATE SET through_ms = max(through_ms, excluded.through_ms)"
    );
    sql.exec(&statement, &[rows.into(), through_ms.into()]).map(drop)
}

/// A count delta: the changes to the sums by a conversion, refund or reversal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ConversionDelta {
    /// The credited partner, if any.
    #[serde(with = "columns::zero")]
    pub partner_no: Option<PartnerNo>,
    /// When the conversion occurred.
    pub occurred_at: Timestamp,
    /// The credited link, if any.
    #[serde(with = "columns::zero")]
    pub link_no: Option<LinkNo>,
    /// The listing, if known.
    #[serde(with = "columns::zero")]
    pub listing_no: Option<ListingNo>,
    /// The country of the credited click, if known.
    #[serde(with = "columns::empty_country")]
    pub country: Option<Country>,
    /// The device of the credited click.
    #[serde(with = "columns::device_code")]
    pub device: Device,
    /// The ISO 4217 currency of the sums; absent if there are none.
    #[serde(with = "columns::empty")]
    pub currency: Option<String>,
    /// The type of the conversion to count; absent for a refund.
    pub counted: Option<ConversionType>,
    /// Whether a qualified lead is counted. Absent in logs from before leads were qualified.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub qualified: bool,
    /// Whether the counts are subtracted: the conversion is counted elsewhere from now on, or its lead is no longer qualified.
    #[serde(default)]
    pub uncounted: bool,
    /// The gross amount in minor units.
    pub revenue: i64,
    /// The refunded amount in minor units.
    pub refunds: i64,
    /// The commission earned (positive) or reversed (negative) in minor units.
    pub commission: i64,
}

/// Adds a delta to the sums, and records that the partner's report includes data as of `now`.
pub fn add_conversion(sql: &dyn Sql, delta: &ConversionDelta, now: Timestamp) -> Result<(), SqlError> {
    let one = if delta.uncounted { -1i64 } else { 1 };
    let is = |kind: Option<bool>| if kind == Some(true) { one } else { 0 };
    let statement = "INSERT INTO conversion_counts (partner_no, quarter, link_no, listing_no, country, device, currency, \
                     leads, installs, sales, revenue, refunds, commission, qualified_leads) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, CAST(?8 AS INTEGER), CAST(?9 AS INTEGER), \
                     CAST(?10 AS INTEGER), CAST(?11 AS INTEGER), CAST(?12 AS INTEGER), CAST(?13 AS INTEGER), \
                     CAST(?14 AS INTEGER)) \
                     ON CONFLICT (partner_no, quarter, link_no, listing_no, country, device, currency) DO UPDATE SET \
                     leads = leads + excluded.leads, installs = installs + excluded.installs, \
                     sales = sales + excluded.sales, revenue = revenue + excluded.revenue, \
                     refunds = refunds + excluded.refunds, commission = commission + excluded.commission, \
                     qualified_leads = qualified_leads + excluded.qualified_leads";
    let sums: [Value; 7] = [
        is(delta.counted.map(|kind| kind == ConversionType::Lead)).into(),
        is(delta.counted.map(|kind| kind == ConversionType::Install)).into(),
        is(delta.counted.map(ConversionType::is_sale)).into(),
        delta.revenue.into(),
        delta.refunds.into(),
        delta.commission.into(),
        is(Some(delta.qualified)).into(),
    ];
    let key = key(delta);
    sql.exec(statement, &[key.as_slice(), &sums].concat())?;
    if delta.uncounted {
        delete_empty_row(sql, &key)?;
    }
    let statement = "INSERT INTO data_through (partner_no, through_ms) VALUES (?1, ?2), (0, ?2) \
                     ON CONFLICT (partner_no) DO UPDATE SET through_ms = max(through_ms, excluded.through_ms)";
    sql.exec(statement, &[columns::number_or_zero(delta.partner_no), now.into()]).map(drop)
}

/// Returns the key columns of a row of conversion counts.
fn key(delta: &ConversionDelta) -> [Value; 7] {
    [
        columns::number_or_zero(delta.partner_no),
        delta.occurred_at.quarter().into(),
        columns::number_or_zero(delta.link_no),
        columns::number_or_zero(delta.listing_no),
        columns::country_or_empty(delta.country),
        delta.device.code().into(),
        columns::text_or_empty(delta.currency.as_deref()),
    ]
}

/// Deletes a row whose sums are all zero, so that reports do not show it.
fn delete_empty_row(sql: &dyn Sql, key: &[Value]) -> Result<(), SqlError> {
    sql.exec(
        "DELETE FROM conversion_counts WHERE partner_no = ?1 AND quarter = ?2 AND link_no = ?3 AND listing_no = ?4
         AND country = ?5 AND device = ?6 AND currency = ?7 AND leads = 0 AND installs = 0 AND sales = 0
         AND revenue = 0 AND refunds = 0 AND commission = 0 AND qualified_leads = 0",
        key,
    )
    .map(drop)
}

/// Returns the time of the newest data in a partner's report, or in all data if no partner is given.
pub fn data_through(sql: &dyn Sql, partner: Option<PartnerNo>) -> Result<Option<Timestamp>, SqlError> {
    let rows = sql.exec(
        "SELECT through_ms FROM data_through WHERE partner_no = ?1",
        &[columns::number_or_zero(partner)],
    )?;
    rows.first().map(|row| row.time(0)).transpose()
}
