//! The section of an operation: its parameters, its body and its responses.

use crate::{
    markdown::blocks,
    sample::curl,
    schema::{fields, kind, row, table},
    site::Site,
};
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// The value itself, or the one that its `$ref` names.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let target = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// A code block that scrolls by itself, also by keyboard.
pub fn code_block(label: &str, text: &str) -> Markup {
    html! { pre role="group" tabindex="0" aria-label=(label) { code { (text) } } }
}

/// The path with permission to break the line after each slash.
fn breakable(path: &str) -> Markup {
    html! {
        @for segment in path.split_inclusive('/') {
            (segment)
            @if segment.ends_with('/') { wbr; }
        }
    }
}

/// The section.
pub fn section(site: &Site, method: &str, path: &str, operation: &Value) -> Markup {
    let id = text(operation, "operationId");
    html! {
        section.operation id=(id) {
            h3 { a href={ "#" (id) } { (text(operation, "summary")) } }
            p.route {
                span class={ "method " (method) } { (method.to_uppercase()) }
                " " code { (breakable(path)) }
            }
            (blocks(site, "", text(operation, "description")))
            (code_block("Example request", &curl(method, path, operation)))
            (parameters(site, operation))
            (body(site, operation))
            (responses(site, operation))
        }
        (PreEscaped("\n"))
    }
}

fn parameters(site: &Site, operation: &Value) -> Markup {
    let all = operation.get("parameters").and_then(Value::as_array);
    html! {
        @for (place, title) in [("path", "Path"), ("query", "Query"), ("header", "Headers")] {
            @let rows: Vec<Markup> = all
                .into_iter()
                .flatten()
                .filter(|parameter| text(parameter, "in") == place)
                .map(|parameter| {
                    let schema = parameter.get("schema").unwrap_or(&Value::Null);
                    row(site, text(parameter, "name"), place == "path", schema, text(parameter, "description"))
                })
                .collect();
            @if !rows.is_empty() {
                h4 { (title) }
                (table(title, &rows))
            }
        }
    }
}

fn body(site: &Site, operation: &Value) -> Markup {
    let content = operation.pointer("/requestBody/content").and_then(Value::as_object);
    let media = content.and_then(|content| content.iter().next());
    let schema = media.and_then(|(media_type, media)| Some((media_type, media.get("schema")?)));
    html! {
        @if let Some((media_type, schema)) = schema {
            h4 { @if media_type == "application/x-ndjson" { "Each line: " } @else { "Body: " } (kind(site, schema)) }
            @if let Some(fields) = fields(site, "Body", resolved(&site.document, schema)) { (fields) }
        }
    }
}

fn responses(site: &Site, operation: &Value) -> Markup {
    let all = operation.get("responses").and_then(Value::as_object);
    html! {
        h4 { "Responses" }
        ul.responses {
            @for (status, value) in all.into_iter().flatten() {
                li class=(if status.as_str() < "400" { "good" } else { "bad" }) {
                    span.status { (status) }
                    " " (response(site, resolved(&site.document, value)))
                }
            }
        }
    }
}

fn response(site: &Site, response: &Value) -> Markup {
    // Every response has `x-request-id`, as the introduction says, so it is not repeated.
    let headers: Vec<&String> = response
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(|headers| headers.keys())
        .filter(|name| *name != "x-request-id")
        .collect();
    let content = response.get("content").and_then(Value::as_object).and_then(|all| all.iter().next());
    html! {
        (blocks(site, "", text(response, "description")))
        @if let Some((media_type, media)) = content.filter(|(media_type, _)| !is_problem(media_type)) {
            p.media { code { (media_type) } ": " (kind(site, media.get("schema").unwrap_or(&Value::Null))) }
        }
        @if !headers.is_empty() {
            p.media {
                "Headers: "
                @for (index, name) in headers.iter().enumerate() {
                    @if index > 0 { ", " }
                    code { (name) }
                }
            }
        }
        @if let Some(example) = content.and_then(|(media_type, media)| example(media_type, media)) {
            details {
                summary { "Example" }
                (code_block("Example response", &serde_json::to_string_pretty(example).unwrap_or_default()))
            }
        }
    }
}

fn is_problem(media_type: &str) -> bool {
    media_type == "application/problem+json"
}

/// The example to show. All problems look alike, so only those that list fields are shown.
fn example<'a>(media_type: &str, media: &'a Value) -> Option<&'a Value> {
    media.get("example").filter(|example| !is_problem(media_type) || example.get("errors").is_some())
}
