//! Time zones: offsets of local time from UTC.

use crate::values::time::{DAY_MS, QUARTER_MS, Timestamp};

/// Looks up offsets of IANA time zones. The Worker uses the engine's `Intl`; native builds use a table.
pub trait Zones {
    /// Returns the seconds by which local time in `zone` is ahead of UTC at `at`, or `None` if the zone is unknown.
    fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64>;
}

/// A range of quarter hours with a constant offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first quarter hour.
    pub from: i64,
    /// The first quarter hour after the range.
    pub to: i64,
    /// Seconds ahead of UTC.
    pub offset_seconds: i64,
}

/// Returns the first quarter hour of a local day, given in days since the epoch. Returns `None` if the zone is unknown.
pub fn day_start(zones: &dyn Zones, zone: &str, day: i64) -> Option<i64> {
    const DAY_S: i64 = DAY_MS / 1000;
    const QUARTER_S: i64 = QUARTER_MS / 1000;
    let local_day = |quarter: i64| {
        let at = Timestamp::clamped(quarter.saturating_mul(QUARTER_MS));
        let offset = zones.offset_seconds(zone, at)?;
        Some(quarter.saturating_mul(QUARTER_S).saturating_add(offset).div_euclid(DAY_S))
    };
    // Local time is less than a day ahead of UTC or behind it.
    let midnight = day.saturating_mul(DAY_S / QUARTER_S);
    let (mut before, mut start) =
        (midnight.saturating_sub(DAY_S / QUARTER_S).max(0), midnight.saturating_add(DAY_S / QUARTER_S));
    if local_day(before)? >= day {
        return Some(before);
    }
    while before.saturating_add(1) < start {
        let middle = before.midpoint(start);
        if local_day(middle)? < day { before = middle } else { start = middle }
    }
    Some(start)
}

/// Splits the quarter hours `from..to` at each change of the offset of `zone`. Returns `None` if the zone is unknown.
pub fn spans(zones: &dyn Zones, zone: &str, from: i64, to: i64) -> Option<Vec<Span>> {
    const QUARTERS_A_DAY: i64 = DAY_MS / QUARTER_MS;
    let offset =
        |quarter: i64| zones.offset_seconds(zone, Timestamp::clamped(quarter.saturating_mul(QUARTER_MS)));
    let mut spans = vec![Span { from, to, offset_seconds: offset(from)? }];
    let mut known = from;
    while known < to {
        // No zone changes its offset twice within a day.
        let next = known.saturating_add(QUARTERS_A_DAY).min(to);
        let (before, after) = (offset(known)?, offset(next)?);
        if before != after {
            let (mut low, mut high) = (known, next);
            while low.saturating_add(1) < high {
                let middle = low.midpoint(high);
                if offset(middle)? == before { low = middle } else { high = middle }
            }
            if high < to {
                if let Some(last) = spans.last_mut() {
                    last.to = high;
                }
                spans.push(Span { from: high, to, offset_seconds: after });
            }
        }
        known = next;
    }
    Some(spans)
}
