//! The responses of an operation.

use super::{
    description::{Content, Description, Success},
    endpoints::Endpoint,
    examples,
    headers::Header,
    problems,
    schemas::Schemas,
};
use serde_json::{Map, Value, json};

/// All responses of an endpoint, by status.
pub fn of(endpoint: Endpoint, description: &Description, schemas: &mut Schemas) -> Map<String, Value> {
    let mut responses = Map::new();
    for success in &description.successes {
        responses.insert(success.status.to_string(), response(endpoint, success, schemas));
    }
    responses.extend(problems::of(endpoint, description));
    responses
}

fn response(endpoint: Endpoint, success: &Success, schemas: &mut Schemas) -> Value {
    let mut headers = Header::references(success.headers.iter().chain(&[Header::RequestId]));
    if endpoint.creates {
        headers.extend(Header::references(&[Header::Replayed]));
    }
    let mut response = json!({ "description": success.description, "headers": headers });
    let content = match success.content {
        Content::Nothing => None,
        Content::Json(schema) | Content::JsonOrCsv(schema) => {
            let mut media = json!({ "schema": schemas.response(schema) });
            if let (Some(example), Some(media)) =
                (examples::response(endpoint.operation), media.as_object_mut())
            {
                media.insert("example".to_owned(), example);
            }
            Some(("application/json", media))
        }
        // OpenAPI 3.1 cannot describe a sequence, so the schema is that of one line.
        Content::Lines(schema) => {
            Some(("application/x-ndjson", json!({ "schema": schemas.response(schema) })))
        }
        Content::Text(media_type) => Some((media_type, json!({ "schema": { "type": "string" } }))),
        Content::Bytes(media_type) => {
            Some((media_type, json!({ "schema": { "type": "string", "contentMediaType": media_type } })))
        }
        Content::Object => Some(("application/json", json!({ "schema": { "type": "object" } }))),
    };
    if let (Some((media_type, media)), Some(response)) = (content, response.as_object_mut()) {
        let mut all = json!({ media_type: media });
        if let (Content::JsonOrCsv(_), Some(all)) = (success.content, all.as_object_mut()) {
            all.insert("text/csv".to_owned(), json!({ "schema": { "type": "string" } }));
        }
        response.insert("content".to_owned(), all);
    }
    response
}
