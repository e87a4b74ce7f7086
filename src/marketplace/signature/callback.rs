//! A callback as it came in: what was called, and the bytes that came with it.

use super::refusal::Refusal;

/// One HTTP request of a vendor's. It is only borrowed: nothing is copied before it is proven.
#[derive(Debug, Clone, Copy)]
pub struct Callback<'a> {
    /// The method, as in the request line.
    pub method: &'a str,
    /// The full URL that the vendor called, under the public name that was registered with the vendor.
    pub url: &'a str,
    /// Names, in any case, and values, each header on its own.
    pub headers: &'a [(&'a str, &'a str)],
    /// The raw bytes of the body, read before anything parses them.
    pub body: &'a [u8],
}

impl<'a> Callback<'a> {
    /// The value of a header without the white space around it (RFC 9110 §5.5), if there is one; twice is refused.
    pub(super) fn header(&self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        let mut values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let first = values.next().map(|(_, value)| value.trim_matches([' ', '\t']));
        match values.next() {
            Some(_) => Err(Refusal::DuplicateHeader(name)),
            None => Ok(first),
        }
    }

    /// The value of a header that must be there.
    pub(super) fn required_header(&self, name: &'static str) -> Result<&'a str, Refusal> {
        self.header(name)?.ok_or(Refusal::MissingHeader(name))
    }

    /// The URL without its fragment, which no client sends.
    pub(super) fn uri(&self) -> &'a str {
        self.url.split_once('#').map_or(self.url, |(uri, _)| uri)
    }

    /// The query as it was sent, without its question mark.
    pub(super) fn query(&self) -> &'a str {
        self.uri().split_once('?').map_or("", |(_, query)| query)
    }

    /// The last segment of the path, as it was sent.
    pub(super) fn last_segment(&self) -> &'a str {
        let path = self.uri().split_once('?').map_or(self.uri(), |(path, _)| path);
        path.rsplit_once('/').map_or("", |(_, segment)| segment)
    }
}
