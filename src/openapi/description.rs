//! What the document says about an operation beyond its route.

use super::{
    headers::Header,
    query::QueryParameter,
    schemas::{Schema, schema_of},
    tags::Tag,
};
use crate::api::http::problems::Code;
use schemars::JsonSchema;

/// The body of a response.
#[derive(Debug, Clone, Copy)]
pub enum Content {
    Nothing,
    Json(Schema),
    /// JSON, or a table of the same as CSV to those whose `Accept` prefers it.
    JsonOrCsv(Schema),
    /// NDJSON; the schema is that of one line.
    Lines(Schema),
    /// Text of this media type.
    Text(&'static str),
    /// Bytes of this media type.
    Bytes(&'static str),
    /// A JSON object whose fields are defined elsewhere.
    Object,
}

/// A response other than a problem.
pub struct Success {
    pub status: u16,
    pub description: &'static str,
    pub content: Content,
    pub headers: &'static [Header],
}

/// What the document says about an operation beyond its route.
pub struct Description {
    pub tag: Tag,
    pub about: &'static str,
    /// The types and descriptions of the path's placeholders, in their order.
    pub path_parameters: Vec<(Schema, &'static str)>,
    pub query_parameters: Vec<QueryParameter>,
    pub request_body: Option<Schema>,
    /// The request body is NDJSON; the schema is that of one line.
    pub has_lines: bool,
    /// The operation also accepts a table as CSV.
    pub accepts_csv: bool,
    /// The operation accepts `If-None-Match`.
    pub is_conditional: bool,
    pub successes: Vec<Success>,
    /// Codes of problems other than those that follow from the route (see `problems`).
    pub problems: Vec<Code>,
}

impl Description {
    pub fn new(tag: Tag, about: &'static str) -> Self {
        Self {
            tag,
            about,
            path_parameters: Vec::new(),
            query_parameters: Vec::new(),
            request_body: None,
            has_lines: false,
            accepts_csv: false,
            is_conditional: false,
            successes: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The next placeholder of the path is a `T`.
    pub fn path_parameter<T: JsonSchema>(mut self, description: &'static str) -> Self {
        self.path_parameters.push((schema_of::<T>(), description));
        self
    }

    /// The request body is a `T`.
    pub fn request_body<T: JsonSchema>(mut self) -> Self {
        self.request_body = Some(schema_of::<T>());
        self
    }

    /// The request body is NDJSON, each line a `T`.
    pub fn request_lines<T: JsonSchema>(mut self) -> Self {
        self.has_lines = true;
        self.request_body::<T>()
    }

    /// The request body may also be a table as CSV.
    pub fn or_csv(mut self) -> Self {
        self.accepts_csv = true;
        self
    }

    /// The operation accepts these query parameters.
    pub fn query_parameters(mut self, parameters: impl IntoIterator<Item = QueryParameter>) -> Self {
        self.query_parameters.extend(parameters);
        self
    }

    /// The operation accepts `If-None-Match`.
    pub fn conditional(mut self) -> Self {
        self.is_conditional = true;
        self
    }

    /// A response whose body is a `T`.
    pub fn json<T: JsonSchema>(self, status: u16, description: &'static str) -> Self {
        self.response(status, description, Content::Json(schema_of::<T>()), &[])
    }

    /// A response with headers.
    pub fn response(
        mut self,
        status: u16,
        description: &'static str,
        content: Content,
        headers: &'static [Header],
    ) -> Self {
        self.successes.push(Success { status, description, content, headers });
        self
    }

    /// Problems of this operation.
    pub fn problems(mut self, codes: &[Code]) -> Self {
        self.problems.extend(codes);
        self
    }
}
