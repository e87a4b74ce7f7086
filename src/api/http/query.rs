//! Query parameters: each must be known, well-formed, and given once.

use super::problems::{Code, Problem};
use crate::{
    domain::{
        money::Currency,
        values::{date::Date, text::escapes_are_whole, time::Timestamp},
    },
    store::page::Period,
};
use std::collections::BTreeMap;

/// Parameters that choose a page of a list and not its rows.
const PAGING: &[&str] = &["limit", "cursor", "after", "count"];

/// The forms of a day in a query.
const A_DAY: &str = "a day such as 2026-11-22";
/// The forms of a time in a query.
const A_TIME: &str = "an RFC 3339 time such as 2026-11-22T10:00:00.000Z or 2026-11-22T12:00:00+02:00";

/// The problem of a text that is no day or time; `forms` are those that are accepted.
pub fn not_a_time(name: &str, text: &str, forms: &str) -> Problem {
    let reason = match Date::impossible(text) {
        Some(day) => format!(": {day} is not a date that exists (from 1970 on)"),
        None => String::new(),
    };
    Problem::new(Code::InvalidParameter, format!("{name:?} must be {forms}{reason}."))
}

/// Parameters by name.
#[derive(Debug, Clone, Default)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query whose parameters may only be those `known`.
    pub fn parse(query: &str, known: &[&str]) -> Result<Self, Problem> {
        let mut parameters = BTreeMap::new();
        // The WHATWG parser never fails: it replaces invalid UTF-8 and keeps broken escapes. Both are refused here.
        let decoded = percent_encoding::percent_decode_str(query).decode_utf8();
        if decoded.is_err() || !escapes_are_whole(query) {
            let detail = "The query is not valid UTF-8 once percent-decoded.";
            return Err(Problem::new(Code::InvalidParameter, detail));
        }
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if !known.contains(&name.as_ref()) {
                let name: String = name.chars().take(40).collect();
                let detail = match known {
                    [] => format!("{name:?} is not known here; this operation has no query parameters."),
                    _ => format!("{name:?} is not known here; known are: {}.", known.join(", ")),
                };
                return Err(Problem::new(Code::UnknownParameter, detail));
            }
            if parameters.insert(name.to_string(), value.to_string()).is_some() {
                return Err(Problem::new(Code::InvalidParameter, format!("{name:?} is given twice.")));
            }
        }
        Ok(Self(parameters))
    }

    /// A parameter as text. An empty parameter is not an absent one: otherwise `partner_id=` would show everybody's data.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The parameters that select rows, in one text: everything except those of paging.
    #[must_use]
    pub fn filters(&self) -> String {
        let filters = self.0.iter().filter(|(name, _)| !PAGING.contains(&name.as_str()));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(filters).finish()
    }

    /// The period between `from` and `to`.
    pub fn period(&self) -> Result<Period, Problem> {
        let (from, to) = (self.time("from")?, self.time("to")?);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            return Err(Problem::new(Code::OutOfRange, "\"from\" is later than \"to\"."));
        }
        Ok(Period { from, to })
    }

    /// A cursor; an empty one means the start, because a caller's loop may begin without one.
    #[must_use]
    pub fn cursor(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|cursor| !cursor.is_empty())
    }

    /// How many rows the caller wants: 1 … 200, by default 50.
    pub fn limit(&self) -> Result<i64, Problem> {
        let Some(text) = self.text("limit") else { return Ok(50) };
        let limit: i64 = text.parse().map_err(|_| {
            Problem::new(Code::InvalidParameter, "\"limit\" must be a whole number from 1 to 200.")
        })?;
        if (1..=200).contains(&limit) {
            Ok(limit)
        } else {
            Err(Problem::new(Code::OutOfRange, "\"limit\" must be a whole number from 1 to 200."))
        }
    }

    /// `true` or `false`.
    pub fn flag(&self, name: &'static str) -> Result<Option<bool>, Problem> {
        let flag = self.text(name).map(str::parse).transpose();
        flag.map_err(|_| Problem::new(Code::InvalidParameter, format!("{name:?} must be true or false.")))
    }

    /// One of the words `all`.
    pub fn choice<T: Copy>(
        &self,
        name: &str,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Result<Option<T>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let found = all.iter().copied().find(|value| as_str(*value) == text);
        found.map(Some).ok_or_else(|| {
            let values: Vec<&str> = all.iter().map(|value| as_str(*value)).collect();
            Problem::new(Code::InvalidValue, format!("{name:?} must be one of: {}.", values.join(", ")))
        })
    }

    /// A time.
    pub fn time(&self, name: &'static str) -> Result<Option<Timestamp>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        // In a query a plus sign means a blank; `2026-01-01T00:00:00+02:00` is what a person types.
        let time = Timestamp::parse(text).or_else(|| Timestamp::parse(&text.replacen(' ', "+", 1)));
        time.map(Some).ok_or_else(|| not_a_time(name, text, A_TIME))
    }

    /// A day.
    pub fn day(&self, name: &'static str) -> Result<Option<Date>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        Date::parse(text).map(Some).ok_or_else(|| not_a_time(name, text, A_DAY))
    }

    /// A currency.
    pub fn currency(&self, name: &'static str) -> Result<Option<Currency>, Problem> {
        let Some(text) = self.text(name) else { return Ok(None) };
        Currency::parse(text).map(Some).ok_or_else(|| {
            Problem::new(Code::InvalidCurrency, format!("{name:?} must be an ISO 4217 code such as EUR."))
        })
    }
}
