//! The redirect's one crossing: a line in, a line out (`domain/guide.rs`), over keys and snapshot that the entry seeds.

use super::{instance::thrown, random::CryptoEntropy};
use crate::domain::{
    clicks::visitor::VisitorSecret,
    links::{engine::RedirectEngine, keyring::KeyRing, snapshot::Snapshot},
};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

thread_local! {
    /// What this instance knows; the entry seeds it again after a re-creation.
    static GUIDE: RefCell<Option<(RedirectEngine, CryptoEntropy)>> = const { RefCell::new(None) };
}

/// Gives the instance its keys and a snapshot.
#[wasm_bindgen]
pub fn seed(signing_keys: &str, data_key: &str, snapshot: &str) -> Result<(), JsValue> {
    let ring = KeyRing::parse(signing_keys).map_err(|error| thrown(format!("SIGNING_KEYS: {error}")))?;
    let visitors = VisitorSecret::parse(data_key).map_err(thrown)?;
    let snapshot = Snapshot::new(strict_json::from_str(snapshot).map_err(thrown)?);
    GUIDE.with_borrow_mut(|guide| {
        *guide = Some((RedirectEngine::new(ring, visitors, snapshot), CryptoEntropy::default()))
    });
    Ok(())
}

/// Replaces the snapshot.
#[wasm_bindgen]
pub fn set_snapshot(snapshot: &str) -> Result<(), JsValue> {
    let snapshot = Snapshot::new(strict_json::from_str(snapshot).map_err(thrown)?);
    GUIDE.with_borrow_mut(|guide| match guide {
        Some((guide, _)) => {
            guide.set_snapshot(snapshot);
            Ok(())
        }
        None => Err(thrown("the instance has not been seeded")),
    })
}

/// Answers a redirect's line, UTF-8.
#[wasm_bindgen]
pub fn redirect(line: &[u8]) -> Result<String, JsValue> {
    let line = std::str::from_utf8(line).map_err(thrown)?;
    GUIDE.with_borrow_mut(|guide| match guide {
        Some((guide, entropy)) => guide.handle(line, entropy).map_err(thrown),
        None => Err(thrown("the instance has not been seeded")),
    })
}
