//! Counts responses and measures latencies.

use anyhow::Result;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

#[derive(Default)]
pub struct Measurements {
    statuses: BTreeMap<u16, u64>,
    /// Latency of each response in microseconds. All are kept, because sorting them gives exact percentiles.
    times: Vec<u32>,
    broken_idle: u64,
    broken_waiting: u64,
    unanswered: u64,
    elapsed: Duration,
    length: Duration,
}

#[derive(Serialize)]
struct Report {
    seconds: f64,
    sent: u64,
    answered: u64,
    statuses: BTreeMap<u16, u64>,
    /// Responses per second while requests were being sent.
    per_second: f64,
    p50_us: u32,
    p99_us: u32,
    max_us: u32,
    /// Requests whose connection broke before the response.
    failed: u64,
    /// Requests that were still open when the program stopped waiting.
    unanswered: u64,
    /// Connections that broke between requests.
    broken_idle: u64,
    /// CPU time of this program in seconds.
    own_cpu: f64,
}

impl Measurements {
    pub fn answer(&mut self, status: u16, took: Duration, in_time: bool) {
        *self.statuses.entry(status).or_default() += 1;
        if in_time {
            self.times.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        }
    }

    pub fn broken(&mut self, waited: bool) {
        if waited {
            self.broken_waiting += 1;
        } else {
            self.broken_idle += 1;
        }
    }

    pub fn end(&mut self, elapsed: Duration, length: Duration, unanswered: u64) {
        (self.elapsed, self.length, self.unanswered) = (elapsed, length, unanswered);
    }

    pub fn report(mut self, sent: u64) -> Result<String> {
        self.times.sort_unstable();
        let in_time = self.times.len();
        // The run ends early if the server ends.
        let span = self.elapsed.min(self.length).as_secs_f64();
        let cpu = Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime))?;
        Ok(serde_json::to_string(&Report {
            seconds: self.elapsed.as_secs_f64(),
            sent,
            answered: self.statuses.values().sum(),
            per_second: u32::try_from(in_time).map_or(f64::INFINITY, f64::from) / span,
            p50_us: percentile(&self.times, 50),
            p99_us: percentile(&self.times, 99),
            max_us: self.times.last().copied().unwrap_or(0),
            failed: self.broken_waiting,
            unanswered: self.unanswered,
            broken_idle: self.broken_idle,
            statuses: self.statuses,
            own_cpu: cpu.as_secs_f64(),
        })?)
    }
}

/// Nearest-rank percentile of sorted values; 0 if there are none.
fn percentile(sorted: &[u32], percent: usize) -> u32 {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_the_nearest_rank() {
        let values: Vec<u32> = (1..=200).collect();
        assert_eq!([50, 99, 100].map(|percent| percentile(&values, percent)), [100, 198, 200]);
        assert_eq!((percentile(&[7], 99), percentile(&[], 99)), (7, 0));
    }
}
