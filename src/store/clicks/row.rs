//! A stored visit as it leaves the shard: packed, as redirects record it, in KV segments and in what a shard tells; in
//! full in the export and in `GET /v1/clicks`. A segment is written for every thousand clicks, and an export is rare: so
//! what is costly is done there.

use crate::domain::{
    clicks::{
        bucket::Bucket,
        click::Device,
        visit::{Arrival, VisitError},
    },
    values::time::Timestamp,
};
use json::{FromJson, Node, Refusal};
use serde::Serialize;

/// A stored visit, one line of the export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "LoggedClick"))]
pub struct StoredClick {
    /// Always `click`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = "click")))]
    pub kind: &'static str,
    /// The click id; `null` for a visit that got none.
    pub id: Option<String>,
    /// When the redirect was answered.
    pub at: Timestamp,
    /// The link's number; 0 if no link is known.
    pub link_no: u32,
    /// The shard that stores it.
    pub shard: u8,
    /// Its place in the shard's log.
    pub seq: i64,
    /// The visitor of the day, 16 hexadecimal digits.
    pub visitor: Option<String>,
    /// Where the visitor was, if known.
    pub country: Option<String>,
    /// What the visitor used.
    pub device: Device,
    /// Where it is counted.
    pub bucket: Bucket,
    /// The visitor's first counted click on the link in the UTC day.
    pub unique: bool,
    /// Earlier click ids of the visitor, oldest first.
    pub trail: Vec<String>,
}

/// A stored visit, packed: `[<place>,<0 or 1: the visitor's first of the day>,<record>]`, with the record as redirects
/// write it ([`Visit::write_json`]).
///
/// [`Visit::write_json`]: crate::domain::clicks::visit::Visit::write_json
#[derive(Debug)]
pub struct PackedClick<'a>(i64, u8, Arrival<'a>);

impl<'a> FromJson<'a> for PackedClick<'a> {
    fn from_json(node: Node<'a, '_>) -> Result<Self, Refusal> {
        FromJson::from_json(node).map(|(seq, first_of_day, arrival)| Self(seq, first_of_day, arrival))
    }
}

/// The SQL expression of a packed row. It is put together from text, at a third of what JSON functions cost: what stands in
/// it needs no escaping (ids, digits, country codes).
pub(super) const PACKED: &str = r#"'[' || seq || ',' || first_of_day || ',["' || id || '",' || at_ms || ',' || link_no
    || iif(visitor IS NULL, ',null,"', ',"' || visitor || '","') || country || '",' || device || ',' || bucket
    || ',"' || trail || '"]]'"#;

impl<'a> PackedClick<'a> {
    /// Reads a packed visit.
    pub fn parse(json: &'a str) -> Result<Self, VisitError> {
        json::read(json).map_err(|_| VisitError)
    }

    /// Its place in the shard's log.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.0
    }

    /// When the redirect was answered.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.2.at
    }

    /// What its row is found by: the click id, or a random one.
    #[must_use]
    pub fn row_id(&self) -> &'a str {
        self.2.id
    }

    /// The visit in full.
    #[must_use]
    pub fn unpack(&self, shard: u8) -> StoredClick {
        let Self(seq, first_of_day, arrival) = self;
        StoredClick {
            kind: "click",
            id: arrival.bucket.has_click_id().then(|| arrival.id.to_owned()),
            at: arrival.at,
            link_no: arrival.link_no,
            shard,
            seq: *seq,
            visitor: arrival.visitor.map(|visitor| visitor.to_string()),
            country: arrival.country.map(|country| country.as_str().to_owned()),
            device: arrival.device,
            bucket: arrival.bucket,
            unique: *first_of_day == 1,
            trail: arrival.trail.split('.').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        }
    }
}
