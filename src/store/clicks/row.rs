//! The external forms of a stored visit: packed, as redirects record it, in KV segments and shard responses; expanded
//! in the export and in `GET /v1/clicks`. Segments are written continuously and exports are rare, so the expensive
//! expansion happens on export.

use crate::domain::{
    clicks::{
        bucket::Bucket,
        click::Device,
        visit::{ClickRecord, MalformedClickRecord},
    },
    links::link::LinkNo,
    values::time::Timestamp,
};
use crate::store::columns;
use serde::{Deserialize, Serialize};

/// A stored visit, as a line of the export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "LoggedClick"))]
pub struct StoredClick {
    /// Always `click`.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = "click")))]
    pub kind: &'static str,
    /// The click id; `null` for a visit without one.
    pub id: Option<String>,
    /// The time of the redirect.
    pub at: Timestamp,
    /// The link's number; 0 if the link is unknown.
    #[serde(with = "columns::zero")]
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "LinkNo"))]
    pub link_no: Option<LinkNo>,
    /// The shard that stores it.
    pub shard: u8,
    /// The position in the shard's log.
    pub seq: i64,
    /// The visitor's hash for the day, 16 hexadecimal digits.
    pub visitor: Option<String>,
    /// The visitor's country, if known.
    pub country: Option<String>,
    /// The visitor's device.
    pub device: Device,
    /// The bucket that counts the visit.
    pub bucket: Bucket,
    /// Whether it is the visitor's first counted click on the link in the UTC day.
    pub unique: bool,
    /// Earlier click ids of the visitor, oldest first.
    pub trail: Vec<String>,
}

/// A packed visit: `[<position>,<1 if it is the visitor's first of the day, else 0>,<record>]`, with the record as
/// redirects write it ([`Visit::write_json`]).
///
/// [`Visit::write_json`]: crate::domain::clicks::visit::Visit::write_json
#[derive(Debug, Deserialize)]
pub struct PackedClick<'a>(i64, u8, #[serde(borrow)] ClickRecord<'a>);

/// The SQL expression of a packed row. It concatenates text, at a third of the cost of JSON functions; the values (ids,
/// digits, country codes) need no escaping.
pub(super) const PACKED: &str = r#"'[' || seq || ',' || first_of_day || ',["' || id || '",' || at_ms || ',' || link_no
    || iif(visitor IS NULL, ',null,"', ',"' || visitor || '","') || country || '",' || device || ',' || bucket
    || ',"' || trail || '"]]'"#;

/// A visit as read from a line of the export; see [`StoredClick`].
#[derive(Debug, Deserialize)]
pub struct LoggedClick {
    id: Option<String>,
    at: Timestamp,
    link_no: LinkNo,
    /// The shard that stored it.
    pub shard: u8,
    /// The position in the shard's log.
    pub seq: i64,
    visitor: Option<String>,
    country: Option<String>,
    device: Device,
    bucket: Bucket,
    unique: bool,
    trail: Vec<String>,
}

/// Returns whether a text has only characters of ids, which need no escaping.
fn is_plain(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

impl LoggedClick {
    /// Returns the packed visit. A visit without a click id gets one that its place in the log determines, so that it is
    /// restored once.
    pub fn pack(&self) -> Result<String, MalformedClickRecord> {
        let Self { shard, seq, .. } = self;
        let id = self.id.clone().unwrap_or_else(|| format!("restored.{shard:02}.{seq}"));
        let (trail, visitor) = (self.trail.join("."), self.visitor.as_deref());
        let country = self.country.as_deref().unwrap_or_default();
        if ![id.as_str(), &trail, country, visitor.unwrap_or_default()].iter().all(|text| is_plain(text)) {
            return Err(MalformedClickRecord);
        }
        let visitor = visitor.map_or_else(|| "null".to_owned(), |visitor| format!("\"{visitor}\""));
        let packed = format!(
            "[{seq},{},[\"{id}\",{},{},{visitor},\"{country}\",{},{},\"{trail}\"]]",
            u8::from(self.unique),
            self.at.ms(),
            self.link_no,
            self.device.code(),
            self.bucket.code(),
        );
        PackedClick::parse(&packed)?;
        Ok(packed)
    }
}

impl<'a> PackedClick<'a> {
    /// Checks a JSON array of packed visits.
    pub fn parse_all(json: &'a str) -> Result<Vec<Self>, MalformedClickRecord> {
        strict_json::from_str(json).map_err(|_| MalformedClickRecord)
    }

    /// Parses a packed visit.
    pub fn parse(json: &'a str) -> Result<Self, MalformedClickRecord> {
        strict_json::from_str(json).map_err(|_| MalformedClickRecord)
    }

    /// Returns the position in the shard's log.
    #[must_use]
    pub fn seq(&self) -> i64 {
        self.0
    }

    /// Returns the time of the redirect.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        self.2.at
    }

    /// Returns the id of the row: the click id or random characters.
    #[must_use]
    pub fn row_id(&self) -> &'a str {
        self.2.id
    }

    /// Returns the expanded visit.
    #[must_use]
    pub fn unpack(&self, shard: u8) -> StoredClick {
        let Self(seq, first_of_day, click) = self;
        StoredClick {
            kind: "click",
            id: click.bucket.has_click_id().then(|| click.id.to_owned()),
            at: click.at,
            link_no: click.link_no,
            shard,
            seq: *seq,
            visitor: click.visitor.map(|visitor| visitor.to_string()),
            country: click.country.map(|country| country.as_str().to_owned()),
            device: click.device,
            bucket: click.bucket,
            unique: *first_of_day == 1,
            trail: click.trail.split('.').filter(|id| !id.is_empty()).map(str::to_owned).collect(),
        }
    }
}
