//! Time zones: how far local clocks are from UTC.

use crate::values::time::{DAY_MS, QUARTER_MS, Timestamp};

/// Tells offsets of IANA time zones. In the Worker the engine's own `Intl` answers, natively a table.
pub trait Zones {
    /// Seconds that local clocks of `zone` are ahead of UTC at an instant; `None` if there is no such zone.
    fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64>;
}

/// A span of quarter hours during which the offset stays the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First quarter hour.
    pub from: i64,
    /// First quarter hour after it.
    pub to: i64,
    /// Seconds ahead of UTC.
    pub offset_seconds: i64,
}

/// Cuts the quarter hours `from..to` where the offset of `zone` changes. `None` if there is no such zone.
#[inline]
pub fn spans(zones: &dyn Zones, zone: &str, from: i64, to: i64) -> Option<Vec<Span>> {
    const QUARTERS_A_DAY: i64 = DAY_MS / QUARTER_MS;
    let offset =
        |quarter: i64| zones.offset_seconds(zone, Timestamp::clamped(quarter.saturating_mul(QUARTER_MS)));
    let mut spans = vec![Span { from, to, offset_seconds: offset(from)? }];
    let mut known = from;
    while known < to {
        // No zone changes its clocks twice within a day.
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
