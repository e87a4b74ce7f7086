//! Documents that vendors publish, such as signing keys and certificates: fetched, and kept in the instance and in KV. Which
//! documents a callback needs is decided by its adapter (`marketplace/published_keys.rs`).
//!
//! The directives of `Cache-Control` are read here: no maintained crate knows `stale-if-error` (RFC 5861), which decides
//! whether a vendor that is down stops its callbacks.

use super::{
    exchange::Exchange,
    guard,
    http::with_timeout,
    vendor_http::{self, Attempt, attempt, failure, host, may_call},
};
use crate::marketplace::vendor_api::{Document, VendorRequest};
use serde::{Deserialize, Serialize};
use std::{cell::RefCell, time::Duration};
use worker::{Headers, Result};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// A document is believed for at least so long, whatever its vendor says: or each callback would fetch it.
const MIN_FRESH_MS: i64 = MINUTE_MS;
/// … and for no longer than this: a key that was withdrawn must go.
const MAX_FRESH_MS: i64 = DAY_MS;
/// How long a document is fresh if the vendor says nothing.
const DEFAULT_FRESH_MS: i64 = HOUR_MS;
/// A vendor that is down does not stop its callbacks: an old document serves for so long beyond its time, unless the vendor
/// forbids it.
const MAX_STALE_MS: i64 = DAY_MS;
/// A document is fetched anew no more often than this, however many callbacks name a key that it lacks: anybody can send
/// them.
const RENEWAL_MS: i64 = MINUTE_MS;
/// "There is no such document" is believed for so long.
const ABSENT_MS: i64 = MINUTE_MS;
/// A vendor that did not answer, and of whom nothing is known, is asked again after this.
const DOWN_MS: i64 = 5_000;
/// Documents that an instance keeps at most: some messages name their own.
const KEPT: usize = 100;
/// A callback waits this long for KV, which is only a cache here.
const KV_TIMEOUT: Duration = Duration::from_secs(2);

/// A document with its times, Unix milliseconds. This is also the form of the value in KV.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Entry {
    text: Option<String>,
    absent: bool,
    fetched: i64,
    fresh: i64,
    stale: i64,
    /// When the vendor was last asked in vain.
    #[serde(skip)]
    asked: i64,
}

thread_local! {
    /// The documents that this instance keeps, the oldest first.
    static DOCUMENTS: RefCell<Vec<(String, Entry)>> = RefCell::default();
}

/// How long a response is fresh, and how long it may be used beyond that, milliseconds (RFC 9111 §5.2, RFC 5861 §4).
fn lifetimes(headers: &Headers) -> Result<(i64, i64)> {
    let control = headers.get("cache-control")?.unwrap_or_default().to_ascii_lowercase();
    let directives: Vec<&str> = control.split(',').map(str::trim).collect();
    let says = |names: &[&str]| names.iter().any(|name| directives.contains(name));
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
    let max_age = if says(&["no-store", "no-cache"]) { Some(0) } else { seconds("max-age") };
    let milliseconds = |seconds: i64| seconds.saturating_mul(1_000);
    let fresh = max_age.map_or(DEFAULT_FRESH_MS, |max_age| milliseconds(max_age.saturating_sub(age)));
    let stale = if says(&["must-revalidate", "no-store", "no-cache"]) {
        0
    } else {
        seconds("stale-if-error").map_or(MAX_STALE_MS, |seconds| milliseconds(seconds).min(MAX_STALE_MS))
    };
    Ok((fresh.clamp(MIN_FRESH_MS, MAX_FRESH_MS), stale))
}

impl Entry {
    /// Whether it was fetched, or asked for, so lately that the vendor is not asked again.
    fn is_recent(&self, now: i64) -> bool {
        now < self.asked.max(self.fetched).saturating_add(RENEWAL_MS)
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

fn kept(url: &str) -> Option<Entry> {
    DOCUMENTS.with_borrow(|documents| {
        documents.iter().find(|(known, _)| known == url).map(|(_, entry)| entry.clone())
    })
}

fn keep(url: &str, entry: Entry) {
    DOCUMENTS.with_borrow_mut(|documents| {
        documents.retain(|(known, _)| known != url);
        documents.push((url.to_owned(), entry));
        if documents.len() > KEPT {
            documents.remove(0);
        }
    });
}

fn kv_name(url: &str) -> String {
    format!("published/{url}")
}

/// What another instance left in KV, if it is newer than `known`. KV may be down: then there is nothing.
async fn from_kv(exchange: &Exchange<'_>, url: &str, known: Option<&Entry>) -> Option<Entry> {
    let stored = match with_timeout(KV_TIMEOUT, exchange.stores.value(&kv_name(url))).await {
        Ok(stored) => stored?,
        Err(error) => {
            worker::console_warn!("KV has no keys to give: {error}");
            return None;
        }
    };
    let entry: Entry = match serde_json::from_str(&stored) {
        Ok(entry) => entry,
        Err(error) => {
            worker::console_warn!("keys in KV cannot be read: {error}");
            return None;
        }
    };
    let is_newer = known.is_none_or(|known| entry.fetched > known.fetched);
    is_newer.then(|| {
        let entry = Entry { asked: known.map_or(0, |known| known.asked), ..entry };
        keep(url, entry.clone());
        entry
    })
}

/// Leaves a document in KV for other instances, behind the caller's back.
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
            worker::console_warn!("KV takes no keys: {error}");
        }
    });
}

/// Asks the vendor; `None` if it does not answer.
async fn from_vendor(exchange: &Exchange<'_>, url: &str) -> Option<Entry> {
    let request = VendorRequest {
        method: "GET",
        url: url.to_owned(),
        headers: vec![("accept", "*/*".to_owned())],
        body: String::new(),
        cache_ttl_s: 0,
    };
    let failure = match attempt(&request).await {
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
        Ok(Attempt { status, .. }) => format!("it answers {status}"),
        Err(error) => failure(&error),
    };
    worker::console_warn!("request {}: keys of {}: {failure}", exchange.request_id, host(url));
    None
}

/// A document, from the instance, from KV or from its vendor.
pub async fn document(exchange: &Exchange<'_>, url: &str, newer: bool) -> Document {
    let now = vendor_http::now().ms();
    let mut entry = kept(url);
    let is_recent = |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.is_recent(now));
    if let Some(known) = entry.as_ref().filter(|known| now < known.fresh)
        && (!newer || known.is_recent(now))
    {
        return Entry::document(Some(known), known.is_recent(now));
    }
    if let Some(found) = from_kv(exchange, url, entry.as_ref()).await {
        // If its keys are not enough either, it is asked for once more.
        if now < found.fresh {
            return Entry::document(Some(&found), found.is_recent(now));
        }
        entry = Some(found);
    }
    let usable = entry.as_ref().filter(|entry| now < entry.stale);
    if is_recent(&entry) || !may_call(now) {
        return Entry::document(usable, true);
    }
    if let Some(fetched) = from_vendor(exchange, url).await {
        if !fetched.absent {
            to_kv(exchange, url, fetched.clone());
        }
        keep(url, fetched.clone());
        return Entry::document(Some(&fetched), true);
    }
    // Or a vendor that is down would be asked at each callback.
    let asked = if usable.is_some() { now } else { now.saturating_add(DOWN_MS).saturating_sub(RENEWAL_MS) };
    let document = Entry::document(usable, true);
    keep(url, Entry { asked, ..entry.unwrap_or_default() });
    document
}
