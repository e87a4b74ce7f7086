//! Where a link leads: always the listing's own scheme, host and port, whatever the path and the query say.

use percent_encoding::percent_decode_str;
use url::Url;

/// The longest path of a link, in bytes.
pub const MAX_PATH_BYTES: usize = 1024;

/// A listing's URL, taken apart once so that a redirect only joins strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Scheme, host and port, without a slash at the end.
    origin: String,
    path: String,
    query: String,
    /// With its `#`, or empty.
    fragment: String,
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
    pub fn parse(url: &str, click_param: &str) -> Option<Self> {
        let url = web_url(url)?;
        let mut query = String::new();
        append_query(&mut query, true, url.query().unwrap_or_default(), click_param);
        Some(Self {
            origin: url.origin().ascii_serialization(),
            path: url.path().to_owned(),
            query,
            fragment: url.fragment().map(|fragment| format!("#{fragment}")).unwrap_or_default(),
        })
    }

    /// The address for one visit: `path` in place of the listing's if the link has one, then the listing's own
    /// query, the visitor's byte for byte but for `click_param`, and the click id; last the listing's fragment.
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
        append_query(&mut address, self.query.is_empty(), visitor_query, param);
        if address.len() > query_start {
            address.push('&');
        }
        for part in [param, "=", click_id, &self.fragment] {
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

/// Appends the pairs of `query` to `to`, leaving out those named `click_param`; `first` says that no pair stands there
/// yet. Bytes stay as they are, except those that no header can carry: they are percent-encoded.
fn append_query(to: &mut String, mut first: bool, query: &str, click_param: &str) {
    // What follows a `#` would turn the click id into a part of the fragment.
    let query = query.split('#').next().unwrap_or_default();
    if query.is_empty() {
        return;
    }
    for pair in query.split('&') {
        if names(pair, click_param) {
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
