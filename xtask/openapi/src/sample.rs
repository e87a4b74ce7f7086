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
    if let Some(body) = operation.pointer("/requestBody/content/application~1json/example") {
        let body = serde_json::to_string_pretty(body).unwrap_or_default().replace('\'', r"'\''");
        line.push_str(&format!(" \\\n  -H \"Content-Type: application/json\" \\\n  -d '{body}'"));
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
