//! Documents that vendors publish, such as signing keys and certificates. They are fetched, and cached in the instance
//! and in KV. Adapters decide which documents a callback needs (`marketplace/published_keys.rs`).
//!
//! This module parses `Cache-Control` itself, because no maintained crate supports `stale-if-error` (RFC 5861). That
//! directive decides whether callbacks are still accepted while their vendor is down.

use super::{
    exchange::Exchange,
    guard,
    http::with_timeout,
    vendor_http::{self, Attempt, Called, VENDOR_TIMEOUT_MS, attempt, failure, host, may_call},
};
use crate::marketplace::vendor_api::{Document, VendorRequest};
use serde::{Deserialize, Serialize};
use std::{cell::RefCell, time::Duration};
use worker::{Headers, Result};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The minimum time that a document is fresh, so that not every callback fetches it.
const MIN_FRESH_MS: i64 = MINUTE_MS;
/// The maximum time that a document is fresh, so that a withdrawn key expires.
const MAX_FRESH_MS: i64 = DAY_MS;
/// How long a document is fresh if the vendor does not state it.
const DEFAULT_FRESH_MS: i64 = HOUR_MS;
/// How long a stale document is used while the vendor is down, unless the vendor forbids it.
const MAX_STALE_MS: i64 = DAY_MS;
/// The minimum time between two fetches of a document. Anybody can send callbacks that name a key which the document
/// lacks, and each of them asks for a newer document.
const MIN_REFETCH_MS: i64 = MINUTE_MS;
/// How long it is cached that a document does not exist.
const ABSENT_MS: i64 = MINUTE_MS;
/// The time before the next fetch if the vendor did not respond and no usable document is cached.
const FAILURE_RETRY_MS: i64 = 5_000;
/// The maximum number of documents that an instance caches. It is needed because some messages name their own
/// documents.
const MAX_DOCUMENTS: usize = 100;
/// How long a callback waits for KV, which is only a cache here.
const KV_TIMEOUT: Duration = Duration::from_secs(2);

/// A cached document with its times (Unix milliseconds). KV stores this struct as JSON.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Entry {
    text: Option<String>,
    absent: bool,
    fetched: i64,
    fresh: i64,
    stale: i64,
    /// When the last fetch failed. It is set earlier than that if the next fetch may be made sooner than usual.
    #[serde(skip)]
    failed: i64,
}

thread_local! {
    /// The documents that this instance caches, oldest first.
    static DOCUMENTS: RefCell<Vec<(String, Entry)>> = RefCell::default();
}

/// Returns how long a response is fresh, and how long it may be used after that, in milliseconds (RFC 9111 §5.2, RFC
/// 5861 §4).
fn lifetimes(headers: &Headers) -> Result<(i64, i64)> {
    let control = headers.get("cache-control")?.unwrap_or_default().to_ascii_lowercase();
    let directives: Vec<&str> = control.split(',').map(str::trim).collect();
    let has_any = |names: &[&str]| names.iter().any(|name| directives.contains(name));
    let number = |text: &str| {
        let is_number = (1..=10).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<i64>().ok().filter(|_| is_number)
    };
    let seconds = |name: &str| {
        let values = directives.iter().filter_map(|directive| directive.split_once('='));
        let value = |text: &str| {
            number(text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text))
        };
        values.filter(|(known, _)| *known == name).find_map(|(_, text)| value(text))
    };
    let age = headers.get("age")?.and_then(|age| number(&age)).unwrap_or(0);
    let max_age = if has_any(&["no-store", "no-cache"]) { Some(0) } else { seconds("max-age") };
    let milliseconds = |seconds: i64| seconds.saturating_mul(1_000);
    let fresh = max_age.map_or(DEFAULT_FRESH_MS, |max_age| milliseconds(max_age.saturating_sub(age)));
    let stale = if has_any(&["must-revalidate", "no-store", "no-cache"]) {
        0
    } else {
        seconds("stale-if-error").map_or(MAX_STALE_MS, |seconds| milliseconds(seconds).min(MAX_STALE_MS))
    };
    Ok((fresh.clamp(MIN_FRESH_MS, MAX_FRESH_MS), stale))
}

impl Entry {
    /// Returns whether the last fetch or failed fetch is so recent that the vendor is not called again.
    fn is_recent(&self, now: i64) -> bool {
        now < self.failed.max(self.fetched).saturating_add(MIN_REFETCH_MS)
    }

    fn absent(now: i64) -> Self {
        let until = now.saturating_add(ABSENT_MS);
        Self { absent: true, fetched: now, fresh: until, stale: until, ..Self::default() }
    }

    fn document(entry: Option<&Self>, newest: bool) -> Document {
        Document {
            text: entry.and_then(|entry| entry.text.clone()),
            absent: entry.is_some_and(|entry| entry.absent),
            newest,
        }
    }
}

fn cached(url: &str) -> Option<Entry> {
    DOCUMENTS.with_borrow(|documents| {
        documents.iter().find(|(known, _)| known == url).map(|(_, entry)| entry.clone())
    })
}

fn cache(url: &str, entry: Entry) {
    DOCUMENTS.with_borrow_mut(|documents| {
        documents.retain(|(known, _)| known != url);
        documents.push((url.to_owned(), entry));
        if documents.len() > MAX_DOCUMENTS {
            documents.remove(0);
        }
    });
}

fn kv_name(url: &str) -> String {
    format!("published/{url}")
}

/// Returns the document that another instance stored in KV, if it is newer than `cached`. Returns `None` if KV fails.
async fn from_kv(exchange: &Exchange<'_>, url: &str, cached: Option<&Entry>) -> Option<Entry> {
    let stored = match with_timeout(KV_TIMEOUT, exchange.stores.value(&kv_name(url))).await {
        Ok(stored) => stored?,
        Err(error) => {
            worker::console_warn!("reading published keys from KV failed: {error}");
            return None;
        }
    };
    let entry: Entry = match strict_json::from_str(&stored) {
        Ok(entry) => entry,
        Err(error) => {
            worker::console_warn!("malformed published keys in KV: {error}");
            return None;
        }
    };
    let is_newer = cached.is_none_or(|cached| entry.fetched > cached.fetched);
    is_newer.then(|| {
        let entry = Entry { failed: cached.map_or(0, |cached| cached.failed), ..entry };
        cache(url, entry.clone());
        entry
    })
}

/// Stores a document in KV for other instances, in the background.
fn to_kv(exchange: &Exchange<'_>, url: &str, entry: Entry) {
    let (stores, name) = (exchange.stores.clone(), kv_name(url));
    guard::in_background(exchange.context, async move {
        let lifetime_ms = u64::try_from(entry.stale.saturating_sub(entry.fetched)).unwrap_or(0);
        let write = async {
            let value = serde_json::to_string(&entry)?;
            let put = stores.kv()?.put(&stores.key(&name), value)?;
            Ok::<_, worker::Error>(put.expiration_ttl(lifetime_ms.div_ceil(1_000)).execute().await?)
        };
        if let Err(error) = write.await {
            worker::console_warn!("writing published keys to KV failed: {error}");
        }
    });
}

/// Fetches a document from its vendor. Returns `None` if the vendor does not respond.
async fn from_vendor(exchange: &Exchange<'_>, url: &str) -> Option<Entry> {
    let request = VendorRequest {
        method: "GET",
        url: url.to_owned(),
        headers: vec![("accept", "*/*".to_owned())],
        body: String::new(),
        cache_ttl_s: 0,
    };
    let failure = match attempt(&request, VENDOR_TIMEOUT_MS).await {
        Ok(Attempt { status: 404 | 410, .. }) => return Some(Entry::absent(vendor_http::now().ms())),
        Ok(Attempt { status: 200, body, headers }) => match lifetimes(&headers) {
            Ok((fresh, stale)) => {
                let fetched = vendor_http::now().ms();
                let fresh = fetched.saturating_add(fresh);
                let stale = fresh.saturating_add(stale);
                return Some(Entry { text: Some(body), fetched, fresh, stale, ..Entry::default() });
            }
            Err(error) => error.to_string(),
        },
        Ok(Attempt { status, .. }) => format!("status {status}"),
        Err(error) => failure(&error, VENDOR_TIMEOUT_MS),
    };
    worker::console_warn!("request {}: keys of {}: {failure}", exchange.request_id, host(url));
    None
}

/// Returns a document for a callback of a listing: from the instance's cache, from KV or from its vendor. With `newer`, a document that was not
/// fetched within the last minute is fetched again even if it is fresh.
pub async fn document(exchange: &Exchange<'_>, listing: &str, url: &str, newer: bool) -> Document {
    let now = vendor_http::now().ms();
    let mut entry = cached(url);
    let is_recent = |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.is_recent(now));
    if let Some(known) = entry.as_ref().filter(|known| now < known.fresh)
        && (!newer || known.is_recent(now))
    {
        return Entry::document(Some(known), known.is_recent(now));
    }
    if let Some(found) = from_kv(exchange, url, entry.as_ref()).await {
        // If this document also lacks the key, the caller asks for a newer one again.
        if now < found.fresh {
            return Entry::document(Some(&found), found.is_recent(now));
        }
        entry = Some(found);
    }
    let usable = entry.as_ref().filter(|entry| now < entry.stale);
    if is_recent(&entry) || !may_call(Called::Document, listing, url, now) {
        return Entry::document(usable, true);
    }
    if let Some(fetched) = from_vendor(exchange, url).await {
        if !fetched.absent {
            to_kv(exchange, url, fetched.clone());
        }
        cache(url, fetched.clone());
        return Entry::document(Some(&fetched), true);
    }
    // The failure is recorded, so that not every callback calls a vendor that is down.
    let failed = if usable.is_some() {
        now
    } else {
        now.saturating_add(FAILURE_RETRY_MS).saturating_sub(MIN_REFETCH_MS)
    };
    let document = Entry::document(usable, true);
    cache(url, Entry { failed, ..entry.unwrap_or_default() });
    document
}
