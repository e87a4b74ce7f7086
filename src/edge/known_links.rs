//! What a wasm instance knows for redirects: the keys, the newest snapshot, and what it has learnt of slugs and of numbers that
//! nobody knows.

use super::{
    expiring_cache::{ExpiringCache, LINKS},
    random::CryptoEntropy,
    rate_limiter::RateLimiter,
    refusal::thrown,
    whole,
};
use crate::domain::{
    clicks::visitor::VisitorSecret,
    links::{engine::RedirectEngine, keyring::KeyRing, snapshot::Snapshot},
};
use std::cell::RefCell;
use wasm_bindgen::prelude::*;

/// A snapshot older than this is fetched again in the background. With KV's own minute, changes spread in 2 minutes.
const REFRESH_MS: f64 = 15_000.0;
/// "Not known" is believed for so long.
const NEGATIVE_MS: f64 = 5_000.0;
/// Slugs unknown to KV that the Ledger is asked for per second: whoever tries names at random must not keep it busy.
const LEDGER_SLUGS_PER_SECOND: u32 = 20;

/// A snapshot of nothing, until the first one is known.
const NOTHING: &str =
    r#"{"version":0,"click_param":"sp_click","landing_url":null,"max_link_no":0,"listings":{},"blocked":[]}"#;

/// What is known of a slug.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slug {
    /// The link's token.
    Token(String),
    /// No link has this slug.
    Nobody,
}

/// What an instance knows. Times are Unix milliseconds.
pub struct KnownLinks {
    engine: Option<(RedirectEngine, CryptoEntropy)>,
    /// A snapshot that came before the keys.
    early: Option<Snapshot>,
    /// The version of the snapshot in use; `None` until a store has answered.
    version: Option<u64>,
    /// When the snapshot was last asked for.
    asked_at: f64,
    /// A slug never changes its link, so what is known of one holds until the time beside it.
    slugs: ExpiringCache<String, Slug, LINKS>,
    /// Link numbers that nobody knows, and until when that is believed.
    unknown_links: ExpiringCache<u32, (), LINKS>,
    ledger_slugs: RateLimiter,
}

thread_local! {
    /// What this instance knows.
    pub static KNOWN: RefCell<KnownLinks> = RefCell::new(KnownLinks {
        engine: None,
        early: None,
        version: None,
        asked_at: 0.0,
        slugs: ExpiringCache::default(),
        unknown_links: ExpiringCache::default(),
        ledger_slugs: RateLimiter::per_second(LEDGER_SLUGS_PER_SECOND),
    });
}

impl KnownLinks {
    /// Whether no store has told a snapshot yet, so that nothing can be answered.
    pub fn is_empty(&self) -> bool {
        self.version.is_none()
    }

    /// Takes a snapshot into use; false if it is not newer than the one in use.
    pub fn adopt(&mut self, snapshot: Snapshot) -> bool {
        if self.version.is_some_and(|known| snapshot.version() <= known) {
            return false;
        }
        self.version = Some(snapshot.version());
        match &mut self.engine {
            Some((engine, _)) => engine.set_snapshot(snapshot),
            None => self.early = Some(snapshot),
        }
        true
    }

    /// Passes a line to the engine.
    pub fn ask(&mut self, line: &str) -> Result<String, JsValue> {
        match &mut self.engine {
            Some((engine, entropy)) => engine.handle(line, entropy).map_err(thrown),
            None => Err(thrown("the instance has not been seeded")),
        }
    }

    /// Notes that the snapshot is being asked for.
    pub fn snapshot_requested(&mut self, now: f64) {
        self.asked_at = now;
    }

    /// Whether the snapshot has become old. Only the first caller to learn so refreshes it.
    pub fn is_refresh_due(&mut self, now: f64) -> bool {
        let due = now - self.asked_at >= REFRESH_MS;
        if due {
            self.snapshot_requested(now);
        }
        due
    }

    /// What is known of a slug without asking a store.
    pub fn slug(&self, slug: &str, now: f64) -> Option<Slug> {
        self.slugs.get(slug, whole(now)).cloned()
    }

    /// Keeps what the stores say of a slug.
    pub fn keep_slug(&mut self, slug: &str, known: &Slug, now: f64) {
        let until = if *known == Slug::Nobody { whole(now + NEGATIVE_MS) } else { i64::MAX };
        self.slugs.insert(slug.to_owned(), known.clone(), until);
    }

    /// Whether the Ledger may be asked for one more slug.
    pub fn may_ask_ledger(&mut self, now: f64) -> bool {
        self.ledger_slugs.allows(whole(now))
    }

    /// Whether the stores were asked for a link a moment ago, and did not know it.
    pub fn is_unknown_link(&self, link_no: u32, now: f64) -> bool {
        self.unknown_links.get(&link_no, whole(now)).is_some()
    }

    /// Notes that no store knows a link.
    pub fn keep_unknown_link(&mut self, link_no: u32, now: f64) {
        self.unknown_links.insert(link_no, (), whole(now + NEGATIVE_MS));
    }

    /// Forgets what a change of the programme may have made wrong.
    pub fn forget(&mut self) {
        self.slugs.clear();
        self.unknown_links.clear();
    }
}

/// Gives the instance its keys.
#[wasm_bindgen]
pub fn seed(signing_keys: &str, data_key: &str) -> Result<(), JsValue> {
    let ring = KeyRing::parse(signing_keys).map_err(|error| thrown(format!("SIGNING_KEYS: {error}")))?;
    let visitors = VisitorSecret::parse(data_key).map_err(thrown)?;
    let nothing = Snapshot::new(strict_json::from_str(NOTHING).map_err(thrown)?);
    KNOWN.with_borrow_mut(|known| {
        let snapshot = known.early.take().unwrap_or(nothing);
        known.engine = Some((RedirectEngine::new(ring, visitors, snapshot), CryptoEntropy::default()));
    });
    Ok(())
}

/// Gives the instance the snapshot that an earlier one had found.
#[wasm_bindgen]
pub fn adopt_snapshot(text: &str) -> Result<(), JsValue> {
    let snapshot = Snapshot::new(strict_json::from_str(text).map_err(thrown)?);
    KNOWN.with_borrow_mut(|known| known.adopt(snapshot));
    Ok(())
}
