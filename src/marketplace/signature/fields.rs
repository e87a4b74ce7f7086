//! Parameters of a query or a form (`application/x-www-form-urlencoded`, WHATWG URL §5.1), parsed strictly: invalid
//! UTF-8 is refused instead of replaced, and so is a duplicate of a name that is read.

use super::{callback::Callback, refusal::Refusal};
use percent_encoding::percent_decode;
use std::borrow::Cow;

/// Decoded names and values, in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    /// Parses the query of a GET or HEAD request, and the body of any other.
    pub fn of(callback: &Callback<'a>) -> Result<Self, Refusal> {
        match callback.method {
            "GET" | "HEAD" => Self::parse(callback.query().as_bytes()),
            _ => Self::parse(callback.body),
        }
    }

    /// Parses the query, whatever the method.
    pub fn of_query(callback: &Callback<'a>) -> Result<Self, Refusal> {
        Self::parse(callback.query().as_bytes())
    }

    fn parse(text: &'a [u8]) -> Result<Self, Refusal> {
        // The WHATWG parser never fails: it replaces invalid UTF-8 with U+FFFD, which would give different texts the
        // same meaning.
        percent_decode(text).decode_utf8().map_err(|_| Refusal::MalformedParameters)?;
        Ok(Self(url::form_urlencoded::parse(text).collect()))
    }

    /// The value of `name`, which must occur exactly once.
    pub fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.find(name)?.ok_or(Refusal::MissingParameter(name))
    }

    /// The value of `name`, if it occurs. A name that occurs twice is refused.
    pub fn find(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let first = values.next().map(|(_, value)| value.as_ref());
        match values.next() {
            Some(_) => Err(Refusal::DuplicateParameter),
            None => Ok(first),
        }
    }

    /// All names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}
