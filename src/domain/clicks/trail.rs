//! The visitor's trail: the click ids that the cookies `sp` and `sp_x` carry from visit to visit.
//!
//! Both cookies have the same value: the latest click ids joined by `.`, newest last. Browsers keep `sp` (SameSite=Lax)
//! longest; `sp_x` (SameSite=None) is also sent with a redirect inside another site's frame.

use crate::{
    clicks::click::{CLICK_ID_LENGTH, ClickId},
    links::keyring::KeyRing,
};

/// The maximum number of click ids in a cookie.
pub const TRAIL_LENGTH: usize = 8;
/// The names of the two cookies.
pub const COOKIE_NAMES: [&str; 2] = ["sp", "sp_x"];

/// Earlier click ids of a visitor, oldest first, all of them verified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trail<'a>(Vec<&'a str>);

impl<'a> Trail<'a> {
    /// Parses a `Cookie` header. Of all cookies with the two names it takes the longest (the first of equals), and of
    /// that one the newest [`TRAIL_LENGTH`] ids, without those that do not verify. The limit bounds the work to eight
    /// verifications, however long the header is.
    #[must_use]
    pub fn parse(cookies: &'a str, ring: &KeyRing) -> Self {
        let mut longest: &str = "";
        for cookie in cookies.split(';') {
            let Some((name, value)) = cookie.trim_start().split_once('=') else { continue };
            if COOKIE_NAMES.contains(&name) && value.len() > longest.len() {
                longest = value;
            }
        }
        let mut ids: Vec<&str> = longest
            .rsplit('.')
            .take(TRAIL_LENGTH)
            .filter(|id| id.len() == CLICK_ID_LENGTH && ClickId::verify(id, ring).is_some())
            .collect();
        ids.reverse();
        Self(ids)
    }

    /// Returns the ids joined by `.`.
    #[must_use]
    pub fn joined(&self) -> String {
        self.0.join(".")
    }

    /// Returns the next value of the cookies: this trail (`joined`) with `click_id` appended, and without its oldest id
    /// if it was full.
    #[must_use]
    pub fn with_click(&self, joined: &str, click_id: &str) -> String {
        let kept = match joined.split_once('.') {
            Some((_, rest)) if self.0.len() >= TRAIL_LENGTH => rest,
            Some(_) | None => joined,
        };
        let mut value = String::with_capacity(TRAIL_LENGTH.saturating_mul(CLICK_ID_LENGTH.saturating_add(1)));
        if !kept.is_empty() {
            value.push_str(kept);
            value.push('.');
        }
        value.push_str(click_id);
        value
    }
}
