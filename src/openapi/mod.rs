//! The contract as OpenAPI 3.1, made from the code's own types: paths from the routing table, schemas from the types of
//! requests and responses, and problems from the table of codes.
//!
//! A native program writes the document at build time. The Worker only serves the file.

mod common;
mod description;
mod descriptions;
mod endpoints;
mod events;
mod examples;
mod filters;
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

use crate::{
    api::{health::API_VERSION, http::auth::Access},
    ledger::imports::clicks::ImportedClass,
};
use description::Description;
use endpoints::Endpoint;
use headers::Header;
use schemas::{Schemas, schema_of};
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
    let webhooks = events::webhooks(&mut schemas);
    let mut components = schemas.components();
    problems::list_codes(&mut components);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Signpost",
            "summary": "Signed referral links, verified conversions, and a double-entry ledger at the edge",
            "description": INTRODUCTION,
            "version": API_VERSION,
        },
        "servers": [{ "url": "/", "description": "The Worker that serves this document" }],
        "tags": tags.collect::<Value>(),
        "paths": paths,
        "webhooks": webhooks,
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

/// Enumerations whose words the API uses in objects that have no schema, each with its own: lines of imports.
#[must_use]
pub fn enumerations_without_reference() -> Map<String, Value> {
    let mut schemas = Schemas::default();
    schemas.request(schema_of::<ImportedClass>());
    schemas.components()
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
            let mut content = json!({ media_type: media });
            if let (true, Some(content)) = (description.accepts_csv, content.as_object_mut()) {
                content.insert("text/csv".to_owned(), json!({ "schema": { "type": "string" } }));
            }
            let body = json!({ "required": true, "content": content });
            operation.insert("requestBody".to_owned(), body);
        }
    }
    operation
}

fn about(endpoint: Endpoint, description: &Description) -> String {
    let mut paragraphs = vec![description.about.to_owned()];
    if let Some((scope, access)) = endpoint.authorization {
        let keys = match access {
            Access::Programme => {
                "Only keys of the programme may call it; a partner's key gets 404.".to_owned()
            }
            Access::Partner => "A partner's key sees only that partner's data.".to_owned(),
            Access::ProgrammeOr(scope) => {
                format!(
                    "Only keys of the programme may call it; a partner's key gets 404. A publishable key with the scope `{}` \
                     may send leads with a click id.",
                    scope.as_str()
                )
            }
            Access::PartnerWith(scope) => {
                format!(
                    "A partner's key needs the scope `{}` instead, and is limited to that partner's data.",
                    scope.as_str()
                )
            }
        };
        paragraphs.push(format!("Scope: `{}`. {keys}", scope.as_str()));
    }
    paragraphs.retain(|paragraph| !paragraph.is_empty());
    paragraphs.join("\n\n")
}
