//! One request on its way: what a handler may use.

use super::{
    auth::{Caller, Config},
    body, cursor,
    http::{Request, Response},
    problem::Problem,
    query::Query,
    trails::{TrailWish, Trails},
};
use crate::{
    domain::{
        event::EventType,
        values::{entropy::Entropy, id::EventId, time::Timestamp, zone::Zones},
    },
    store::{
        Page, Sql,
        log::{
            change::{self, Change},
            events, outbox,
        },
        value::json_text,
    },
};
use json::FromJson;
use serde::Serialize;
use std::cell::{Cell, RefCell};

/// A request, who sent it, and what it may use.
pub struct Call<'a> {
    /// The database.
    pub sql: &'a dyn Sql,
    /// Keys.
    pub config: &'a Config,
    /// Time zones.
    pub zones: &'a dyn Zones,
    /// The time.
    pub now: Timestamp,
    /// Randomness.
    pub entropy: RefCell<&'a mut dyn Entropy>,
    /// The request.
    pub request: Request<'a>,
    /// Who sent it.
    pub caller: Caller,
    /// What stands in the path for the route's placeholders.
    pub params: Vec<String>,
    /// Redirects must learn of what was written.
    pub snapshot_touched: Cell<bool>,
    /// Trails that were asked for.
    pub trails: &'a Trails,
    /// The trail that is to be asked for, before the request is handed in again.
    pub trail_wish: RefCell<Option<TrailWish>>,
}

/// A page of a list.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "{T}List"))]
pub struct List<T> {
    /// The page.
    pub data: Vec<T>,
    /// Pass it as `cursor` for the next page; `null` on the last.
    pub next_cursor: Option<String>,
}

impl Call<'_> {
    /// What stands for the route's first placeholder; what does not parse names nothing that there is.
    pub fn id<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, Problem> {
        self.params.first().and_then(|text| parse(text)).ok_or_else(Problem::not_found)
    }

    /// The body.
    pub fn body<T: for<'j> FromJson<'j>>(&self) -> Result<T, Problem> {
        body::parse(self.request.body)
    }

    /// The query.
    pub fn query(&self, known: &[&str]) -> Result<Query, Problem> {
        Query::parse(self.request.query, known)
    }

    /// A new id.
    pub fn new_id<T>(&self, generate: impl FnOnce(Timestamp, &mut dyn Entropy) -> T) -> T {
        generate(self.now, &mut **self.entropy.borrow_mut())
    }

    /// Writes an event that changes no money: keys.
    pub fn note<T: Serialize>(&self, kind: EventType, data: &T) -> Result<(), Problem> {
        let id = self.new_id(EventId::generate);
        Ok(events::append(self.sql, &id, kind, 0, self.now, &json_text(data)?, None)?)
    }

    /// Carries out a change and writes its event, in the request's transaction. `answer` is kept with conversions and
    /// refunds; `data` is what the event shows.
    pub fn commit<T: Serialize>(
        &self,
        kind: EventType,
        change: &Change,
        data: &T,
        answer: &str,
    ) -> Result<(), Problem> {
        change::apply(self.sql, change, answer, self.now)?;
        let id = self.new_id(EventId::generate);
        let (data, ledger) = (json_text(data)?, json_text(change)?);
        Ok(events::append(self.sql, &id, kind, change.partner_no(), self.now, &data, Some(ledger))?)
    }

    /// The same of a change that computes rows: what the event shows is read when they are there, and answered.
    pub fn commit_computed<T: Serialize>(
        &self,
        kind: EventType,
        change: &Change,
        view: impl FnOnce() -> Result<T, Problem>,
    ) -> Result<String, Problem> {
        change::apply(self.sql, change, "", self.now)?;
        let id = self.new_id(EventId::generate);
        let (data, ledger) = (json_text(&view()?)?, json_text(change)?);
        events::append(self.sql, &id, kind, change.partner_no(), self.now, &data, Some(ledger))?;
        Ok(data)
    }

    /// Notes that redirects must learn of what was written.
    pub fn touch_snapshot(&self) -> Result<(), Problem> {
        self.snapshot_touched.set(true);
        Ok(outbox::touch_snapshot(self.sql)?)
    }

    /// An answer whose body is `value`.
    pub fn json<T: Serialize>(&self, status: u16, value: &T) -> Result<Response, Problem> {
        Ok(Response::json(status, json_text(value)?))
    }

    /// A page of the list `name`: `fetch` gets rows newest first, `no` tells a row's number, `view` shows a row.
    pub fn page<R, T: Serialize>(
        &self,
        name: &str,
        fetch: impl FnOnce(Page) -> Result<Vec<R>, crate::store::SqlError>,
        no: impl Fn(&R) -> i64,
        view: impl Fn(&R) -> Result<T, Problem>,
    ) -> Result<Response, Problem> {
        self.page_of(&self.query(&["limit", "cursor"])?, name, fetch, no, view)
    }

    /// The same of a list that takes filters: each choice of them has a `name` of its own, as its cursors are its own.
    pub fn page_of<R, T: Serialize>(
        &self,
        query: &Query,
        name: &str,
        fetch: impl FnOnce(Page) -> Result<Vec<R>, crate::store::SqlError>,
        no: impl Fn(&R) -> i64,
        view: impl Fn(&R) -> Result<T, Problem>,
    ) -> Result<Response, Problem> {
        let limit = query.limit()?;
        // A cursor of the operator's list is none of a partner's.
        let list = format!("{name} {}", self.caller.partner.map_or(0, |partner| partner));
        let before = query.cursor("cursor").map(|text| cursor::decode(&list, text)).transpose()?;
        // One row more tells whether there is a next page.
        let mut rows = fetch(Page { before, limit: limit.saturating_add(1) })?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next_cursor = rows.last().filter(|_| more).map(|last| cursor::encode(&list, no(last)));
        let data = rows.iter().map(view).collect::<Result<_, _>>()?;
        self.json(200, &List { data, next_cursor })
    }
}
