//! Rows of conversions.

pub mod counted;
pub mod credits;
pub mod customers;
mod dimensions;
pub mod list;
pub mod refunds;
mod touches;
pub mod uses;

pub use dimensions::CreditDimensions;
pub use touches::{BoundTouch, LinkTerms, bind, bound_late, link_terms, touches_of};

use super::{Row, Sql, SqlError, Value, commissions::usage_counters::Usage};
use crate::domain::{
    conversions::{ConversionType, HeldReason, qualification::Qualification},
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{id::ConversionId, string_enum::Word, time::Timestamp},
};
use counted::Counted;
use dimensions::{credit_dimensions, dimension_values, unattributed_as_zeros};

/// A conversion as stored.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Conversion {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: ConversionId,
    /// Type.
    pub kind: ConversionType,
    /// The caller's id; unique per type and never reused.
    pub external_id: String,
    /// The amount in minor units and its ISO 4217 currency.
    pub amount: Option<(i64, String)>,
    /// The amount refunded so far in minor units.
    pub refunded: i64,
    /// The click id as received.
    pub click_id: Option<String>,
    /// The caller's id of the customer.
    pub customer_id: Option<String>,
    /// The coupon code as received.
    pub coupon: Option<String>,
    /// The listing of the conversion: as received, otherwise that of the credited link or coupon, otherwise that of the
    /// click that lost to a coupon for all listings.
    pub listing_no: Option<ListingNo>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Free-form annotations as JSON.
    pub metadata: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// The dimensions of its largest credit, under which it is counted; absent if it is unattributed.
    #[serde(rename = "place", with = "unattributed_as_zeros")]
    pub credited: Option<CreditDimensions>,
    /// The canonical form of the request, to decide whether a later request is a repeat.
    #[serde(rename = "sent")]
    pub fingerprint: String,
    /// The attribution with the verdicts of all touches, as JSON.
    pub attribution: String,
    /// The first response, which equals the data of the conversion's event.
    #[serde(skip)]
    pub answer: String,
    /// The reason for holding the commissions of the conversion.
    pub held_reason: Option<HeldReason>,
    /// The tax in the amount, in minor units.
    #[serde(default)]
    pub tax: Option<i64>,
    /// The discount in the amount, in minor units.
    #[serde(default)]
    pub discount: Option<i64>,
    /// The shipping in the amount, in minor units.
    #[serde(default)]
    pub shipping: Option<i64>,
    /// The customer's country as received, ISO 3166-1 alpha-2.
    #[serde(default)]
    pub sold_in: Option<String>,
    /// What it added to the counters of the terms, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
    /// The decision on a lead, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualification: Option<Qualification>,
}

const COLUMNS: &str = "no, id, type, external_id, amount, currency, refunded, click_id, customer_id, coupon, \
                       listing_no, occurred_at, metadata, created_at, partner_no, link_no, country, device, sent, \
                       attribution, answer, held_reason, tax, discount, shipping, sold_in, counted, qualification";

fn read(row: &Row) -> Result<Conversion, SqlError> {
    let listing =
        |no: i64| u16::try_from(no).map_err(|_| SqlError::Shape { column: 10, expected: "a listing" });
    Ok(Conversion {
        no: row.int(0)?,
        id: row.parsed(1, "a conversion id", ConversionId::parse)?,
        kind: row.parsed(2, "a type", ConversionType::parse)?,
        external_id: row.text(3)?.to_owned(),
        amount: row.opt_int(4)?.zip(row.opt_string(5)?),
        refunded: row.int(6)?,
        click_id: row.opt_string(7)?,
        customer_id: row.opt_string(8)?,
        coupon: row.opt_string(9)?,
        listing_no: row.opt_int(10)?.map(listing).transpose()?,
        occurred_at: row.time(11)?,
        metadata: row.text(12)?.to_owned(),
        created_at: row.time(13)?,
        credited: credit_dimensions(row, [14, 15, 16, 17])?,
        fingerprint: row.text(18)?.to_owned(),
        attribution: row.text(19)?.to_owned(),
        answer: row.text(20)?.to_owned(),
        held_reason: row.opt_parsed(21, "a reason", HeldReason::parse)?,
        tax: row.opt_int(22)?,
        discount: row.opt_int(23)?,
        shipping: row.opt_int(24)?,
        sold_in: row.opt_string(25)?,
        counted: row.opt_text(26)?.map(|_| row.json(26)).transpose()?,
        qualification: row.opt_text(27)?.map(|_| row.json(27)).transpose()?,
    })
}

/// Returns the number for the next conversion.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    super::next_no(sql, "conversions")
}

/// Inserts a conversion with its first response and with what it added to the counters of the terms.
pub fn insert(sql: &dyn Sql, conversion: &Conversion, answer: &str, uses: &[Usage]) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO conversions ({COLUMNS}, uses) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
         ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28, ?29)"
    );
    let (amount, currency) = conversion.amount.clone().unzip();
    let [partner_no, link_no, country, device] = dimension_values(conversion.credited.as_ref());
    let args: [Value; 29] = [
        conversion.no.into(),
        conversion.id.as_str().into(),
        Word::from(conversion.kind).into(),
        conversion.external_id.as_str().into(),
        amount.into(),
        currency.into(),
        conversion.refunded.into(),
        conversion.click_id.clone().into(),
        conversion.customer_id.clone().into(),
        conversion.coupon.clone().into(),
        conversion.listing_no.into(),
        conversion.occurred_at.into(),
        conversion.metadata.as_str().into(),
        conversion.created_at.into(),
        partner_no,
        link_no,
        country,
        device,
        conversion.fingerprint.as_str().into(),
        conversion.attribution.as_str().into(),
        answer.into(),
        conversion.held_reason.map(Word::from).into(),
        conversion.tax.into(),
        conversion.discount.into(),
        conversion.shipping.into(),
        conversion.sold_in.clone().into(),
        conversion.counted.as_ref().map(super::value::json_text).transpose()?.into(),
        conversion.qualification.as_ref().map(super::value::json_text).transpose()?.into(),
        super::value::json_text(&uses)?.into(),
    ];
    sql.exec(&statement, &args).map(drop)
}

/// Sets how much of a conversion has been refunded.
pub fn set_refunded(sql: &dyn Sql, no: i64, refunded: i64) -> Result<(), SqlError> {
    sql.exec("UPDATE conversions SET refunded = ?2 WHERE no = ?1", &[no.into(), refunded.into()]).map(drop)
}

/// Releases the hold on a conversion's commissions and replaces its metadata, which names the evidence.
pub fn confirm(sql: &dyn Sql, no: i64, metadata: &str) -> Result<(), SqlError> {
    let statement = "UPDATE conversions SET held_reason = NULL, metadata = ?2 WHERE no = ?1";
    sql.exec(statement, &[no.into(), metadata.into()]).map(drop)
}

/// Sets the decision on a lead.
pub fn qualify(sql: &dyn Sql, no: i64, qualification: &Qualification) -> Result<(), SqlError> {
    let qualification = super::value::json_text(qualification)?;
    sql.exec("UPDATE conversions SET qualification = ?2 WHERE no = ?1", &[no.into(), qualification.into()])
        .map(drop)
}

/// Credits a conversion that was unattributed. `counted` replaces what it has counted so far, if given.
pub fn credit(
    sql: &dyn Sql,
    no: i64,
    credited: &CreditDimensions,
    attribution: &str,
    counted: Option<&Counted>,
) -> Result<(), SqlError> {
    let [partner_no, link_no, country, device] = dimension_values(Some(credited));
    let counted = counted.map(super::value::json_text).transpose()?;
    sql.exec(
        "UPDATE conversions SET partner_no = ?2, link_no = ?3, country = ?4, device = ?5, attribution = ?6, \
         counted = coalesce(?7, counted) WHERE no = ?1",
        &[no.into(), partner_no, link_no, country, device, attribution.into(), counted.into()],
    )
    .map(drop)
}

/// Returns a customer's unattributed conversions with numbers above `after`, oldest first.
pub fn unattributed(
    sql: &dyn Sql,
    customer_id: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Conversion>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM conversions INDEXED BY conversions_unearned \
         WHERE partner_no = 0 AND customer_id = ?1 AND no > ?2 ORDER BY no LIMIT CAST(?3 AS INTEGER)"
    );
    sql.exec(&statement, &[customer_id.into(), after.into(), limit.into()])?.iter().map(read).collect()
}

/// Returns the conversion with this number.
pub fn by_no(sql: &dyn Sql, no: i64) -> Result<Option<Conversion>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM conversions WHERE no = ?1");
    sql.exec(&statement, &[no.into()])?.first().map(read).transpose()
}

/// Returns the conversions with numbers above `after` up to `until`, in the order in which they were accepted, without their
/// first responses.
pub fn accepted_between(sql: &dyn Sql, after: i64, until: i64) -> Result<Vec<Conversion>, SqlError> {
    let statement = format!(
        "SELECT {} FROM conversions WHERE no > ?1 AND no <= ?2 ORDER BY no",
        COLUMNS.replace("answer", "''")
    );
    sql.exec(&statement, &[after.into(), until.into()])?.iter().map(read).collect()
}

/// Returns the conversion with this id.
pub fn by_id(sql: &dyn Sql, id: &ConversionId) -> Result<Option<Conversion>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM conversions WHERE id = ?1");
    sql.exec(&statement, &[id.as_str().into()])?.first().map(read).transpose()
}

/// Returns the conversion with this type and external id.
pub fn by_key(
    sql: &dyn Sql,
    kind: ConversionType,
    external_id: &str,
) -> Result<Option<Conversion>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM conversions WHERE type = ?1 AND external_id = ?2");
    sql.exec(&statement, &[Word::from(kind).into(), external_id.into()])?.first().map(read).transpose()
}

/// Returns how many conversions credited to a partner were accepted later than `since`, up to `until`, and have a number
/// below `no`, counting at most `limit`. Uninstalls earn nothing and are not counted. Imported conversions have times of
/// their own, which need not be in the order of the numbers.
pub fn count_recent(
    sql: &dyn Sql,
    partner: PartnerNo,
    no: i64,
    (since, until): (Timestamp, Timestamp),
    limit: i64,
) -> Result<i64, SqlError> {
    let statement = "SELECT count(*) FROM (SELECT created_at FROM conversions WHERE partner_no = ?1 AND no < ?2 \
                     AND type <> 'uninstall' ORDER BY no DESC LIMIT CAST(?3 AS INTEGER)) WHERE created_at > ?4 AND created_at <= ?5";
    let args = [partner.into(), no.into(), limit.into(), since.into(), until.into()];
    let rows = sql.exec(statement, &args)?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}
