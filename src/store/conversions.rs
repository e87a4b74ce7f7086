//! Rows of conversions and of the touches that they bind to customers.

pub mod credits;
pub mod customers;
pub mod refunds;

use super::{Page, Row, Sql, SqlError, Value};
use crate::domain::{
    attribution::{Source, Touch},
    clicks::click::Class,
    conversions::{ConversionType, HeldReason},
    links::link::LinkNo,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{id::ConversionId, string_enum::Word, time::Timestamp},
};

/// Under which partner, link and place a conversion is counted; zeros and blanks if nobody earns it.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// Who earns; 0 = nobody.
    pub partner_no: PartnerNo,
    /// By which link; 0 = none.
    pub link_no: LinkNo,
    /// Country of the credited click; empty = unknown.
    pub country: String,
    /// Device code of the credited click; 0 = unknown.
    pub device: u8,
}

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
    /// The listing of the conversion: as received, otherwise that of the credited link.
    pub listing_no: Option<ListingNo>,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// Free-form annotations as JSON.
    pub metadata: String,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// The dimensions under which it is counted.
    pub place: Place,
    /// The canonical form of the request, to decide whether a later request is a repeat.
    pub sent: String,
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
}

const COLUMNS: &str = "no, id, type, external_id, amount, currency, refunded, click_id, customer_id, coupon, \
                       listing_no, occurred_at, metadata, created_at, partner_no, link_no, country, device, sent, \
                       attribution, answer, held_reason, tax, discount, shipping, sold_in";

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
        place: Place {
            partner_no: row.number(14)?,
            link_no: row.number(15)?,
            country: row.text(16)?.to_owned(),
            device: u8::try_from(row.int(17)?).unwrap_or(0),
        },
        sent: row.text(18)?.to_owned(),
        attribution: row.text(19)?.to_owned(),
        answer: row.text(20)?.to_owned(),
        held_reason: row.opt_parsed(21, "a reason", HeldReason::parse)?,
        tax: row.opt_int(22)?,
        discount: row.opt_int(23)?,
        shipping: row.opt_int(24)?,
        sold_in: row.opt_string(25)?,
    })
}

/// Returns the number for the next conversion.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    super::next_no(sql, "conversions")
}

/// Inserts a conversion with its first response.
pub fn insert(sql: &dyn Sql, conversion: &Conversion, answer: &str) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO conversions ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, \
         ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26)"
    );
    let (amount, currency) = conversion.amount.clone().unzip();
    let args: [Value; 26] = [
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
        conversion.place.partner_no.into(),
        conversion.place.link_no.into(),
        conversion.place.country.as_str().into(),
        conversion.place.device.into(),
        conversion.sent.as_str().into(),
        conversion.attribution.as_str().into(),
        answer.into(),
        conversion.held_reason.map(Word::from).into(),
        conversion.tax.into(),
        conversion.discount.into(),
        conversion.shipping.into(),
        conversion.sold_in.clone().into(),
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

/// Credits a conversion that was unattributed.
pub fn credit(sql: &dyn Sql, no: i64, place: &Place, attribution: &str) -> Result<(), SqlError> {
    let args: [Value; 6] = [
        no.into(),
        place.partner_no.into(),
        place.link_no.into(),
        place.country.as_str().into(),
        place.device.into(),
        attribution.into(),
    ];
    sql.exec(
        "UPDATE conversions SET partner_no = ?2, link_no = ?3, country = ?4, device = ?5, attribution = ?6 WHERE no = ?1",
        &args,
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
        "SELECT {COLUMNS} FROM conversions WHERE partner_no = 0 AND customer_id = ?1 AND no > ?2 ORDER BY no LIMIT ?3"
    );
    sql.exec(&statement, &[customer_id.into(), after.into(), limit.into()])?.iter().map(read).collect()
}

/// Returns the conversion with this number.
pub fn by_no(sql: &dyn Sql, no: i64) -> Result<Option<Conversion>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM conversions WHERE no = ?1");
    sql.exec(&statement, &[no.into()])?.first().map(read).transpose()
}

/// Returns the number of conversions that occurred in `from..to`, counting at most `most`.
pub fn number_between(sql: &dyn Sql, from: Timestamp, to: Timestamp, most: i64) -> Result<i64, SqlError> {
    let statement = "SELECT count(*) FROM (SELECT 1 FROM conversions WHERE occurred_at >= ?1 AND occurred_at < ?2 LIMIT ?3)";
    let rows = sql.exec(statement, &[from.into(), to.into(), most.into()])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Returns conversions that occurred before `to`, oldest first, starting after the time and number in `after`.
pub fn between(
    sql: &dyn Sql,
    after: (Timestamp, i64),
    to: Timestamp,
    limit: i64,
) -> Result<Vec<Conversion>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM conversions WHERE (occurred_at, no) > (?1, ?2) AND occurred_at < ?3 \
         ORDER BY occurred_at, no LIMIT ?4"
    );
    sql.exec(&statement, &[after.0.into(), after.1.into(), to.into(), limit.into()])?
        .iter()
        .map(read)
        .collect()
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

/// Returns how many conversions credited to a partner were accepted later than `since` and have a number below `no`,
/// counting at most `limit`. Uninstalls earn nothing and are not counted.
pub fn count_recent(
    sql: &dyn Sql,
    partner: PartnerNo,
    no: i64,
    since: Timestamp,
    limit: i64,
) -> Result<i64, SqlError> {
    let statement = "SELECT count(*) FROM (SELECT created_at FROM conversions WHERE partner_no = ?1 AND no < ?2 \
                     AND type <> 'uninstall' ORDER BY no DESC LIMIT ?3) WHERE created_at > ?4";
    let rows = sql.exec(statement, &[partner.into(), no.into(), limit.into(), since.into()])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Returns conversions, newest first. `partner` limits them to those that the partner earns alone or shares.
pub fn list(sql: &dyn Sql, partner: Option<PartnerNo>, page: Page) -> Result<Vec<Conversion>, SqlError> {
    // Each half reads no more of its index than the page needs.
    let (condition, partner) = match partner {
        Some(partner) => (
            "no IN (SELECT no FROM (SELECT no FROM conversions WHERE partner_no = ?3 AND no < ?1 ORDER BY no DESC LIMIT ?2) \
             UNION SELECT no FROM (SELECT DISTINCT conversion_no AS no FROM conversion_credits \
             WHERE partner_no = ?3 AND conversion_no < ?1 ORDER BY conversion_no DESC LIMIT ?2))",
            partner,
        ),
        None => ("?3 IS NOT NULL AND no < ?1", 0),
    };
    let statement = format!("SELECT {COLUMNS} FROM conversions WHERE {condition} ORDER BY no DESC LIMIT ?2");
    sql.exec(&statement, &[page.below().into(), page.limit.into(), partner.into()])?
        .iter()
        .map(read)
        .collect()
}

/// A touch that is bound to a customer, or may become so.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BoundTouch {
    /// The touch, with the current state of its partner.
    pub touch: Touch,
    /// The country of the click; empty if unknown.
    pub country: String,
    /// The device code of the click.
    pub device: u8,
    /// The listing of the link or coupon.
    pub listing_no: Option<ListingNo>,
}

/// Returns the newest touches bound to a customer, newest first. They have no `window_days` because their windows were
/// checked when they were bound.
pub fn touches_of(sql: &dyn Sql, customer_id: &str, limit: i64) -> Result<Vec<BoundTouch>, SqlError> {
    let statement = "SELECT t.click_id, t.clicked_at, t.link_no, t.class, t.country, t.device, \
                     coalesce(l.partner_no, k.partner_no), p.terminated_at, coalesce(l.listing_no, k.listing_no) \
                     FROM customer_touches t LEFT JOIN links l ON l.no = t.link_no \
                     LEFT JOIN coupons k ON t.link_no = 0 AND k.id = t.click_id \
                     LEFT JOIN partners p ON p.no = coalesce(l.partner_no, k.partner_no) WHERE t.customer_id = ?1 \
                     ORDER BY t.clicked_at DESC, t.click_id DESC LIMIT ?2";
    let rows = sql.exec(statement, &[customer_id.into(), limit.into()])?;
    let read = |row: &Row| {
        let class = u8::try_from(row.int(3)?).ok().and_then(Class::from_code);
        let partner = match row.opt_int(6)? {
            Some(_) => Some((row.number(6)?, row.opt_time(7)?)),
            None => None,
        };
        Ok(BoundTouch {
            touch: Touch {
                click_id: row.text(0)?.to_owned(),
                at: row.time(1)?,
                link_no: row.number(2)?,
                partner,
                class: class.ok_or(SqlError::Shape { column: 3, expected: "a class" })?,
                source: Source::Customer,
                window_days: None,
                refused: None,
                is_repeat: false,
            },
            country: row.text(4)?.to_owned(),
            device: u8::try_from(row.int(5)?).unwrap_or(0),
            listing_no: row.opt_int(8)?.and_then(|no| u16::try_from(no).ok()),
        })
    };
    rows.iter().map(read).collect()
}

/// Binds a touch to a customer. An existing binding stays unchanged.
pub fn bind(
    sql: &dyn Sql,
    customer_id: &str,
    bound: &BoundTouch,
    conversion_no: i64,
) -> Result<(), SqlError> {
    let statement = "INSERT OR IGNORE INTO customer_touches (customer_id, click_id, link_no, clicked_at, class, \
                     country, device, bound_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let args: [Value; 8] = [
        customer_id.into(),
        bound.touch.click_id.as_str().into(),
        bound.touch.link_no.into(),
        bound.touch.at.into(),
        bound.touch.class.code().into(),
        bound.country.as_str().into(),
        bound.device.into(),
        conversion_no.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Returns the data of a link that attribution depends on.
pub fn link_terms(sql: &dyn Sql, link_no: LinkNo) -> Result<Option<LinkTerms>, SqlError> {
    let statement = "SELECT l.partner_no, p.terminated_at, l.listing_no, g.window_days FROM links l JOIN partners p \
                     ON p.no = l.partner_no LEFT JOIN listings g ON g.no = l.listing_no WHERE l.no = ?1";
    let rows = sql.exec(statement, &[link_no.into()])?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(LinkTerms {
        partner_no: row.number(0)?,
        terminated_at: row.opt_time(1)?,
        listing_no: row.opt_int(2)?.and_then(|no| u16::try_from(no).ok()),
        window_days: row.opt_int(3)?,
    }))
}

/// The data of a link that attribution depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkTerms {
    /// The partner that owns the link.
    pub partner_no: PartnerNo,
    /// When the partner was terminated.
    pub terminated_at: Option<Timestamp>,
    /// The listing that the link leads to.
    pub listing_no: Option<ListingNo>,
    /// The listing's own attribution window in days.
    pub window_days: Option<i64>,
}
