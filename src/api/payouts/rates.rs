//! Exchange rates that the operator supplies, each for one day.

use crate::{
    api::http::{
        call::{Call, List},
        checks::Checks,
        failure::Failure,
        message::Response,
        problems::{Code, Problem},
        table::Row,
    },
    domain::{
        money::{Currency, fx::ExchangeRate},
        values::{date::Date, limits},
    },
    ledger::payouts::rates::{self, RateView, show},
    store::{
        Sql,
        books::fx::{self, DatedRate},
    },
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A rate of a day.
#[derive(Debug, Deserialize)]
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
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewRates {
    /// 1 to 1,000 of them.
    rates: Vec<NewRate>,
}

/// Checks the rates and returns them in their canonical form.
fn checked(rates: &[NewRate]) -> Result<Vec<DatedRate>, Problem> {
    let mut checks = Checks::default();
    if !limits::RATES.contains(rates.len()) {
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
        match ExchangeRate::parse(&new.rate) {
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
pub fn put(call: &Call<'_>) -> Result<Response, Failure> {
    let body: NewRates = call.body()?;
    let data = rates::set(call.tx, checked(&body.rates)?)?;
    call.json(200, &List { data, next_cursor: None, total: None })
}

impl Row for RateView {
    const COLUMNS: &'static str = "date,from,to,rate,used,set_at";
}

/// `GET /v1/fx`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["date", "from", "to", "limit", "cursor", "count"])?;
    let filters = (query.day("date")?, query.currency("from")?, query.currency("to")?);
    let fetch = |sql: &dyn Sql, page| fx::list(sql, filters, page);
    call.page_of(&query, "fx", fetch, |rate| rate.no, |rate| Ok(show(rate)))
}
