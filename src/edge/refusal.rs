//! The exception with which a synchronous export refuses a call.

use wasm_bindgen::prelude::*;

/// Returns the exception that refuses a call. Its name distinguishes it from all other exceptions, which retire the
/// instance: traps, and JavaScript exceptions that crossed wasm frames without unwinding them (`js/instance.mjs`).
pub fn thrown(error: impl std::fmt::Display) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    thrown.set_name("SignpostRefusal");
    thrown.into()
}
