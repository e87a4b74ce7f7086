//! How often something may happen.

/// Lets something happen a number of times a second.
#[derive(Debug)]
pub struct RateLimiter {
    limit: u32,
    second: i64,
    count: u32,
}

impl RateLimiter {
    /// At most `limit` times a second.
    pub const fn per_second(limit: u32) -> Self {
        Self { limit, second: 0, count: 0 }
    }

    /// Whether it may happen once more, and how many times it was refused in the last second that has ended; the latter is
    /// told once.
    pub fn take(&mut self, now_ms: i64) -> (bool, u32) {
        let second = now_ms.div_euclid(1_000);
        let mut refused = 0;
        if second != self.second {
            refused = self.count.saturating_sub(self.limit);
            self.second = second;
            self.count = 0;
        }
        self.count = self.count.saturating_add(1);
        (self.count <= self.limit, refused)
    }

    /// Whether it may happen once more.
    pub fn allows(&mut self, now_ms: i64) -> bool {
        self.take(now_ms).0
    }
}
