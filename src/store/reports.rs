//! Reports: sums of the counts by group. A partner's report reads only that partner's rows.

pub mod counts;

use crate::domain::{
    clicks::click::Device,
    links::link::LinkNo,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{string_enum::string_enum, zone::Span},
};
use crate::store::{Row, Sql, SqlError, Value};
use chrono::{DateTime, Datelike, FixedOffset, NaiveDate};
use std::collections::{BTreeMap, BTreeSet};

string_enum! {
    /// The dimension by which a report is grouped.
    Group {
        /// Hours in local time.
        Hour = "hour";
        /// Days in local time.
        Day = "day";
        /// ISO 8601 weeks in local time.
        Week = "week";
        /// Months in local time.
        Month = "month";
        /// Partners.
        Partner = "partner";
        /// Listings.
        Listing = "listing";
        /// Links.
        Link = "link";
        /// Countries.
        Country = "country";
        /// Devices.
        Device = "device";
        /// Campaigns.
        Campaign = "campaign";
    }
}

impl Group {
    /// Returns whether the groups are periods of local time.
    #[must_use]
    pub fn is_time(self) -> bool {
        matches!(self, Self::Hour | Self::Day | Self::Week | Self::Month)
    }
}

impl Group {
    /// Returns whether the keys are ids of things with names.
    #[must_use]
    pub fn has_names(self) -> bool {
        matches!(self, Self::Partner | Self::Listing | Self::Link)
    }
}

/// A filter for reports; absent fields match everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filter {
    /// The partner.
    pub partner: Option<PartnerNo>,
    /// The link.
    pub link: Option<LinkNo>,
    /// The listing.
    pub listing: Option<ListingNo>,
    /// The first quarter hour.
    pub from: Option<i64>,
    /// The first quarter hour after the range.
    pub to: Option<i64>,
}

/// The sums of a group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// Clicks by people.
    pub clicks: i64,
    /// First counted clicks of a visitor on a link in a UTC day.
    pub uniques: i64,
    /// Duplicate clicks.
    pub duplicate: i64,
    /// Clicks by bots.
    pub bot: i64,
    /// Prefetches.
    pub prefetch: i64,
    /// Clicks on revoked links.
    pub revoked: i64,
    /// Clicks on expired links.
    pub expired: i64,
    /// Clicks with invalid tokens.
    pub invalid: i64,
    /// Leads.
    pub leads: i64,
    /// Leads that are qualified.
    pub qualified_leads: i64,
    /// Installs.
    pub installs: i64,
    /// Sales.
    pub sales: i64,
    /// Gross revenue by currency, minor units.
    pub revenue: Amounts,
    /// Refunds by currency, minor units.
    pub refunds: Amounts,
    /// Commission net of reversals by currency, minor units.
    pub commission: Amounts,
}

/// Minor units by currency code, sorted. It is a list because a programme has few currencies.
pub type Amounts = Vec<(String, i128)>;

fn add_money(to: &mut Amounts, currency: &str, amount: i128) -> Result<(), SqlError> {
    match to.binary_search_by(|(known, _)| known.as_str().cmp(currency)) {
        Ok(place) => {
            let Some((_, sum)) = to.get_mut(place) else { return Ok(()) };
            *sum = sum.checked_add(amount).ok_or(SqlError::Overflow("a sum of the report"))?;
        }
        Err(place) => to.insert(place, (currency.to_owned(), amount)),
    }
    Ok(())
}

impl Sums {
    /// Adds the sums of another group.
    pub fn add(&mut self, other: &Self) -> Result<(), SqlError> {
        for (to, from) in [
            (&mut self.clicks, other.clicks),
            (&mut self.uniques, other.uniques),
            (&mut self.duplicate, other.duplicate),
            (&mut self.bot, other.bot),
            (&mut self.prefetch, other.prefetch),
            (&mut self.revoked, other.revoked),
            (&mut self.expired, other.expired),
            (&mut self.invalid, other.invalid),
            (&mut self.leads, other.leads),
            (&mut self.qualified_leads, other.qualified_leads),
            (&mut self.installs, other.installs),
            (&mut self.sales, other.sales),
        ] {
            *to = to.checked_add(from).ok_or(SqlError::Overflow("a count of the report"))?;
        }
        for (to, from) in [
            (&mut self.revenue, &other.revenue),
            (&mut self.refunds, &other.refunds),
            (&mut self.commission, &other.commission),
        ] {
            for (currency, amount) in from {
                add_money(to, currency, *amount)?;
            }
        }
        Ok(())
    }
}

/// Returns the WHERE clause of a filter. The values are integers, so embedding them in the statement is safe.
fn where_clause(filter: &Filter, listing: &str, from: i64, to: i64) -> String {
    let mut conditions = vec![format!("c.quarter >= {from} AND c.quarter < {to}")];
    conditions.extend(filter.partner.map(|no| format!("c.partner_no = {no}")));
    conditions.extend(filter.link.map(|no| format!("c.link_no = {no}")));
    conditions.extend(filter.listing.map(|no| format!("{listing} = {no}")));
    conditions.join(" AND ")
}

/// Returns the first quarter hour with data of the filter's partner, and the first one after the last.
pub fn extent(sql: &dyn Sql, filter: &Filter) -> Result<Option<(i64, i64)>, SqlError> {
    let condition = filter.partner.map_or_else(|| "true".to_owned(), |no| format!("partner_no = {no}"));
    // Each SELECT has a single min or max, so that SQLite answers from the index without reading all rows of a partner.
    let one =
        |of: &str, table: &str| format!("SELECT {of}(quarter) AS quarter FROM {table} WHERE {condition}");
    let both = |of: &str| {
        let (clicks, conversions) = (one(of, "click_counts"), one(of, "conversion_counts"));
        format!("(SELECT {of}(quarter) FROM ({clicks} UNION ALL {conversions}))")
    };
    let statement = format!("SELECT {}, {}", both("min"), both("max"));
    let rows = sql.exec(&statement, &[])?;
    let Some(row) = rows.first() else { return Ok(None) };
    let (first, last) = (row.opt_int(0)?, row.opt_int(1)?);
    Ok(first.zip(last).map(|(first, last)| (first, last.saturating_add(1))))
}

/// The key of a row in one dimension. Keys are in the order of time, or of their texts; one without a text comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The Unix seconds of an hour: the same local hour may come twice. 0 for other keys.
    starts_s: i64,
    /// The key in the API; `None` means unattributed or unknown.
    pub text: Option<String>,
}

impl Key {
    fn of(text: Option<String>) -> Self {
        Self { starts_s: 0, text }
    }
}

/// Returns the SQL expressions of a group's key for clicks and for conversions.
fn key_expression(group: Group, span: &Span) -> (String, String) {
    // This is the number of days since the epoch in local time. Offsets are whole seconds, and no quarter hour precedes
    // 1970.
    let day = format!("(c.quarter * 900 + {}) / 86400", span.offset_seconds);
    let same = |text: &str| (text.to_owned(), text.to_owned());
    match group {
        Group::Hour => same(&format!("(c.quarter * 900 + {}) / 3600", span.offset_seconds)),
        Group::Day | Group::Week | Group::Month => same(&day),
        Group::Partner => same("c.partner_no"),
        Group::Listing => ("coalesce(l.listing_no, 0)".to_owned(), "c.listing_no".to_owned()),
        Group::Link => same("c.link_no"),
        Group::Country => same("c.country"),
        Group::Device => same("c.device"),
        Group::Campaign => same("coalesce(l.campaign, '')"),
    }
}

/// Returns sums by the keys of `groups`, in the order of the keys; rows without a key come first.
pub fn groups(
    sql: &dyn Sql,
    filter: &Filter,
    groups: &[Group],
    spans: &[Span],
) -> Result<BTreeMap<Vec<Key>, Sums>, SqlError> {
    let mut all: BTreeMap<Vec<Key>, Sums> = BTreeMap::new();
    let key_names = KeyNames { sql };
    for span in spans {
        let expressions: Vec<(String, String)> =
            groups.iter().map(|group| key_expression(*group, span)).collect();
        let clicks_by: Vec<&str> = expressions.iter().map(|(clicks, _)| clicks.as_str()).collect();
        let conversions_by: Vec<&str> =
            expressions.iter().map(|(_, conversions)| conversions.as_str()).collect();
        let places: Vec<String> = (1..=groups.len()).map(|place| place.to_string()).collect();
        let (places, sums) = (places.join(", "), groups.len());
        let condition = where_clause(filter, "l.listing_no", span.from, span.to);
        let statement = format!(
            "SELECT {}, sum(c.clicks), sum(c.uniques), sum(c.duplicate), sum(c.bot), sum(c.prefetch), \
             sum(c.revoked), sum(c.expired), sum(c.invalid) FROM click_counts c LEFT JOIN links l ON l.no = c.link_no \
             WHERE {condition} GROUP BY {places}",
            clicks_by.join(", ")
        );
        for row in sql.exec(&statement, &[])? {
            all.entry(key_names.keys(groups, span, &row)?).or_default().add(&clicks(&row, sums)?)?;
        }
        let condition = where_clause(filter, "c.listing_no", span.from, span.to);
        // Money is summed in two halves that cannot overflow. They are returned as text and combined in 128 bits.
        let halves = |column: &str| {
            format!("CAST(sum(c.{column} / 1000000000) AS TEXT), CAST(sum(c.{column} % 1000000000) AS TEXT)")
        };
        let statement = format!(
            "SELECT {}, c.currency, sum(c.leads), sum(c.installs), sum(c.sales), {}, {}, {}, sum(c.qualified_leads) \
             FROM conversion_counts c LEFT JOIN links l ON l.no = c.link_no WHERE {condition} GROUP BY {places}, c.currency",
            conversions_by.join(", "),
            halves("revenue"),
            halves("refunds"),
            halves("commission")
        );
        for row in sql.exec(&statement, &[])? {
            all.entry(key_names.keys(groups, span, &row)?).or_default().add(&conversions(&row, sums)?)?;
        }
    }
    Ok(all)
}

/// Reads the sums of clicks from column `first` on.
fn clicks(row: &Row, first: usize) -> Result<Sums, SqlError> {
    let sum = |column: usize| row.int(first.saturating_add(column));
    Ok(Sums {
        clicks: sum(0)?,
        uniques: sum(1)?,
        duplicate: sum(2)?,
        bot: sum(3)?,
        prefetch: sum(4)?,
        revoked: sum(5)?,
        expired: sum(6)?,
        invalid: sum(7)?,
        ..Sums::default()
    })
}

/// Reads the currency and the sums of conversions from column `first` on.
fn conversions(row: &Row, first: usize) -> Result<Sums, SqlError> {
    let at = |column: usize| first.saturating_add(column);
    let mut sums = Sums {
        leads: row.int(at(1))?,
        installs: row.int(at(2))?,
        sales: row.int(at(3))?,
        qualified_leads: row.int(at(10))?,
        ..Sums::default()
    };
    let currency = row.text(at(0))?;
    // Conversions without an amount have the empty currency, and no money to sum.
    if !currency.is_empty() {
        let halves = |high: usize, low: usize| -> Result<i128, SqlError> {
            let (high, low) = (row.big_int(at(high))?, row.big_int(at(low))?);
            let sum = high.checked_mul(1_000_000_000).and_then(|high| high.checked_add(low));
            sum.ok_or(SqlError::Overflow("a sum of the report"))
        };
        add_money(&mut sums.revenue, currency, halves(4, 5)?)?;
        add_money(&mut sums.refunds, currency, halves(6, 7)?)?;
        add_money(&mut sums.commission, currency, halves(8, 9)?)?;
    }
    Ok(sums)
}

/// Maps the keys of rows to those of the API.
struct KeyNames<'a> {
    sql: &'a dyn Sql,
}

impl KeyNames<'_> {
    fn keys(&self, groups: &[Group], span: &Span, row: &Row) -> Result<Vec<Key>, SqlError> {
        groups.iter().enumerate().map(|(column, group)| self.key(*group, span, row, column)).collect()
    }

    fn key(&self, group: Group, span: &Span, row: &Row, column: usize) -> Result<Key, SqlError> {
        let text = || Ok::<_, SqlError>(Some(row.text(column)?.to_owned()).filter(|text| !text.is_empty()));
        Ok(Key::of(match group {
            Group::Hour => return Ok(hour_key(row.int(column)?, span)),
            Group::Day | Group::Week | Group::Month => date_key(group, row.int(column)?),
            Group::Country | Group::Campaign => text()?,
            Group::Device => {
                let device = u8::try_from(row.int(column)?).ok().and_then(Device::from_code);
                device.filter(|device| *device != Device::Unknown).map(|device| device.as_str().to_owned())
            }
            Group::Partner => self.id("partners", row.int(column)?)?,
            Group::Listing => self.id("listings", row.int(column)?)?,
            Group::Link => self.id("links", row.int(column)?)?,
        }))
    }

    fn id(&self, table: &str, no: i64) -> Result<Option<String>, SqlError> {
        let rows = self.sql.exec(&format!("SELECT id FROM {table} WHERE no = ?1"), &[Value::Int(no)])?;
        rows.first().map(|row| row.text(0).map(str::to_owned)).transpose()
    }
}

/// Formats a day since the epoch as a key: `2026-11-22`, `2026-W47` (ISO 8601) or `2026-11`.
fn date_key(group: Group, day: i64) -> Option<String> {
    let epoch = NaiveDate::from_ymd_opt(1970, 1, 1)?;
    let date = epoch.checked_add_signed(chrono::TimeDelta::try_days(day)?)?;
    Some(match group {
        Group::Week => format!("{:04}-W{:02}", date.iso_week().year(), date.iso_week().week()),
        Group::Month => format!("{:04}-{:02}", date.year(), date.month()),
        _ => format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day()),
    })
}

/// Formats an hour of local time since the epoch as a key: `2026-11-22T10:00:00+01:00`.
fn hour_key(hour: i64, span: &Span) -> Key {
    let local_s = hour.saturating_mul(3600);
    let offset = i32::try_from(span.offset_seconds).ok().and_then(FixedOffset::east_opt);
    let starts_s = local_s.saturating_sub(span.offset_seconds);
    let starts = offset.zip(DateTime::from_timestamp(starts_s, 0));
    let text = starts.map(|(offset, starts)| {
        starts.with_timezone(&offset).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
    });
    Key { starts_s, text }
}

/// Returns every key of a period in the quarter hours of `spans`, in their order.
pub fn period_keys(group: Group, spans: &[Span]) -> BTreeSet<Key> {
    let mut keys = BTreeSet::new();
    let unit_s = if group == Group::Hour { 3600 } else { 86400 };
    for span in spans.iter().filter(|span| span.from < span.to) {
        let local_s = |quarter: i64| quarter.saturating_mul(900).saturating_add(span.offset_seconds);
        let (first, last) =
            (local_s(span.from).div_euclid(unit_s), local_s(span.to).saturating_sub(1).div_euclid(unit_s));
        keys.extend((first..=last).map(|unit| match group {
            Group::Hour => hour_key(unit, span),
            _ => Key::of(date_key(group, unit)),
        }));
    }
    keys
}

/// Returns the name of the row with this id: of a partner or listing, or a link's slug or campaign.
pub fn name(sql: &dyn Sql, group: Group, id: &str) -> Result<Option<String>, SqlError> {
    let statement = match group {
        Group::Partner => "SELECT name FROM partners WHERE id = ?1",
        Group::Listing => "SELECT name FROM listings WHERE id = ?1",
        Group::Link => "SELECT coalesce(slug, campaign) FROM links WHERE id = ?1",
        _ => return Ok(None),
    };
    let rows = sql.exec(statement, &[id.into()])?;
    rows.first().map_or(Ok(None), |row| row.opt_string(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn report_keys_follow_the_calendar() {
        for (day, expected) in [
            (0, ["1970-01-01", "1970-W01", "1970-01"]),
            // 2024-12-30 is in the first ISO week of 2025. 2024-02-29 exists.
            (20_087, ["2024-12-30", "2025-W01", "2024-12"]),
            (19_782, ["2024-02-29", "2024-W09", "2024-02"]),
        ] {
            let keys = [Group::Day, Group::Week, Group::Month].map(|group| date_key(group, day));
            assert_eq!(keys, expected.map(|key| Some(key.to_owned())));
        }
    }
}
