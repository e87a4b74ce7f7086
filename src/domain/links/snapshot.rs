//! The snapshot: all that a redirect must know of the programme, small enough to stay in every isolate's memory.
//!
//! The Ledger writes it (KV key `snapshot`), isolates read it. JSON:
//!
//! ```text
//! {"version": 7, "click_param": "sp_click", "landing_url": "https://…" | null, "max_link_no": 1200,
//!  "listings": {"1": "https://…"}, "carry": {"1": "referrer"}, "blocked": [[3, 3], [40, 55]]}
//! ```
//! `carry` says what brings the click id, where that is no query parameter of its own; an isolate that does not know the
//! word, or of `carry`, adds the parameter.
//! `blocked` holds sorted, inclusive ranges of the numbers of links that are revoked or whose partner is paused or
//! terminated.

use crate::links::destination::{Carry, Destination};
use json::FromJson;
use std::{cmp::Ordering, collections::HashMap};
use url::Url;

/// The text form. It is read outside, because what reads JSON is compiled for size, and this crate for speed.
#[derive(Debug, FromJson)]
pub struct Text {
    version: u64,
    click_param: String,
    landing_url: Option<String>,
    max_link_no: u32,
    listings: HashMap<u16, String>,
    // Snapshots of earlier versions do not say.
    #[serde(default)]
    carry: HashMap<u16, String>,
    blocked: Vec<(u32, u32)>,
}

/// A snapshot, ready for use.
#[derive(Debug)]
pub struct Snapshot {
    version: u64,
    click_param: String,
    landing_url: Option<String>,
    max_link_no: u32,
    listings: HashMap<u16, Destination>,
    blocked: Vec<(u32, u32)>,
}

impl Snapshot {
    /// The snapshot of a text. A listing whose URL leads nowhere is left out, so that it breaks its own links alone.
    #[must_use]
    #[inline]
    pub fn new(text: Text) -> Self {
        let listings = text
            .listings
            .iter()
            .filter_map(|(number, url)| {
                let carry = text.carry.get(number).and_then(|word| Carry::parse(word));
                let carry = carry.unwrap_or(Carry::Parameter);
                Some((*number, Destination::parse(url, &text.click_param, carry)?))
            })
            .collect();
        let landing_url = text.landing_url.and_then(|url| Url::parse(&url).ok()).map(String::from);
        Self {
            version: text.version,
            click_param: text.click_param,
            landing_url,
            max_link_no: text.max_link_no,
            listings,
            blocked: text.blocked,
        }
    }

    /// Grows with every change.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The query parameter that carries the click id.
    #[must_use]
    pub fn click_param(&self) -> &str {
        &self.click_param
    }

    /// Where visitors go whose link leads nowhere.
    #[must_use]
    pub fn landing_url(&self) -> Option<&str> {
        self.landing_url.as_deref()
    }

    /// Where the links of a listing lead, if both numbers had been given out when the snapshot was made.
    #[must_use]
    pub fn destination(&self, link_no: u32, listing_no: u16) -> Option<&Destination> {
        if link_no == 0 || link_no > self.max_link_no {
            return None;
        }
        self.listings.get(&listing_no)
    }

    /// Whether the link is revoked, or its partner paused or terminated.
    #[must_use]
    pub fn is_blocked(&self, link_no: u32) -> bool {
        let place = |&(first, last): &(u32, u32)| {
            if last < link_no {
                Ordering::Less
            } else if first > link_no {
                Ordering::Greater
            } else {
                Ordering::Equal
            }
        };
        self.blocked.binary_search_by(place).is_ok()
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
        Snapshot::new(json::read(&text).unwrap())
    }

    #[test]
    fn ranges_are_inclusive() {
        let snapshot = snapshot("[[2,2],[4,6],[9,4294967295]]");
        let blocked: Vec<u32> = (0..=10).filter(|n| snapshot.is_blocked(*n)).collect();
        assert_eq!(blocked, [2, 4, 5, 6, 9, 10]);
        assert!(snapshot.is_blocked(u32::MAX));
    }

    #[test]
    fn numbers_not_given_out_lead_nowhere() {
        let snapshot = snapshot("[]");
        assert!(snapshot.destination(9, 1).is_some());
        for (link, listing) in [(0, 1), (10, 1), (1, 2), (1, 3)] {
            assert!(snapshot.destination(link, listing).is_none(), "{link} {listing}");
        }
        assert_eq!(snapshot.landing_url(), Some("https://shop.example/"));
    }

    #[test]
    fn another_form_is_refused() {
        for (text, said) in [
            ("", "EOF while parsing a value at line 1 column 0"),
            ("{}", "missing field `version`"),
            ("null", "invalid type: null, expected a JSON object"),
            (r#"{"version":-1}"#, "invalid value: integer `-1`, expected u64"),
        ] {
            assert_eq!(json::read::<Text>(text).unwrap_err().to_string(), said, "{text}");
        }
    }
}
