//! Limits the damage of a panic to one request, although the futures of all requests share a wasm instance. While a
//! future is polled, the instance holds the number of its call, which `js/instance.mjs` can read even after a trap.

use js_sys::{Promise, futures::future_to_promise};
use std::{
    cell::Cell,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};
use wasm_bindgen::prelude::*;

/// The number while no future is polled.
const NO_CALL: u32 = 0;

thread_local! {
    static CURRENT: Cell<u32> = const { Cell::new(NO_CALL) };
}

#[wasm_bindgen(raw_module = "host")]
extern "C" {
    /// Returns a number for a call that Rust starts itself.
    #[wasm_bindgen(js_name = startCall)]
    fn start_call() -> u32;
    /// Returns the promise of a call, which is rejected as soon as the call panics.
    fn guarded(call: u32, promise: &Promise) -> Promise;
}

/// Returns the call whose future is being polled, or was polled when the instance trapped. Returns 0 if there is none.
#[wasm_bindgen]
pub fn current_call() -> u32 {
    CURRENT.get()
}

/// Clears the current call after JavaScript has rejected it.
#[wasm_bindgen]
pub fn clear_current_call() {
    CURRENT.set(NO_CALL);
}

/// Replaces the panic hook of the `worker` crate, which treats all calls of the instance as lost.
#[wasm_bindgen]
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|panic| {
        worker::console_error!("call {}: {panic}", CURRENT.get());
    }));
}

/// Returns the number that `js/instance.mjs` gave to a call and set as a property of one of its arguments.
pub fn call_of(argument: &JsValue) -> u32 {
    let call = js_sys::Reflect::get(argument, &JsValue::from_str("call")).ok();
    let call = call.and_then(|call| call.as_f64()).map(super::whole);
    call.and_then(|call| u32::try_from(call).ok()).unwrap_or(NO_CALL)
}

/// Wraps a future so that it belongs to a call.
pub fn tracked<F: Future>(call: u32, future: F) -> Tracked<F> {
    Tracked { call, future: Box::pin(future) }
}

/// Returns the promise of an asynchronous export.
pub fn promise(call: u32, future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    future_to_promise(tracked(call, future))
}

/// Runs a future in the background as a separate call, and keeps `context` alive until it has ended.
pub fn in_background(context: &worker::Context, future: impl Future<Output = ()> + 'static) {
    let call = start_call();
    let run = promise(call, async move {
        future.await;
        Ok(JsValue::UNDEFINED)
    });
    if let Err(error) = context.as_ref().wait_until(&guarded(call, &run)) {
        // The future still runs, as long as other requests keep the isolate active.
        worker::console_warn!("waitUntil failed: {error:?}");
    }
}

/// A future that sets the current call while it is polled.
pub struct Tracked<F> {
    call: u32,
    future: Pin<Box<F>>,
}

impl<F: Future> Future for Tracked<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let outer = CURRENT.replace(self.call);
        let polled = self.future.as_mut().poll(context);
        // A trap skips this line, so the number is preserved.
        CURRENT.set(outer);
        polled
    }
}
