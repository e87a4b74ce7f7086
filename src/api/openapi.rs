//! The contract as OpenAPI 3.1, made from the code's own types: routes from the table that the Ledger answers by,
//! schemas from the types that bodies are read into and answers are written from, problems from the table of codes.
//!
//! It is made at build time by a native program; the Worker carries the text only.

mod describe;
mod edge;
mod examples;
mod forms;
mod operations;
mod problems;
mod schemas;
mod texts;
mod vocabulary;

use super::{
    operation::Operation,
    routes::{Access, ROUTES},
};
use crate::domain::programme::key::Scope;
use describe::{Answer, Content, Description, Header, Tag};
use schemas::Schemas;
use serde_json::{Map, Value, json};

pub use vocabulary::limits_of;

/// What stands in front of the list of operations.
const INTRODUCTION: &str = include_str!("openapi/introduction.md");

/// An operation with what is known of it besides its description.
#[derive(Debug, Clone, Copy)]
struct Endpoint {
    method: &'static str,
    path: &'static str,
    operation: Operation,
    /// `None`: no key is needed.
    needs: Option<(Scope, Access)>,
    creates: bool,
}

/// All endpoints: the Ledger's and those that the Worker answers before it gets there.
fn endpoints() -> impl Iterator<Item = Endpoint> {
    let ledger = ROUTES.iter().map(|route| Endpoint {
        method: route.method,
        path: route.path,
        operation: route.operation,
        needs: Some((route.scope, route.access)),
        creates: route.creates,
    });
    ledger.chain(edge::ENDPOINTS.iter().copied())
}

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints() {
        let operation = operation(endpoint, &mut schemas);
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(endpoint.method.to_ascii_lowercase(), operation);
        }
    }
    let headers: Map<String, Value> =
        Header::ALL.iter().map(|header| (header.component().to_owned(), header.object())).collect();
    let responses = problems::shared(&mut schemas);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Signpost",
            "summary": "Signed referral links, verified conversions, and a double-entry ledger at the edge",
            "description": INTRODUCTION,
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": "/", "description": "The Worker that serves this document" }],
        "tags": Tag::ALL.iter().map(|tag| json!({ "name": tag.name(), "description": tag.about() })).collect::<Value>(),
        "paths": paths,
        "components": {
            "schemas": schemas.finish(),
            "responses": responses,
            "headers": headers,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: the secret `OPERATOR_KEY`, or one made with `POST /v1/keys`.",
                },
            },
        },
    })
}

fn operation(endpoint: Endpoint, schemas: &mut Schemas) -> Value {
    let description = operations::describe(endpoint.operation);
    let mut operation = json!({
        "operationId": endpoint.operation.id(),
        "summary": endpoint.operation.summary(),
        "description": about(endpoint, &description),
        "tags": [description.tag.name()],
        "security": match endpoint.needs {
            Some((scope, _)) => json!([{ "bearer": [scope.as_str()] }]),
            None => json!([]),
        },
        "responses": responses(endpoint, &description, schemas),
    });
    if let Some(operation) = operation.as_object_mut() {
        let parameters = parameters(endpoint, &description, schemas);
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(schema) = description.request {
            let mut media = json!({ "schema": schemas.request(schema) });
            if let (Some(example), Some(media)) =
                (examples::request(endpoint.operation), media.as_object_mut())
            {
                media.insert("example".to_owned(), example);
            }
            let body = json!({ "required": true, "content": { "application/json": media } });
            operation.insert("requestBody".to_owned(), body);
        }
    }
    operation
}

fn about(endpoint: Endpoint, description: &Description) -> String {
    let mut paragraphs = vec![description.about.to_owned()];
    if let Some((scope, access)) = endpoint.needs {
        let who = match access {
            Access::Programme => "Keys of the programme only: to a partner's key it is not there.",
            Access::Partner => "A partner's key sees its own data alone.",
        };
        paragraphs.push(format!("Scope: `{}`. {who}", scope.as_str()));
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n")
}

fn parameters(endpoint: Endpoint, description: &Description, schemas: &mut Schemas) -> Vec<Value> {
    let mut parameters: Vec<Value> = endpoint
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .enumerate()
        .map(|(place, name)| {
            let described = description.path.get(place);
            json!({
                "name": name, "in": "path", "required": true,
                "description": described.map_or("", |(_, says)| says),
                "schema": described.map_or_else(|| json!({ "type": "string" }), |(schema, _)| schemas.request(*schema)),
            })
        })
        .collect();
    for query in &description.query {
        parameters.push(query.object(schemas));
    }
    if endpoint.creates {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes a retry safe for 30 days: the same key and body get the first answer again, with \
                            `idempotent-replayed: true`; another body gets 409 `idempotency_conflict`. A UUID is a good choice.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$" },
        }));
    }
    if description.conditional {
        parameters.push(json!({
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` of an earlier answer, compared weakly: equal data are answered 304 without a body.",
            "schema": { "type": "string" },
        }));
    }
    parameters
}

fn responses(endpoint: Endpoint, description: &Description, schemas: &mut Schemas) -> Value {
    let mut responses = Map::new();
    for answer in &description.answers {
        responses.insert(answer.status.to_string(), success(endpoint, answer, schemas));
    }
    problems::responses(endpoint, description, &mut responses);
    Value::Object(responses)
}

fn success(endpoint: Endpoint, answer: &Answer, schemas: &mut Schemas) -> Value {
    let mut headers = Header::references(answer.headers.iter().chain(&[Header::RequestId]));
    if endpoint.creates {
        headers.extend(Header::references(&[Header::Replayed]));
    }
    let mut response = json!({ "description": answer.says, "headers": headers });
    let content = match answer.content {
        Content::Nothing => None,
        Content::Json(schema) => {
            let mut media = json!({ "schema": schemas.answer(schema) });
            if let (Some(example), Some(media)) =
                (examples::answer(endpoint.operation), media.as_object_mut())
            {
                media.insert("example".to_owned(), example);
            }
            Some(("application/json", media))
        }
        // OpenAPI 3.1 has no word for a sequence: the schema is that of a line.
        Content::Lines(schema) => Some(("application/x-ndjson", json!({ "schema": schemas.answer(schema) }))),
        Content::Text(media_type) => Some((media_type, json!({ "schema": { "type": "string" } }))),
        Content::Object => Some(("application/json", json!({ "schema": { "type": "object" } }))),
    };
    if let (Some((media_type, media)), Some(response)) = (content, response.as_object_mut()) {
        response.insert("content".to_owned(), json!({ media_type: media }));
    }
    response
}
