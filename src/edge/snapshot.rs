//! Loads the data that redirects need from the stores: the snapshot that the Ledger writes to KV, slugs, and paths. The
//! snapshot is refreshed in the background. A redirect waits for it only if its link number is unknown to the instance.

use super::{
    http::with_timeout,
    known_links::{KNOWN, KnownLinks, LISTING_IDS_MS, ListingKnowledge, Slug},
    rpc::Stores,
    vendor_http,
};
use crate::{domain::links::snapshot::Snapshot, store::log::outbox};
use serde::Deserialize;
use std::{future::Future, time::Duration};
use wasm_bindgen::prelude::*;
use worker::{Delay, Result};

/// How long KV may respond from its cache. This is the minimum that KV accepts.
const KV_CACHE_SECONDS: u64 = 30;
/// How long a visitor waits for a store at most.
const VISITOR_TIMEOUT: Duration = Duration::from_millis(300);
/// The timeout of calls for which no visitor waits. At most the caller that changed the programme waits for them.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(5);
/// How often a callback checks whether the snapshot that another request is fetching has arrived.
const REFRESH_POLL: Duration = Duration::from_millis(20);

#[wasm_bindgen(raw_module = "host")]
extern "C" {
    /// Keeps a snapshot for later instances (`js/snapshot.mjs`).
    #[wasm_bindgen(js_name = keepSnapshot)]
    fn keep_snapshot(text: &str, version: f64);
}

/// The value of a slug's KV key.
#[derive(Deserialize)]
struct SlugValue {
    token: String,
}

/// Returns the response of a store, or `None` if it fails or takes longer than [`VISITOR_TIMEOUT`].
async fn attempt<T>(future: impl Future<Output = Result<T>>) -> Option<T> {
    match with_timeout(VISITOR_TIMEOUT, future).await {
        Ok(response) => Some(response),
        Err(error) => {
            worker::console_warn!("a store did not respond to a redirect: {error}");
            None
        }
    }
}

/// Starts to use a snapshot, unless the one in use is newer, because KV may lag behind the Ledger.
fn adopt(text: Option<String>) {
    let Some(text) = text else { return };
    match strict_json::from_str(&text) {
        Ok(parsed) => {
            let snapshot = Snapshot::new(parsed);
            let version = snapshot.version();
            if KNOWN.with_borrow_mut(|known| known.adopt(snapshot)) {
                keep_snapshot(&text, version_number(version));
            }
        }
        Err(error) => worker::console_error!("malformed snapshot: {error}"),
    }
}

fn version_number(version: u64) -> f64 {
    super::milliseconds(i64::try_from(version).unwrap_or(i64::MAX))
}

/// Returns whether no snapshot has arrived yet, so that no redirect can be answered.
fn is_missing() -> bool {
    KNOWN.with_borrow(KnownLinks::is_empty)
}

/// Loads the first snapshot of the instance, from KV or else from the Ledger. Returns whether there is one.
pub async fn load(stores: &Stores, now: f64) -> bool {
    if is_missing() {
        adopt(attempt(stores.value("snapshot")).await.flatten());
        if is_missing() {
            adopt(attempt(async { stores.ledger()?.snapshot().await }).await);
        }
        KNOWN.with_borrow_mut(|known| known.snapshot_requested(now));
    }
    !is_missing()
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

/// Loads snapshots from KV and then from the Ledger, until one contains a link number. `is_found` returns whether the
/// one in use does.
pub async fn find_link(stores: &Stores, link_no: u32, now: f64, is_found: impl Fn() -> bool) {
    if KNOWN.with_borrow(|known| known.is_unknown_link(link_no, now)) {
        return;
    }
    adopt(attempt(stores.value("snapshot")).await.flatten());
    if is_found() {
        return;
    }
    adopt(attempt(async { stores.ledger()?.snapshot().await }).await);
    if !is_found() {
        KNOWN.with_borrow_mut(|known| known.cache_unknown_link(link_no, now));
    }
}

/// Returns whether a listing exists. The snapshot is fetched from the Ledger if it may lack the listing, but at most once
/// per second for all unknown ids. Returns `None` if that failed.
pub async fn has_listing(stores: &Stores, id: &str) -> Option<bool> {
    let started = vendor_http::now().ms();
    loop {
        let now = vendor_http::now().ms();
        match KNOWN.with_borrow_mut(|known| known.listing(id, now)) {
            ListingKnowledge::Known => return Some(true),
            ListingKnowledge::Unknown => return Some(false),
            ListingKnowledge::Refresh => match newest(stores).await {
                Ok(text) => {
                    adopt(Some(text));
                    KNOWN.with_borrow_mut(|known| known.listing_ids_arrived(now));
                    return Some(KNOWN.with_borrow(|known| known.has_listing(id)));
                }
                Err(error) => {
                    worker::console_warn!("the ids of listings were not refreshed: {error}");
                    return None;
                }
            },
            // The platform does not let a request await a promise of another one.
            ListingKnowledge::Refreshing if now.saturating_sub(started) < LISTING_IDS_MS => {
                Delay::from(REFRESH_POLL).await;
            }
            ListingKnowledge::Refreshing => return None,
        }
    }
}

/// Returns the snapshot of the Ledger.
async fn newest(stores: &Stores) -> Result<String> {
    with_timeout(BACKGROUND_TIMEOUT, async { stores.ledger()?.snapshot().await }).await
}

/// Returns the path and query of a link that has its own. Returns `None` if no store responded.
pub async fn path_of(stores: &Stores, link_no: u32, revision: u32) -> Option<String> {
    if let Some(path) = attempt(stores.value(&outbox::path_key(link_no, revision))).await.flatten() {
        return Some(path);
    }
    attempt(async { stores.ledger()?.path(link_no).await }).await.flatten()
}

/// Looks a slug up in KV and then in the Ledger. Returns `None` if no store responded.
pub async fn look_up_slug(stores: &Stores, slug: &str, now: f64) -> Option<Slug> {
    let in_kv = attempt(stores.value(&format!("slug/{slug}"))).await;
    let found = match in_kv {
        Some(Some(value)) => Some(value),
        // Above the rate limit, KV's result is final.
        _ if !KNOWN.with_borrow_mut(|known| known.allows_ledger_lookup(now)) => {
            return in_kv.map(|_| Slug::Nobody);
        }
        _ => attempt(async { stores.ledger()?.slug(slug).await }).await?,
    };
    let result = match found.as_deref().map(strict_json::from_str::<SlugValue>) {
        // A slug that was taken from its link.
        Some(Ok(value)) if value.token.is_empty() => Slug::Nobody,
        Some(Ok(value)) => Slug::Token(value.token),
        Some(Err(error)) => {
            worker::console_error!("malformed value of a slug: {error}");
            return None;
        }
        None => Slug::Nobody,
    };
    KNOWN.with_borrow_mut(|links| links.cache_slug(slug, &result, now));
    Some(result)
}

/// Fetches the snapshot from the Ledger and clears the caches, so that a change made through this instance takes effect
/// in it at once.
pub async fn renew(stores: &Stores) {
    KNOWN.with_borrow_mut(KnownLinks::clear_caches);
    match newest(stores).await {
        Ok(text) => adopt(Some(text)),
        Err(error) => worker::console_warn!("the snapshot was not renewed: {error}"),
    }
}
