//! How a synchronous export refuses a call.

use wasm_bindgen::prelude::*;

/// What a call is refused with, as an exception. Its name tells it from every other exception, which ends the instance: a
/// trap, or an exception of JavaScript's that crossed wasm frames and left them as they were (`js/instance.mjs`).
pub fn thrown(error: impl std::fmt::Display) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    thrown.set_name("SignpostRefusal");
    thrown.into()
}
