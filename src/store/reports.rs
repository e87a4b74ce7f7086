//! Reports: sums of the counts by group. A partner's report reads only that partner's rows.

pub mod counts;

use crate::domain::{
    clicks::click::Device,
    links::link::LinkNo,
    programme::{listing::ListingNo, partner::PartnerNo},
    values::{string_enum::string_enum, zone::Span},
};
use crate::store::{Row, Sql, SqlError, Value};
use chrono::{Datelike, NaiveDate};
use std::collections::BTreeMap;

string_enum! {
    /// The dimension by which a report is grouped.
    Group {
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
        matches!(self, Self::Day | Self::Week | Self::Month)
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

/// Returns the SQL expressions of a group's key for clicks and for conversions.
fn key_expression(group: Group, span: &Span) -> (String, String) {
    // This is the number of days since the epoch in local time. Offsets are whole seconds, and no quarter hour precedes
    // 1970.
    let day = format!("(c.quarter * 900 + {}) / 86400", span.offset_seconds);
    let same = |text: &str| (text.to_owned(), text.to_owned());
    match group {
        Group::Day | Group::Week | Group::Month => same(&day),
        Group::Partner => same("c.partner_no"),
        Group::Listing => ("coalesce(l.listing_no, 0)".to_owned(), "c.listing_no".to_owned()),
        Group::Link => same("c.link_no"),
        Group::Country => same("c.country"),
        Group::Device => same("c.device"),
        Group::Campaign => same("coalesce(l.campaign, '')"),
    }
}

/// Returns sums by key in ascending order; the group without a key comes first.
pub fn groups(
    sql: &dyn Sql,
    filter: &Filter,
    group: Group,
    spans: &[Span],
) -> Result<BTreeMap<Option<String>, Sums>, SqlError> {
    let mut groups: BTreeMap<Option<String>, Sums> = BTreeMap::new();
    let key_names = KeyNames { sql };
    for span in spans {
        let (click_key, conversion_key) = key_expression(group, span);
        let condition = where_clause(filter, "l.listing_no", span.from, span.to);
        let statement = format!(
            "SELECT {click_key} AS key, sum(c.clicks), sum(c.uniques), sum(c.duplicate), sum(c.bot), sum(c.prefetch), \
             sum(c.revoked), sum(c.expired), sum(c.invalid) FROM click_counts c LEFT JOIN links l ON l.no = c.link_no \
             WHERE {condition} GROUP BY 1"
        );
        for row in sql.exec(&statement, &[])? {
            groups.entry(key_names.key(group, &row)?).or_default().add(&clicks(&row)?)?;
        }
        let condition = where_clause(filter, "c.listing_no", span.from, span.to);
        // Money is summed in two halves that cannot overflow. They are returned as text and combined in 128 bits.
        let halves = |column: &str| {
            format!("CAST(sum(c.{column} / 1000000000) AS TEXT), CAST(sum(c.{column} % 1000000000) AS TEXT)")
        };
        let statement = format!(
            "SELECT {conversion_key} AS key, c.currency, sum(c.leads), sum(c.installs), sum(c.sales), {}, {}, {} \
             FROM conversion_counts c LEFT JOIN links l ON l.no = c.link_no WHERE {condition} GROUP BY 1, 2",
            halves("revenue"),
            halves("refunds"),
            halves("commission")
        );
        for row in sql.exec(&statement, &[])? {
            groups.entry(key_names.key(group, &row)?).or_default().add(&conversions(&row)?)?;
        }
    }
    Ok(groups)
}

fn clicks(row: &Row) -> Result<Sums, SqlError> {
    Ok(Sums {
        clicks: row.int(1)?,
        uniques: row.int(2)?,
        duplicate: row.int(3)?,
        bot: row.int(4)?,
        prefetch: row.int(5)?,
        revoked: row.int(6)?,
        expired: row.int(7)?,
        invalid: row.int(8)?,
        ..Sums::default()
    })
}

fn conversions(row: &Row) -> Result<Sums, SqlError> {
    let mut sums = Sums { leads: row.int(2)?, installs: row.int(3)?, sales: row.int(4)?, ..Sums::default() };
    let currency = row.text(1)?;
    // Conversions without an amount have the empty currency, and no money to sum.
    if !currency.is_empty() {
        let halves = |high: usize, low: usize| -> Result<i128, SqlError> {
            let (high, low) = (row.big_int(high)?, row.big_int(low)?);
            let sum = high.checked_mul(1_000_000_000).and_then(|high| high.checked_add(low));
            sum.ok_or(SqlError::Overflow("a sum of the report"))
        };
        add_money(&mut sums.revenue, currency, halves(5, 6)?)?;
        add_money(&mut sums.refunds, currency, halves(7, 8)?)?;
        add_money(&mut sums.commission, currency, halves(9, 10)?)?;
    }
    Ok(sums)
}

/// Maps the keys of rows to those of the API.
struct KeyNames<'a> {
    sql: &'a dyn Sql,
}

impl KeyNames<'_> {
    fn key(&self, group: Group, row: &Row) -> Result<Option<String>, SqlError> {
        let text = |row: &Row| Ok(Some(row.text(0)?.to_owned()).filter(|text| !text.is_empty()));
        match group {
            Group::Day | Group::Week | Group::Month => Ok(date_key(group, row.int(0)?)),
            Group::Country | Group::Campaign => text(row),
            Group::Device => {
                let device = u8::try_from(row.int(0)?).ok().and_then(Device::from_code);
                Ok(device
                    .filter(|device| *device != Device::Unknown)
                    .map(|device| device.as_str().to_owned()))
            }
            Group::Partner => self.id("partners", row.int(0)?),
            Group::Listing => self.id("listings", row.int(0)?),
            Group::Link => self.id("links", row.int(0)?),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_weeks_and_months_are_named_by_the_calendar() {
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
