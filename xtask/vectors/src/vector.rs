//! Vector files: `{"scheme", "vectors": […]}`. Each vector is an HTTP request with the expected outcome.
//!
//! Unknown fields are ignored, and optional ones (`headers`, `body`, `config`, `now_ms`) may be absent or `null`.

use anyhow::{Context, Result, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Deserialize;
use serde_json::{Map, Value};
use signpost::{domain::values::time::Timestamp, marketplace::signature::Callback};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The content of a file.
#[derive(Deserialize)]
struct Text {
    scheme: Option<String>,
    vectors: Vec<VectorText>,
}

#[derive(Deserialize)]
struct VectorText {
    id: String,
    scheme: Option<String>,
    #[serde(default)]
    keys: Option<Map<String, Value>>,
    #[serde(default)]
    config: Option<Map<String, Value>>,
    request: RequestText,
    now_ms: Option<i64>,
    now: Option<Value>,
    valid: bool,
    ambiguous: Option<bool>,
    expected_response: Option<Value>,
}

#[derive(Deserialize)]
struct RequestText {
    method: Option<String>,
    url: Option<String>,
    #[serde(default)]
    headers: Option<Headers>,
    body: Option<String>,
    /// A body that is not a text.
    body_base64: Option<String>,
}

/// Headers by name, or as pairs. A value may be a list, for a header that occurs several times.
#[derive(Deserialize)]
#[serde(untagged)]
enum Headers {
    ByName(Map<String, Value>),
    Pairs(Vec<(String, String)>),
}

impl Headers {
    fn pairs(self) -> Result<Vec<(String, String)>> {
        let by_name = match self {
            Self::Pairs(pairs) => return Ok(pairs),
            Self::ByName(by_name) => by_name,
        };
        let mut pairs = Vec::new();
        for (name, value) in by_name {
            let values = match value {
                Value::Array(values) => values,
                Value::Null => Vec::new(),
                value => vec![value],
            };
            for value in values {
                let text = match value {
                    Value::String(text) => text,
                    Value::Number(number) => number.to_string(),
                    other => bail!("the header {name} is {other}, not text"),
                };
                pairs.push((name.clone(), text));
            }
        }
        Ok(pairs)
    }
}

/// A request and its expected outcome.
#[derive(Debug, Clone)]
pub struct Vector {
    /// The stable name of the vector.
    pub id: String,
    /// The name of the scheme, which may be unknown.
    pub scheme: String,
    /// Secrets and keys.
    pub keys: Map<String, Value>,
    /// The operator's configuration.
    pub config: Map<String, Value>,
    /// The request.
    pub request: Request,
    /// The current time, if the outcome depends on it.
    pub now: Option<Timestamp>,
    /// Whether the request must be accepted.
    pub valid: bool,
    /// Whether vendors disagree about the outcome.
    pub ambiguous: bool,
    /// The expected response, for schemes that are answered instead of verified.
    pub expected_response: Option<Value>,
}

/// The request of a vector. Unlike a [`Callback`] it owns its content, so that tests can change it.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The full URL.
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The raw body.
    pub body: Vec<u8>,
}

impl Request {
    /// Calls `then` with the request as a [`Callback`].
    pub fn callback<T>(&self, then: impl FnOnce(&Callback<'_>) -> T) -> T {
        let headers: Vec<(&str, &str)> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        then(&Callback { method: &self.method, url: &self.url, headers: &headers, body: &self.body })
    }
}

/// Parses the current time: `now_ms`, or `now` in RFC 3339 or Unix seconds.
fn clock(now_ms: Option<i64>, now: Option<Value>) -> Result<Option<Timestamp>> {
    let at = match (now_ms, now) {
        (Some(ms), _) => Timestamp::from_ms(ms),
        (None, Some(Value::String(text))) => Timestamp::parse(&text),
        (None, Some(Value::Number(seconds))) => {
            seconds.as_i64().and_then(|s| s.checked_mul(1000)).and_then(Timestamp::from_ms)
        }
        (None, None | Some(Value::Null)) => return Ok(None),
        (None, Some(other)) => bail!("`now` is {other}"),
    };
    Ok(Some(at.context("the clock is outside of the years 1970 to 9999")?))
}

fn vector(text: VectorText, scheme: Option<&str>) -> Result<Vector> {
    let RequestText { method, url, headers, body, body_base64 } = text.request;
    let body = match (body, body_base64) {
        (_, Some(encoded)) => STANDARD.decode(encoded).context("`body_base64` is not base64")?,
        (Some(body), None) => body.into_bytes(),
        (None, None) => Vec::new(),
    };
    let request = Request {
        method: method.unwrap_or_else(|| "POST".to_owned()),
        url: url.unwrap_or_default(),
        headers: headers.map_or(Ok(Vec::new()), Headers::pairs)?,
        body,
    };
    Ok(Vector {
        id: text.id,
        scheme: text.scheme.as_deref().or(scheme).context("the scheme is missing")?.to_owned(),
        keys: text.keys.unwrap_or_default(),
        config: text.config.unwrap_or_default(),
        request,
        now: clock(text.now_ms, text.now)?,
        valid: text.valid,
        ambiguous: text.ambiguous.unwrap_or_default(),
        expected_response: text.expected_response,
    })
}

/// Reads and parses a file.
pub fn read(path: &Path) -> Result<Vec<Vector>> {
    parse(&fs::read_to_string(path).context("cannot be read")?)
}

/// Parses the text of a file.
pub fn parse(text: &str) -> Result<Vec<Vector>> {
    let file: Text = serde_json::from_str(text).context("is not a vector file")?;
    let scheme = file.scheme.as_deref();
    let named = |text: VectorText| {
        let id = text.id.clone();
        vector(text, scheme).with_context(|| format!("the vector {id}"))
    };
    file.vectors.into_iter().map(named).collect()
}

/// The file itself, or the `.json` files of the directory, sorted by name.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut found = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        if path.extension().is_some_and(|end| end == "json") {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() { bail!("the directory contains no .json file") } else { Ok(found) }
}
