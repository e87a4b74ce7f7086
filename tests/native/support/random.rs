//! How much the random suites do. `SIGNPOST_RANDOM_FACTOR` multiplies it; `cargo xtask test --full` sets 10.

use std::io::Write;

/// Seeds of one round. A higher factor adds rounds with other seeds, because the check of a longer history takes longer.
const ROUND: u64 = 1_000;

fn parse(text: Option<&str>) -> u64 {
    let Some(text) = text else { return 1 };
    let factor = text.parse().ok().filter(|factor| (1..=1_000).contains(factor));
    factor.unwrap_or_else(|| panic!("SIGNPOST_RANDOM_FACTOR is a number from 1 to 1000, not {text:?}"))
}

pub fn factor() -> u64 {
    parse(std::env::var("SIGNPOST_RANDOM_FACTOR").ok().as_deref())
}

/// Multiplies a number of cases.
pub fn times(cases: u32) -> u32 {
    cases * u32::try_from(factor()).unwrap()
}

fn rounds(first: u64, last: u64, factor: u64) -> impl Iterator<Item = u64> {
    (0..factor).flat_map(move |round| (first..=last).map(move |seed| seed + round * ROUND))
}

/// Seeds of random histories: `first` to `last`, and as many others for each further round.
pub fn seeds(first: u64, last: u64) -> impl Iterator<Item = u64> {
    let factor = factor();
    rounds(first, last, factor).inspect(move |seed| {
        if factor > 1 {
            // Not `eprintln!`, which the test runner captures: a long suite must show that it goes on.
            std::io::stderr().write_all(format!("random history {seed}\n").as_bytes()).unwrap();
        }
    })
}

#[test]
fn a_factor_repeats_the_first_round_and_adds_others() {
    assert_eq!(rounds(3, 4, 1).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(rounds(3, 4, 3).collect::<Vec<_>>(), [3, 4, 1_003, 1_004, 2_003, 2_004]);
}

#[test]
fn a_factor_is_a_number() {
    assert_eq!([parse(None), parse(Some("10"))], [1, 10]);
    for text in ["", "0", "ten", "1001", "-1"] {
        let failed = std::panic::catch_unwind(|| parse(Some(text))).unwrap_err();
        let message = failed.downcast_ref::<String>().unwrap();
        assert_eq!(*message, format!("SIGNPOST_RANDOM_FACTOR is a number from 1 to 1000, not {text:?}"));
    }
}
