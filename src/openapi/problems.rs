//! Responses that refuse a request: RFC 9457 problems. Most codes follow from an operation's route, the others from its
//! description.

use super::{
    description::Description,
    endpoints::Endpoint,
    examples,
    headers::Header,
    schemas::{Schemas, schema_of},
};
use crate::api::http::{
    auth::Access,
    problems::{Code, Problem, ProblemBody},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const MEDIA_TYPE: &str = "application/problem+json";
/// The component that lists all codes.
const CODES: &str = "ProblemCode";

/// Responses that are the same in every operation.
const SHARED: [(u16, &str, &[Code]); 7] = [
    (401, "Unauthenticated", &[Code::Unauthenticated]),
    (403, "Forbidden", &[Code::InsufficientScope, Code::OriginRefused]),
    (413, "BodyTooLarge", &[Code::BodyTooLarge]),
    (415, "UnsupportedEncoding", &[Code::UnsupportedEncoding]),
    (429, "RateLimited", &[Code::RateLimited]),
    (500, "InternalError", &[Code::Internal]),
    (503, "Unavailable", &[Code::Unavailable]),
];

/// The shared responses as components.
pub fn shared(schemas: &mut Schemas) -> Map<String, Value> {
    // The responses refer to the schema by name only, so it is registered here.
    schemas.response(schema_of::<ProblemBody<'_>>());
    let response = |status: u16, codes: &[Code]| {
        let headers: &[Header] = match status {
            401 => &[Header::RequestId, Header::Challenge],
            429 => &[Header::RequestId, Header::RetryAfter, Header::RateLimit, Header::RateLimitPolicy],
            _ => &[Header::RequestId],
        };
        response(codes, headers, None)
    };
    SHARED.iter().map(|(status, name, codes)| ((*name).to_owned(), response(*status, codes))).collect()
}

/// The problems of an endpoint, by status.
pub fn of(endpoint: Endpoint, description: &Description) -> Map<String, Value> {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes(endpoint, description) {
        let codes = by_status.entry(code.status()).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let example = examples::problem(endpoint.operation);
    let mut responses = Map::new();
    for (status, codes) in by_status {
        let shared = SHARED.iter().find(|(_, _, shared)| *shared == codes.as_slice());
        let problem = match shared {
            Some((_, name, _)) => json!({ "$ref": format!("#/components/responses/{name}") }),
            None => {
                let has_status =
                    |example: &&Value| example.get("status").is_some_and(|found| *found == status);
                response(&codes, &[Header::RequestId], example.as_ref().filter(has_status))
            }
        };
        responses.insert(status.to_string(), problem);
    }
    responses
}

/// The codes that `endpoint` can return.
fn codes(endpoint: Endpoint, description: &Description) -> Vec<Code> {
    let mut codes = vec![Code::Internal, Code::InvalidHost];
    if let Some((_, access)) = endpoint.authorization {
        codes.extend([Code::Unauthenticated, Code::InsufficientScope, Code::RateLimited, Code::Unavailable]);
        codes.push(Code::OriginRefused);
        if matches!(access, Access::Programme | Access::ProgrammeOr(_))
            || !description.path_parameters.is_empty()
        {
            codes.push(Code::NotFound);
        }
        // Operations refuse parameters that they do not know, writes included.
        codes.extend([Code::InvalidParameter, Code::UnknownParameter]);
        if endpoint.method != "GET" {
            codes.extend([Code::BodyTooLarge, Code::UnsupportedEncoding]);
        }
        if endpoint.changes_data {
            codes.push(Code::Restoring);
        }
    }
    if description.request_body.is_some() {
        codes.extend([Code::MalformedJson, Code::InvalidUtf8]);
        codes.extend([Code::UnknownField, Code::MissingField, Code::DuplicateField, Code::WrongType]);
        // Every body may contain a number that does not fit in a 64-bit integer.
        codes.push(Code::OutOfRange);
    }
    if endpoint.creates {
        codes.extend([Code::InvalidIdempotencyKey, Code::IdempotencyConflict]);
    }
    codes.extend(&description.problems);
    codes
}

fn response(codes: &[Code], headers: &[Header], example: Option<&Value>) -> Value {
    let values: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let descriptions: Vec<String> =
        codes.iter().map(|code| format!("- `{}`: {}.", code.as_str(), code.title())).collect();
    let generated = || {
        let problem = codes.first().map(|code| Problem::new(*code, format!("{}.", code.title())));
        problem.and_then(|problem| serde_json::from_str(&problem.response().body).ok()).unwrap_or(Value::Null)
    };
    json!({
        "description": descriptions.join("\n"),
        "headers": Header::references(headers),
        "content": { MEDIA_TYPE: {
            "schema": { "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "type": "object", "properties": { "code": { "type": "string", "enum": values } } },
            ] },
            "example": example.cloned().unwrap_or_else(generated),
        } },
    })
}

/// Adds the list of all codes, to which the schemas of a problem and of a field's error refer.
pub fn list_codes(components: &mut Map<String, Value>) {
    let code = |code: &Code| json!({ "type": "string", "const": code.as_str(), "description": format!("{}.", code.title()) });
    let codes: Vec<Value> = Code::ALL.iter().map(code).collect();
    let list = json!({ "description": "What went wrong. Programs should decide by it.", "oneOf": codes });
    components.insert(CODES.to_owned(), list);
    for name in ["Problem", "FieldError"] {
        let field = components.get_mut(name).and_then(|schema| schema.pointer_mut("/properties/code"));
        if let Some(field) = field.and_then(Value::as_object_mut) {
            field.remove("type");
            field.insert("$ref".to_owned(), json!(format!("#/components/schemas/{CODES}")));
        }
    }
}
