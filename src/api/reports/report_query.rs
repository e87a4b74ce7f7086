//! What a request for the attribution report asks for.

use super::scope::{link_of_query, listing_of_query, partner_of_query};
use crate::{
    api::http::{
        call::Call,
        problems::{Code, Problem},
        query::{Query, not_a_time},
    },
    domain::values::{
        date::Date,
        time::QUARTER_MS,
        zone::{self, Span},
    },
    store::reports::{self, Filter, Group},
};

const KNOWN: &[&str] =
    &["partner_id", "listing_id", "link_id", "from", "to", "timezone", "group_by", "fill", "expand"];
/// The forms of a bound of the report.
const BOUND: &str = "a day such as 2026-11-22, or an RFC 3339 time such as 2026-11-22T10:15:00.000Z";
/// Most hours or days of a filled report, before its rows are counted.
const MOST_PERIODS: i64 = 20_000;

/// What a request asks for.
pub struct ReportQuery {
    /// Which counts.
    pub filter: Filter,
    /// One or two dimensions.
    pub groups: Vec<Group>,
    /// The spans of constant UTC offset that the report covers.
    pub spans: Vec<Span>,
    /// Whether periods without data have rows.
    pub is_filled: bool,
    /// Whether ids have names beside them.
    pub has_names: bool,
}

impl ReportQuery {
    /// Parses the query of a request.
    pub fn parse(call: &Call<'_>) -> Result<Self, Problem> {
        let query = call.query(KNOWN)?;
        let groups = groups(&query)?;
        let zone = zone_name(call, &query)?;
        let filter = filter(call, &query, &zone)?;
        let is_filled = query.flag("fill")?.unwrap_or_default() && groups.iter().any(|group| group.is_time());
        let spans = spans(call, &zone, &filter, &groups, is_filled)?;
        let has_names = match query.text("expand") {
            None => false,
            Some("names") => true,
            Some(_) => return Err(Problem::new(Code::InvalidValue, "\"expand\" must be: names.")),
        };
        Ok(Self { filter, groups, spans, is_filled, has_names })
    }
}

/// One or two dimensions, of which one at most is a period.
fn groups(query: &Query) -> Result<Vec<Group>, Problem> {
    let text = query.text("group_by").unwrap_or("day");
    let groups: Option<Vec<Group>> = text.split(',').map(Group::parse).collect();
    let is_period = |group: &&Group| group.is_time();
    match groups {
        Some(groups) if groups.len() == 1 => Ok(groups),
        Some(groups)
            if groups.len() == 2
                && groups.first() != groups.last()
                && groups.iter().filter(is_period).count() < 2 =>
        {
            Ok(groups)
        }
        Some(_) | None => {
            let words: Vec<&str> = Group::ALL.iter().map(|group| group.as_str()).collect();
            let detail = format!(
                "\"group_by\" must be one of: {}; or two of them such as day,link, of which one at most is a period.",
                words.join(", ")
            );
            Err(Problem::new(Code::InvalidValue, detail))
        }
    }
}

fn unknown_zone() -> Problem {
    Problem::new(Code::UnknownTimezone, "\"timezone\" must be an IANA name such as Europe/Berlin.")
}

fn zone_name(call: &Call<'_>, query: &Query) -> Result<String, Problem> {
    // In a query a plus sign means a blank; `Etc/GMT+12` is what a person types.
    let zone = query.text("timezone").unwrap_or("UTC").replace(' ', "+");
    // An unknown zone is refused even if the grouping does not depend on it.
    call.tx.zones.offset_seconds(&zone, call.tx.now).ok_or_else(unknown_zone)?;
    Ok(zone)
}

/// A bound of the report, as the number of a quarter hour: a time, or the beginning of a day in the report's zone.
fn quarter(call: &Call<'_>, query: &Query, zone: &str, name: &'static str) -> Result<Option<i64>, Problem> {
    if let Some(day) = query.text(name).and_then(Date::parse) {
        return zone::day_start(call.tx.zones, zone, day.days()).map(Some).ok_or_else(unknown_zone);
    }
    let Some(text) = query.text(name) else { return Ok(None) };
    let at = query.time(name).ok().flatten().ok_or_else(|| not_a_time(name, text, BOUND))?;
    if at.ms().rem_euclid(QUARTER_MS) == 0 {
        Ok(Some(at.quarter()))
    } else {
        let detail = format!(
            "{name:?} must be a day such as 2026-11-22, or on a 15-minute mark such as 10:15:00.000Z, because clicks are \
             counted by quarter hours."
        );
        Err(Problem::new(Code::UnalignedTime, detail))
    }
}

fn filter(call: &Call<'_>, query: &Query, zone: &str) -> Result<Filter, Problem> {
    let mut partner = partner_of_query(call, query.text("partner_id"))?;
    let link = link_of_query(call, query)?;
    // Counts are keyed by partner first, so the link's partner reads fewer rows. A link of a partner other than the requested
    // one has no counts there.
    partner = partner.or(link.as_ref().map(|link| link.partner_no));
    let (link, listing) = (link.map(|link| link.no), listing_of_query(call, query)?);
    let (from, to) = (quarter(call, query, zone, "from")?, quarter(call, query, zone, "to")?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(Problem::new(Code::OutOfRange, "\"from\" is later than \"to\"."));
    }
    Ok(Filter { partner, link, listing, from, to })
}

/// The spans of constant UTC offset that the report covers: where there are data, or the whole period if it is filled.
fn spans(
    call: &Call<'_>,
    zone: &str,
    filter: &Filter,
    groups: &[Group],
    is_filled: bool,
) -> Result<Vec<Span>, Problem> {
    let extent = reports::extent(call.tx.sql, filter)?;
    let bounds = if is_filled {
        let (first, last) = extent.unzip();
        filter.from.or(first).zip(filter.to.or(last)).filter(|(from, to)| from < to)
    } else {
        extent.map(|(first, last)| {
            (filter.from.unwrap_or(first).max(first), filter.to.unwrap_or(last).min(last))
        })
    };
    let Some((from, to)) = bounds else { return Ok(Vec::new()) };
    let quarters = if groups.contains(&Group::Hour) { 4 } else { 96 };
    if is_filled && to.saturating_sub(from) > MOST_PERIODS.saturating_mul(quarters) {
        let detail = format!("A filled report has at most {MOST_PERIODS} rows; ask for a shorter period.");
        return Err(Problem::new(Code::OutOfRange, detail));
    }
    if !groups.iter().any(|group| group.is_time()) {
        return Ok(vec![Span { from, to, offset_seconds: 0 }]);
    }
    zone::spans(call.tx.zones, zone, from, to).ok_or_else(unknown_zone)
}
