//! The one alarm of an object, which is set to the earliest time that work is due.

use wasm_bindgen::prelude::*;
use worker::{Result, ScheduledTime, State};

/// The pauses before a failed alarm is retried: 1, 2, 4, … seconds, at most a minute.
const BACKOFF_MS: [f64; 7] = [1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0, 32_000.0, 60_000.0];
/// After this time, an alarm that should have run counts as lost, and is set again.
const OVERDUE_MS: f64 = 10_000.0;
/// The maximum number of steps that one alarm runs before it sets the next alarm.
pub const STEPS_PER_ALARM: usize = 20;

#[wasm_bindgen]
extern "C" {
    /// The state of the alarm. JavaScript holds it (`js/objects.mjs`), because it must outlive a wasm instance.
    type Schedule;
    /// When the alarm is set to run, Unix milliseconds. NaN means not read from storage yet; infinity means not set.
    #[wasm_bindgen(method, getter, js_name = scheduledAt)]
    fn scheduled_at(this: &Schedule) -> f64;
    #[wasm_bindgen(method, setter, js_name = scheduledAt)]
    fn set_scheduled_at(this: &Schedule, at: f64);
    /// The number of consecutive failures.
    #[wasm_bindgen(method, getter)]
    fn failures(this: &Schedule) -> u32;
    #[wasm_bindgen(method, setter)]
    fn set_failures(this: &Schedule, failures: u32);
    /// After a failure, the alarm does not run before this time (Unix milliseconds).
    #[wasm_bindgen(method, getter, js_name = backoffUntil)]
    fn backoff_until(this: &Schedule) -> f64;
    #[wasm_bindgen(method, setter, js_name = backoffUntil)]
    fn set_backoff_until(this: &Schedule, until: f64);
}

/// The alarm of an object.
pub struct Alarm {
    state: State,
    schedule: Schedule,
    /// Identifies the object in the log.
    label: &'static str,
}

/// Returns the time of JavaScript's clock, Unix milliseconds.
pub fn now_ms() -> f64 {
    js_sys::Date::now()
}

impl Alarm {
    /// Returns the alarm of the object with this state.
    pub fn new(state: State, label: &'static str) -> Self {
        let schedule = js_sys::Reflect::get(state.as_raw().as_ref(), &"alarm".into());
        let schedule = schedule.unwrap_or(JsValue::UNDEFINED).unchecked_into();
        Self { state, schedule, label }
    }

    /// Returns the object's platform state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Returns whether the alarm must be set so that it runs at `at` or earlier.
    pub fn is_late_for(&self, at: f64) -> bool {
        let scheduled = self.schedule.scheduled_at();
        let is_overdue = scheduled + OVERDUE_MS < now_ms();
        scheduled.is_nan() || is_overdue || self.not_before_backoff(at) < scheduled
    }

    fn not_before_backoff(&self, at: f64) -> f64 {
        at.max(self.schedule.backoff_until())
    }

    /// Makes sure that the alarm runs at `at` or earlier, but after a failure not before the pause is over.
    pub async fn schedule(&self, at: Option<f64>) -> Result<()> {
        let Some(at) = at.filter(|at| self.is_late_for(*at)) else { return Ok(()) };
        let storage = self.state.storage();
        if self.schedule.scheduled_at().is_nan() {
            let stored = storage.get_alarm().await?.map_or(f64::INFINITY, super::super::milliseconds);
            // Another call may have set the alarm during the await.
            if self.schedule.scheduled_at().is_nan() {
                self.schedule.set_scheduled_at(stored);
            }
            if !self.is_late_for(at) {
                return Ok(());
            }
        }
        // An alarm that is set while one runs, and not for later than that one, is dropped when that one ends (workerd issue 6866).
        let at = self.not_before_backoff(at).max(now_ms() + 1.0);
        self.schedule.set_scheduled_at(at);
        storage.set_alarm(ScheduledTime::new(js_sys::Date::new(&at.into()))).await
    }

    /// Records that the platform has started the alarm, which is no longer set.
    pub fn started(&self) {
        self.schedule.set_scheduled_at(f64::INFINITY);
    }

    /// Records that the alarm succeeded, and sets it to `next`, when work is due again.
    pub async fn succeeded(&self, next: Option<f64>) -> Result<()> {
        self.schedule.set_failures(0);
        self.schedule.set_backoff_until(0.0);
        self.schedule(next).await
    }

    /// Records that the alarm failed, and sets it again after a pause. If the alarm threw instead, the platform would
    /// give up after six retries.
    pub async fn failed(&self, error: &str) -> Result<()> {
        let failures = self.schedule.failures();
        let index = usize::try_from(failures).unwrap_or(usize::MAX).min(BACKOFF_MS.len().saturating_sub(1));
        let pause = BACKOFF_MS.get(index).copied().unwrap_or(1_000.0);
        worker::console_error!("{}: the alarm failed, next attempt in {pause} ms: {error}", self.label);
        let next = now_ms() + pause;
        self.schedule.set_failures(failures.saturating_add(1));
        self.schedule.set_backoff_until(next);
        // This replaces an earlier alarm that was set while this one ran.
        self.schedule.set_scheduled_at(f64::INFINITY);
        self.schedule(Some(next)).await
    }
}
