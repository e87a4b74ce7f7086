//! The snapshot: everything a redirect needs to know about the programme, small enough to keep in every isolate's
//! memory.
//!
//! The Ledger writes it to KV (key `snapshot`) and isolates read it. It is JSON:
//!
//! ```text
//! {"version": 7, "click_param": "sp_click", "landing_url": "https://…" | null, "cookies": "consent_regions",
//!  "max_link_no": 1200, "listings": {"1": "https://…"}, "carry": {"1": "referrer"}, "blocked": [[3, 3], [40, 55]],
//!  "listing_ids": ["lst_…"], "revised": [[17, 2, 1796083200]]}
//! ```
//! `carry` lists the listings whose click id is not passed in its own query parameter. An isolate that does not know
//! `carry` or one of its values adds the query parameter instead.
//! `blocked` holds sorted, inclusive ranges of link numbers that are revoked or whose partner is paused or terminated.
//! `listing_ids` lists all listings, so that callbacks with invented ids are refused without a look-up.
//! `revised` lists links that were changed after their creation, sorted: the number, how often it was changed, and when it
//! expires in Unix seconds (0 = never). Their own path and query are under the KV key `path/<number>/<revision>`. An isolate
//! that does not know `revised` sends visitors where the links led before.

use crate::{
    links::destination::{ClickIdTransport, Destination},
    programme::cookies::CookiePolicy,
};
use serde::Deserialize;
use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
};
use url::Url;

/// The JSON form.
#[derive(Debug, Deserialize)]
pub struct SnapshotJson {
    version: u64,
    click_param: String,
    landing_url: Option<String>,
    // Snapshots written by earlier versions do not have this field.
    #[serde(default)]
    cookies: CookiePolicy,
    max_link_no: u32,
    listings: HashMap<u16, String>,
    // Snapshots written by earlier versions do not have this field.
    #[serde(default)]
    carry: HashMap<u16, String>,
    blocked: Vec<(u32, u32)>,
    // Snapshots written by earlier versions do not have this field.
    #[serde(default)]
    listing_ids: Option<HashSet<String>>,
    // Snapshots written by earlier versions do not have this field.
    #[serde(default)]
    revised: Vec<(u32, u32, u32)>,
}

/// The state of a link that was changed after its creation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revision {
    /// How often its destination or expiry was changed.
    pub number: u32,
    /// Unix seconds from which it no longer leads to the listing; absent means never.
    pub expires_s: Option<u32>,
}

/// A parsed snapshot.
#[derive(Debug)]
pub struct Snapshot {
    version: u64,
    click_param: String,
    landing_url: Option<String>,
    cookies: CookiePolicy,
    max_link_no: u32,
    listings: HashMap<u16, Destination>,
    blocked: Vec<(u32, u32)>,
    listing_ids: Option<HashSet<String>>,
    revised: Vec<(u32, u32, u32)>,
}

impl Snapshot {
    /// Builds a snapshot from its JSON form. A listing whose URL is invalid is left out, so that only its own links
    /// break.
    #[must_use]
    pub fn new(json: SnapshotJson) -> Self {
        let listings = json
            .listings
            .iter()
            .filter_map(|(number, url)| {
                let transport = json.carry.get(number).and_then(|word| ClickIdTransport::parse(word));
                let transport = transport.unwrap_or(ClickIdTransport::Parameter);
                Some((*number, Destination::parse(url, &json.click_param, transport)?))
            })
            .collect();
        let landing_url = json.landing_url.and_then(|url| Url::parse(&url).ok()).map(String::from);
        Self {
            version: json.version,
            click_param: json.click_param,
            landing_url,
            cookies: json.cookies,
            max_link_no: json.max_link_no,
            listings,
            blocked: json.blocked,
            listing_ids: json.listing_ids,
            revised: json.revised,
        }
    }

    /// Returns the version, which increases with every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Returns the name of the query parameter that carries the click id.
    #[must_use]
    pub fn click_param(&self) -> &str {
        &self.click_param
    }

    /// Returns the URL for visitors whose link does not lead to a listing.
    #[must_use]
    pub fn landing_url(&self) -> Option<&str> {
        self.landing_url.as_deref()
    }

    /// Returns which visitors get a cookie.
    #[must_use]
    pub fn cookies(&self) -> CookiePolicy {
        self.cookies
    }

    /// Returns the destination of a listing, or `None` if the link or listing number had not been assigned when the
    /// snapshot was written.
    #[must_use]
    pub fn destination(&self, link_no: u32, listing_no: u16) -> Option<&Destination> {
        if link_no == 0 || link_no > self.max_link_no {
            return None;
        }
        self.listings.get(&listing_no)
    }

    /// Returns whether the snapshot lists the ids of listings. Those written by earlier versions do not.
    #[must_use]
    pub fn has_listing_ids(&self) -> bool {
        self.listing_ids.is_some()
    }

    /// Returns whether a listing with this id existed when the snapshot was written, as far as the snapshot tells.
    #[must_use]
    pub fn has_listing(&self, id: &str) -> bool {
        self.listing_ids.as_ref().is_some_and(|ids| ids.contains(id))
    }

    /// Returns whether this snapshot replaces another one: it is newer, or of the same version with the ids of listings
    /// that the other one lacks.
    #[must_use]
    pub fn replaces(&self, other: &Self) -> bool {
        match self.version.cmp(&other.version) {
            Ordering::Greater => true,
            Ordering::Equal => self.has_listing_ids() && !other.has_listing_ids(),
            Ordering::Less => false,
        }
    }

    /// Returns the state of a link that was changed after its creation.
    #[must_use]
    pub fn revision(&self, link_no: u32) -> Option<Revision> {
        let place = self.revised.binary_search_by_key(&link_no, |(no, ..)| *no).ok()?;
        let (_, number, expires_s) = *self.revised.get(place)?;
        Some(Revision { number, expires_s: Some(expires_s).filter(|seconds| *seconds != 0) })
    }

    /// Returns whether the link is revoked, or its partner is paused or terminated.
    #[must_use]
    pub fn is_blocked(&self, link_no: u32) -> bool {
        let compare = |&(first, last): &(u32, u32)| {
            if last < link_no {
                Ordering::Less
            } else if first > link_no {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        };
        self.blocked.binary_search_by(compare).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(blocked: &str) -> Snapshot {
        let text = format!(
            r#"{{"version":3,"click_param":"sp_click","landing_url":"https://shop.example","max_link_no":9,
                "listings":{{"1":"https://shop.example/a","2":"no url"}},"blocked":{blocked}}}"#
        );
        Snapshot::new(strict_json::from_str(&text).unwrap())
    }

    #[test]
    fn ranges_are_inclusive() {
        let snapshot = snapshot("[[2,2],[4,6],[9,4294967295]]");
        let blocked: Vec<u32> = (0..=10).filter(|n| snapshot.is_blocked(*n)).collect();
        assert_eq!(blocked, [2, 4, 5, 6, 9, 10]);
        assert!(snapshot.is_blocked(u32::MAX));
    }

    #[test]
    fn unassigned_numbers_have_no_destination() {
        let snapshot = snapshot("[]");
        assert!(snapshot.destination(9, 1).is_some());
        for (link, listing) in [(0, 1), (10, 1), (1, 2), (1, 3)] {
            assert!(snapshot.destination(link, listing).is_none(), "{link} {listing}");
        }
        assert_eq!(snapshot.landing_url(), Some("https://shop.example/"));
    }

    #[test]
    fn only_snapshots_with_ids_know_listings() {
        let of = |version: u64, ids: &str| {
            let text = format!(
                r#"{{"version":{version},"click_param":"c","landing_url":null,"max_link_no":0,"listings":{{}},
                    "blocked":[]{ids}}}"#
            );
            Snapshot::new(strict_json::from_str(&text).unwrap())
        };
        let (old, current) = (of(3, ""), of(3, r#","listing_ids":["lst_a","lst_b"]"#));
        assert_eq!((old.has_listing_ids(), old.has_listing("lst_a")), (false, false));
        assert!(current.has_listing_ids());
        assert_eq!(["lst_a", "lst_b", "lst_c"].map(|id| current.has_listing(id)), [true, true, false]);
        assert_eq!((current.replaces(&old), old.replaces(&current)), (true, false));
        assert_eq!((current.replaces(&current), old.replaces(&old)), (false, false));
        assert_eq!((of(4, "").replaces(&current), current.replaces(&of(4, ""))), (true, false));
    }

    #[test]
    fn malformed_snapshots_are_rejected() {
        for (text, said) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{}", "missing field `version`"),
            ("null", "invalid type: null, expected a JSON object"),
            (r#"{"version":-1}"#, "invalid value: integer `-1`, expected u64"),
        ] {
            assert_eq!(strict_json::from_str::<SnapshotJson>(text).unwrap_err().to_string(), said, "{text}");
        }
    }
}
