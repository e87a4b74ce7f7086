//! Exchange rates that the operator supplies, each for one day.

use super::{
    body::Checks,
    call::{Call, List},
    http::Response,
    problem::{Code, Problem},
    query::Query,
    views::view,
};
use crate::{
    domain::{
        event::EventType,
        money::{Currency, fx::Rate},
        values::{date::Date, time::Timestamp},
    },
    store::{
        books::fx::{self, DatedRate, StoredRate},
        log::change::Change,
    },
};
use json::FromJson;
use std::collections::BTreeSet;

/// A rate of a day.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRate {
    /// The day.
    date: Date,
    /// One of this currency …
    from: Currency,
    /// … is worth so much of this.
    to: Currency,
    /// Decimal, more than 0, up to 10 decimals: `0.9231`.
    rate: String,
}

/// Rates to supply or correct.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRates {
    /// 1 to 1,000 of them.
    rates: Vec<NewRate>,
}

view! {
    /// A rate of a day.
    pub struct RateView {
        /// The day.
        date: Date,
        /// One of this currency …
        from: Currency,
        /// … is worth so much of this.
        to: Currency,
        /// Decimal.
        rate: String,
        /// An approved run used it: it is fixed.
        used: bool,
        /// When it was set.
        set_at: Timestamp,
    }

    /// Rates that were supplied or corrected, as events tell it.
    pub struct RatesEventView {
        /// The rates.
        rates: Vec<RateView>,
    }
}

fn show(stored: &StoredRate) -> RateView {
    RateView {
        date: stored.dated.date,
        from: stored.dated.from,
        to: stored.dated.to,
        rate: stored.dated.rate.clone(),
        used: stored.used,
        set_at: stored.set_at,
    }
}

/// The rates in their canonical form.
fn checked(rates: &[NewRate]) -> Result<Vec<DatedRate>, Problem> {
    let mut checks = Checks::default();
    if !(1..=1_000).contains(&rates.len()) {
        checks.refuse(Code::OutOfRange, "rates", "Expected 1 to 1000 of them.");
    }
    let (mut seen, mut dated) = (BTreeSet::new(), Vec::with_capacity(rates.len()));
    for (index, new) in rates.iter().enumerate() {
        let mut of_one = Checks::under(format!("/rates/{index}"));
        if new.from == new.to {
            of_one.refuse(Code::InvalidValue, "to", "A currency is worth one of itself.");
        }
        if !seen.insert((new.date, new.from, new.to)) {
            of_one.refuse(Code::InvalidValue, "date", "The rate of this day is given twice.");
        }
        match Rate::parse(&new.rate) {
            Some(rate) => {
                dated.push(DatedRate { date: new.date, from: new.from, to: new.to, rate: rate.to_string() })
            }
            None => {
                let detail = "Expected a decimal text such as \"0.9231\": more than 0, at most 10^8, up to 10 decimals.";
                of_one.refuse(Code::InvalidRate, "rate", detail);
            }
        }
        checks.absorb(of_one);
    }
    checks.finish()?;
    Ok(dated)
}

/// `PUT /v1/fx`; all or none.
pub fn put(call: &Call<'_>) -> Result<Response, Problem> {
    let body: NewRates = call.body()?;
    let (mut changed, mut data) = (Vec::new(), Vec::new());
    for (index, dated) in checked(&body.rates)?.into_iter().enumerate() {
        let before = fx::of_day(call.sql, dated.date, dated.from, dated.to)?;
        match before {
            Some(before) if before.dated == dated => {
                data.push(show(&before));
                continue;
            }
            Some(before) if before.used => {
                let detail = format!("A run that is approved used {}; it stays.", before.dated.rate);
                return Err(Problem::field(Code::RateInUse, format!("/rates/{index}/rate"), detail));
            }
            Some(_) | None => {}
        }
        data.push(show(&StoredRate { no: 0, dated: dated.clone(), used: false, set_at: call.now }));
        changed.push(dated);
    }
    if !changed.is_empty() {
        let shown = |dated: &DatedRate| {
            show(&StoredRate { no: 0, dated: dated.clone(), used: false, set_at: call.now })
        };
        let event = RatesEventView { rates: changed.iter().map(shown).collect() };
        call.commit(EventType::FxUpdated, &Change::Rates(changed), &event, "")?;
    }
    call.json(200, &List { data, next_cursor: None })
}

fn currency(query: &Query, name: &str) -> Result<Option<Currency>, Problem> {
    let Some(text) = query.text(name) else { return Ok(None) };
    let refused =
        || Problem::new(Code::InvalidParameter, format!("{name:?} must be an ISO 4217 code such as EUR."));
    Currency::parse(text).ok_or_else(refused).map(Some)
}

/// `GET /v1/fx`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let query = call.query(&["date", "from", "to", "limit", "cursor"])?;
    let date = query.text("date").map(|text| {
        let refused = || Problem::new(Code::InvalidParameter, "\"date\" must be a day such as 2026-10-31.");
        Date::parse(text).ok_or_else(refused)
    });
    let narrowed = (date.transpose()?, currency(&query, "from")?, currency(&query, "to")?);
    let shown = |name: &str| query.text(name).unwrap_or_default().to_owned();
    let name = format!("fx {} {} {}", shown("date"), shown("from"), shown("to"));
    let fetch = |page| fx::list(call.sql, narrowed, page);
    call.page_of(&query, &name, fetch, |rate| rate.no, |rate| Ok(show(rate)))
}
