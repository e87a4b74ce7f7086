//! One HTTP request while it is handled.

use super::{
    auth::Caller,
    body, cursor, etag,
    failure::Failure,
    media::prefers_csv,
    message::{Request, Response},
    problems::Problem,
    query::Query,
    table::{self, Row},
};
use crate::{
    domain::values::time::Timestamp,
    ledger::tx::Tx,
    store::{
        Page, Sql, SqlError, count,
        log::archive::{EventLog, Segments},
        value::json_text,
    },
};
use serde::{Serialize, de::DeserializeOwned};

/// Handles a request.
pub type Handler = fn(&Call<'_>) -> Result<Response, Failure>;

/// A request, who sent it, and the transaction that it runs in.
pub struct Call<'a> {
    /// The transaction.
    pub tx: &'a Tx<'a>,
    /// The request.
    pub request: Request<'a>,
    /// Who sent it.
    pub caller: Caller,
    /// The path's values of the route's placeholders.
    pub params: Vec<String>,
    /// The segments of the log of events that were fetched.
    pub segments: &'a Segments,
}

/// A page of a list.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "{T}List"))]
pub struct List<T> {
    /// The page.
    pub data: Vec<T>,
    /// Pass it as `cursor` for the next page; `null` on the last.
    pub next_cursor: Option<String>,
    /// With `count=true`: how many rows all pages have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<i64>,
}

impl Call<'_> {
    /// The value of the route's first placeholder. A text that does not parse cannot be the id of anything.
    pub fn id<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
        self.params.first().and_then(|text| parse(text)).ok_or_else(Problem::not_found)
    }

    /// The log of events.
    pub fn log(&self) -> Result<EventLog<'_>, SqlError> {
        EventLog::open(self.tx.sql, self.segments)
    }

    /// Parses the body.
    pub fn body<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        body::parse(self.request.body)
    }

    /// Parses the query, whose parameters may only be those `known`.
    pub fn query(&self, known: &[&str]) -> Result<Query, Problem> {
        Query::parse(self.request.query, known)
    }

    /// A response whose body is `value`.
    pub fn json<T: Serialize>(&self, status: u16, value: &T) -> Result<Response, Failure> {
        Ok(Response::json(status, json_text(value)?))
    }

    /// A page of the list `name`: `fetch` reads rows newest first, `no` is a row's number, `view` its view.
    pub fn page<R, T: Row>(
        &self,
        name: &str,
        fetch: impl Fn(&dyn Sql, Page) -> Result<Vec<R>, SqlError>,
        no: impl Fn(&R) -> i64,
        view: impl Fn(&R) -> Result<T, SqlError>,
    ) -> Result<Response, Failure> {
        self.page_of(&self.query(&["limit", "cursor", "count"])?, name, fetch, no, view)
    }

    /// A page of a list that takes filters.
    pub fn page_of<R, T: Row>(
        &self,
        query: &Query,
        name: &str,
        fetch: impl Fn(&dyn Sql, Page) -> Result<Vec<R>, SqlError>,
        no: impl Fn(&R) -> i64,
        view: impl Fn(&R) -> Result<T, SqlError>,
    ) -> Result<Response, Failure> {
        let list = self.list_name(name, query);
        let before = query.cursor("cursor").map(|text| cursor::decode(&list, text)).transpose()?;
        let page = Page { before, ..Page::first(query.limit()?) };
        self.rows(query, page, fetch, |row| cursor::encode(&list, no(row)), view)
    }

    /// A page of a list that is ordered by time: `place` is a row's time and number.
    pub fn timed_page_of<R, T: Row>(
        &self,
        query: &Query,
        name: &str,
        fetch: impl Fn(&dyn Sql, Page) -> Result<Vec<R>, SqlError>,
        place: impl Fn(&R) -> (Timestamp, i64),
        view: impl Fn(&R) -> Result<T, SqlError>,
    ) -> Result<Response, Failure> {
        let list = self.list_name(name, query);
        let mut page = Page::first(query.limit()?);
        if let Some(text) = query.cursor("cursor") {
            let (at, no) = cursor::decode_place(&list, text)?;
            page = Page { before: Some(no), before_at: Some(at), ..page };
        }
        let cursor = |row: &R| {
            let (at, no) = place(row);
            cursor::encode_at(&list, at.ms(), &no.to_string())
        };
        self.rows(query, page, fetch, cursor, view)
    }

    /// The name of a list for its cursors. Each choice of filters has cursors of its own, and a cursor of the operator's list
    /// must not work in a partner's.
    pub fn list_name(&self, name: &str, query: &Query) -> String {
        let (partner, filters) = (self.caller.partner.unwrap_or_default(), query.filters());
        if filters.is_empty() { format!("{name} {partner}") } else { format!("{name} {partner} {filters}") }
    }

    fn rows<R, T: Row>(
        &self,
        query: &Query,
        page: Page,
        fetch: impl Fn(&dyn Sql, Page) -> Result<Vec<R>, SqlError>,
        cursor: impl Fn(&R) -> String,
        view: impl Fn(&R) -> Result<T, SqlError>,
    ) -> Result<Response, Failure> {
        // One more row tells whether there is a next page.
        let mut rows = fetch(self.tx.sql, Page { limit: page.limit.saturating_add(1), ..page })?;
        let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(cursor);
        let data = rows.iter().map(view).collect::<Result<_, _>>()?;
        let total = self.total(query, fetch)?;
        self.list(List { data, next_cursor, total })
    }

    /// How many rows a list has in all, if the query asks for it.
    pub fn total<R>(
        &self,
        query: &Query,
        fetch: impl FnOnce(&dyn Sql, Page) -> Result<Vec<R>, SqlError>,
    ) -> Result<Option<i64>, Failure> {
        if query.flag("count")? == Some(true) { Ok(Some(count(self.tx.sql, fetch)?)) } else { Ok(None) }
    }

    /// A page of a list, as CSV to those who prefer it. What JSON says beside the rows is then in headers.
    pub fn list<T: Row>(&self, list: List<T>) -> Result<Response, Failure> {
        if !prefers_csv(self.request.accept) {
            return self.conditional(&list);
        }
        let response = Response::of_type("text/csv; charset=utf-8", table::render(&list.data)?);
        let response = etag::conditional(self.request.if_none_match, response);
        let extra = [
            ("signpost-next-cursor", list.next_cursor),
            ("signpost-total", list.total.map(|total| total.to_string())),
        ];
        let add = |response: Response, (name, value): (&'static str, Option<String>)| match value {
            Some(value) => response.with_header(name, value),
            None => response,
        };
        Ok(extra.into_iter().fold(response, add))
    }

    /// A response whose body is `value`, or 304 to a reader who has the same.
    pub fn conditional<T: Serialize>(&self, value: &T) -> Result<Response, Failure> {
        Ok(etag::conditional(self.request.if_none_match, self.json(200, value)?))
    }
}
