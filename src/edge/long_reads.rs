//! The share of the Ledger's time that long reads may take. The Ledger is one thread, so that a sale waits for the read that is
//! running; it must not wait for ten of them. This file names nothing of the platform, so that native tests can include it.

/// A read that takes less time than this delays nobody.
const SHORT_MS: i64 = 50;

/// When the next long read may run.
#[derive(Debug, Default)]
pub struct LongReads {
    is_running: bool,
    allowed_from: i64,
}

/// Whether a long read may run now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may: call [`LongReads::ended`] at its end.
    Admitted,
    /// Another one is running. Ask again soon.
    Running,
    /// Others get as much time as the last one took. Refuse it for so many seconds.
    Refused(i64),
}

impl LongReads {
    /// Asks for a long read at `now`, Unix milliseconds.
    pub fn admit(&mut self, now: i64) -> Admission {
        if self.is_running {
            return Admission::Running;
        }
        let wait = self.allowed_from.saturating_sub(now);
        if wait > 0 {
            return Admission::Refused(wait.saturating_add(999).div_euclid(1_000));
        }
        self.is_running = true;
        Admission::Admitted
    }

    /// Records that the read that was admitted at `started` has ended.
    pub fn ended(&mut self, started: i64, ended: i64) {
        self.is_running = false;
        let took = ended.saturating_sub(started);
        if took >= SHORT_MS {
            self.allowed_from = ended.saturating_add(took);
        }
    }
}
