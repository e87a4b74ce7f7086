//! The attribution report: counts by quarter hour, grouped by time in any zone, or by other properties.

use super::{
    report_query::ReportQuery,
    report_table,
    report_view::{GroupView, ReportView, show},
};
use crate::{
    api::http::{
        call::Call,
        etag::conditional,
        failure::Failure,
        media::prefers_csv,
        message::Response,
        problems::{Code, Problem},
    },
    store::{
        SqlError,
        reports::{self, Key, Sums, counts},
        value::json_text,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Most rows of a report that is filled.
const MOST_FILLED_ROWS: usize = 20_000;

/// The rows of a report.
type Rows = BTreeMap<Vec<Key>, Sums>;

/// Adds rows without data for the periods that have none: in each place of the other dimension that has any data.
fn fill(query: &ReportQuery, rows: &mut Rows) -> Result<(), Problem> {
    let Some(place) = query.groups.iter().position(|group| group.is_time()) else { return Ok(()) };
    let Some(group) = query.groups.get(place) else { return Ok(()) };
    let periods = reports::period_keys(*group, &query.spans);
    let others: BTreeSet<Vec<Key>> = rows
        .keys()
        .map(|keys| {
            keys.iter().enumerate().filter(|(at, _)| *at != place).map(|(_, key)| key.clone()).collect()
        })
        .collect();
    // Without a second dimension there is one row a period, even if no data exist at all.
    let others = if query.groups.len() == 1 { BTreeSet::from([Vec::new()]) } else { others };
    if periods.len().saturating_mul(others.len()) > MOST_FILLED_ROWS {
        let detail =
            format!("A filled report has at most {MOST_FILLED_ROWS} rows; ask for a shorter period.");
        return Err(Problem::new(Code::OutOfRange, detail));
    }
    for other in &others {
        for period in &periods {
            let mut keys = other.clone();
            keys.insert(place.min(keys.len()), period.clone());
            rows.entry(keys).or_default();
        }
    }
    Ok(())
}

/// The view of a row.
fn row(call: &Call<'_>, query: &ReportQuery, keys: &[Key], sums: &Sums) -> Result<GroupView, SqlError> {
    let named = || query.groups.iter().map(|group| group.as_str().to_owned());
    let texts = keys.iter().map(|key| key.text.clone());
    let mut names = query.has_names.then(BTreeMap::new);
    for (group, key) in query.groups.iter().zip(keys) {
        if let (Some(names), true) = (&mut names, group.has_names()) {
            let name = key.text.as_deref().map(|id| reports::name(call.tx.sql, *group, id)).transpose()?;
            names.insert(group.as_str().to_owned(), name.flatten());
        }
    }
    Ok(GroupView {
        key: keys.first().and_then(|key| key.text.clone()),
        keys: (keys.len() > 1).then(|| named().zip(texts).collect()),
        names,
        sums: show(sums),
    })
}

/// The report, as JSON or CSV.
fn report(call: &Call<'_>, is_csv: bool) -> Result<Response, Failure> {
    let query = ReportQuery::parse(call)?;
    let mut rows = reports::groups(call.tx.sql, &query.filter, &query.groups, &query.spans)?;
    if query.is_filled {
        fill(&query, &mut rows)?;
    }
    let mut totals = Sums::default();
    let mut data = Vec::with_capacity(rows.len());
    for (keys, sums) in &rows {
        totals.add(sums)?;
        data.push(row(call, &query, keys, sums)?);
    }
    let response = if is_csv {
        Response::of_type(
            "text/csv; charset=utf-8",
            report_table::render(&query.groups, &data, &show(&totals))?,
        )
    } else {
        let complete_through = counts::data_through(call.tx.sql, query.filter.partner)?;
        Response::json(200, json_text(&ReportView { data, totals: show(&totals), complete_through })?)
    };
    Ok(conditional(call.request.if_none_match, response))
}

/// `GET /v1/attribution`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    report(call, prefers_csv(call.request.accept))
}

/// `GET /v1/attribution.csv`
pub fn csv(call: &Call<'_>) -> Result<Response, Failure> {
    report(call, true)
}
