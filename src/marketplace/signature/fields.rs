//! Parameters of a query or a form (`application/x-www-form-urlencoded`, WHATWG URL §5.1), of which none is taken on
//! trust: what is not UTF-8 is refused instead of replaced, and a name that is read must stand there once.

use super::{callback::Callback, refusal::Refusal};
use percent_encoding::percent_decode;
use std::borrow::Cow;

/// Decoded names and values in the order of the text.
#[derive(Debug, Default)]
pub(super) struct Fields<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Fields<'a> {
    /// Those of the query, or of the body if the method is one that has a body.
    pub fn of(callback: &Callback<'a>) -> Result<Self, Refusal> {
        match callback.method {
            "GET" | "HEAD" => Self::parse(callback.query().as_bytes()),
            _ => Self::parse(callback.body),
        }
    }

    /// Those of the query, whatever the method.
    pub fn of_query(callback: &Callback<'a>) -> Result<Self, Refusal> {
        Self::parse(callback.query().as_bytes())
    }

    fn parse(text: &'a [u8]) -> Result<Self, Refusal> {
        // The WHATWG parser never fails: it puts one replacement character for whatever is no UTF-8, and so gives
        // different texts one meaning.
        percent_decode(text).decode_utf8().map_err(|_| Refusal::MalformedParameters)?;
        Ok(Self(url::form_urlencoded::parse(text).collect()))
    }

    /// The value of `name`, which must stand there once.
    pub fn required(&self, name: &'static str) -> Result<&str, Refusal> {
        self.find(name)?.ok_or(Refusal::MissingParameter(name))
    }

    /// The value of `name`, if it stands there; twice is refused.
    pub fn find(&self, name: &str) -> Result<Option<&str>, Refusal> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let first = values.next().map(|(_, value)| value.as_ref());
        match values.next() {
            Some(_) => Err(Refusal::DuplicateParameter),
            None => Ok(first),
        }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}
