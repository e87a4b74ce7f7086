//! Freshness of signed times: how old they may be, and how far in the future.

use super::refusal::Refusal;
use crate::domain::values::time::Timestamp;

/// A window of time around now. Both ends are inclusive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// The maximum age of a signature, in milliseconds.
    pub past_ms: i64,
    /// How far the signer's clock may be ahead of ours, in milliseconds.
    pub future_ms: i64,
}

impl Window {
    /// A window of the same length in both directions.
    pub const fn around(ms: i64) -> Self {
        Self { past_ms: ms, future_ms: ms }
    }

    /// The window with another maximum age. A window that allows future times allows as much in both directions.
    pub fn resized(self, past_ms: i64) -> Self {
        Self { past_ms, future_ms: if self.future_ms == 0 { 0 } else { past_ms } }
    }

    /// Checks that a signed time is within the window.
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
    /// Parses a plain decimal number, without a sign, fraction or exponent.
    pub fn parse(self, text: &str) -> Result<Timestamp, Refusal> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(Refusal::MalformedTime);
        }
        let number: i64 = text.parse().map_err(|_| Refusal::MalformedTime)?;
        self.at(number).ok_or(Refusal::MalformedTime)
    }

    /// The time that is `number` units after the epoch, if it is between 1970 and 9999.
    pub fn at(self, number: i64) -> Option<Timestamp> {
        match self {
            Self::Seconds => number.checked_mul(1000).and_then(Timestamp::from_ms),
            Self::Milliseconds => Timestamp::from_ms(number),
        }
    }
}
