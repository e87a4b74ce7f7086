//! Where a link leads: always the listing's own scheme, host and port, whatever the path and the query say.

use crate::values::string_enum::string_enum;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

/// The longest path of a link, in bytes.
pub const MAX_PATH_BYTES: usize = 1024;

string_enum! {
    /// What brings the click id from the link to the product.
    Carry {
        /// A query parameter of its own.
        Parameter = "parameter";
        /// The parameter `referrer`, whose value is a query again: Google Play hands it to the app on its first run.
        /// <https://developer.android.com/google/play/installreferrer>
        Referrer = "referrer";
    }
}

/// The parameter that carries a query.
const REFERRER: &str = "referrer";
/// All but the unreserved characters (RFC 3986 §2.3): what is escaped where a value stands in another's query.
pub const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A listing's URL, taken apart once so that a redirect only joins strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Scheme, host and port, without a slash at the end.
    origin: String,
    path: String,
    query: String,
    /// With its `#`, or empty.
    fragment: String,
    /// The value of the listing's own `referrer`, escaped, where that carries the click id; it is not in `query` then.
    referrer: Option<String>,
}

/// Why a URL cannot be a destination or a path cannot be a link's own: see [`path_is_safe`].
#[inline]
fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

impl Destination {
    /// Takes a listing's URL apart; `None` if it is not an absolute web address. User and password are dropped, and
    /// so is `click_param` from its query: the shop must find one click id, not two.
    #[must_use]
    #[inline]
    pub fn parse(url: &str, click_param: &str, carry: Carry) -> Option<Self> {
        let url = web_url(url)?;
        let mut query = String::new();
        let mut referrer = (carry == Carry::Referrer).then(String::new);
        append_query(&mut query, true, url.query().unwrap_or_default(), click_param, referrer.as_mut());
        Some(Self {
            origin: url.origin().ascii_serialization(),
            path: url.path().to_owned(),
            query,
            fragment: url.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default(),
            referrer,
        })
    }

    /// The address for one visit: `path` in place of the listing's if the link has one, then the listing's own
    /// query, the visitor's byte for byte but for `click_param`, and the click id; last the listing's fragment. Where
    /// `referrer` carries the click id, there is one, with what the listing's and the visitor's say before it.
    ///
    /// `None` if the path would leave the listing's origin. Creation refuses such paths; this is the second lock on the
    /// door, for whatever a store or a later version may hold.
    #[must_use]
    pub fn address(
        &self,
        path: Option<&str>,
        visitor_query: &str,
        param: &str,
        click_id: &str,
    ) -> Option<String> {
        let own;
        // The listing's own path was parsed with its URL and starts with a slash: nothing behind it can lead elsewhere.
        let path = match path {
            Some(path) => {
                own = self.own_path(path)?;
                &own
            }
            None => &self.path,
        };
        let parts = [&self.origin, path, &self.query, visitor_query, param, click_id, &self.fragment];
        // Four more for `?`, `&`, `&` and `=`.
        let length = parts.iter().fold(4usize, |sum, part| part.len().saturating_add(sum));
        let mut address = String::with_capacity(length);
        for part in [&self.origin, path, "?"] {
            address.push_str(part);
        }
        let query_start = address.len();
        address.push_str(&self.query);
        let mut referrer = self.referrer.clone();
        append_query(&mut address, self.query.is_empty(), visitor_query, param, referrer.as_mut());
        if address.len() > query_start {
            address.push('&');
        }
        let equals = match &referrer {
            None => "=",
            Some(referrer) => {
                let joint = if referrer.is_empty() { "" } else { "%26" };
                for part in [REFERRER, "=", referrer, joint] {
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

    /// A link's own path in the spelling that goes into the header: percent-encoded where it must be.
    fn own_path(&self, path: &str) -> Option<String> {
        if !path_is_safe(path) {
            return None;
        }
        let url = web_url(&[&self.origin, path].concat())?;
        (url.origin().ascii_serialization() == self.origin).then(|| url.path().to_owned())
    }
}

/// Appends the pairs of `query` to `to`, leaving out those named `click_param`, and putting the values of those named
/// `referrer` into `referrer` instead, if there is one; `first` says that no pair stands there yet. Bytes stay as they are,
/// except those that no header can carry: they are percent-encoded.
fn append_query(
    to: &mut String,
    mut first: bool,
    query: &str,
    click_param: &str,
    mut referrer: Option<&mut String>,
) {
    // What follows a `#` would turn the click id into a part of the fragment.
    let query = query.split('#').next().unwrap_or_default();
    if query.is_empty() {
        return;
    }
    for pair in query.split('&') {
        if names(pair, click_param) {
            continue;
        }
        if let Some(referrer) = referrer.as_deref_mut()
            && names(pair, REFERRER)
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

/// Appends the pairs of the query that a `name=value` pair has as its value, leaving out those named `click_param`.
fn append_referrer(to: &mut String, pair: &str, click_param: &str) {
    let value = pair.split_once('=').map_or("", |(_, value)| value).replace('+', " ");
    let value = percent_decode_str(&value).decode_utf8_lossy();
    for pair in value.split('&').filter(|pair| !pair.is_empty() && !names(pair, click_param)) {
        if !to.is_empty() {
            to.push_str("%26");
        }
        to.extend(utf8_percent_encode(pair, RESERVED));
    }
}

/// Whether the name of a `name=value` pair is `param` to whoever reads it: percent-decoded, plus as a space.
fn names(pair: &str, param: &str) -> bool {
    let name = pair.split('=').next().unwrap_or_default();
    if !name.contains(['%', '+']) {
        return name == param;
    }
    percent_decode_str(&name.replace('+', " ")).eq(param.bytes())
}

/// Whether a link may have this path. It starts with one slash and holds nothing that could lead a browser or a
/// server elsewhere: no dot segments (spelled `%2e` or not), backslashes, encoded slashes, control characters or
/// spaces, query, fragment, or broken percent escapes. At most [`MAX_PATH_BYTES`].
#[must_use]
pub fn path_is_safe(path: &str) -> bool {
    let Some(rest) = path.strip_prefix('/') else { return false };
    if path.len() > MAX_PATH_BYTES || rest.starts_with('/') {
        return false;
    }
    let odd = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '\\' | '?' | '#');
    !path.contains(odd) && rest.split('/').all(segment_is_safe)
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
