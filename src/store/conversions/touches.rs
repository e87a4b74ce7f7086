//! Rows of the touches that conversions bind to customers.

use crate::domain::{
    attribution::{Reason, Source, Touch},
    clicks::click::{Class, Country, Device},
    links::link::LinkNo,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::time::Timestamp,
};
use crate::store::{Row, Sql, SqlError, Value, columns};

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
                     ORDER BY t.clicked_at DESC, t.click_id DESC LIMIT CAST(?2 AS INTEGER)";
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
