//! Instants in Unix milliseconds, their RFC 3339 form, and quarter hours, the resolution of all counts.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// Milliseconds in a quarter hour, the resolution of all counts. The offset of every IANA time zone in use has been a
/// multiple of it since 1972, so that any local day is a whole number of quarter hours.
pub const QUARTER_MS: i64 = 15 * 60 * 1000;
/// Milliseconds in an hour.
pub const HOUR_MS: i64 = 60 * 60 * 1000;
/// Milliseconds in a day.
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// An instant in milliseconds since 1970-01-01T00:00:00Z, between the years 1970 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last millisecond of the year 9999, the end of the range of RFC 3339.
const MAX_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// Returns the instant `ms` milliseconds after the epoch if it is in the years 1970 to 9999.
    #[must_use]
    pub fn from_ms(ms: i64) -> Option<Self> {
        (0..=MAX_MS).contains(&ms).then_some(Self(ms))
    }

    /// Returns the instant `ms` milliseconds after the epoch, clamped to the years 1970 to 9999. Use it for clock
    /// readings and sums.
    #[must_use]
    pub fn clamped(ms: i64) -> Self {
        Self(ms.clamp(0, MAX_MS))
    }

    /// Parses RFC 3339 (`2026-11-22T10:00:00.000Z`, with any offset).
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        DateTime::parse_from_rfc3339(text).ok().and_then(|at| Self::from_ms(at.timestamp_millis()))
    }

    /// Returns the milliseconds since the epoch.
    #[must_use]
    pub fn ms(self) -> i64 {
        self.0
    }

    /// Returns this instant plus `ms` milliseconds, clamped to the years 1970 to 9999.
    #[must_use]
    pub fn plus_ms(self, ms: i64) -> Self {
        Self::clamped(self.0.saturating_add(ms))
    }

    /// Returns the number of quarter hours from the epoch to the one that contains this instant.
    #[must_use]
    pub fn quarter(self) -> i64 {
        self.0.div_euclid(QUARTER_MS)
    }

    /// Returns the number of UTC days from the epoch to the one that contains this instant.
    #[must_use]
    pub fn utc_day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }
}

/// Formats as RFC 3339 in UTC with milliseconds: `2026-11-22T10:00:00.000Z`.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match DateTime::<Utc>::from_timestamp_millis(self.0) {
            Some(at) => f.write_str(&at.to_rfc3339_opts(SecondsFormat::Millis, true)),
            None => f.write_str("1970-01-01T00:00:00.000Z"),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("expected an RFC 3339 time"))
    }
}

#[cfg(not(target_arch = "wasm32"))]
impl schemars::JsonSchema for Timestamp {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Timestamp".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string", "format": "date-time",
            "description": "RFC 3339, UTC, milliseconds",
            "examples": ["2026-11-22T10:00:00.000Z"]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_milliseconds_agree() {
        for (text, ms, canonical) in [
            ("1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00.000Z"),
            ("2026-11-22T12:00:00.5+02:00", 1_795_341_600_500, "2026-11-22T10:00:00.500Z"),
            ("2024-02-29T23:59:59.999Z", 1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            ("9999-12-31T23:59:59.999Z", MAX_MS, "9999-12-31T23:59:59.999Z"),
        ] {
            let at = Timestamp::parse(text).unwrap();
            assert_eq!((at.ms(), at.to_string().as_str()), (ms, canonical));
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in
            ["", "2026-11-22", "2026-11-22T10:00:00", "1969-12-31T23:59:59Z", "2026-02-29T00:00:00Z", "now"]
        {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
        assert_eq!(Timestamp::from_ms(-1), None);
        assert_eq!(Timestamp::from_ms(MAX_MS + 1), None);
    }
}
