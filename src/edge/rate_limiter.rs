//! A rate limiter in memory.

/// How much earlier than the last event one may have begun. Requests wait before they count, so they come from several seconds at
/// once; if each of them began its second anew, many more events would be allowed. A clock that was set back further begins anew.
const LATE_SECONDS: i64 = 60;

/// Allows a number of events per second.
#[derive(Debug)]
pub struct RateLimiter {
    limit: u32,
    second: i64,
    count: u32,
}

impl RateLimiter {
    /// Returns a rate limiter that allows `limit` events per second.
    pub const fn per_second(limit: u32) -> Self {
        Self { limit, second: 0, count: 0 }
    }

    /// Counts an event. Returns whether it is allowed, and how many events were refused in the last second with events.
    /// That number is returned once, by the first call of the next second; later calls return 0.
    pub fn take(&mut self, now_ms: i64) -> (bool, u32) {
        let second = now_ms.div_euclid(1_000);
        let mut refused = 0;
        let is_late = (1..=LATE_SECONDS).contains(&self.second.saturating_sub(second));
        if second != self.second && !is_late {
            refused = self.count.saturating_sub(self.limit);
            self.second = second;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        (self.count <= self.limit, refused)
    }

    /// Counts an event and returns whether it is allowed.
    pub fn allows(&mut self, now_ms: i64) -> bool {
        self.take(now_ms).0
    }
}
