//! Schemas as tables and short texts.

use crate::{markdown::inline, site::Site};
use maud::{Markup, html};
use serde_json::Value;

/// The type of a value in a few words. Types of the document are links.
pub fn kind(site: &Site, schema: &Value) -> Markup {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let name = target.rsplit('/').next().unwrap_or(target);
        return match site.enumeration(name) {
            Some(enumeration) => html! { a href=(enumeration.address()) { (name) } },
            None => html! { a href={ "#schema-" (name) } { (name) } },
        };
    }
    for keyword in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(alternatives)) = schema.get(keyword) {
            return joined(alternatives.iter().map(|schema| kind(site, schema)), " or ");
        }
    }
    if let Some(value) = schema.get("const") {
        return html! { code { (value) } };
    }
    match schema.get("type") {
        Some(Value::String(name)) => simple(site, name, schema),
        Some(Value::Array(names)) => {
            joined(names.iter().filter_map(Value::as_str).map(|name| simple(site, name, schema)), " or ")
        }
        _ => html! { "any" },
    }
}

fn joined(parts: impl Iterator<Item = Markup>, separator: &str) -> Markup {
    html! {
        @for (index, part) in parts.enumerate() {
            @if index > 0 { (separator) }
            (part)
        }
    }
}

fn simple(site: &Site, name: &str, schema: &Value) -> Markup {
    match name {
        "array" => html! {
            "list of "
            @match schema.get("items") {
                Some(items) => (kind(site, items)),
                None => "any",
            }
        },
        "object" => match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => html! { "map to " (kind(site, values)) },
            _ => html! { "object" },
        },
        other => html! { (other) },
    }
}

/// A range in words.
fn range(minimum: Option<i64>, maximum: Option<i64>, unit: &str) -> Option<Markup> {
    let text = match (minimum, maximum) {
        (Some(minimum), Some(maximum)) if minimum == maximum => format!("{minimum}{unit}"),
        (Some(minimum), Some(maximum)) => format!("{minimum} to {maximum}{unit}"),
        (Some(minimum), None) => format!("at least {minimum}{unit}"),
        (None, Some(maximum)) => format!("up to {maximum}{unit}"),
        (None, None) => return None,
    };
    Some(html! { (text) })
}

/// A JSON value as a reader would write it: text without its quotes.
fn plain(value: &Value) -> Markup {
    match value.as_str() {
        Some(text) => html! { code { (text) } },
        None => html! { code { (value) } },
    }
}

/// The limits of a value, or nothing.
fn limits(schema: &Value) -> Option<Markup> {
    let number = |keyword: &str| schema.get(keyword).and_then(Value::as_i64);
    let ranges = [
        range(number("minLength"), number("maxLength"), " characters"),
        range(number("minimum"), number("maximum"), ""),
        range(number("minItems"), number("maxItems"), " items"),
        range(number("minProperties"), number("maxProperties"), " entries"),
    ];
    let mut limits: Vec<Markup> = ranges.into_iter().flatten().collect();
    for keyword in ["format", "pattern", "default"] {
        if let Some(value) = schema.get(keyword).filter(|value| !value.is_null()) {
            limits.push(html! { (keyword) " " (plain(value)) });
        }
    }
    if let Some(Value::Array(values)) = schema.get("enum") {
        limits.push(html! { "one of " (joined(values.iter().map(plain), ", ")) });
    }
    (!limits.is_empty()).then(|| joined(limits.into_iter(), "; "))
}

/// A table row: name, type and meaning.
pub fn row(site: &Site, name: &str, required: bool, schema: &Value, description: &str) -> Markup {
    html! {
        tr {
            th scope="row" {
                code { (name) }
                @if required { " " strong.must { "required" } }
            }
            td { (kind(site, schema)) }
            td {
                (inline(site, description))
                @if let Some(limits) = limits(schema) { " " span.limits { (limits) } }
            }
        }
    }
}

/// A table. The caption is for screen readers only, because the heading above the table says the same.
pub fn table(caption: &str, rows: &[Markup]) -> Markup {
    html! {
        table {
            caption { (caption) }
            thead {
                tr {
                    @for heading in ["Name", "Type", "Meaning"] {
                        th scope="col" { (heading) }
                    }
                }
            }
            tbody {
                @for row in rows { (row) }
            }
        }
    }
}

/// The fields of an object, the required ones first and in the order of the type. Nothing if it has no fields.
pub fn fields(site: &Site, caption: &str, schema: &Value) -> Option<Markup> {
    let properties = schema.get("properties").and_then(Value::as_object)?;
    // In responses every field is present, so only requests mark the required fields.
    let is_request = schema.get("additionalProperties").is_some();
    let required: Vec<&str> = match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let optional = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
    let rows: Vec<Markup> = required
        .iter()
        .copied()
        .chain(optional)
        .filter_map(|name| Some((name, properties.get(name)?)))
        .map(|(name, field)| {
            row(site, name, is_request && required.contains(&name), field, description(field))
        })
        .collect();
    Some(table(caption, &rows))
}

fn description(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// The section of a component.
pub fn section(site: &Site, name: &str, schema: &Value) -> Markup {
    let id = format!("schema-{name}");
    let fields = fields(site, &format!("Fields of {name}"), schema);
    html! {
        section.schema id=(id) {
            h3 { a href={ "#" (id) } { (name) } }
            @if !description(schema).is_empty() {
                p { (inline(site, description(schema))) }
            }
            @if fields.is_none() {
                p {
                    (kind(site, schema))
                    @if let Some(limits) = limits(schema) { ": " (limits) }
                }
            }
            @if let Some(fields) = fields { (fields) }
        }
    }
}
