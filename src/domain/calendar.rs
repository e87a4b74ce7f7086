//! Months and quarters by local clocks: the periods in which sales are counted.

use crate::{time::Timestamp, zone::Zones};
use chrono::{DateTime, Datelike, NaiveDateTime};

/// The month and the quarter in which an instant lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Period {
    /// `2026-10`.
    pub month: String,
    /// `2026-Q4`.
    pub quarter: String,
    /// When the quarter ends.
    pub quarter_ends: Timestamp,
}

/// Local date and time of an instant.
#[inline]
fn local(zones: &dyn Zones, zone: &str, at: Timestamp) -> Option<NaiveDateTime> {
    let offset_ms = zones.offset_seconds(zone, at)?.checked_mul(1000)?;
    Some(DateTime::from_timestamp_millis(at.ms().checked_add(offset_ms)?)?.naive_utc())
}

/// The period in which an instant lies by the clocks of `zone`; `None` if there is no such zone.
#[must_use]
#[inline]
pub fn period(zones: &dyn Zones, zone: &str, at: Timestamp) -> Option<Period> {
    let date = local(zones, zone, at)?.date();
    let quarter = date.month0().checked_div(3)?;
    let (next_year, next_month) = match quarter {
        3 => (date.year().checked_add(1)?, 1),
        _ => (date.year(), quarter.checked_add(1)?.checked_mul(3)?.checked_add(1)?),
    };
    let midnight = chrono::NaiveDate::from_ymd_opt(next_year, next_month, 1)?.and_hms_opt(0, 0, 0)?;
    // Midnight by UTC is within a day of local midnight, and no zone changes its clocks in the first night of a quarter's
    // end twice: the offset found there, looked up once more at the instant that it leads to, is the right one.
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
