//! When the marketplace of a listing has called, and from when on its silence is unusual.

use crate::values::time::{DAY_MS, HOUR_MS, Timestamp};

/// Callbacks within this time of the first one count as one burst. A marketplace that reports an order in several messages would
/// otherwise seem to call all the time.
const BURST_MS: i64 = 60_000;
/// The number of bursts from which on the usual interval is known.
const BURSTS_NEEDED: i64 = 5;
/// The newest interval has this part of the weight.
const WEIGHT: i64 = 8;
/// Silence is unusual after this many usual intervals.
const INTERVALS: i64 = 8;
/// Silence of a day or less is never unusual.
const MIN_SILENCE_S: i64 = DAY_MS / 1000;
/// Accepted callbacks are counted for the current hour and the 24 hours before it.
pub const HOURS_COUNTED: i64 = 25;

/// Returns the number of hours from the epoch to the one that contains the instant.
#[must_use]
pub fn hour_of(at: Timestamp) -> i64 {
    at.ms().div_euclid(HOUR_MS)
}

/// When the marketplace of a listing has called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingCalls {
    /// When its last verified callback was accepted.
    pub last_accepted_at: Timestamp,
    /// When the first callback of the newest burst was accepted.
    pub burst_at: Timestamp,
    /// The number of bursts, up to the number that is needed.
    pub bursts: i64,
    /// The exponentially weighted mean of the seconds between the beginnings of bursts; 0 until there are two.
    pub interval_s: i64,
    /// Accepted callbacks by hour since the epoch, newest first.
    pub hours: Vec<(i64, i64)>,
    /// Since when it is silent.
    pub silent_since: Option<Timestamp>,
    /// When it must be looked at again, which is never later than it can become silent. `None` while it is silent or its usual
    /// interval is unknown.
    pub check_at: Option<Timestamp>,
}

impl ListingCalls {
    /// Returns the calls of a listing that is called for the first time.
    #[must_use]
    pub fn first(now: Timestamp) -> Self {
        Self {
            last_accepted_at: now,
            burst_at: now,
            bursts: 1,
            interval_s: 0,
            hours: vec![(hour_of(now), 1)],
            silent_since: None,
            check_at: None,
        }
    }

    /// Adds a callback. Returns since when the listing was silent, if it was.
    pub fn accept(&mut self, now: Timestamp) -> Option<Timestamp> {
        let since_burst = now.ms().saturating_sub(self.burst_at.ms());
        if since_burst >= BURST_MS {
            self.add_interval(since_burst.div_euclid(1000));
            self.burst_at = now;
            self.bursts = self.bursts.saturating_add(1).min(BURSTS_NEEDED);
        }
        self.last_accepted_at = self.last_accepted_at.max(now);
        self.count(hour_of(now));
        let silent_since = self.silent_since.take();
        // An earlier time stays, so that a callback seldom changes an index. The check then finds out the new one.
        self.check_at = self.check_at.or(self.next_check(now));
        silent_since
    }

    /// An interval counts as no longer than what is silence. Otherwise one outage, or a test long before the first sale, would make
    /// a later silence go unnoticed.
    fn add_interval(&mut self, seconds: i64) {
        let newest = seconds.min(self.silence_s());
        self.interval_s = if self.interval_s == 0 {
            newest
        } else {
            let older = self.interval_s.saturating_mul(WEIGHT.saturating_sub(1));
            older.saturating_add(newest).saturating_add(WEIGHT / 2).div_euclid(WEIGHT)
        };
    }

    fn count(&mut self, hour: i64) {
        match self.hours.first_mut() {
            Some((newest, count)) if *newest >= hour => *count = count.saturating_add(1),
            Some(_) | None => self.hours.insert(0, (hour, 1)),
        }
        self.hours.retain(|(counted, _)| *counted > hour.saturating_sub(HOURS_COUNTED));
    }

    fn silence_s(&self) -> i64 {
        self.interval_s.saturating_mul(INTERVALS).max(MIN_SILENCE_S)
    }

    /// Returns the usual seconds between bursts, if there were enough.
    #[must_use]
    pub fn usual_interval_s(&self) -> Option<i64> {
        (self.bursts >= BURSTS_NEEDED).then_some(self.interval_s)
    }

    /// Returns when it becomes silent unless it is called before; `None` if its usual interval is unknown.
    #[must_use]
    pub fn silent_at(&self) -> Option<Timestamp> {
        self.usual_interval_s().map(|_| self.last_accepted_at.plus_ms(self.silence_s().saturating_mul(1000)))
    }

    /// A callback after `now` allows a silence of a day at least, so a check within a day cannot be too late.
    fn next_check(&self, now: Timestamp) -> Option<Timestamp> {
        self.silent_at().map(|at| at.min(now.plus_ms(DAY_MS)))
    }

    /// Looks at a listing whose check is due. Returns whether it has become silent.
    pub fn check(&mut self, now: Timestamp) -> bool {
        self.silent_since = self.silent_at().filter(|at| *at <= now);
        self.check_at = if self.silent_since.is_some() { None } else { self.next_check(now) };
        self.silent_since.is_some()
    }

    /// Returns how many callbacks were accepted in this hour and the 24 before it.
    #[must_use]
    pub fn accepted_24h(&self, now: Timestamp) -> i64 {
        let oldest = hour_of(now).saturating_sub(HOURS_COUNTED);
        let counted = self.hours.iter().filter(|(hour, _)| *hour > oldest);
        counted.fold(0i64, |sum, (_, count)| sum.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: i64 = 1_795_348_800_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::clamped(START).plus_ms(seconds * 1000)
    }

    /// Calls at these seconds after the start.
    fn called(seconds: &[i64]) -> ListingCalls {
        let mut calls = ListingCalls::first(at(seconds[0]));
        for second in &seconds[1..] {
            assert_eq!(calls.accept(at(*second)), None);
        }
        calls
    }

    #[test]
    fn the_usual_interval_is_known_from_five_bursts_on() {
        for (seconds, interval_s, usual) in [
            (&[0][..], 0, None),
            (&[0, 100], 100, None),
            (&[0, 100, 200, 300], 100, None),
            (&[0, 100, 200, 300, 400], 100, Some(100)),
            // (7 × 100 + 180 + 4) / 8
            (&[0, 100, 200, 300, 480], 110, Some(110)),
            (&[0, 100, 200, 300, 480, 540], 104, Some(104)),
            // Callbacks within a minute of the first one are one burst, and the next burst begins after a minute.
            (&[0, 1, 59], 0, None),
            (&[0, 59, 60], 60, None),
            (&[0, 59, 118, 119, 120, 178, 179], 111, None),
            (&[0, 100, 101, 159, 200, 201, 300, 301, 400, 401], 100, Some(100)),
            // The clock went back.
            (&[100, 0], 0, None),
        ] {
            let calls = called(seconds);
            assert_eq!((calls.interval_s, calls.usual_interval_s()), (interval_s, usual), "{seconds:?}");
        }
        assert_eq!(called(&[100, 0]).last_accepted_at, at(100));
    }

    #[test]
    fn silence_is_a_day_or_eight_usual_intervals() {
        let hour = 3_600;
        let calls = called(&[0, hour, 2 * hour, 3 * hour, 4 * hour]);
        assert_eq!(calls.silent_at(), Some(at(28 * hour)));
        let calls = called(&[0, 5 * hour, 10 * hour, 15 * hour, 20 * hour]);
        assert_eq!(calls.silent_at(), Some(at(60 * hour)));
        // The last callback of a burst counts.
        let calls = called(&[0, hour, 2 * hour, 3 * hour, 4 * hour, 4 * hour + 59]);
        assert_eq!(calls.silent_at(), Some(at(28 * hour + 59)));
        assert_eq!(called(&[0, hour, 2 * hour, 3 * hour]).silent_at(), None);
    }

    #[test]
    fn a_listing_is_silent_exactly_from_that_time_on_and_only_once() {
        let day = 86_400;
        let mut calls = called(&[0, 100, 200, 300, 400]);
        assert_eq!(calls.check_at, Some(at(400 + day)));
        assert!(!calls.check(at(399 + day)));
        assert_eq!((calls.silent_since, calls.check_at), (None, Some(at(400 + day))));
        assert!(calls.check(at(400 + day)));
        assert_eq!((calls.silent_since, calls.check_at), (Some(at(400 + day)), None));
        assert_eq!(calls.accept(at(500 + day)), Some(at(400 + day)));
        assert_eq!((calls.silent_since, calls.check_at), (None, Some(at(500 + 2 * day))));
        // The outage counts as a day: (7 × 100 + 86,400 + 4) / 8.
        assert_eq!(calls.usual_interval_s(), Some(10_888));
    }

    #[test]
    fn a_check_is_never_later_than_silence_can_begin() {
        let day = 86_400;
        // It calls once a week, then every hour: it becomes silent after a shorter time than before.
        let mut calls = called(&[0, 7 * day, 14 * day, 21 * day, 28 * day]);
        // The first interval counts as a day.
        assert_eq!(calls.usual_interval_s(), Some(257_513));
        let silent_at = at(28 * day + 8 * 257_513);
        assert_eq!((calls.silent_at(), calls.check_at), (Some(silent_at), Some(at(29 * day))));
        let mut second = 28 * day;
        for _ in 0..200 {
            second += 3_600;
            while let Some(check_at) = calls.check_at.filter(|check_at| *check_at <= at(second)) {
                assert!(!calls.check(check_at));
                assert!(calls.check_at > Some(check_at));
            }
            calls.accept(at(second));
            assert!(calls.check_at <= calls.silent_at());
        }
        assert_eq!(calls.silent_at(), Some(at(second + day)));
    }

    #[test]
    fn figures_stay_within_their_bounds() {
        let (first, last) = (Timestamp::clamped(0), Timestamp::clamped(i64::MAX));
        let mut calls = ListingCalls::first(first);
        calls.accept(last);
        assert_eq!(calls.interval_s, 86_400);
        let mut calls =
            ListingCalls { interval_s: i64::MAX, bursts: i64::MAX, hours: vec![(0, i64::MAX)], ..calls };
        calls.burst_at = first;
        calls.accept(first);
        assert_eq!((calls.accepted_24h(first), calls.silent_at()), (i64::MAX, Some(last)));
        calls.accept(last);
        assert_eq!((calls.interval_s, calls.bursts), (i64::MAX / 8, 5));
        assert_eq!((calls.accepted_24h(last), calls.silent_at()), (1, Some(last)));
    }

    #[test]
    fn callbacks_are_counted_for_this_hour_and_the_24_before_it() {
        let hour = 3_600;
        let mut calls = called(&[0, 1, hour]);
        assert_eq!(calls.accepted_24h(at(hour)), 3);
        assert_eq!(calls.accepted_24h(at(25 * hour - 1)), 3);
        assert_eq!(calls.accepted_24h(at(25 * hour)), 1);
        assert_eq!(calls.accepted_24h(at(26 * hour)), 0);
        calls.accept(at(25 * hour));
        assert_eq!(calls.hours, [(hour_of(at(25 * hour)), 1), (hour_of(at(hour)), 1)]);
        // The clock went back an hour.
        calls.accept(at(24 * hour));
        assert_eq!(calls.accepted_24h(at(25 * hour)), 3);
    }
}
