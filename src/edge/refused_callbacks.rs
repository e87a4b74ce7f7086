//! Refused callbacks, counted in the isolate until they are reported to the Ledger. Anybody can send forged callbacks, so a flood of
//! them must cost the Ledger next to nothing: an isolate reports their numbers at most once a minute. What it has not reported when
//! it ends is lost, so the numbers are approximate. This file names nothing of the platform, so that native tests can include it.

/// The minimum time between two reports of an isolate.
const REPORT_MS: i64 = 60_000;
/// The maximum number of listings and reasons between two reports. Further ones are not counted.
const MOST: usize = 100;

/// Numbers of refused callbacks by listing and reason.
#[derive(Debug, Default)]
pub struct RefusedCallbacks {
    counts: Vec<(u16, String, u32)>,
    reported_at: Option<i64>,
}

impl RefusedCallbacks {
    /// Counts a callback that was refused.
    pub fn count(&mut self, listing_no: u16, reason: String) {
        let is_full = self.counts.len() >= MOST;
        match self.counts.iter_mut().find(|(no, counted, _)| *no == listing_no && *counted == reason) {
            Some((_, _, count)) => *count = count.saturating_add(1),
            None if is_full => {}
            None => self.counts.push((listing_no, reason, 1)),
        }
    }

    /// Removes and returns what is to be reported now.
    pub fn take_due(&mut self, now_ms: i64) -> Vec<(u16, String, u32)> {
        let is_due = self.reported_at.is_none_or(|at| now_ms.saturating_sub(at) >= REPORT_MS);
        if self.counts.is_empty() || !is_due {
            return Vec::new();
        }
        self.reported_at = Some(now_ms);
        std::mem::take(&mut self.counts)
    }
}
