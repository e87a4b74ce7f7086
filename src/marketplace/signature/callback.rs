//! A callback as received.

use super::{claims, refusal::Refusal};
use serde::de::DeserializeOwned;

/// One HTTP request from a vendor. It is borrowed, so that nothing is copied before it is verified.
#[derive(Debug, Clone, Copy)]
pub struct Callback<'a> {
    /// The method, as in the request line.
    pub method: &'a str,
    /// The full URL that the vendor called, with the public host name that is registered with the vendor.
    pub url: &'a str,
    /// Header names, in any case, and values. A header that was sent twice occurs twice.
    pub headers: &'a [(&'a str, &'a str)],
    /// The raw body, before any parsing.
    pub body: &'a [u8],
}

impl<'a> Callback<'a> {
    /// The value of a header, without surrounding white space (RFC 9110 §5.5). A header that occurs twice is refused.
    pub(super) fn header(&self, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        let mut values = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let first = values.next().map(|(_, value)| value.trim_matches([' ', '\t']));
        match values.next() {
            Some(_) => Err(Refusal::DuplicateHeader(name)),
            None => Ok(first),
        }
    }

    /// The value of a required header.
    pub(super) fn required_header(&self, name: &'static str) -> Result<&'a str, Refusal> {
        self.header(name)?.ok_or(Refusal::MissingHeader(name))
    }

    /// The URL without its fragment, which clients do not send.
    pub(super) fn uri(&self) -> &'a str {
        self.url.split_once('#').map_or(self.url, |(uri, _)| uri)
    }

    /// The query as sent, without the question mark.
    pub(super) fn query(&self) -> &'a str {
        self.uri().split_once('?').map_or("", |(_, query)| query)
    }

    /// The last segment of the path, as sent.
    pub(super) fn last_segment(&self) -> &'a str {
        let path = self.uri().split_once('?').map_or(self.uri(), |(path, _)| path);
        path.rsplit_once('/').map_or("", |(_, segment)| segment)
    }

    /// Parses the body, which must be a JSON object.
    pub(super) fn json_object<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        let refusal = if self.body.is_empty() { Refusal::EmptyBody } else { Refusal::MalformedBody };
        claims::object(self.body).ok_or(refusal)
    }
}
