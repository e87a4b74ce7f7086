//! Calendar days in UTC, used for payout periods and for the days of exchange rates.

use crate::values::time::{DAY_MS, Timestamp};
use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The message of a serde error for an invalid day; `api/http/body.rs` recognises the error by this text.
pub const DATE_REFUSED: &str = "expected a day such as 2026-10-31";

/// A calendar day between 1970-01-01 and 9999-12-31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(NaiveDate);

impl Date {
    /// Returns whether `text` has the form `YYYY-MM-DD`, whether or not the day exists.
    fn has_form(text: &str) -> bool {
        let is_right = |(at, b): (usize, u8)| if at == 4 || at == 7 { b == b'-' } else { b.is_ascii_digit() };
        text.len() == 10 && text.bytes().enumerate().all(is_right)
    }

    /// Returns the day at the beginning of `text` if it has the form of one and does not exist, such as `2026-13-01`.
    #[must_use]
    pub fn impossible(text: &str) -> Option<&str> {
        text.get(..10).filter(|day| Self::has_form(day) && Self::parse(day).is_none())
    }

    /// Parses `YYYY-MM-DD`. Returns `None` for days that do not exist, such as 29 February of a common year.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if !Self::has_form(text) {
            return None;
        }
        // Each part is parsed separately because chrono's format parser also accepts single-digit months and days.
        let part = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
        let year = i32::try_from(part(0..4)?).ok()?;
        let day = NaiveDate::from_ymd_opt(year, part(5..7)?, part(8..10)?)?;
        (1970..=9999).contains(&day.year()).then_some(Self(day))
    }

    /// Returns the first instant of the day in UTC.
    #[must_use]
    pub fn start(self) -> Timestamp {
        Timestamp::clamped(self.0.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis())
    }

    /// Returns the number of days since the epoch.
    #[must_use]
    pub fn days(self) -> i64 {
        self.start().ms().div_euclid(DAY_MS)
    }

    /// Returns the first instant of the next day in UTC.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.start().plus_ms(DAY_MS)
    }

    /// Returns the day so many days later, at most 9999-12-31.
    #[must_use]
    pub fn plus_days(self, days: u64) -> Self {
        let later = self.0.checked_add_days(chrono::Days::new(days)).filter(|day| day.year() <= 9999);
        Self(later.or(NaiveDate::from_ymd_opt(9999, 12, 31)).unwrap_or(self.0))
    }

    /// Returns the year, the month from 1, and the day of the month from 1.
    #[must_use]
    pub fn parts(self) -> (i32, u32, u32) {
        (self.0.year(), self.0.month(), self.0.day())
    }

    /// Returns whether the day is a Saturday or a Sunday.
    #[must_use]
    pub fn is_weekend(self) -> bool {
        matches!(self.0.weekday(), chrono::Weekday::Sat | chrono::Weekday::Sun)
    }

    /// Returns the UTC day that contains `at`.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let day = chrono::DateTime::from_timestamp_millis(at.ms()).map(|at| at.date_naive());
        Self(day.unwrap_or_default())
    }
}

impl std::fmt::Display for Date {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day())
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).ok_or_else(|| D::Error::custom(DATE_REFUSED))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Date {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Date".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
            "description": "A day in UTC", "examples": ["2026-10-31"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        for (text, start, end) in [
            ("1970-01-01", "1970-01-01T00:00:00.000Z", "1970-01-02T00:00:00.000Z"),
            ("2028-02-29", "2028-02-29T00:00:00.000Z", "2028-03-01T00:00:00.000Z"),
            ("2026-12-31", "2026-12-31T00:00:00.000Z", "2027-01-01T00:00:00.000Z"),
        ] {
            let day = Date::parse(text).unwrap();
            assert_eq!((day.start().to_string(), day.end().to_string()), (start.to_owned(), end.to_owned()));
            assert_eq!(day.to_string(), text);
            assert_eq!(Date::of(day.end().plus_ms(-1)), day);
        }
        for text in [
            "",
            "2026-02-29",
            "2026-2-01",
            "+026-02-01",
            "2026-13-01",
            "1969-12-31",
            "2026-10-31T00:00:00Z",
            "2026/10/31",
        ] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        for (text, impossible) in [
            ("2026-13-01", Some("2026-13-01")),
            ("2026-02-29T00:00:00Z", Some("2026-02-29")),
            ("1969-12-31", Some("1969-12-31")),
            ("2026-02-28T25:00:00Z", None),
            ("2026-2-30", None),
            ("2026-02-3é", None),
            ("", None),
        ] {
            assert_eq!(Date::impossible(text), impossible, "{text}");
        }
    }
}
