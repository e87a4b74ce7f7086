//! A visit as the redirect records it and as a ClickLog takes it in.

use crate::{
    clicks::{
        bucket::Bucket,
        click::{Country, Device},
        visitor::Visitor,
    },
    values::time::Timestamp,
};
use json::{FromJson, Node, Refusal};
use serde::de::Error as _;
use std::fmt::Write;

/// What is kept of a visit. No address, no user agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The click id; for a visit that got none (invalid, expired, revoked), 22 random characters. Unique, so that a
    /// record that arrives twice is stored once.
    pub id: String,
    /// When the redirect was answered.
    pub at: Timestamp,
    /// The link's number; 0 if no link is known.
    pub link_no: u32,
    /// The visitor of the day; `None` with Global Privacy Control or without an address.
    pub visitor: Option<Visitor>,
    /// Where the visitor was, if known.
    pub country: Option<Country>,
    /// What the visitor used.
    pub device: Device,
    /// Where the visit is counted. `Human` until a ClickLog finds that it is a duplicate.
    pub bucket: Bucket,
    /// Earlier click ids of the same visitor, joined by `.`, oldest first.
    pub trail: String,
}

/// A record that is not of the form that [`Visit::to_json`] writes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a visit's record")]
pub struct VisitError;

/// The record as it travels: a plain array, since thousands a second do.
type Wire<'a> = (&'a str, i64, u32, Option<&'a str>, &'a str, u8, u8, &'a str);

impl Visit {
    /// Appends `["<id>",<at_ms>,<link_no>,"<visitor>"|null,"DE"|"",<device>,<bucket>,"<trail>"]`. Written by hand, at a
    /// third of a serializer's cost: ids, digits and country codes need no escaping.
    pub fn write_json(&self, to: &mut String) {
        to.push_str("[\"");
        to.push_str(&self.id);
        // Writing to a text cannot fail.
        let written = match self.visitor {
            Some(visitor) => {
                write!(to, "\",{},{},\"{}\"", self.at.ms(), self.link_no, visitor.digits().as_str())
            }
            None => write!(to, "\",{},{},null", self.at.ms(), self.link_no),
        };
        debug_assert!(written.is_ok());
        to.push_str(",\"");
        to.push_str(self.country.as_ref().map_or("", Country::as_str));
        to.push_str("\",");
        to.push(digit(self.device.code()));
        to.push(',');
        to.push(digit(self.bucket.code()));
        to.push_str(",\"");
        to.push_str(&self.trail);
        to.push_str("\"]");
    }

    /// The record as a text of its own: see [`Visit::write_json`].
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }
}

/// Codes of devices and buckets have one digit.
fn digit(code: u8) -> char {
    char::from(b'0'.saturating_add(code))
}

/// A visit as it is read from a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrival<'a> {
    /// See [`Visit`], also for the other fields.
    pub id: &'a str,
    /// When the redirect was answered.
    pub at: Timestamp,
    /// The link's number; 0 if no link is known.
    pub link_no: u32,
    /// The visitor of the day.
    pub visitor: Option<Visitor>,
    /// Where the visitor was, if known.
    pub country: Option<Country>,
    /// What the visitor used.
    pub device: Device,
    /// Where the visit is counted.
    pub bucket: Bucket,
    /// Earlier click ids of the same visitor.
    pub trail: &'a str,
}

impl<'a> Arrival<'a> {
    /// Reads a JSON array of records.
    #[inline]
    pub fn parse_batch(json: &'a str) -> Result<Vec<Self>, VisitError> {
        json::read(json).map_err(|_| VisitError)
    }
}

impl<'a> FromJson<'a> for Arrival<'a> {
    #[inline]
    fn from_json(node: Node<'a, '_>) -> Result<Self, Refusal> {
        Self::try_from(Wire::from_json(node)?).map_err(Refusal::custom)
    }
}

impl<'a> TryFrom<Wire<'a>> for Arrival<'a> {
    type Error = VisitError;

    #[inline]
    fn try_from(
        (id, at, link_no, visitor, country, device, bucket, trail): Wire<'a>,
    ) -> Result<Self, VisitError> {
        Ok(Self {
            id,
            at: Timestamp::from_ms(at).ok_or(VisitError)?,
            link_no,
            visitor: visitor.map(|text| Visitor::parse(text).ok_or(VisitError)).transpose()?,
            country: if country.is_empty() { None } else { Some(Country::parse(country).ok_or(VisitError)?) },
            device: Device::from_code(device).ok_or(VisitError)?,
            bucket: Bucket::from_code(bucket).ok_or(VisitError)?,
            trail,
        })
    }
}
