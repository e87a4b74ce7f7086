//! An object's one alarm, kept at the earliest time that anything is due.

use wasm_bindgen::prelude::*;
use worker::{Result, ScheduledTime, State};

/// An alarm that failed is tried again after 1, 2, 4, … seconds, at most a minute.
const BACKOFF_MS: [f64; 7] = [1_000.0, 2_000.0, 4_000.0, 8_000.0, 16_000.0, 32_000.0, 60_000.0];
/// Work that one alarm does before it asks for another.
pub const STEPS_PER_ALARM: usize = 20;

#[wasm_bindgen]
extern "C" {
    /// What is known of the alarm. JavaScript holds it (`js/objects.mjs`), because it must outlive a wasm instance.
    type Schedule;
    /// When the alarm rings, Unix milliseconds: NaN = not read yet, infinity = never.
    #[wasm_bindgen(method, getter)]
    fn at(this: &Schedule) -> f64;
    #[wasm_bindgen(method, setter)]
    fn set_at(this: &Schedule, at: f64);
    /// How often it failed in a row.
    #[wasm_bindgen(method, getter)]
    fn failures(this: &Schedule) -> u32;
    #[wasm_bindgen(method, setter)]
    fn set_failures(this: &Schedule, failures: u32);
    /// While a store fails, the alarm does not ring before this time.
    #[wasm_bindgen(method, getter, js_name = restUntil)]
    fn rest_until(this: &Schedule) -> f64;
    #[wasm_bindgen(method, setter, js_name = restUntil)]
    fn set_rest_until(this: &Schedule, until: f64);
}

/// The alarm of an object.
pub struct Alarm {
    state: State,
    schedule: Schedule,
    /// Names the object in the log.
    label: &'static str,
}

/// JavaScript's clock, Unix milliseconds.
pub fn now_ms() -> f64 {
    js_sys::Date::now()
}

impl Alarm {
    /// The alarm of the object with this state.
    pub fn new(state: State, label: &'static str) -> Self {
        let schedule = js_sys::Reflect::get(state.as_raw().as_ref(), &"alarm".into());
        let schedule = schedule.unwrap_or(JsValue::UNDEFINED).unchecked_into();
        Self { state, schedule, label }
    }

    /// The object's platform state.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// Whether the alarm must be set for it to ring at `at` or earlier.
    pub fn is_late_for(&self, at: f64) -> bool {
        let known = self.schedule.at();
        known.is_nan() || self.due(at) < known
    }

    fn due(&self, at: f64) -> f64 {
        at.max(self.schedule.rest_until())
    }

    /// Makes sure that the alarm rings at `at` or earlier; while a store fails, not before the pause is over.
    pub async fn wake(&self, at: Option<f64>) -> Result<()> {
        let Some(at) = at.filter(|at| self.is_late_for(*at)) else { return Ok(()) };
        let storage = self.state.storage();
        if self.schedule.at().is_nan() {
            let read = storage.get_alarm().await?.map_or(f64::INFINITY, super::super::milliseconds);
            // Somebody else may have set it meanwhile.
            if self.schedule.at().is_nan() {
                self.schedule.set_at(read);
            }
            if !self.is_late_for(at) {
                return Ok(());
            }
        }
        let due = self.due(at);
        self.schedule.set_at(due);
        storage.set_alarm(ScheduledTime::new(js_sys::Date::new(&due.into()))).await
    }

    /// The alarm rings.
    pub fn rings(&self) {
        self.schedule.set_at(f64::INFINITY);
    }

    /// What was due is done; `next` is when something is due again.
    pub async fn done(&self, next: Option<f64>) -> Result<()> {
        self.schedule.set_failures(0);
        self.schedule.set_rest_until(0.0);
        self.wake(next).await
    }

    /// What was due failed, and is tried again after a pause. The platform would try an exception six times, then never.
    pub async fn failed(&self, error: &str) -> Result<()> {
        let failures = self.schedule.failures();
        let index = usize::try_from(failures).unwrap_or(usize::MAX).min(BACKOFF_MS.len().saturating_sub(1));
        let pause = BACKOFF_MS.get(index).copied().unwrap_or(1_000.0);
        worker::console_error!("{}: passing data on failed, next try in {pause} ms: {error}", self.label);
        let next = now_ms() + pause;
        self.schedule.set_failures(failures.saturating_add(1));
        self.schedule.set_rest_until(next);
        // An earlier alarm that was set meanwhile is put off.
        self.schedule.set_at(f64::INFINITY);
        self.wake(Some(next)).await
    }
}
