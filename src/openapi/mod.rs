//! The contract as OpenAPI 3.1, made from the code's own types: paths from the routing table, schemas from the types of
//! requests and responses, and problems from the table of codes.
//!
//! A native program writes the document at build time. The Worker only serves the file.

mod common;
mod description;
mod descriptions;
mod endpoints;
mod examples;
mod headers;
mod operations;
mod parameters;
mod problems;
mod query;
mod responses;
mod schemas;
mod tags;
mod vocabulary;
mod wire_types;

use crate::api::http::auth::Access;
use description::Description;
use endpoints::Endpoint;
use headers::Header;
use schemas::Schemas;
use serde_json::{Map, Value, json};
use tags::Tag;

pub use vocabulary::limits_of;

/// The text before the list of operations.
const INTRODUCTION: &str = include_str!("introduction.md");

/// The whole document.
#[must_use]
pub fn document() -> Value {
    let mut schemas = Schemas::default();
    let mut paths: Map<String, Value> = Map::new();
    for endpoint in endpoints::all() {
        let operation = operation(endpoint, &mut schemas);
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        if let Some(path) = path.as_object_mut() {
            path.insert(endpoint.method.to_ascii_lowercase(), operation);
        }
    }
    let headers: Map<String, Value> =
        Header::ALL.iter().map(|header| (header.component().to_owned(), header.object())).collect();
    let tags = Tag::ALL.iter().map(|tag| json!({ "name": tag.name(), "description": tag.description() }));
    let responses = problems::shared(&mut schemas);
    let mut components = schemas.components();
    problems::list_codes(&mut components);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Signpost",
            "summary": "Signed referral links, verified conversions, and a double-entry ledger at the edge",
            "description": INTRODUCTION,
            "version": env!("CARGO_PKG_VERSION"),
        },
        "servers": [{ "url": "/", "description": "The Worker that serves this document" }],
        "tags": tags.collect::<Value>(),
        "paths": paths,
        "components": {
            "schemas": components,
            "responses": responses,
            "headers": headers,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "An API key: the secret `OPERATOR_KEY`, or a key created with `POST /v1/keys`.",
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
        "security": match endpoint.authorization {
            Some((scope, _)) => json!([{ "bearer": [scope.as_str()] }]),
            None => json!([]),
        },
        "responses": responses::of(endpoint, &description, schemas),
    });
    if let Some(operation) = operation.as_object_mut() {
        let parameters = parameters::of(endpoint, &description, schemas);
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), parameters.into());
        }
        if let Some(schema) = description.request_body {
            let mut media = json!({ "schema": schemas.request(schema) });
            if let (Some(example), Some(media)) =
                (examples::request(endpoint.operation), media.as_object_mut())
            {
                media.insert("example".to_owned(), example);
            }
            let media_type = if description.has_lines { "application/x-ndjson" } else { "application/json" };
            let body = json!({ "required": true, "content": { media_type: media } });
            operation.insert("requestBody".to_owned(), body);
        }
    }
    operation
}

fn about(endpoint: Endpoint, description: &Description) -> String {
    let mut paragraphs = vec![description.about.to_owned()];
    if let Some((scope, access)) = endpoint.authorization {
        let keys = match access {
            Access::Programme => "Only keys of the programme may call it; a partner's key gets 404.",
            Access::Partner => "A partner's key sees only that partner's data.",
        };
        paragraphs.push(format!("Scope: `{}`. {keys}", scope.as_str()));
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n")
}
