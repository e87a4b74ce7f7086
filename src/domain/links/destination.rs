//! Destinations of links: always the listing's own scheme, host and port, regardless of the path and the query.

use crate::{
    programme::cookies::CONSENT,
    values::{string_enum::string_enum, text::escapes_are_whole},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

/// The maximum length of a link's path in bytes.
pub const MAX_PATH_BYTES: usize = 1024;

string_enum! {
    /// How the click id is passed from the link to the product.
    ClickIdTransport {
        /// As its own query parameter.
        Parameter = "parameter";
        /// Within the parameter `referrer`, whose value is itself a query. Google Play passes it to the app on its
        /// first run: <https://developer.android.com/google/play/installreferrer>
        Referrer = "referrer";
        /// As a parameter of the query inside the URL's fragment, for pages that route by it: `#/offer?sp_click=…`.
        Fragment = "fragment";
    }
}

/// The parameter whose value is itself a query.
const REFERRER: &str = "referrer";
/// All characters except the unreserved ones (RFC 3986 §2.3), to escape a value nested in a query.
pub const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A listing's URL, split once so that a redirect only concatenates strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Scheme, host and port, without a trailing slash.
    origin: String,
    path: String,
    query: String,
    /// The fragment with its `#`, or empty.
    fragment: String,
    /// Whether the fragment carries the click id.
    id_in_fragment: bool,
    /// The escaped value of the listing's own `referrer` parameter if it carries the click id. `query` then omits it.
    referrer: Option<String>,
}

/// Parses an absolute http or https URL with a host.
fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

impl Destination {
    /// Splits a listing's URL. Returns `None` if it is not an absolute http or https URL. User, password and the query
    /// parameter `click_param` are dropped, so that the shop finds exactly one click id.
    #[must_use]
    pub fn parse(url: &str, click_param: &str, transport: ClickIdTransport) -> Option<Self> {
        let url = web_url(url)?;
        let mut fragment = url.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default();
        let id_in_fragment = transport == ClickIdTransport::Fragment && !fragment.is_empty();
        if id_in_fragment {
            fragment = without_parameter(&fragment, click_param);
        }
        let mut query = String::new();
        let mut referrer = (transport == ClickIdTransport::Referrer).then(String::new);
        append_query(&mut query, true, url.query().unwrap_or_default(), click_param, referrer.as_mut());
        Some(Self {
            origin: url.origin().ascii_serialization(),
            path: url.path().to_owned(),
            query,
            fragment,
            id_in_fragment,
            referrer,
        })
    }

    /// Returns the URL for one visit: the link's own path in place of the listing's, if it has one, then the listing's query,
    /// the link's own query, the visitor's query unchanged except for `click_param` and the consent, the click id, and the listing's fragment. If
    /// `referrer` carries the click id, there is one `referrer` parameter: the listing's and the visitor's values come
    /// first in it. `own` is the link's path and query as stores keep them ([`Link::own_destination`]). If the fragment carries the click id, the id is the last parameter of the query inside it.
    ///
    /// Returns `None` if the path would leave the listing's origin, or if the query is not one. Link creation rejects such
    /// paths and queries; this second check covers those written by other versions or corrupted in a store.
    ///
    /// [`Link::own_destination`]: super::link::Link::own_destination
    #[must_use]
    pub fn url_for_visit(
        &self,
        own: Option<&str>,
        visitor_query: &str,
        param: &str,
        click_id: &str,
    ) -> Option<String> {
        let link_path;
        // The listing's own path was parsed as part of its URL and starts with a slash, so it cannot lead elsewhere.
        let (own_path, own_query) = match own.map(|own| own.split_once('?').unwrap_or((own, ""))) {
            Some(("", "")) if own != Some("?") => return None,
            Some(parts) => parts,
            None => ("", ""),
        };
        let path = if own_path.is_empty() {
            &self.path
        } else {
            link_path = self.link_path(own_path)?;
            &link_path
        };
        if !own_query.is_empty() && !query_is_safe(own_query) {
            return None;
        }
        let parts =
            [&self.origin, path, &self.query, own_query, visitor_query, param, click_id, &self.fragment];
        // Five more bytes for `?`, `&`, `&`, `&` and `=`.
        let length = parts.iter().fold(5usize, |sum, part| part.len().saturating_add(sum));
        let mut address = String::with_capacity(length);
        for part in [&self.origin, path, "?"] {
            address.push_str(part);
        }
        let query_start = address.len();
        address.push_str(&self.query);
        let mut referrer = self.referrer.clone();
        append_query(&mut address, self.query.is_empty(), own_query, param, referrer.as_mut());
        let is_first = address.len() == query_start;
        append_query(&mut address, is_first, visitor_query, param, referrer.as_mut());
        if self.id_in_fragment {
            if address.len() == query_start {
                address.pop();
            }
            let separator = if self.fragment.contains('?') { "&" } else { "?" };
            for part in [&self.fragment, separator, param, "=", click_id] {
                address.push_str(part);
            }
            return Some(address);
        }
        if address.len() > query_start {
            address.push('&');
        }
        let equals = match &referrer {
            None => "=",
            Some(referrer) => {
                let separator = if referrer.is_empty() { "" } else { "%26" };
                for part in [REFERRER, "=", referrer, separator] {
                    address.push_str(part);
                }
                "%3D"
            }
        };
        for part in [param, equals, click_id, &self.fragment] {
            address.push_str(part);
        }
        Some(address)
    }

    /// Returns a link's own path, percent-encoded where necessary for the header.
    fn link_path(&self, path: &str) -> Option<String> {
        if !path_is_safe(path) {
            return None;
        }
        let url = web_url(&[&self.origin, path].concat())?;
        (url.origin().ascii_serialization() == self.origin).then(|| url.path().to_owned())
    }
}

/// Returns a fragment without the parameter of that name in its own query.
fn without_parameter(fragment: &str, param: &str) -> String {
    let Some((route, query)) = fragment.split_once('?') else { return fragment.to_owned() };
    let kept: Vec<&str> =
        query.split('&').filter(|pair| !pair.is_empty() && !is_named(pair, param)).collect();
    if kept.is_empty() { route.to_owned() } else { [route, "?", &kept.join("&")].concat() }
}

/// Appends the pairs of `query` to `to`, except those named `click_param` and the visitor's consent. If `referrer` is given, the values of pairs
/// named `referrer` are appended to it instead. `first` states that `to` has no pair yet. Bytes are unchanged, except
/// that those not allowed in headers are percent-encoded.
fn append_query(
    to: &mut String,
    mut first: bool,
    query: &str,
    click_param: &str,
    mut referrer: Option<&mut String>,
) {
    // A `#` would make the click id part of the fragment.
    let query = query.split('#').next().unwrap_or_default();
    if query.is_empty() {
        return;
    }
    for pair in query.split('&') {
        if is_named(pair, click_param) || is_named(pair, CONSENT) {
            continue;
        }
        if let Some(referrer) = referrer.as_deref_mut()
            && is_named(pair, REFERRER)
        {
            append_referrer(referrer, pair, click_param);
            continue;
        }
        if !first {
            to.push('&');
        }
        first = false;
        if pair.bytes().all(|byte| byte.is_ascii_graphic()) {
            to.push_str(pair);
            continue;
        }
        for character in pair.chars() {
            if character.is_ascii_graphic() {
                to.push(character);
            } else {
                let mut bytes = [0; 4];
                let bytes = character.encode_utf8(&mut bytes).as_bytes();
                bytes.iter().for_each(|byte| to.push_str(percent_encoding::percent_encode_byte(*byte)));
            }
        }
    }
}

/// Appends the pairs of the query in the value of a `name=value` pair, except those named `click_param`.
fn append_referrer(to: &mut String, pair: &str, click_param: &str) {
    let value = pair.split_once('=').map_or("", |(_, value)| value).replace('+', " ");
    let value = percent_decode_str(&value).decode_utf8_lossy();
    for pair in value.split('&').filter(|pair| !pair.is_empty() && !is_named(pair, click_param)) {
        if !to.is_empty() {
            to.push_str("%26");
        }
        to.extend(utf8_percent_encode(pair, RESERVED));
    }
}

/// Returns whether the decoded name of a `name=value` pair is `param`, with `+` decoded as a space.
fn is_named(pair: &str, param: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    if !name.contains(['%', '+']) {
        return name == param;
    }
    percent_decode_str(&name.replace('+', " ")).eq(param.bytes())
}

/// Returns whether a link may have this path. It must start with one slash and contain nothing that could lead a
/// browser or a server elsewhere: no dot segments (literal or as `%2e`), backslashes, encoded slashes, control
/// characters, spaces, query, fragment or invalid percent escapes. Its maximum length is [`MAX_PATH_BYTES`].
#[must_use]
pub fn path_is_safe(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    if path.len() > MAX_PATH_BYTES || rest.starts_with('/') {
        return false;
    }
    let is_forbidden = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '\\' | '?' | '#');
    !path.contains(is_forbidden) && rest.split('/').all(segment_is_safe)
}

/// The maximum length of a link's query in bytes.
pub const MAX_QUERY_BYTES: usize = 1024;

/// Returns whether a link may have this query: without its `?`, in the characters of a query, and without invalid percent
/// escapes. Its maximum length is [`MAX_QUERY_BYTES`].
#[must_use]
pub fn query_is_safe(query: &str) -> bool {
    // The characters of a query (RFC 3986 §3.4).
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/?%".contains(&byte);
    (1..=MAX_QUERY_BYTES).contains(&query.len())
        && !query.starts_with('?')
        && query.bytes().all(is_allowed)
        && escapes_are_whole(query)
}

/// Returns whether a query has a parameter of this name.
#[must_use]
pub fn has_parameter(query: &str, name: &str) -> bool {
    query.split('&').any(|pair| is_named(pair, name))
}

fn segment_is_safe(segment: &str) -> bool {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digits = (bytes.next().and_then(hex), bytes.next().and_then(hex));
        let (Some(high), Some(low)) = digits else { return false };
        let escaped = (high << 4) | low;
        if escaped.is_ascii_control() || matches!(escaped, b'/' | b'\\') {
            return false;
        }
        decoded.push(escaped);
    }
    !matches!(decoded.as_slice(), b"." | b"..")
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
