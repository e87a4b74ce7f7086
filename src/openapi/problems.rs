//! Answers that refuse: RFC 9457 problems. Which codes an operation can answer follows from its route, for the rest
//! from its description.

use crate::{
    api::{
        problem::{Code, Problem, ProblemBody},
        routes::Access,
    },
    openapi::{
        Endpoint,
        describe::{Description, Header, of},
        examples,
        schemas::Schemas,
    },
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

const MEDIA_TYPE: &str = "application/problem+json";

/// Answers that are the same for every operation that can give them.
const SHARED: [(u16, &str, &[Code]); 6] = [
    (401, "Unauthenticated", &[Code::Unauthenticated]),
    (403, "InsufficientScope", &[Code::InsufficientScope]),
    (413, "BodyTooLarge", &[Code::BodyTooLarge]),
    (429, "RateLimited", &[Code::RateLimited]),
    (500, "InternalError", &[Code::Internal]),
    (503, "Unavailable", &[Code::Unavailable]),
];

/// The shared answers as components.
pub fn shared(schemas: &mut Schemas) -> Map<String, Value> {
    // Nothing else names the problem's schema before the components are collected.
    schemas.answer(of::<ProblemBody<'_>>());
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

/// Writes the problems of an endpoint beside its successes.
pub fn responses(endpoint: Endpoint, description: &Description, responses: &mut Map<String, Value>) {
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for code in codes(endpoint, description) {
        let codes = by_status.entry(code.status()).or_default();
        if !codes.contains(&code) {
            codes.push(code);
        }
    }
    let refusal = examples::refusal(endpoint.operation);
    for (status, codes) in by_status {
        let shared = SHARED.iter().find(|(_, _, shared)| *shared == codes.as_slice());
        let answer = match shared {
            Some((_, name, _)) => json!({ "$ref": format!("#/components/responses/{name}") }),
            None => {
                let of_status = |example: &&Value| example.get("status").is_some_and(|is| *is == status);
                response(&codes, &[Header::RequestId], refusal.as_ref().filter(of_status))
            }
        };
        responses.insert(status.to_string(), answer);
    }
}

/// The codes that `endpoint` can answer.
fn codes(endpoint: Endpoint, description: &Description) -> Vec<Code> {
    let mut codes = vec![Code::Internal];
    if let Some((_, access)) = endpoint.needs {
        codes.extend([Code::Unauthenticated, Code::InsufficientScope, Code::RateLimited, Code::Unavailable]);
        if access == Access::Programme || !description.path.is_empty() {
            codes.push(Code::NotFound);
        }
        // Writes take no parameters, and say so.
        codes.extend([Code::InvalidParameter, Code::UnknownParameter]);
        if endpoint.method != "GET" {
            codes.push(Code::BodyTooLarge);
        }
    }
    if description.request.is_some() {
        codes.extend([Code::MalformedJson, Code::InvalidUtf8]);
        codes.extend([Code::UnknownField, Code::MissingField, Code::DuplicateField, Code::WrongType]);
        // A number that no integer of ours can hold, in whichever field.
        codes.push(Code::OutOfRange);
    }
    if endpoint.creates {
        codes.extend([Code::InvalidIdempotencyKey, Code::IdempotencyConflict]);
    }
    codes.extend(&description.refuses);
    codes
}

fn response(codes: &[Code], headers: &[Header], example: Option<&Value>) -> Value {
    let words: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
    let says: Vec<String> =
        codes.iter().map(|code| format!("- `{}`: {}.", code.as_str(), code.title())).collect();
    let made = || {
        let problem = codes.first().map(|code| Problem::new(*code, format!("{}.", code.title())));
        problem.and_then(|problem| serde_json::from_str(&problem.response().body).ok()).unwrap_or(Value::Null)
    };
    json!({
        "description": says.join("\n"),
        "headers": Header::references(headers),
        "content": { MEDIA_TYPE: {
            "schema": { "allOf": [
                { "$ref": "#/components/schemas/Problem" },
                { "type": "object", "properties": { "code": { "type": "string", "enum": words } } },
            ] },
            "example": example.cloned().unwrap_or_else(made),
        } },
    })
}

/// Says which codes there are, in the schema of a problem or of a field's error.
pub fn complete(schema: &mut Value) {
    let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    if let Some(code) = schema.pointer_mut("/properties/code").and_then(Value::as_object_mut) {
        code.insert("enum".to_owned(), json!(codes));
    }
}
