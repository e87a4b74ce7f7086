//! The parts of the callback path that JavaScript calls.

use super::instance::thrown;
use crate::marketplace::{adapter::CallbackResponse, apple};
use wasm_bindgen::prelude::*;

/// The response at a URL that nobody can have registered, as JSON.
#[wasm_bindgen]
pub fn callback_unknown() -> Result<String, JsValue> {
    serde_json::to_string(&CallbackResponse::unauthorized()).map_err(thrown)
}

/// The app that one of Apple's postbacks names, unproven; `None` if it names none.
#[wasm_bindgen]
pub fn postback_app(body: &[u8]) -> Option<String> {
    apple::postback_app(body).map(|app| app.to_string())
}
