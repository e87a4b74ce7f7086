//! Example requests for the shell.

use serde_json::Value;

/// The `curl` command of an operation. The caller sets the variables `$BASE` and `$KEY` and one for each placeholder of the
/// path.
pub fn curl(method: &str, path: &str, operation: &Value) -> String {
    let mut line = String::from("curl");
    match method {
        "get" => {}
        "head" => line.push_str(" -I"),
        other => line.push_str(&format!(" -X {}", other.to_uppercase())),
    }
    let path = path.replace('{', "$").replace('}', "");
    let path: String = path
        .split_inclusive('/')
        .map(|segment| if segment.starts_with('$') { segment.to_uppercase() } else { segment.to_owned() })
        .collect();
    line.push_str(&format!(" \"$BASE{path}\""));
    if operation.pointer("/security/0").is_some() {
        line.push_str(" \\\n  -H \"Authorization: Bearer $KEY\"");
    }
    let parameters = operation.get("parameters").and_then(Value::as_array);
    let takes_key = parameters.is_some_and(|all| {
        all.iter().any(|parameter| parameter.get("name").is_some_and(|name| name == "Idempotency-Key"))
    });
    if takes_key {
        line.push_str(" \\\n  -H \"Idempotency-Key: $(uuidgen)\"");
    }
    let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
    let media = content.and_then(|content| content.iter().next());
    if let Some((media_type, body)) = media.and_then(|(name, media)| Some((name, media.get("example")?))) {
        // Each object of NDJSON is on one line.
        let text = if media_type == "application/json" {
            serde_json::to_string_pretty(body)
        } else {
            serde_json::to_string(body)
        };
        let body = text.unwrap_or_default().replace('\'', r"'\''");
        line.push_str(&format!(" \\\n  -H \"Content-Type: {media_type}\" \\\n  -d '{body}'"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::curl;
    use serde_json::json;

    #[test]
    fn a_body_is_quoted_for_the_shell() {
        let operation = json!({
            "security": [{ "bearer": [] }],
            "requestBody": { "content": { "application/json": { "example": { "name": "Ada's" } } } },
        });
        let expected = "curl -X POST \"$BASE/v1/things/$ID/parts\" \\\n  -H \"Authorization: Bearer $KEY\" \\\n  \
                        -H \"Content-Type: application/json\" \\\n  -d '{\n  \"name\": \"Ada'\\''s\"\n}'";
        assert_eq!(curl("post", "/v1/things/{id}/parts", &operation), expected);
    }
}
