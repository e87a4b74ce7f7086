//! The attribution report: counts by quarter hour, grouped by time in any zone, or by another property.

use crate::{
    api::{
        http::{
            call::Call,
            failure::Failure,
            message::Response,
            problems::{Code, Problem},
            query::Query,
        },
        reports::{
            money::MoneyView,
            scope::{link_of_query, listing_of_query, partner_of_query},
        },
    },
    domain::values::{
        digest::sha256_hex,
        time::{QUARTER_MS, Timestamp},
        zone::{self, Span},
    },
    ledger::view::view,
    store::{
        reports::{self, Amounts, Filter, Group, Sums, counts},
        value::json_text,
    },
};

view! {
    /// Visits that are not human clicks, each in one bucket.
    pub struct FilteredView {
        /// The same visitor on the same link within an hour.
        duplicate: i64,
        /// Crawlers, link previews, script agents, HEAD.
        bot: i64,
        /// Prefetches.
        prefetch: i64,
        /// On expired links.
        expired: i64,
        /// On revoked links and those of paused or terminated partners.
        revoked: i64,
        /// With tampered or unknown tokens.
        invalid: i64,
    }

    /// Sums of a group.
    pub struct SumsView {
        /// Human clicks.
        clicks: i64,
        /// First clicks of a visitor on a link in a UTC day.
        unique_clicks: i64,
        /// Other visits.
        filtered: FilteredView,
        /// Leads.
        leads: i64,
        /// Installs.
        installs: i64,
        /// Sales and subscription charges.
        sales: i64,
        /// Gross, by currency.
        revenue: Vec<MoneyView>,
        /// Refunded, by currency.
        refunds: Vec<MoneyView>,
        /// Commission net of reversals, by currency.
        commission: Vec<MoneyView>,
    }

    /// A group.
    pub struct GroupView {
        /// Day `2026-11-22`, ISO week `2026-W47`, month `2026-11`, id, country, device or campaign; `null` = unattributed
        /// or unknown.
        key: Option<String>,
        #[serde(flatten)]
        sums: SumsView,
    }

    /// The attribution report.
    pub struct ReportView {
        /// Groups, in the order of their keys.
        data: Vec<GroupView>,
        /// Sums of all groups.
        totals: SumsView,
        /// Time of the newest data in it; `null` if there are none. Changes only with data.
        complete_through: Option<Timestamp>,
    }
}

fn money(amounts: &Amounts) -> Vec<MoneyView> {
    amounts
        .iter()
        .map(|(currency, amount)| MoneyView { amount: *amount, currency: currency.clone() })
        .collect()
}

fn show(sums: &Sums) -> SumsView {
    SumsView {
        clicks: sums.clicks,
        unique_clicks: sums.uniques,
        filtered: FilteredView {
            duplicate: sums.duplicate,
            bot: sums.bot,
            prefetch: sums.prefetch,
            expired: sums.expired,
            revoked: sums.revoked,
            invalid: sums.invalid,
        },
        leads: sums.leads,
        installs: sums.installs,
        sales: sums.sales,
        revenue: money(&sums.revenue),
        refunds: money(&sums.refunds),
        commission: money(&sums.commission),
    }
}

/// A bound of the report, as the number of a quarter hour.
fn quarter(query: &Query, name: &'static str) -> Result<Option<i64>, Problem> {
    let Some(at) = query.time(name)? else { return Ok(None) };
    if at.ms().rem_euclid(QUARTER_MS) == 0 {
        Ok(Some(at.quarter()))
    } else {
        let detail = format!(
            "{name:?} must be on a 15-minute mark such as 10:15:00.000Z, because clicks are counted by quarter hours."
        );
        Err(Problem::new(Code::UnalignedTime, detail))
    }
}

fn group(query: &Query) -> Result<Group, Problem> {
    let text = query.text("group_by").unwrap_or("day");
    Group::parse(text).ok_or_else(|| {
        let words: Vec<&str> = Group::ALL.iter().map(|group| group.as_str()).collect();
        Problem::new(Code::InvalidValue, format!("\"group_by\" must be one of: {}.", words.join(", ")))
    })
}

fn filter(call: &Call<'_>, query: &Query) -> Result<Filter, Problem> {
    let mut partner = partner_of_query(call, query.text("partner_id"))?;
    let link = link_of_query(call, query)?;
    // Counts are keyed by partner first, so the link's partner reads fewer rows. A link of a partner other than the requested
    // one has no counts there.
    partner = partner.or(link.as_ref().map(|link| link.partner_no));
    let (link, listing) = (link.map(|link| link.no), listing_of_query(call, query)?);
    let (from, to) = (quarter(query, "from")?, quarter(query, "to")?);
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(Problem::new(Code::OutOfRange, "\"from\" is later than \"to\"."));
    }
    Ok(Filter { partner, link, listing, from, to })
}

/// The spans of constant UTC offset that the report covers.
fn spans(call: &Call<'_>, query: &Query, filter: &Filter, group: Group) -> Result<Vec<Span>, Problem> {
    // In a query a plus sign means a blank; `Etc/GMT+12` is what a person types.
    let zone = query.text("timezone").unwrap_or("UTC").replace(' ', "+");
    let zone = zone.as_str();
    let unknown = || {
        let detail = "\"timezone\" must be an IANA name such as Europe/Berlin.";
        Problem::new(Code::UnknownTimezone, detail)
    };
    // An unknown zone is refused even if the grouping does not depend on it.
    call.tx.zones.offset_seconds(zone, call.tx.now).ok_or_else(unknown)?;
    let Some((first, last)) = reports::extent(call.tx.sql, filter)? else { return Ok(Vec::new()) };
    let (from, to) = (filter.from.unwrap_or(first).max(first), filter.to.unwrap_or(last).min(last));
    if !group.is_time() {
        return Ok(vec![Span { from, to, offset_seconds: 0 }]);
    }
    zone::spans(call.tx.zones, zone, from, to).ok_or_else(unknown)
}

/// `GET /v1/attribution`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let known = ["partner_id", "listing_id", "link_id", "from", "to", "timezone", "group_by"];
    let query = call.query(&known)?;
    let group = group(&query)?;
    let filter = filter(call, &query)?;
    let spans = spans(call, &query, &filter, group)?;
    let groups = reports::groups(call.tx.sql, &filter, group, &spans)?;
    let mut totals = Sums::default();
    let mut data = Vec::with_capacity(groups.len());
    for (key, sums) in &groups {
        totals.add(sums)?;
        data.push(GroupView { key: key.clone(), sums: show(sums) });
    }
    let complete_through = counts::data_through(call.tx.sql, filter.partner)?;
    let body = json_text(&ReportView { data, totals: show(&totals), complete_through })?;
    let etag = format!("\"{}\"", sha256_hex(body.as_bytes()).get(..32).unwrap_or_default());
    let fresh = |response: Response| {
        response.with_header("etag", etag.clone()).with_header("cache-control", "private, no-transform")
    };
    if call.request.if_none_match.is_some_and(|sent| matches_etag(sent, &etag)) {
        return Ok(fresh(Response::empty(304)));
    }
    Ok(fresh(Response::json(200, body)))
}

/// Whether `If-None-Match` is `*` or names the tag, compared weakly (RFC 9110 §13.1.2). A tag may contain commas, so the list
/// is split at its quotes. A list that is not well-formed names nothing after its fault.
fn matches_etag(sent: &str, etag: &str) -> bool {
    let mut rest = sent.trim();
    if rest == "*" {
        return true;
    }
    loop {
        rest = rest.trim_start_matches([',', ' ', '\t']);
        let Some(opened) = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"') else { return false };
        let Some((tag, behind)) = opened.split_once('"') else { return false };
        if etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"')) == Some(tag) {
            return true;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::matches_etag;

    #[test]
    fn a_tag_is_opaque_whatever_it_contains() {
        for (sent, matches) in [
            ("\"abc\"", true),
            ("W/\"abc\"", true),
            (" \"x\" , W/\"y,z\",\"abc\" ", true),
            ("*", true),
            ("\"client,*,tag\"", false),
            ("\"client,abc,tag\"", false),
            ("\"x\",*", false),
            ("abc", false),
            ("\"abc", false),
            ("", false),
        ] {
            assert_eq!(matches_etag(sent, "\"abc\""), matches, "{sent:?}");
        }
    }
}
