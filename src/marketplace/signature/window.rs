//! How old a signed time may be, and how far in the future.

use super::refusal::Refusal;
use crate::domain::values::time::Timestamp;

/// A window around now. Both of its ends are inside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// Milliseconds that a signature may be old.
    pub past_ms: i64,
    /// Milliseconds that the signer's clock may be ahead of ours.
    pub future_ms: i64,
}

impl Window {
    /// As far back as forth.
    pub const fn around(ms: i64) -> Self {
        Self { past_ms: ms, future_ms: ms }
    }

    /// The same window with `past_ms` in the past; the future keeps its proportion: as much, or none.
    pub fn resized(self, past_ms: i64) -> Self {
        Self { past_ms, future_ms: if self.future_ms == 0 { 0 } else { past_ms } }
    }

    /// Refuses what was signed outside of the window.
    pub fn check(self, signed_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
        let age_ms = now.ms().saturating_sub(signed_at.ms());
        if age_ms > self.past_ms {
            Err(Refusal::Stale)
        } else if age_ms < self.future_ms.saturating_neg() {
            Err(Refusal::Future)
        } else {
            Ok(())
        }
    }
}

/// The unit of a time in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

impl Unit {
    /// Reads a plain decimal number: no sign, no fraction, no exponent.
    pub fn parse(self, text: &str) -> Result<Timestamp, Refusal> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::MalformedTime);
        }
        let number: i64 = text.parse().map_err(|_| Refusal::MalformedTime)?;
        self.at(number).ok_or(Refusal::MalformedTime)
    }

    /// The instant that `number` of this unit after the epoch is, if it lies in 1970 … 9999.
    pub fn at(self, number: i64) -> Option<Timestamp> {
        match self {
            Self::Seconds => number.checked_mul(1000).and_then(Timestamp::from_ms),
            Self::Milliseconds => Timestamp::from_ms(number),
        }
    }
}
