//! Requests and responses as plain data, so that the API runs without a server.

/// A request.
#[derive(Debug, Clone, Copy, Default)]
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
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// `Accept`.
    pub accept: Option<&'a str>,
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
    /// The body of a response that is not text; `body` is empty then.
    pub bytes: Option<Vec<u8>>,
    /// A line for the operator's log, if something failed on our side.
    pub log: Option<String>,
}

impl Request<'_> {
    /// Whether the body has this media type, whatever its parameters.
    #[must_use]
    pub fn is_of_type(&self, media_type: &str) -> bool {
        let sent = self.content_type.unwrap_or_default().split(';').next().unwrap_or_default();
        sent.trim().eq_ignore_ascii_case(media_type)
    }
}

impl Response {
    /// A JSON response.
    #[must_use]
    pub fn json(status: u16, body: String) -> Self {
        Self { status, ..Self::of_type("application/json", body) }
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
        let headers = vec![("content-type", media_type.to_owned())];
        Self { headers, body, ..Self::empty(200) }
    }

    /// A response without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: String::new(), bytes: None, log: None }
    }

    /// A response with a body that is not text.
    #[must_use]
    pub fn of_bytes(media_type: &str, bytes: Vec<u8>) -> Self {
        Self { bytes: Some(bytes), ..Self::of_type(media_type, String::new()) }
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
