//! What an instance knows of the programme: the snapshot that the Ledger writes to KV, slugs, and numbers that nobody knows.
//! The snapshot is refreshed behind the visitors' backs; a redirect waits for it only when it meets a number that it has
//! never seen.

use super::{
    http::with_timeout,
    link::{self, LINKS},
    rpc::Stores,
};
use crate::domain::links::snapshot::Snapshot;
use std::{collections::HashMap, future::Future, hash::Hash, time::Duration};
use wasm_bindgen::prelude::*;
use worker::Result;

/// A snapshot older than this is fetched again in the background. With KV's own minute, changes spread in 2 minutes.
const REFRESH_MS: f64 = 15_000.0;
/// KV may answer from its cache for so long (the least it takes).
const KV_CACHE_SECONDS: u64 = 30;
/// A visitor waits this long for a store at most.
const VISITOR_TIMEOUT: Duration = Duration::from_millis(300);
/// No visitor waits for these stores; at most somebody who changed the programme does.
const BACKGROUND_TIMEOUT: Duration = Duration::from_secs(5);
/// "Not known" is believed for so long.
const NEGATIVE_MS: f64 = 5_000.0;
/// Slugs unknown to KV that the Ledger is asked for per second and instance.
const LEDGER_SLUGS_PER_SECOND: u32 = 20;
/// Entries of a cache at most; a full one is emptied.
const CACHE_ENTRIES: usize = 5_000;

#[wasm_bindgen(raw_module = "host")]
extern "C" {
    /// Keeps a snapshot for the instances to come (`js/snapshot.mjs`).
    #[wasm_bindgen(js_name = keepSnapshot)]
    fn keep_snapshot(text: &str, version: f64);
}

/// What is known of a slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slug {
    /// The link's token.
    Token(String),
    /// No link has this slug.
    Nobody,
}

/// What an instance has learnt from the stores, besides the snapshot itself.
#[derive(Default)]
pub struct Learnt {
    /// The version of the snapshot in use; `None` until a store has answered.
    pub version: Option<u64>,
    /// When the snapshot was last asked for, Unix milliseconds.
    asked_at: f64,
    /// A slug never changes its link, so what is known of one holds until the time beside it.
    slugs: HashMap<String, (Slug, f64)>,
    /// Link numbers that nobody knows, and until when that is believed.
    unknown_links: HashMap<u32, f64>,
    /// The second in which the Ledger was last asked for a slug, and how often.
    ledger_slugs: (f64, u32),
}

fn remember<K: Hash + Eq, V>(cache: &mut HashMap<K, V>, key: K, value: V) {
    if cache.len() >= CACHE_ENTRIES {
        cache.clear();
    }
    cache.insert(key, value);
}

impl Learnt {
    /// What is known of a slug without asking a store.
    pub fn slug(&self, slug: &str, now: f64) -> Option<Slug> {
        self.slugs.get(slug).filter(|(_, until)| *until > now).map(|(known, _)| known.clone())
    }

    /// Whether the snapshot has become old. Only the first caller to learn so refreshes it.
    pub fn is_refresh_due(&mut self, now: f64) -> bool {
        let due = now - self.asked_at >= REFRESH_MS;
        if due {
            self.asked_at = now;
        }
        due
    }

    /// Whoever tries names at random must not keep the one Ledger busy.
    fn may_ask_ledger(&mut self, now: f64) -> bool {
        let second = (now / 1_000.0).floor();
        let (last, asked) = &mut self.ledger_slugs;
        if *last != second {
            (*last, *asked) = (second, 0);
        }
        *asked = asked.saturating_add(1);
        *asked <= LEDGER_SLUGS_PER_SECOND
    }
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
            if LINKS.with_borrow_mut(|links| links.adopt(snapshot)) {
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
    LINKS.with_borrow(|links| links.learnt.version.is_none())
}

/// The first snapshot of the instance: from KV, else from the Ledger, else none for a while.
pub async fn load(stores: &Stores, now: f64) -> bool {
    if is_unknown() {
        adopt(attempt(stores.value("snapshot")).await.flatten());
        if is_unknown() {
            adopt(attempt(async { stores.ledger()?.snapshot().await }).await);
        }
        LINKS.with_borrow_mut(|links| links.learnt.asked_at = now);
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
    let is_unknown_link =
        LINKS.with_borrow(|links| links.learnt.unknown_links.get(&link_no).is_some_and(|until| *until > now));
    if is_unknown_link {
        return;
    }
    adopt(attempt(stores.value("snapshot")).await.flatten());
    if knows() {
        return;
    }
    adopt(attempt(async { stores.ledger()?.snapshot().await }).await);
    if !knows() {
        LINKS.with_borrow_mut(|links| {
            remember(&mut links.learnt.unknown_links, link_no, now + NEGATIVE_MS);
        });
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
        _ if !LINKS.with_borrow_mut(|links| links.learnt.may_ask_ledger(now)) => {
            return in_kv.map(|_| Slug::Nobody);
        }
        _ => attempt(async { stores.ledger()?.slug(slug).await }).await?,
    };
    let (known, until) = match found {
        Some(value) => (Slug::Token(link::token_of(&value)?), f64::INFINITY),
        None => (Slug::Nobody, now + NEGATIVE_MS),
    };
    LINKS.with_borrow_mut(|links| {
        remember(&mut links.learnt.slugs, slug.to_owned(), (known.clone(), until));
    });
    Some(known)
}

/// After a change that went through this instance: it holds here at once.
pub async fn renew(stores: &Stores) {
    LINKS.with_borrow_mut(|links| {
        links.learnt.slugs.clear();
        links.learnt.unknown_links.clear();
    });
    match with_timeout(BACKGROUND_TIMEOUT, async { stores.ledger()?.snapshot().await }).await {
        Ok(text) => adopt(Some(text)),
        Err(error) => worker::console_warn!("the snapshot was not renewed: {error}"),
    }
}
