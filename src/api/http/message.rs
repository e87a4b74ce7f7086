//! Requests and responses as plain data, so that the API runs without a server.

/// A request.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Method, upper case.
    pub method: &'a str,
    /// Path as sent, percent-encoded.
    pub path: &'a str,
    /// Query as sent, without the question mark.
    pub query: &'a str,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<&'a str>,
    /// `Origin`, which browsers send with requests of another site's page.
    pub origin: Option<&'a str>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a str>,
    /// Body as sent.
    pub body: &'a [u8],
    /// Scheme and host of the Worker's links, without a slash at the end.
    pub base_url: &'a str,
}

/// A response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status.
    pub status: u16,
    /// Headers; names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// Body.
    pub body: String,
    /// A line for the operator's log, if something failed on our side.
    pub log: Option<String>,
}

impl Response {
    /// A JSON response.
    #[must_use]
    pub fn json(status: u16, body: String) -> Self {
        Self { status, headers: vec![("content-type", "application/json".to_owned())], body, log: None }
    }

    /// This response with another header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A response with this media type.
    #[must_use]
    pub fn of_type(media_type: &str, body: String) -> Self {
        Self { status: 200, headers: vec![("content-type", media_type.to_owned())], body, log: None }
    }

    /// A response without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), log: None }
    }

    /// A JSON response that repeats the first one to the same request.
    #[must_use]
    pub fn replayed(body: String) -> Self {
        Self::json(200, body).with_header("idempotent-replayed", "true")
    }

    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| *header == name).map(|(_, value)| value.as_str())
    }
}
