//! The text in which JavaScript passes a redirect request to WebAssembly. Each crossing of that boundary costs more than
//! the decision itself, so the whole request crosses as one text.
//!
//! It has nine fields joined by line feeds. No header and no URL can contain a line feed, and the last field takes the
//! rest of the text:
//!
//! ```text
//! 0 now, Unix milliseconds            4 address of the visitor, or empty
//! 1 flags: h HEAD, g Sec-GPC: 1,      5 Sec-Purpose, Purpose, X-Moz and X-Purpose, in any order
//!   s field 2 is a slug,              6 user agent
//!   e not a navigation (Sec-Fetch-…)
//! 2 link token or slug                7 Cookie header
//! 3 country, or empty                 8 query without ?
//! ```

use crate::values::time::Timestamp;

/// A text that does not have the documented form.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed redirect request")]
pub struct MalformedLine;

/// A redirect request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedirectLine<'a> {
    /// The current time.
    pub now: Timestamp,
    /// Whether the method is HEAD.
    pub is_head: bool,
    /// Whether the request has `Sec-GPC: 1`.
    pub has_gpc: bool,
    /// Whether the browser says that it does not navigate to the link but loads it as part of a page.
    pub is_embedded: bool,
    /// Whether `token` is a slug.
    pub is_slug: bool,
    /// The link token or the slug.
    pub token: &'a str,
    /// The visitor's country, or an empty string.
    pub country: &'a str,
    /// The visitor's address, or an empty string.
    pub ip: &'a str,
    /// The headers that announce a prefetch, concatenated.
    pub purpose: &'a str,
    /// The `User-Agent` header, or an empty string.
    pub user_agent: &'a str,
    /// The `Cookie` header, or an empty string.
    pub cookies: &'a str,
    /// The raw query without its `?`.
    pub query: &'a str,
}

impl<'a> RedirectLine<'a> {
    /// Parses the text.
    pub fn parse(text: &'a str) -> Result<Self, MalformedLine> {
        let mut fields = text.splitn(9, '\n');
        let mut field = || fields.next().ok_or(MalformedLine);
        let now = field()?.parse().ok().and_then(Timestamp::from_ms).ok_or(MalformedLine)?;
        let flags = field()?;
        Ok(Self {
            now,
            is_head: flags.contains('h'),
            has_gpc: flags.contains('g'),
            is_embedded: flags.contains('e'),
            is_slug: flags.contains('s'),
            token: field()?,
            country: field()?,
            ip: field()?,
            purpose: field()?,
            user_agent: field()?,
            cookies: field()?,
            query: field()?,
        })
    }
}
