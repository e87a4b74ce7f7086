//! What an isolate remembers of its stores and vendors: values that expire, in a map that cannot grow without limit. This file
//! names nothing of the platform, so that native tests can include it.

use std::{borrow::Borrow, collections::HashMap, hash::Hash};

/// Answers about listings, by their id or app. They hold the listings' secrets.
pub const LISTINGS: usize = 1_000;
/// Hashes of the keys that a store has accepted.
pub const ACCEPTED_KEYS: usize = 1_000;
/// Origins of pages that the Ledger has let read a response.
pub const ORIGINS: usize = 1_000;
/// Slugs, and numbers of links that nobody knows.
pub const LINKS: usize = 5_000;
/// Reusable responses of vendors: tokens for their APIs, one for each listing.
pub const VENDOR_RESPONSES: usize = 100;

/// A map of at most `MOST` values, each with the time until which it holds, Unix milliseconds.
///
/// A full map is emptied. Anybody can fill one with made-up names, and then the order of eviction does not matter: every
/// value can be fetched again.
pub struct ExpiringCache<K, V, const MOST: usize> {
    entries: HashMap<K, (V, i64)>,
}

impl<K, V, const MOST: usize> Default for ExpiringCache<K, V, MOST> {
    fn default() -> Self {
        Self { entries: HashMap::new() }
    }
}

impl<K: Hash + Eq, V, const MOST: usize> ExpiringCache<K, V, MOST> {
    /// The value of a key, unless it has expired.
    pub fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q, now: i64) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key).filter(|(_, until)| now < *until).map(|(value, _)| value)
    }

    /// The value of a key, even if it has expired.
    pub fn stale<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.entries.get(key).map(|(value, _)| value)
    }

    /// Keeps a value until a time.
    pub fn insert(&mut self, key: K, value: V, until: i64) {
        if self.entries.len() >= MOST && !self.entries.contains_key(&key) {
            self.entries.clear();
        }
        self.entries.insert(key, (value, until));
    }

    /// Forgets a value and returns it, whether or not it has expired.
    pub fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.entries.remove(key).map(|(value, _)| value)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
    }
}
