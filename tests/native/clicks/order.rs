//! Whatever the order of batches, retries and kills, the sums are the same and the log has no gaps.

use super::{support::*, *};
use crate::support::random::times;
use proptest::prelude::*;

#[cfg(test)]
mod strategies {
    use super::*;

    /// Visits of a few visitors on a few links. Those of one visitor on one link come in bursts that are shorter than
    /// an hour and further than an hour apart, so that the order of arrival has no say in how many count.
    pub(crate) fn visits() -> impl Strategy<Value = Vec<Visit>> {
        let one = (0..3u32, proptest::option::of(0..3u64), 0..8i64, 0..30 * MINUTE, 0..7u8);
        proptest::collection::vec(one, 1..60).prop_map(|all| {
            let visit =
                |(n, (link_no, visitor, burst, offset, bucket)): (usize, (u32, _, i64, i64, u8))| Visit {
                    // Invalid visits have no row by which a repetition is recognised.
                    bucket: Bucket::from_code(bucket)
                        .filter(|b| !matches!(b, Bucket::Duplicate | Bucket::Invalid))
                        .unwrap_or(Bucket::Human),
                    ..visit(&format!("c{n}"), start(burst).saturating_add(offset), link_no, visitor)
                };
            all.into_iter().enumerate().map(visit).collect()
        })
    }

    fn start(burst: i64) -> i64 {
        burst.saturating_mul(2 * HOUR_MS).saturating_add(NOW)
    }

    /// The steps that may happen to a shard, in any order.
    #[derive(Debug, Clone)]
    pub(crate) enum Step {
        /// A batch arrives with some of the visits, which may have arrived before.
        Batch(Vec<prop::sample::Index>),
        /// The alarm delivers everything, and the process is killed before the acknowledgement.
        DeliveredNotNoted,
        /// The alarm fires, and the process is killed before it delivers anything.
        HandedOutOnly,
        /// The alarm fires and succeeds.
        Done,
    }

    pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
        let batch = proptest::collection::vec(any::<prop::sample::Index>(), 0..20);
        let step = prop_oneof![
            4 => batch.prop_map(Step::Batch),
            1 => Just(Step::DeliveredNotNoted),
            1 => Just(Step::HandedOutOnly),
            1 => Just(Step::Done),
        ];
        proptest::collection::vec(step, 0..30)
    }
}
use strategies::*;

/// The expected result: each visit once, in the order of time.
#[cfg(test)]
fn expected(visits: &[Visit]) -> Sums {
    let mut far = Far::default();
    let sql = NativeSql::in_memory().unwrap();
    let log = ClickLog::open(&sql, 3).unwrap();
    append(&log, visits).unwrap();
    far.drain(&log, NOW + DAY_MS);
    far.sums
}

proptest! {
    #![proptest_config(ProptestConfig { cases: times(200), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_batches_are_cut_repeated_or_reordered_and_wherever_it_is_killed_the_sums_are_the_same(
        visits in visits(), steps in steps(),
    ) {
        let sql = NativeSql::in_memory().unwrap();
        let (mut far, mut now) = (Far::default(), NOW);
        for step in steps {
            now = now.saturating_add(20_000);
            // Opened again each time, as after a kill, because no state may live outside the database.
            let log = ClickLog::open(&sql, 3).unwrap();
            match step {
                Step::Batch(picks) => {
                    let batch: Vec<Visit> = picks.iter().map(|pick| pick.get(&visits).clone()).collect();
                    append(&log, &batch).unwrap();
                }
                Step::HandedOutOnly => drop(log.due(Timestamp::clamped(now)).unwrap()),
                Step::DeliveredNotNoted => far.take(&log, &log.due(Timestamp::clamped(now)).unwrap(), false),
                Step::Done => far.take(&log, &log.due(Timestamp::clamped(now)).unwrap(), true),
            }
        }
        let log = ClickLog::open(&sql, 3).unwrap();
        append(&log, &visits).unwrap();
        far.drain(&log, NOW + DAY_MS);
        prop_assert_eq!(&far.sums, &expected(&visits));
        prop_assert_eq!(far.through_ms, visits.iter().map(|visit| visit.at.ms()).max().unwrap());

        let lines = far.lines();
        let places: Vec<i64> = lines.iter().map(|line| line["seq"].as_i64().unwrap()).collect();
        let count = i64::try_from(visits.len()).unwrap();
        prop_assert_eq!(places, (1..=count).collect::<Vec<_>>(), "the log has no gaps and no repeats");
        // The counts equal the log.
        let mut sums = Sums::new();
        for line in &lines {
            let bucket = (0..7).filter_map(Bucket::from_code).find(|b| line["bucket"] == b.as_str()).unwrap();
            let sum = sums.entry((line["link_no"].as_i64().unwrap(), i64::from(bucket.code()))).or_default();
            *sum = (sum.0.saturating_add(1), sum.1.saturating_add(i64::from(line["unique"] == true)));
        }
        prop_assert_eq!(sums, far.sums);
    }

    #[test]
    fn a_failed_batch_leaves_nothing(visits in visits()) {
        let sql = NativeSql::in_memory().unwrap();
        let log = ClickLog::open(&sql, 3).unwrap();
        // The last statement fails.
        let last = &visits[visits.len() - 1].id;
        let failing = format!(
            "CREATE TRIGGER full AFTER INSERT ON click WHEN NEW.id = '{last}' BEGIN SELECT raise(ABORT, 'full'); END"
        );
        sql.script(&failing).unwrap();
        prop_assert!(matches!(append(&log, &visits), Err(AppendError::Sql(SqlError::Engine(_)))));
        sql.script("DROP TRIGGER full").unwrap();
        prop_assert_eq!(log.last_position().unwrap(), 0);
        prop_assert_eq!(append(&log, &visits).unwrap(), visits.len());
    }
}
