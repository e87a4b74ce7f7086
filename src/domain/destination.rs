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
fn web_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

impl Destination {
    /// Takes a listing's URL apart; `None` if it is not an absolute web address. User and password are dropped, and
    /// so is `click_param` from its query: the shop must find one click id, not two.
    #[must_use]
    pub fn parse(url: &str, click_param: &str) -> Option<Self> {
        let url = web_url(url)?;
        let mut query = String::new();
        append_query(&mut query, url.query().unwrap_or_default(), click_param);
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
    /// `None` if the outcome would leave the listing's origin. Creation refuses such paths; this is the second lock
    /// on the door, for whatever a store or a later version may hold.
    #[must_use]
    pub fn address(
        &self,
        path: Option<&str>,
        visitor_query: &str,
        param: &str,
        click_id: &str,
    ) -> Option<String> {
        let path = match path {
            Some(path) => &self.own_path(path)?,
            None => &self.path,
        };
        let mut query = String::with_capacity(
            [&self.query, visitor_query, param, click_id]
                .iter()
                .fold(8, |sum, part| part.len().saturating_add(sum)),
        );
        query.push_str(&self.query);
        append_query(&mut query, visitor_query, param);
        if !query.is_empty() {
            query.push('&');
        }
        let address = [&self.origin, path, "?", &query, param, "=", click_id, &self.fragment].concat();
        let parsed = web_url(&address)?;
        (parsed.origin().ascii_serialization() == self.origin).then_some(address)
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

/// Appends the pairs of `query` to `to`, leaving out those named `click_param`. Bytes stay as they are, except those
/// that no header can carry: they are percent-encoded.
fn append_query(to: &mut String, query: &str, click_param: &str) {
    // What follows a `#` would turn the click id into a part of the fragment.
    let query = query.split('#').next().unwrap_or_default();
    if query.is_empty() {
        return;
    }
    let mut first = to.is_empty();
    for pair in query.split('&') {
        if names(pair, click_param) {
            continue;
        }
        if !first {
            to.push('&');
        }
        first = false;
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
