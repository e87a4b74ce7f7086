//! The parameters of an operation: path, query and headers.

use super::{description::Description, endpoints::Endpoint, schemas::Schemas};
use serde_json::{Value, json};

/// All parameters of an endpoint.
pub fn of(endpoint: Endpoint, description: &Description, schemas: &mut Schemas) -> Vec<Value> {
    let placeholders =
        endpoint.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Value> = placeholders
        .zip(&description.path_parameters)
        .map(|(name, (schema, description))| {
            let schema = schemas.request(*schema);
            json!({ "name": name, "in": "path", "required": true, "description": description, "schema": schema })
        })
        .collect();
    parameters.extend(description.query_parameters.iter().map(|parameter| parameter.object(schemas)));
    if endpoint.creates {
        parameters.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Makes a retry safe for 30 days: the same key with the same body gets the first response again, with \
                            `idempotent-replayed: true`; another body gets 409 `idempotency_conflict`. A UUID is a good choice. \
                            It has no comma, because several headers of one name arrive as one text with commas.",
            "schema": { "type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -+.-~-]+$" },
        }));
    }
    if description.is_conditional {
        parameters.push(json!({
            "name": "If-None-Match", "in": "header", "required": false,
            "description": "The `ETag` of an earlier response. The comparison is weak; equal data are answered with 304 and no \
                            body.",
            "schema": { "type": "string" },
        }));
    }
    parameters
}
