//! Asks the stores for what redirects need: the snapshot that the Ledger writes to KV, slugs, and paths. The snapshot is
//! refreshed in the background; a redirect waits for it only when it meets a number that the instance has never seen.

use super::{
    http::with_timeout,
    known_links::{KNOWN, KnownLinks, Slug},
    rpc::Stores,
};
use crate::domain::links::snapshot::Snapshot;
use serde::Deserialize;
use std::{future::Future, time::Duration};
use wasm_bindgen::prelude::*;
use worker::Result;

/// KV may answer from its cache for so long (the least it takes).
const KV_CACHE_SECONDS: u64 = 30;
/// A visitor waits this long for a store at most.
const VISITOR_TIMEOUT: Duration = Duration::from_millis(300);
/// No visitor waits for these stores; at most somebody who changed the programme does.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(5);

#[wasm_bindgen(raw_module = "host")]
extern "C" {
    /// Keeps a snapshot for the instances to come (`js/snapshot.mjs`).
    #[wasm_bindgen(js_name = keepSnapshot)]
    fn keep_snapshot(text: &str, version: f64);
}

/// The value of a slug's KV key.
#[derive(Deserialize)]
struct SlugValue {
    token: String,
}

/// What a store says, or `None` if it fails or takes longer than a visitor waits.
async fn attempt<T>(future: impl Future<Output = Result<T>>) -> Option<T> {
    match with_timeout(VISITOR_TIMEOUT, future).await {
        Ok(answer) => Some(answer),
        Err(error) => {
            worker::console_warn!("a store failed a redirect: {error}");
            None
        }
    }
}

/// Takes a snapshot into use, unless a newer one is known: KV may lag behind the Ledger.
fn adopt(text: Option<String>) {
    let Some(text) = text else { return };
    match strict_json::from_str(&text) {
        Ok(parsed) => {
            let snapshot = Snapshot::new(parsed);
            let version = snapshot.version();
            if KNOWN.with_borrow_mut(|known| known.adopt(snapshot)) {
                // JavaScript keeps it for the next instance.
                keep_snapshot(&text, version_number(version));
            }
        }
        Err(error) => worker::console_error!("a snapshot cannot be read: {error}"),
    }
}

fn version_number(version: u64) -> f64 {
    super::milliseconds(i64::try_from(version).unwrap_or(i64::MAX))
}

/// Whether a store must be asked before anything can be answered.
fn is_unknown() -> bool {
    KNOWN.with_borrow(KnownLinks::is_empty)
}

/// The first snapshot of the instance: from KV, else from the Ledger, else none for a while.
pub async fn load(stores: &Stores, now: f64) -> bool {
    if is_unknown() {
        adopt(attempt(stores.value("snapshot")).await.flatten());
        if is_unknown() {
            adopt(attempt(async { stores.ledger()?.snapshot().await }).await);
        }
        KNOWN.with_borrow_mut(|known| known.snapshot_requested(now));
    }
    !is_unknown()
}

/// Fetches the snapshot in the background.
pub async fn refresh(stores: &Stores) {
    let read = async {
        let key = stores.key("snapshot");
        Ok(stores.kv()?.get(&key).cache_ttl(KV_CACHE_SECONDS).text().await?)
    };
    match with_timeout(BACKGROUND_TIMEOUT, read).await {
        Ok(text) => adopt(text),
        Err(error) => worker::console_warn!("the snapshot was not refreshed: {error}"),
    }
}

/// Looks for a snapshot that knows a link number: KV may have it, else the Ledger does. `knows` says whether it was found.
pub async fn find_link(stores: &Stores, link_no: u32, now: f64, knows: impl Fn() -> bool) {
    if KNOWN.with_borrow(|known| known.is_unknown_link(link_no, now)) {
        return;
    }
    adopt(attempt(stores.value("snapshot")).await.flatten());
    if knows() {
        return;
    }
    adopt(attempt(async { stores.ledger()?.snapshot().await }).await);
    if !knows() {
        KNOWN.with_borrow_mut(|known| known.keep_unknown_link(link_no, now));
    }
}

/// A link's own path; `None` if no store could tell.
pub async fn path_of(stores: &Stores, link_no: u32) -> Option<String> {
    if let Some(path) = attempt(stores.value(&format!("path/{link_no}"))).await.flatten() {
        return Some(path);
    }
    attempt(async { stores.ledger()?.path(link_no).await }).await.flatten()
}

/// The link behind a slug; `None` if no store could tell.
pub async fn look_up_slug(stores: &Stores, slug: &str, now: f64) -> Option<Slug> {
    let in_kv = attempt(stores.value(&format!("slug/{slug}"))).await;
    let found = match in_kv {
        Some(Some(value)) => Some(value),
        // Past a rate, KV's word is taken.
        _ if !KNOWN.with_borrow_mut(|known| known.may_ask_ledger(now)) => {
            return in_kv.map(|_| Slug::Nobody);
        }
        _ => attempt(async { stores.ledger()?.slug(slug).await }).await?,
    };
    let known = match found.as_deref().map(strict_json::from_str::<SlugValue>) {
        Some(Ok(value)) => Slug::Token(value.token),
        Some(Err(error)) => {
            worker::console_error!("the value of a slug cannot be read: {error}");
            return None;
        }
        None => Slug::Nobody,
    };
    KNOWN.with_borrow_mut(|links| links.keep_slug(slug, &known, now));
    Some(known)
}

/// After a change that went through this instance: it holds here at once.
pub async fn renew(stores: &Stores) {
    KNOWN.with_borrow_mut(KnownLinks::forget);
    match with_timeout(BACKGROUND_TIMEOUT, async { stores.ledger()?.snapshot().await }).await {
        Ok(text) => adopt(Some(text)),
        Err(error) => worker::console_warn!("the snapshot was not renewed: {error}"),
    }
}
