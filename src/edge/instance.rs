//! The instance's own life: a panic's last words, and a sign of life. JavaScript does the rest (src/instance.mjs).

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = console, js_name = error)]
    fn console_error(line: &str);
}

/// Writes a line to the operator's log.
pub fn log(line: &str) {
    console_error(line);
}

/// Runs when the instance is made. A panic aborts, so what it has to say is said here or never.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|panic| log(&panic.to_string())));
}

/// What a call refuses, as an exception. Its name tells it from every other one, which ends the instance: a trap, or
/// an exception of JavaScript's that crossed wasm frames and left them as they were (src/instance.mjs).
pub fn thrown(error: impl std::fmt::Display) -> JsValue {
    let thrown = js_sys::Error::new(&error.to_string());
    thrown.set_name("SignpostRefusal");
    thrown.into()
}
