//! Pages of a list, newest first, and the conditions that its filters add to a query.

use crate::{
    domain::values::time::Timestamp,
    store::value::{MAX_SAFE_INTEGER, Value},
};

/// The rows of a page: at most `limit` rows after the previous page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Only rows with a smaller number; absent means all. In a list that is ordered by time, the number of the last row of
    /// the previous page.
    pub before: Option<i64>,
    /// The time of the last row of the previous page, in a list that is ordered by time.
    pub before_at: Option<Timestamp>,
    /// The maximum number of rows.
    pub limit: i64,
}

impl Page {
    /// Returns the first page of a list.
    #[must_use]
    pub fn first(limit: i64) -> Self {
        Self { before: None, before_at: None, limit }
    }

    /// Returns `before` as the bound for `no < ?`.
    #[must_use]
    pub fn below(self) -> i64 {
        self.before.unwrap_or(MAX_SAFE_INTEGER)
    }
}

/// A period; absent bounds match everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Period {
    /// The first instant.
    pub from: Option<Timestamp>,
    /// The first instant after the period.
    pub to: Option<Timestamp>,
}

impl Period {
    /// Returns whether the period has a bound.
    #[must_use]
    pub fn is_bounded(self) -> bool {
        self.from.is_some() || self.to.is_some()
    }
}

/// The columns that order a list, and by which its pages continue.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// The column of the time, if the list is ordered by time.
    pub time: Option<&'static str>,
    /// The column of the number.
    pub number: &'static str,
}

impl Order {
    /// Returns the terms of ORDER BY.
    #[must_use]
    pub fn terms(self) -> String {
        match self.time {
            Some(time) => format!("{time} DESC, {} DESC", self.number),
            None => format!("{} DESC", self.number),
        }
    }
}

/// The conditions of a query and the values of their placeholders.
#[derive(Debug, Clone, Default)]
pub struct Conditions {
    conditions: Vec<String>,
    args: Vec<Value>,
}

impl Conditions {
    /// Binds a value and returns its placeholder.
    pub fn bind(&mut self, value: impl Into<Value>) -> String {
        self.args.push(value.into());
        format!("?{}", self.args.len())
    }

    /// Adds a condition.
    pub fn and(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// Adds the condition that an expression has a value, if there is one.
    pub fn equals(&mut self, expression: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            let placeholder = self.bind(value);
            self.and(format!("{expression} = {placeholder}"));
        }
    }

    /// Adds the condition that a time is in a period.
    pub fn within(&mut self, time: &str, period: Period) {
        for (comparison, bound) in [(">=", period.from), ("<", period.to)] {
            if let Some(bound) = bound {
                let placeholder = self.bind(bound);
                self.and(format!("{time} {comparison} {placeholder}"));
            }
        }
    }

    /// Returns the condition that a row comes after the previous page.
    pub fn after_page(&mut self, page: Page, order: Order) -> String {
        match (order.time, page.before_at) {
            (Some(time), Some(at)) => {
                let (at, before) = (self.bind(at), self.bind(page.below()));
                format!("({time}, {}) < ({at}, {before})", order.number)
            }
            (Some(_), None) => "true".to_owned(),
            (None, _) => format!("{} < {}", order.number, self.bind(page.below())),
        }
    }

    /// Returns the conditions for WHERE.
    #[must_use]
    pub fn text(&self) -> String {
        if self.conditions.is_empty() { "true".to_owned() } else { self.conditions.join(" AND ") }
    }

    /// Returns the values of the placeholders.
    #[must_use]
    pub fn args(&self) -> &[Value] {
        &self.args
    }
}
