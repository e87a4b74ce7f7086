//! When a failed delivery is attempted again, and when it is given up.

use crate::values::{entropy::Entropy, time::Timestamp};

/// The pauses before the second, third, … attempt in milliseconds. After the last one, the delivery is given up.
const PAUSES_MS: [i64; 7] = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000];
/// The shortest pause that `Retry-After` can ask for, so that a receiver cannot use up all attempts at once.
const MIN_RETRY_AFTER_MS: i64 = 5_000;
/// The longest pause that `Retry-After` can ask for.
const MAX_RETRY_AFTER_MS: i64 = 86_400_000;
/// How long every attempt must have failed before an endpoint is disabled.
pub const DISABLED_AFTER_MS: i64 = 5 * 86_400_000;

/// How long a mail waits until its provider accepts it.
const MAIL_WAITS_MS: i64 = 14 * 86_400_000;

/// Returns when to try again after `attempts` failed attempts, or `None` if the delivery is given up. `Retry-After` replaces
/// the pause of the schedule, but not the number of attempts.
#[must_use]
pub fn next_attempt(
    attempts: u32,
    now: Timestamp,
    retry_after_ms: Option<i64>,
    entropy: &mut dyn Entropy,
) -> Option<Timestamp> {
    let index = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let pause = *PAUSES_MS.get(index)?;
    let pause = match retry_after_ms {
        Some(asked) => asked.clamp(MIN_RETRY_AFTER_MS, MAX_RETRY_AFTER_MS),
        None => jittered(pause, entropy),
    };
    Some(now.plus_ms(pause))
}

/// Returns when to try to send mail again after `attempts` failed attempts. Nobody can ask for a mail once more, so it waits for
/// `MAIL_WAITS_MS` until the provider accepts mail again.
#[must_use]
pub fn next_mail_attempt(
    attempts: u32,
    waited_ms: i64,
    now: Timestamp,
    retry_after_ms: Option<i64>,
    entropy: &mut dyn Entropy,
) -> Option<Timestamp> {
    let last = u32::try_from(PAUSES_MS.len()).unwrap_or(u32::MAX);
    let attempts = if waited_ms < MAIL_WAITS_MS { attempts.min(last) } else { attempts };
    next_attempt(attempts, now, retry_after_ms, entropy)
}

/// A pause between 80 and 120 %, so that deliveries that failed together do not come back together.
fn jittered(pause_ms: i64, entropy: &mut dyn Entropy) -> i64 {
    let mut bytes = [0; 2];
    entropy.fill(&mut bytes);
    let per_mille = i64::from(u16::from_le_bytes(bytes)).checked_rem(401).unwrap_or(0).saturating_add(800);
    pause_ms.saturating_mul(per_mille).checked_div(1_000).unwrap_or(pause_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::entropy::SeededEntropy;

    const NOW: i64 = 1_700_000_000_000;

    fn pause(attempts: u32, retry_after: Option<i64>, seed: u64) -> Option<i64> {
        let next =
            next_attempt(attempts, Timestamp::clamped(NOW), retry_after, &mut SeededEntropy::new(seed));
        next.map(|at| at.ms() - NOW)
    }

    #[test]
    fn mail_is_tried_for_two_weeks() {
        let next = |attempts, waited_ms| {
            let entropy = &mut SeededEntropy::new(1);
            next_mail_attempt(attempts, waited_ms, Timestamp::clamped(NOW), None, entropy)
        };
        assert_eq!(next(1, 0), next_attempt(1, Timestamp::clamped(NOW), None, &mut SeededEntropy::new(1)));
        let last = next(7, 0);
        assert!(last.is_some());
        assert_eq!(next(8, 0), last);
        assert_eq!(next(1_000, 14 * 86_400_000 - 1), last);
        assert_eq!(next(8, 14 * 86_400_000), None);
    }

    #[test]
    fn the_schedule_has_seven_retries_within_a_fifth() {
        for (attempts, nominal) in (1..).zip([5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]) {
            let pauses: Vec<i64> = (0..500).map(|seed| pause(attempts, None, seed).unwrap()).collect();
            let (low, high) = (nominal * 800, nominal * 1_200);
            assert!(pauses.iter().all(|pause| (low..=high).contains(pause)), "{attempts}");
            assert!(pauses.iter().min().unwrap() < &(nominal * 820), "{attempts}");
            assert!(pauses.iter().max().unwrap() > &(nominal * 1_180), "{attempts}");
        }
        assert_eq!(pause(8, None, 1), None);
        assert_eq!(pause(8, Some(60_000), 1), None, "Retry-After adds no attempt");
        assert_eq!(pause(0, None, 1), None);
    }

    #[test]
    fn retry_after_is_obeyed_within_bounds() {
        for (asked, obeyed) in
            [(120_000, 120_000), (0, 5_000), (-1, 5_000), (90_000_000, 86_400_000), (i64::MAX, 86_400_000)]
        {
            assert_eq!(pause(3, Some(asked), 1), Some(obeyed));
        }
    }
}
