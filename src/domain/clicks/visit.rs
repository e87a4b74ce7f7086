//! A visit, as the redirect records it and a ClickLog stores it.

use crate::{
    clicks::{
        bucket::Bucket,
        click::{Country, Device},
        visitor::Visitor,
    },
    values::time::Timestamp,
};
use serde::Deserialize;
use std::fmt::Write;

/// The stored data of a visit. It contains no address and no user agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// The click id, or 22 random characters for a visit without one (invalid, expired, revoked). It is unique, so that
    /// a record that arrives twice is stored once.
    pub id: String,
    /// The time of the redirect.
    pub at: Timestamp,
    /// The link's number; 0 if the link is unknown.
    pub link_no: u32,
    /// The visitor's hash for the day; `None` with Global Privacy Control or without an address.
    pub visitor: Option<Visitor>,
    /// The visitor's country, if known.
    pub country: Option<Country>,
    /// The visitor's device.
    pub device: Device,
    /// The bucket that counts the visit; `Human` until a ClickLog detects a duplicate.
    pub bucket: Bucket,
    /// Earlier click ids of the same visitor, joined by `.`, oldest first.
    pub trail: String,
}

/// A record that does not have the form that [`Visit::to_json`] writes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed click record")]
pub struct MalformedClickRecord;

/// The transport form of a record. It is a plain array because thousands are sent per second.
type Wire<'a> = (&'a str, i64, u32, Option<&'a str>, &'a str, u8, u8, &'a str);

impl Visit {
    /// Appends `["<id>",<at_ms>,<link_no>,"<visitor>"|null,"DE"|"",<device>,<bucket>,"<trail>"]`. This is a third of
    /// the cost of a serializer; ids, digits and country codes need no escaping.
    pub fn write_json(&self, to: &mut String) {
        to.push_str("[\"");
        to.push_str(&self.id);
        // Writing to a string cannot fail.
        let written = match self.visitor {
            Some(visitor) => write!(to, "\",{},{},\"{visitor}\"", self.at.ms(), self.link_no),
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

    /// Returns the record as JSON: see [`Visit::write_json`].
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut json = String::new();
        self.write_json(&mut json);
        json
    }
}

/// Formats a device or bucket code, all of which have one digit.
fn digit(code: u8) -> char {
    char::from(b'0'.saturating_add(code))
}

/// A click record as parsed; [`Visit`] documents the fields.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Wire<'a>")]
pub struct ClickRecord<'a> {
    /// The click id, or 22 random characters.
    pub id: &'a str,
    /// The time of the redirect.
    pub at: Timestamp,
    /// The link's number; 0 if the link is unknown.
    pub link_no: u32,
    /// The visitor's hash for the day.
    pub visitor: Option<Visitor>,
    /// The visitor's country, if known.
    pub country: Option<Country>,
    /// The visitor's device.
    pub device: Device,
    /// The bucket that counts the visit.
    pub bucket: Bucket,
    /// Earlier click ids of the same visitor, joined by `.`.
    pub trail: &'a str,
}

impl<'a> ClickRecord<'a> {
    /// Parses a JSON array of records.
    pub fn parse_batch(json: &'a str) -> Result<Vec<Self>, MalformedClickRecord> {
        strict_json::from_str(json).map_err(|_| MalformedClickRecord)
    }
}

impl<'a> TryFrom<Wire<'a>> for ClickRecord<'a> {
    type Error = MalformedClickRecord;

    fn try_from(
        (id, at, link_no, visitor, country, device, bucket, trail): Wire<'a>,
    ) -> Result<Self, MalformedClickRecord> {
        Ok(Self {
            id,
            at: Timestamp::from_ms(at).ok_or(MalformedClickRecord)?,
            link_no,
            visitor: visitor.map(|text| Visitor::parse(text).ok_or(MalformedClickRecord)).transpose()?,
            country: if country.is_empty() {
                None
            } else {
                Some(Country::parse(country).ok_or(MalformedClickRecord)?)
            },
            device: Device::from_code(device).ok_or(MalformedClickRecord)?,
            bucket: Bucket::from_code(bucket).ok_or(MalformedClickRecord)?,
            trail,
        })
    }
}
