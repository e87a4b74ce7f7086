//! One operation: what it takes, what it answers, how it refuses.

use crate::{
    markup::{blocks, code, escape, inline},
    sample::curl,
    schema::{fields, kind, row, table},
};
use serde_json::Value;

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The value itself, or the one that its `$ref` names.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// The operation's section.
pub fn section(document: &Value, method: &str, path: &str, operation: &Value) -> String {
    let id = text(operation, "operationId");
    let mut html = format!(
        "<section class=\"operation\" id=\"{id}\">\n<h3><a href=\"#{id}\">{}</a></h3>\n\
         <p class=\"route\"><span class=\"method {method}\">{}</span> <code>{}</code></p>\n",
        escape(text(operation, "summary")),
        method.to_uppercase(),
        escape(path).replace('/', "/<wbr>"),
    );
    html.push_str(&blocks(text(operation, "description"), 4));
    html.push_str(&code("Example request", &curl(method, path, operation)));
    html.push_str(&parameters(operation));
    html.push_str(&body(document, operation));
    html.push_str(&responses(document, operation));
    html.push_str("</section>\n");
    html
}

fn parameters(operation: &Value) -> String {
    let Some(Value::Array(all)) = operation.get("parameters") else { return String::new() };
    let mut html = String::new();
    for (place, title) in [("path", "Path"), ("query", "Query"), ("header", "Headers")] {
        let rows: String = all
            .iter()
            .filter(|parameter| text(parameter, "in") == place)
            .map(|parameter| {
                let schema = parameter.get("schema").unwrap_or(&Value::Null);
                row(text(parameter, "name"), place == "path", schema, text(parameter, "description"))
            })
            .collect();
        if !rows.is_empty() {
            html.push_str(&format!("<h4>{title}</h4>\n{}", table(title, &rows)));
        }
    }
    html
}

fn body(document: &Value, operation: &Value) -> String {
    let Some(schema) = operation.pointer("/requestBody/content/application~1json/schema") else {
        return String::new();
    };
    let fields = fields("Body", resolved(document, schema));
    format!("<h4>Body: {}</h4>\n{fields}", kind(schema))
}

fn responses(document: &Value, operation: &Value) -> String {
    let Some(Value::Object(all)) = operation.get("responses") else { return String::new() };
    let mut html = String::from("<h4>Answers</h4>\n<ul class=\"answers\">\n");
    for (status, response) in all {
        let response = resolved(document, response);
        let class = if status.as_str() < "400" { "good" } else { "bad" };
        html.push_str(&format!("<li class=\"{class}\"><span class=\"status\">{status}</span> "));
        html.push_str(&answer(response));
        html.push_str("</li>\n");
    }
    html.push_str("</ul>\n");
    html
}

fn answer(response: &Value) -> String {
    let description = text(response, "description");
    let mut html = if description.starts_with("- ") {
        blocks(description, 4)
    } else {
        format!("<p>{}</p>\n", inline(description))
    };
    let headers: Vec<String> = response
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        // Every answer has it, and the introduction says so.
        .filter(|(name, _)| name.as_str() != "x-request-id")
        .map(|(name, _)| format!("<code>{}</code>", escape(name)))
        .collect();
    let Some((media_type, media)) =
        response.get("content").and_then(Value::as_object).and_then(|all| all.iter().next())
    else {
        html.push_str(&with_headers(&headers));
        return html;
    };
    let schema = media.get("schema").unwrap_or(&Value::Null);
    if media_type != "application/problem+json" {
        html.push_str(&format!(
            "<p class=\"media\"><code>{}</code>: {}</p>\n",
            escape(media_type),
            kind(schema)
        ));
    }
    html.push_str(&with_headers(&headers));
    if let Some(example) = media.get("example") {
        let pretty = serde_json::to_string_pretty(example).unwrap_or_default();
        let body = code("Example answer", &pretty);
        html.push_str(&format!("<details><summary>Example</summary>{body}</details>\n"));
    }
    html
}

fn with_headers(headers: &[String]) -> String {
    if headers.is_empty() {
        String::new()
    } else {
        format!("<p class=\"media\">Headers: {}</p>\n", headers.join(", "))
    }
}
