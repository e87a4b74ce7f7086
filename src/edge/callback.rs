//! A callback's one crossing: what came in, and what to do about it (`marketplace/step.rs`).

use super::{instance::thrown, random::CryptoEntropy};
use crate::marketplace::{
    adapter::{Answer, Listing},
    apple,
    outgoing::Answered,
    published::Document,
    step::{self, Head},
};
use wasm_bindgen::prelude::*;

/// The answer at an address that nobody can have registered, JSON.
#[wasm_bindgen]
pub fn callback_unknown() -> Result<String, JsValue> {
    serde_json::to_string(&Answer::unauthorized()).map_err(thrown)
}

/// The app that a postback of Apple's names, unproven; nothing if it names none.
#[wasm_bindgen]
pub fn postback_app(body: &[u8]) -> Option<String> {
    apple::postback_app(body).map(|app| app.to_string())
}

/// What a callback comes to, JSON: see [`step::Outcome`]. `listing_json` is empty if there is no such listing;
/// `answers_json` are the vendor's answers so far, `documents_json` its
/// documents.
#[wasm_bindgen]
pub fn callback_step(
    head_json: &str,
    body: &[u8],
    listing_json: &str,
    answers_json: &str,
    documents_json: &str,
    now_ms: f64,
) -> Result<String, JsValue> {
    let head: Head = strict_json::from_str(head_json).map_err(thrown)?;
    let listing: Option<Listing> = if listing_json.is_empty() {
        None
    } else {
        Some(strict_json::from_str(listing_json).map_err(thrown)?)
    };
    let answers: Vec<Answered> = strict_json::from_str(answers_json).map_err(thrown)?;
    let documents: Vec<Document> = strict_json::from_str(documents_json).map_err(thrown)?;
    let entropy = &mut CryptoEntropy::default();
    let known = (answers.as_slice(), documents.as_slice());
    let outcome = step::step(&head, body, listing.as_ref(), known, super::timestamp(now_ms), entropy);
    serde_json::to_string(&outcome).map_err(thrown)
}
