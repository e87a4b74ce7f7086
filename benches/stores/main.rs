//! The cost of store operations: a click in its shard, a conversion (all of `POST /v1/conversions`, without HTTP) and a
//! partner's report as the Ledger grows, a payout run, and a year of a programme. It prints one figure per line as JSON
//! for `cargo xtask bench`, and progress to standard error.
//!
//! A large Ledger is always measured in turns with a small one created immediately before, so that a busy machine
//! slows both down and the ratio stays the same.
//!
//! `cargo bench --bench stores -- [--conversions <n>] [--only payouts|pruning|year]` (default
//! 1,000,000, which takes several minutes and several gigabytes).

mod clicks;
mod growth;
mod payouts;
mod pruning;
mod reports;
#[path = "../../tests/native/support/mod.rs"]
mod support;
mod year;

use std::time::{Duration, Instant};

/// Returns the current time. `Instant::now` panics in the Worker, so a lint bans it in the whole workspace.
#[expect(clippy::disallowed_methods, reason = "a benchmark never runs on wasm")]
fn now() -> Instant {
    Instant::now()
}

/// Returns the processor time that `body` takes, which does not depend on the load of the machine.
fn timed<T>(body: impl FnOnce() -> T) -> (Duration, T) {
    let since = processor_time();
    let value = body();
    (processor_time() - since, value)
}

fn processor_time() -> Duration {
    rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime).try_into().unwrap()
}

/// Sorts durations and returns a percentile in microseconds.
fn percentile_us(samples: &mut [Duration], percent: usize) -> f64 {
    samples.sort_unstable();
    let index = (samples.len() * percent / 100).min(samples.len() - 1);
    samples[index].as_secs_f64() * 1e6
}

/// Prints a figure.
fn figure(name: &str, value: f64, unit: &str, at_most: Option<f64>, compares: &str) {
    let line = serde_json::json!({"figure": name, "value": value, "unit": unit, "at_most": at_most, "compares": compares});
    println!("{line}");
}

fn main() {
    let mut conversions = 1_000_000;
    let mut only = None;
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            // `cargo bench` passes this to every benchmark.
            "--bench" => {}
            "--conversions" => {
                let number = arguments.next().and_then(|text| text.parse().ok());
                conversions = number.expect("--conversions <n>");
            }
            "--only" => only = arguments.next(),
            other => panic!("unknown argument {other}"),
        }
    }
    match only.as_deref() {
        None => {}
        Some("payouts") => return payouts::run(),
        Some("pruning") => return pruning::run(),
        Some("year") => return year::run(),
        Some(other) => panic!("--only payouts, pruning or year, not {other}"),
    }
    clicks::run();
    reports::run();
    payouts::run();
    year::run();
    pruning::run();
    growth::run(conversions);
}
