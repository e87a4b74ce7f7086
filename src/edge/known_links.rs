//! The state of a wasm instance for redirects: the keys, the newest snapshot, and caches of slugs and of unknown link
//! numbers.

use super::{
    expiring_cache::{ExpiringCache, LINKS},
    random::CryptoEntropy,
    rate_limiter::RateLimiter,
    refusal::thrown,
    whole,
};
use crate::domain::{
    clicks::visitor::VisitorSecret,
    links::{
        engine::RedirectEngine,
        keyring::KeyRing,
        line::RedirectLine,
        redirect::{LinkPath, RedirectDecision},
        snapshot::Snapshot,
    },
};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

/// A snapshot older than this is fetched again in the background. With KV's own minute, changes spread in 2 minutes.
const REFRESH_MS: f64 = 15_000.0;
/// How long it is cached where a slug leads.
const SLUG_MS: f64 = 60_000.0;
/// How long it is cached where the slug of a changed link leads, and that a slug or a link number is unknown.
const NEGATIVE_MS: f64 = 5_000.0;
/// The maximum rate at which slugs that KV lacks are looked up in the Ledger, so that random names cannot overload it.
const LEDGER_SLUGS_PER_SECOND: u32 = 20;

/// The minimum interval at which the snapshot is fetched from the Ledger for ids of listings that it lacks, so that
/// invented ids cannot overload the Ledger.
pub const LISTING_IDS_MS: i64 = 1_000;

/// The snapshot in use until the first one arrives.
const EMPTY_SNAPSHOT: &str =
    r#"{"version":0,"click_param":"sp_click","landing_url":null,"max_link_no":0,"listings":{},"blocked":[]}"#;

/// The result of looking a slug up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slug {
    /// The link's token.
    Token(String),
    /// No link has this slug.
    Nobody,
}

/// What an instance knows about the id of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListingKnowledge {
    /// The listing exists.
    Known,
    /// The listing did not exist within the last [`LISTING_IDS_MS`].
    Unknown,
    /// The snapshot may be too old to tell, and another request is fetching it.
    Refreshing,
    /// The snapshot may be too old to tell, and the caller must fetch it.
    Refresh,
}

/// The state of an instance for redirects. Times are Unix milliseconds.
pub struct KnownLinks {
    engine: Option<(RedirectEngine, CryptoEntropy)>,
    /// A snapshot that arrived before the keys.
    pending_snapshot: Option<Snapshot>,
    /// Whether a store has responded with a snapshot.
    is_loaded: bool,
    /// When the snapshot was last requested.
    snapshot_requested_at: f64,
    /// When the newest snapshot of the Ledger that has arrived was requested for the ids of its listings.
    listing_ids_refreshed_at: Option<i64>,
    /// When such a snapshot was last requested, whether or not it has arrived.
    listing_ids_requested_at: i64,
    /// With KV's own minute, a slug that was moved leads to its new link within 2 minutes.
    slugs: ExpiringCache<String, Slug, LINKS>,
    /// Link numbers that no store knows.
    unknown_links: ExpiringCache<u32, (), LINKS>,
    ledger_slugs: RateLimiter,
}

thread_local! {
    /// The state of this instance.
    pub static KNOWN: RefCell<KnownLinks> = RefCell::new(KnownLinks {
        engine: None,
        pending_snapshot: None,
        is_loaded: false,
        listing_ids_refreshed_at: None,
        listing_ids_requested_at: i64::MIN,
        snapshot_requested_at: 0.0,
        slugs: ExpiringCache::default(),
        unknown_links: ExpiringCache::default(),
        ledger_slugs: RateLimiter::per_second(LEDGER_SLUGS_PER_SECOND),
    });
}

impl KnownLinks {
    /// Returns whether no snapshot has arrived yet, so that no redirect can be answered.
    pub fn is_empty(&self) -> bool {
        !self.is_loaded
    }

    /// Returns the snapshot in use, if there is one.
    fn snapshot(&self) -> Option<&Snapshot> {
        let engine = self.engine.as_ref().map(|(engine, _)| engine.snapshot());
        engine.or(self.pending_snapshot.as_ref()).filter(|_| self.is_loaded)
    }

    /// Starts to use a snapshot, unless the one in use is as new. Returns whether it is used.
    pub fn adopt(&mut self, snapshot: Snapshot) -> bool {
        if self.snapshot().is_some_and(|known| !snapshot.replaces(known)) {
            return false;
        }
        self.is_loaded = true;
        match &mut self.engine {
            Some((engine, _)) => engine.set_snapshot(snapshot),
            None => self.pending_snapshot = Some(snapshot),
        }
        true
    }

    /// Returns whether the snapshot in use contains a listing.
    pub fn has_listing(&self, id: &str) -> bool {
        self.snapshot().is_some_and(|snapshot| snapshot.has_listing(id))
    }

    /// Returns what to do about a callback of a listing at `now`. If it returns [`ListingKnowledge::Refresh`], the caller
    /// must fetch the snapshot and then call [`KnownLinks::listing_ids_arrived`] with the same time.
    pub fn listing(&mut self, id: &str, now: i64) -> ListingKnowledge {
        if self.has_listing(id) {
            return ListingKnowledge::Known;
        }
        let is_recent = |at: i64| now.saturating_sub(at) < LISTING_IDS_MS;
        if self.listing_ids_refreshed_at.is_some_and(is_recent) {
            return ListingKnowledge::Unknown;
        }
        if is_recent(self.listing_ids_requested_at) {
            return ListingKnowledge::Refreshing;
        }
        self.listing_ids_requested_at = now;
        ListingKnowledge::Refresh
    }

    /// Records that the snapshot that was requested at `requested_at` has arrived from the Ledger.
    pub fn listing_ids_arrived(&mut self, requested_at: i64) {
        self.listing_ids_refreshed_at = self.listing_ids_refreshed_at.max(Some(requested_at));
    }

    /// Decides a redirect; see [`RedirectEngine::handle`].
    pub fn decide(
        &mut self,
        line: &RedirectLine<'_>,
        path: LinkPath<'_>,
        is_newest: bool,
    ) -> Result<RedirectDecision, JsValue> {
        match &mut self.engine {
            Some((engine, entropy)) => Ok(engine.handle(line, path, is_newest, entropy)),
            None => Err(thrown("the instance has not been seeded")),
        }
    }

    /// Records that the snapshot was requested.
    pub fn snapshot_requested(&mut self, now: f64) {
        self.snapshot_requested_at = now;
    }

    /// Returns whether the snapshot must be refreshed. Returns true to one caller only, which must refresh it.
    pub fn is_refresh_due(&mut self, now: f64) -> bool {
        let due = now - self.snapshot_requested_at >= REFRESH_MS;
        if due {
            self.snapshot_requested(now);
        }
        due
    }

    /// Returns the cached result for a slug.
    pub fn slug(&self, slug: &str, now: f64) -> Option<Slug> {
        self.slugs.get(slug, whole(now)).cloned()
    }

    /// Returns where a slug led when a store last said so, for when no store responds.
    pub fn stale_slug(&self, slug: &str) -> Option<Slug> {
        self.slugs.stale(slug).cloned()
    }

    /// Caches the stores' result for a slug.
    pub fn cache_slug(&mut self, slug: &str, result: &Slug, now: f64) {
        let is_revised =
            |token: &str| self.engine.as_ref().is_some_and(|(engine, _)| engine.is_revised(token));
        let lasts_ms = match result {
            // The slug of a link that was changed may just have been moved.
            Slug::Token(token) if !is_revised(token) => SLUG_MS,
            Slug::Token(_) | Slug::Nobody => NEGATIVE_MS,
        };
        self.slugs.insert(slug.to_owned(), result.clone(), whole(now + lasts_ms));
    }

    /// Returns whether the rate limit allows one more lookup of a slug in the Ledger.
    pub fn allows_ledger_lookup(&mut self, now: f64) -> bool {
        self.ledger_slugs.allows(whole(now))
    }

    /// Returns whether it is cached that no store knows a link.
    pub fn is_unknown_link(&self, link_no: u32, now: f64) -> bool {
        self.unknown_links.get(&link_no, whole(now)).is_some()
    }

    /// Caches that no store knows a link.
    pub fn cache_unknown_link(&mut self, link_no: u32, now: f64) {
        self.unknown_links.insert(link_no, (), whole(now + NEGATIVE_MS));
    }

    /// Clears the caches after a change of the programme, because their entries may be outdated.
    pub fn clear_caches(&mut self) {
        self.slugs.clear();
        self.unknown_links.clear();
    }
}

/// Sets the keys of the instance.
#[wasm_bindgen]
pub fn seed(signing_keys: &str, data_key: &str) -> Result<(), JsValue> {
    let ring = KeyRing::parse(signing_keys).map_err(|error| thrown(format!("SIGNING_KEYS: {error}")))?;
    let visitors = VisitorSecret::parse(data_key).map_err(thrown)?;
    let empty = Snapshot::new(strict_json::from_str(EMPTY_SNAPSHOT).map_err(thrown)?);
    KNOWN.with_borrow_mut(|known| {
        let snapshot = known.pending_snapshot.take().unwrap_or(empty);
        known.engine = Some((RedirectEngine::new(ring, visitors, snapshot), CryptoEntropy::default()));
    });
    Ok(())
}

/// Passes the instance the snapshot that an earlier instance received.
#[wasm_bindgen]
pub fn adopt_snapshot(text: &str) -> Result<(), JsValue> {
    let snapshot = Snapshot::new(strict_json::from_str(text).map_err(thrown)?);
    KNOWN.with_borrow_mut(|known| known.adopt(snapshot));
    Ok(())
}
