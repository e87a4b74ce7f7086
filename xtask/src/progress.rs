//! Prints progress lines on standard error: `[2/6] wasm … 34 s`.

use anyhow::Result;
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A step that takes longer than this is announced while it runs, so that the terminal is not silent.
const QUIET: Duration = Duration::from_secs(1);
/// Interval of the lines that name the steps which are still running.
const REMINDER: Duration = Duration::from_secs(15);

/// Returns the current time. (`Instant::now` panics in the Worker, so a lint bans it in the whole workspace.)
#[expect(clippy::disallowed_methods, reason = "this crate never runs on wasm")]
pub fn now() -> Instant {
    Instant::now()
}

struct Running {
    name: &'static str,
    since: Instant,
    announced: bool,
}

#[derive(Default)]
struct State {
    running: BTreeMap<usize, Running>,
    finished: bool,
}

/// The steps of a build, some of which run in parallel.
pub struct Progress {
    total: usize,
    state: Arc<(Mutex<State>, Condvar)>,
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // A panic in another thread must not stop the progress lines.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Progress {
    /// Starts progress lines for `total` steps. A thread announces long steps until this value is dropped.
    pub fn new(total: usize) -> Self {
        let state = Arc::new((Mutex::new(State::default()), Condvar::new()));
        let watched = Arc::clone(&state);
        std::thread::spawn(move || announce_long_steps(&watched, total));
        Self { total, state }
    }

    /// Runs step `number` and prints how long it took.
    pub fn step<T>(&self, number: usize, name: &'static str, body: impl FnOnce() -> Result<T>) -> Result<T> {
        let since = now();
        lock(&self.state.0).running.insert(number, Running { name, since, announced: false });
        let outcome = body();
        lock(&self.state.0).running.remove(&number);
        let verdict = if outcome.is_ok() { "" } else { ", failed" };
        eprintln!("[{number}/{}] {name} … {}{verdict}", self.total, seconds(since.elapsed()));
        outcome
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        lock(&self.state.0).finished = true;
        self.state.1.notify_all();
    }
}

fn announce_long_steps((state, changed): &(Mutex<State>, Condvar), total: usize) {
    let since = now();
    let mut reminder = REMINDER;
    let mut current = lock(state);
    while !current.finished {
        for (number, step) in &mut current.running {
            if !step.announced && step.since.elapsed() >= QUIET {
                eprintln!("[{number}/{total}] {} …", step.name);
                step.announced = true;
            }
        }
        if since.elapsed() >= reminder && !current.running.is_empty() {
            let names: Vec<&str> = current.running.values().map(|step| step.name).collect();
            eprintln!("      {}: still running: {}", seconds(since.elapsed()), names.join(", "));
            reminder = reminder.saturating_add(REMINDER);
        }
        let tick = Duration::from_millis(250);
        current = changed.wait_timeout(current, tick).unwrap_or_else(PoisonError::into_inner).0;
    }
}

/// Formats a duration as `34 s`, or as `0.3 s` below ten seconds.
pub fn seconds(duration: Duration) -> String {
    if duration.as_secs() < 10 {
        format!("{:.1} s", duration.as_secs_f64())
    } else {
        format!("{} s", duration.as_secs())
    }
}
