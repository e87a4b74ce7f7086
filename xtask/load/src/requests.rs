//! The requests to send, in a cycle.
//!
//! The file contains a JSON array of `{"method", "path", "headers": {…}, "body"}`. Each `{sequence}` is replaced by
//! ten digits that are unique within the run, for ids that must be new each time.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The placeholder has as many characters as its replacement, so that lengths do not change.
const MARK: &str = "{sequence}";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    method: String,
    path: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
}

/// A request as bytes, with the offsets of its sequence number.
struct Request {
    bytes: Vec<u8>,
    marks: Vec<usize>,
}

/// A cycle of requests.
pub struct Requests {
    all: Vec<Request>,
    first: u64,
    number: u64,
}

impl Requests {
    pub fn read(path: &Path, first: u64) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let texts: Vec<Text> = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        if texts.is_empty() {
            bail!("{} holds no requests", path.display());
        }
        Ok(Self { all: texts.iter().map(Request::new).collect(), first, number: first })
    }

    /// Returns the bytes of the next request.
    pub fn next(&mut self) -> &[u8] {
        let length = u64::try_from(self.all.len()).unwrap_or(u64::MAX);
        let index = usize::try_from(self.number % length).unwrap_or(0);
        let request = &mut self.all[index];
        if !request.marks.is_empty() {
            let digits = format!("{:010}", self.number);
            for &at in &request.marks {
                request.bytes[at..at + MARK.len()].copy_from_slice(&digits.as_bytes()[..MARK.len()]);
            }
        }
        self.number += 1;
        &request.bytes
    }

    /// Number of requests returned so far.
    pub fn sent(&self) -> u64 {
        self.number - self.first
    }
}

impl Request {
    fn new(text: &Text) -> Self {
        let mut head = format!("{} {} HTTP/1.1\r\n", text.method, text.path);
        for (name, value) in &text.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        if !text.body.is_empty() || text.method == "POST" {
            head.push_str(&format!("content-length: {}\r\n", text.body.len()));
        }
        let bytes = format!("{head}\r\n{}", text.body);
        let marks = bytes.match_indices(MARK).map(|(at, _)| at).collect();
        Self { bytes: bytes.into_bytes(), marks }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_a_number_of_its_own() {
        let text: Vec<Text> = serde_json::from_str(
            r#"[{"method": "POST", "path": "/a", "headers": {"host": "h"}, "body": "id={sequence}"}, {"method": "GET", "path": "/b"}]"#,
        )
        .unwrap();
        let mut requests = Requests { all: text.iter().map(Request::new).collect(), first: 4, number: 4 };
        let sent: Vec<String> =
            (0..3).map(|_| String::from_utf8(requests.next().to_vec()).unwrap()).collect();
        let post = |n| format!("POST /a HTTP/1.1\r\nhost: h\r\ncontent-length: 13\r\n\r\nid=000000000{n}");
        assert_eq!(sent, [post(4), "GET /b HTTP/1.1\r\n\r\n".to_owned(), post(6)]);
        assert_eq!(requests.sent(), 3);
    }
}
