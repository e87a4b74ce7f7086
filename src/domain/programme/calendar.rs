//! Months and quarters in local time: the periods over which sales are counted.

use crate::values::{time::Timestamp, zone::Zones};
use chrono::{DateTime, Datelike, NaiveDateTime};

/// The month and quarter that contain an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// The month, such as `2026-10`.
    pub month: String,
    /// The quarter, such as `2026-Q4`.
    pub quarter: String,
    /// The end of the quarter.
    pub quarter_ends: Timestamp,
}

/// Returns the local date and time of an instant.
fn local(zones: &dyn Zones, zone: &str, at: Timestamp) -> Option<NaiveDateTime> {
    let offset_ms = zones.offset_seconds(zone, at)?.checked_mul(1000)?;
    Some(DateTime::from_timestamp_millis(at.ms().checked_add(offset_ms)?)?.naive_utc())
}

/// Returns the period that contains an instant in local time of `zone`, or `None` if the zone is unknown.
#[must_use]
pub fn period(zones: &dyn Zones, zone: &str, at: Timestamp) -> Option<Period> {
    let date = local(zones, zone, at)?.date();
    let quarter = date.month0().checked_div(3)?;
    let (next_year, next_month) = match quarter {
        3 => (date.year().checked_add(1)?, 1),
        _ => (date.year(), quarter.checked_add(1)?.checked_mul(3)?.checked_add(1)?),
    };
    let midnight = chrono::NaiveDate::from_ymd_opt(next_year, next_month, 1)?.and_hms_opt(0, 0, 0)?;
    // Midnight in UTC is within a day of local midnight, and no zone changes its offset twice around the end of a
    // quarter. Applying the offset at that instant and looking it up again there gives the correct one.
    let utc_ms = midnight.and_utc().timestamp_millis();
    let mut ends = Timestamp::clamped(utc_ms);
    for _ in 0..2 {
        let offset_ms = zones.offset_seconds(zone, ends)?.checked_mul(1000)?;
        ends = Timestamp::clamped(utc_ms.checked_sub(offset_ms)?);
    }
    Some(Period {
        month: format!("{:04}-{:02}", date.year(), date.month()),
        quarter: format!("{:04}-Q{}", date.year(), quarter.checked_add(1)?),
        quarter_ends: ends,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The offsets of Berlin in 2026: two hours from 29 March to 25 October.
    struct Berlin;

    impl Zones for Berlin {
        fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64> {
            let summer = Timestamp::parse("2026-03-29T01:00:00Z")? <= at
                && at < Timestamp::parse("2026-10-25T01:00:00Z")?;
            match zone {
                "UTC" => Some(0),
                "Europe/Berlin" => Some(if summer { 7_200 } else { 3_600 }),
                _ => None,
            }
        }
    }

    #[test]
    fn months_and_quarters_turn_at_local_midnight() {
        for (zone, at, month, quarter, ends) in [
            ("UTC", "2026-12-31T23:59:59.999Z", "2026-12", "2026-Q4", "2027-01-01T00:00:00.000Z"),
            ("UTC", "2024-02-29T12:00:00Z", "2024-02", "2024-Q1", "2024-04-01T00:00:00.000Z"),
            ("Europe/Berlin", "2026-09-30T21:59:59Z", "2026-09", "2026-Q3", "2026-09-30T22:00:00.000Z"),
            ("Europe/Berlin", "2026-09-30T22:00:00Z", "2026-10", "2026-Q4", "2026-12-31T23:00:00.000Z"),
            ("Europe/Berlin", "2026-01-01T00:00:00Z", "2026-01", "2026-Q1", "2026-03-31T22:00:00.000Z"),
        ] {
            let found = period(&Berlin, zone, Timestamp::parse(at).unwrap()).unwrap();
            let said = (found.month.as_str(), found.quarter.as_str(), found.quarter_ends.to_string());
            assert_eq!(said, (month, quarter, ends.to_owned()), "{zone} {at}");
        }
        assert_eq!(period(&Berlin, "Europe/Paris", Timestamp::clamped(0)), None);
    }
}
