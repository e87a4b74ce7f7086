//! Rows of conversions and of the touches that they bind to customers.

pub mod counted;
pub mod credits;
pub mod customers;
pub mod refunds;
pub mod rewind;
pub mod uses;

use super::{Page, Row, Sql, SqlError, Value, columns, commissions::usage_counters::Usage};
use crate::domain::{
    attribution::{Reason, Source, Touch},
    clicks::click::{Class, Country, Device},
    conversions::{ConversionType, HeldReason},
    links::link::LinkNo,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{id::ConversionId, string_enum::Word, time::Timestamp},
};
use counted::Counted;

/// A credit's dimensions in the counts: whom it credits, and where the credited click came from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct CreditDimensions {
    /// The credited partner.
    pub partner_no: PartnerNo,
    /// The link of the credited click; absent for a coupon.
    #[serde(with = "columns::zero")]
    pub link_no: Option<LinkNo>,
    /// The country of the credited click, if known.
    #[serde(with = "columns::empty_country")]
    pub country: Option<Country>,
    /// The device of the credited click.
    #[serde(with = "columns::device_code")]
    pub device: Device,
}

/// Reads the columns `partner_no`, `link_no`, `country` and `device`; a conversion without credit has zeros.
fn credit_dimensions(row: &Row, columns: [usize; 4]) -> Result<Option<CreditDimensions>, SqlError> {
    let [partner_no, link_no, country, device] = columns;
    let Some(partner_no) = columns::nonzero(row, partner_no)? else { return Ok(None) };
    Ok(Some(CreditDimensions {
        partner_no,
        link_no: columns::nonzero(row, link_no)?,
        country: columns::country(row, country)?,
        device: columns::device(row, device)?,
    }))
}

/// Binds the columns `partner_no`, `link_no`, `country` and `device`.
fn dimension_values(dimensions: Option<&CreditDimensions>) -> [Value; 4] {
    [
        columns::number_or_zero(dimensions.map(|dimensions| dimensions.partner_no)),
        columns::number_or_zero(dimensions.and_then(|dimensions| dimensions.link_no)),
        columns::country_or_empty(dimensions.and_then(|dimensions| dimensions.country)),
        dimensions.map_or(Device::Unknown, |dimensions| dimensions.device).code().into(),
    ]
}

/// The dimensions of a conversion in the log, where all of them are zero or empty if it has no credit.
mod unattributed_as_zeros {
    use super::{CreditDimensions, columns};
    use crate::domain::{
        clicks::click::{Country, Device},
        links::link::LinkNo,
        programme::partner::PartnerNo,
    };
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    struct Logged {
        #[serde(with = "columns::zero")]
        partner_no: Option<PartnerNo>,
        #[serde(with = "columns::zero")]
        link_no: Option<LinkNo>,
        #[serde(with = "columns::empty_country")]
        country: Option<Country>,
        #[serde(with = "columns::device_code")]
        device: Device,
    }

    pub fn serialize<S: Serializer>(
        credited: &Option<CreditDimensions>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let logged = Logged {
            partner_no: credited.as_ref().map(|credited| credited.partner_no),
            link_no: credited.as_ref().and_then(|credited| credited.link_no),
            country: credited.as_ref().and_then(|credited| credited.country),
            device: credited.as_ref().map_or(Device::Unknown, |credited| credited.device),
        };
        logged.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<CreditDimensions>, D::Error> {
        let Logged { partner_no, link_no, country, device } = Logged::deserialize(deserializer)?;
        Ok(partner_no.map(|partner_no| CreditDimensions { partner_no, link_no, country, device }))
    }
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
}

const COLUMNS: &str = "no, id, type, external_id, amount, currency, refunded, click_id, customer_id, coupon, \
                       listing_no, occurred_at, metadata, created_at, partner_no, link_no, country, device, sent, \
                       attribution, answer, held_reason, tax, discount, shipping, sold_in, counted";

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
         ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, ?28)"
    );
    let (amount, currency) = conversion.amount.clone().unzip();
    let [partner_no, link_no, country, device] = dimension_values(conversion.credited.as_ref());
    let args: [Value; 28] = [
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
        "SELECT {COLUMNS} FROM conversions WHERE partner_no = 0 AND customer_id = ?1 AND no > ?2 ORDER BY no LIMIT ?3"
    );
    sql.exec(&statement, &[customer_id.into(), after.into(), limit.into()])?.iter().map(read).collect()
}

/// Returns the conversion with this number.
pub fn by_no(sql: &dyn Sql, no: i64) -> Result<Option<Conversion>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM conversions WHERE no = ?1");
    sql.exec(&statement, &[no.into()])?.first().map(read).transpose()
}

/// Returns conversions with numbers above `after`, in the order in which they were accepted, without their first responses.
pub fn accepted_after(sql: &dyn Sql, after: i64, limit: i64) -> Result<Vec<Conversion>, SqlError> {
    let statement = format!(
        "SELECT {} FROM conversions WHERE no > ?1 ORDER BY no LIMIT ?2",
        COLUMNS.replace("answer", "''")
    );
    sql.exec(&statement, &[after.into(), limit.into()])?.iter().map(read).collect()
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
                     AND type <> 'uninstall' ORDER BY no DESC LIMIT ?3) WHERE created_at > ?4 AND created_at <= ?5";
    let args = [partner.into(), no.into(), limit.into(), since.into(), until.into()];
    let rows = sql.exec(statement, &args)?;
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
#[serde(into = "LoggedBoundTouch", from = "LoggedBoundTouch")]
pub struct BoundTouch {
    /// The touch, with the current state of its partner.
    pub touch: Touch,
    /// The country of the click, if known.
    pub country: Option<Country>,
    /// The device of the click.
    pub device: Device,
    /// The listing of the link or coupon.
    pub listing_no: Option<ListingNo>,
}

/// A touch in the log: `click_id` is the coupon's id and `link_no` is 0 for the use of a coupon.
#[derive(serde::Serialize, serde::Deserialize)]
struct LoggedTouch {
    click_id: String,
    at: Timestamp,
    #[serde(with = "columns::zero")]
    link_no: Option<LinkNo>,
    partner: Option<(PartnerNo, Option<Timestamp>)>,
    class: Class,
    source: Source,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    window_days: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<Reason>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    is_repeat: bool,
}

/// A [`BoundTouch`] in the log.
#[derive(serde::Serialize, serde::Deserialize)]
struct LoggedBoundTouch {
    touch: LoggedTouch,
    #[serde(with = "columns::empty_country")]
    country: Option<Country>,
    #[serde(with = "columns::device_code")]
    device: Device,
    listing_no: Option<ListingNo>,
}

impl From<BoundTouch> for LoggedBoundTouch {
    fn from(bound: BoundTouch) -> Self {
        let touch = bound.touch;
        Self {
            touch: LoggedTouch {
                click_id: touch.origin.id().to_owned(),
                at: touch.at,
                link_no: touch.origin.link_no(),
                partner: touch.partner,
                class: touch.class,
                source: touch.source,
                window_days: touch.window_days,
                refused: touch.refused,
                is_repeat: touch.is_repeat,
            },
            country: bound.country,
            device: bound.device,
            listing_no: bound.listing_no,
        }
    }
}

impl From<LoggedBoundTouch> for BoundTouch {
    fn from(logged: LoggedBoundTouch) -> Self {
        let touch = logged.touch;
        Self {
            touch: Touch {
                origin: columns::touch_origin(touch.click_id, touch.link_no.unwrap_or(0)),
                at: touch.at,
                partner: touch.partner,
                class: touch.class,
                source: touch.source,
                window_days: touch.window_days,
                refused: touch.refused,
                is_repeat: touch.is_repeat,
            },
            country: logged.country,
            device: logged.device,
            listing_no: logged.listing_no,
        }
    }
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
                origin: columns::touch_origin(row.text(0)?.to_owned(), row.number(2)?),
                at: row.time(1)?,
                partner,
                class: class.ok_or(SqlError::Shape { column: 3, expected: "a class" })?,
                source: Source::Customer,
                window_days: None,
                refused: None,
                is_repeat: false,
            },
            country: columns::country(row, 4)?,
            device: columns::device(row, 5)?,
            listing_no: row.opt_int(8)?.and_then(|no| u16::try_from(no).ok()),
        })
    };
    rows.iter().map(read).collect()
}

/// Binds a touch to a customer at `at`, by a conversion if it is not bound later. An existing binding stays unchanged.
pub fn bind(
    sql: &dyn Sql,
    customer_id: &str,
    bound: &BoundTouch,
    conversion_no: Option<i64>,
    at: Timestamp,
) -> Result<(), SqlError> {
    let statement = "INSERT OR IGNORE INTO customer_touches (customer_id, click_id, link_no, clicked_at, class, \
                     country, device, bound_by, bound_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let args: [Value; 9] = [
        customer_id.into(),
        bound.touch.origin.id().into(),
        columns::number_or_zero(bound.touch.origin.link_no()),
        bound.touch.at.into(),
        bound.touch.class.code().into(),
        columns::country_or_empty(bound.country),
        bound.device.code().into(),
        columns::number_or_zero(conversion_no),
        at.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Returns the touches that were bound later than their conversions, at `since` or later: when, to which customer, and
/// their click ids, in the order of binding.
pub fn bound_late(sql: &dyn Sql, since: Timestamp) -> Result<Vec<(Timestamp, String, String)>, SqlError> {
    let statement = "SELECT bound_at, customer_id, click_id FROM customer_touches \
                     WHERE bound_by = 0 AND bound_at >= ?1 ORDER BY bound_at, customer_id, clicked_at, click_id";
    let rows = sql.exec(statement, &[since.into()])?;
    rows.iter().map(|row| Ok((row.time(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned()))).collect()
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
