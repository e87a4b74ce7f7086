//! The turns of simulations: one runs at a time, because each needs memory for a copy. This file names nothing of the platform, so
//! that native tests can include it.

/// How long a simulation waits for its turn.
const WAIT_MS: i64 = 30_000;
/// How soon a refused simulation may be sent again, in seconds.
const RETRY_AFTER_S: i64 = 5;
/// A simulation that has not ended after this time never will.
const LOST_AFTER_MS: i64 = 300_000;

/// Which simulation has its turn.
#[derive(Debug, Default)]
pub struct Turns {
    /// When the running simulation started.
    running_since: Option<i64>,
}

/// Whether a simulation may run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It may: call [`Turns::end`] at its end.
    Now,
    /// Another one is running. Ask again soon.
    Later,
    /// It has waited too long. Refuse it for so many seconds.
    Never(i64),
}

impl Turns {
    /// Asks for a turn at `now`, for a simulation that was requested at `requested`, Unix milliseconds.
    pub fn ask(&mut self, requested: i64, now: i64) -> Turn {
        let is_taken = self.running_since.is_some_and(|since| now.saturating_sub(since) < LOST_AFTER_MS);
        if !is_taken {
            self.running_since = Some(now);
            return Turn::Now;
        }
        if now.saturating_sub(requested) < WAIT_MS { Turn::Later } else { Turn::Never(RETRY_AFTER_S) }
    }

    /// Ends the turn that began at `since`.
    pub fn end(&mut self, since: i64) {
        if self.running_since == Some(since) {
            self.running_since = None;
        }
    }
}
