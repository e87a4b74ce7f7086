//! A stored visit as it leaves the shard: in the export, in KV segments and in `GET /v1/clicks`. SQLite writes the line
//! itself: a thousand rows would otherwise cross into JavaScript, into Rust and back, value by value.

use crate::domain::{bucket::Bucket, click::Device};

/// A stored visit, one line of the log.
#[cfg(not(target_arch = "wasm32"))]
#[derive(Debug, schemars::JsonSchema)]
#[schemars(rename = "LoggedClick")]
#[expect(dead_code, reason = "it says what `line` writes")]
pub struct StoredClick {
    /// Always `click`.
    #[schemars(extend("const" = "click"))]
    kind: String,
    /// The click id; `null` for a visit that got none.
    id: Option<String>,
    /// When the redirect was answered.
    at: crate::domain::time::Timestamp,
    /// The link's number; 0 if no link is known.
    link_no: u32,
    /// The shard that stores it.
    shard: u8,
    /// Its place in the shard's log.
    seq: i64,
    /// The visitor of the day, 16 hexadecimal digits.
    visitor: Option<String>,
    /// Where the visitor was, if known.
    country: Option<String>,
    /// What the visitor used.
    device: Device,
    /// Where it is counted.
    bucket: Bucket,
    /// The visitor's first counted click on the link in the UTC day.
    unique: bool,
    /// Earlier click ids of the visitor, oldest first.
    trail: Vec<String>,
}

fn case<T>(
    column: &str,
    codes: impl Iterator<Item = T>,
    code: fn(&T) -> u8,
    word: fn(&T) -> &'static str,
) -> String {
    let whens: Vec<String> = codes.map(|it| format!("WHEN {} THEN '{}'", code(&it), word(&it))).collect();
    format!("CASE {column} {} END", whens.join(" "))
}

/// The SQL expression of a row's line, a JSON object. It is put together from text, at a third of what JSON functions cost:
/// what stands in it needs no escaping (click ids, digits, country codes, and words of ours).
pub(super) fn line(shard: u8) -> String {
    let device = case("device", (0..=u8::MAX).map_while(Device::from_code), |it| it.code(), |it| it.as_str());
    let buckets = || (0..=u8::MAX).map_while(Bucket::from_code);
    let bucket = case("bucket", buckets(), |it| it.code(), |it| it.as_str());
    let without: Vec<String> =
        buckets().filter(|bucket| !bucket.has_click_id()).map(|bucket| bucket.code().to_string()).collect();
    let parts = [
        format!(r#"'{{"kind":"click","id":' || iif(bucket IN ({}), 'null', '"' || id || '"')"#, without.join(", ")),
        r#"',"at":"' || strftime('%Y-%m-%dT%H:%M:%S', at_ms / 1000, 'unixepoch') || printf('.%03dZ"', at_ms % 1000)"#
            .to_owned(),
        format!(r#"',"link_no":' || link_no || ',"shard":{shard},"seq":' || seq"#),
        r#"',"visitor":' || coalesce('"' || visitor || '"', 'null')"#.to_owned(),
        r#"',"country":' || iif(country = '', 'null', '"' || country || '"')"#.to_owned(),
        format!(r#"',"device":"' || {device} || '","bucket":"' || {bucket} || '"'"#),
        r#"iif(first_of_day, ',"unique":true', ',"unique":false')"#.to_owned(),
        r#"iif(trail = '', ',"trail":[]}', ',"trail":["' || replace(trail, '.', '","') || '"]}')"#.to_owned(),
    ];
    parts.join(" || ")
}
