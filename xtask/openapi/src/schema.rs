//! Schemas as words and tables.

use crate::markup::{escape, inline};
use serde_json::{Map, Value};

/// What a value may be, in a few words; types of ours are links.
pub fn kind(schema: &Value) -> String {
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let name = target.rsplit('/').next().unwrap_or(target);
        return format!("<a href=\"#schema-{name}\">{}</a>", escape(name));
    }
    for word in ["anyOf", "oneOf", "allOf"] {
        if let Some(Value::Array(forms)) = schema.get(word) {
            return either(forms.iter().map(kind));
        }
    }
    if let Some(value) = schema.get("const") {
        return format!("<code>{}</code>", escape(&value.to_string()));
    }
    match schema.get("type") {
        Some(Value::String(name)) => simple(name, schema),
        Some(Value::Array(names)) => {
            either(names.iter().filter_map(Value::as_str).map(|name| simple(name, schema)))
        }
        _ => "any".to_owned(),
    }
}

fn either(kinds: impl Iterator<Item = String>) -> String {
    kinds.collect::<Vec<_>>().join(" or ")
}

fn simple(name: &str, schema: &Value) -> String {
    match name {
        "array" => format!("list of {}", schema.get("items").map_or("any".to_owned(), kind)),
        "object" => match schema.get("additionalProperties") {
            Some(values @ Value::Object(_)) => format!("map to {}", kind(values)),
            _ => "object".to_owned(),
        },
        other => other.to_owned(),
    }
}

/// The limits of a value, in a few words.
pub fn limits(schema: &Value) -> String {
    let mut said = Vec::new();
    let number = |word: &str| schema.get(word).and_then(Value::as_i64);
    let span = |least: Option<i64>, most: Option<i64>, what: &str| match (least, most) {
        (Some(least), Some(most)) if least == most => Some(format!("{least}{what}")),
        (Some(least), Some(most)) => Some(format!("{least} to {most}{what}")),
        (Some(least), None) => Some(format!("at least {least}{what}")),
        (None, Some(most)) => Some(format!("up to {most}{what}")),
        (None, None) => None,
    };
    said.extend(span(number("minLength"), number("maxLength"), " characters"));
    said.extend(span(number("minimum"), number("maximum"), ""));
    said.extend(span(number("minItems"), number("maxItems"), " items"));
    said.extend(span(number("minProperties"), number("maxProperties"), " entries"));
    for (word, before) in [("format", "format "), ("pattern", "pattern "), ("default", "default ")] {
        match schema.get(word) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => said.push(format!("{before}<code>{}</code>", escape(text))),
            Some(value) => said.push(format!("{before}<code>{}</code>", escape(&value.to_string()))),
        }
    }
    if let Some(Value::Array(words)) = schema.get("enum") {
        let words: Vec<String> = words
            .iter()
            .filter_map(Value::as_str)
            .map(|word| format!("<code>{}</code>", escape(word)))
            .collect();
        said.push(format!("one of {}", words.join(", ")));
    }
    said.join("; ")
}

/// A table row: name, what it may be, what it means.
pub fn row(name: &str, required: bool, schema: &Value, says: &str) -> String {
    let mark = if required { " <strong class=\"must\">required</strong>" } else { "" };
    let limits = limits(schema);
    let limits =
        if limits.is_empty() { String::new() } else { format!(" <span class=\"limits\">{limits}</span>") };
    format!(
        "<tr><th scope=\"row\"><code>{}</code>{mark}</th><td>{}</td><td>{}{limits}</td></tr>\n",
        escape(name),
        kind(schema),
        inline(says)
    )
}

/// A table with a caption that screens need not show: the heading above it says the same.
pub fn table(caption: &str, rows: &str) -> String {
    format!(
        "<table><caption>{}</caption><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Type</th>\
         <th scope=\"col\">Meaning</th></tr></thead><tbody>\n{rows}</tbody></table>\n",
        escape(caption)
    )
}

/// The fields of an object, the required ones first and in the order of the type.
pub fn fields(caption: &str, schema: &Value) -> String {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return String::new();
    };
    // Each field of an answer is required: the mark would say nothing there.
    let is_request = schema.get("additionalProperties").is_some();
    let required: Vec<&str> = match schema.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let optional = properties.keys().map(String::as_str).filter(|name| !required.contains(name));
    let rows: String = required
        .iter()
        .copied()
        .chain(optional)
        .filter_map(|name| Some((name, properties.get(name)?)))
        .map(|(name, field)| row(name, is_request && required.contains(&name), field, says(field)))
        .collect();
    table(caption, &rows)
}

fn says(schema: &Value) -> &str {
    schema.get("description").and_then(Value::as_str).unwrap_or_default()
}

/// Everything about a component.
pub fn section(name: &str, schema: &Value) -> String {
    let mut html = format!(
        "<section class=\"schema\" id=\"schema-{name}\"><h3><a href=\"#schema-{name}\">{}</a></h3>\n",
        escape(name)
    );
    if !says(schema).is_empty() {
        html.push_str(&format!("<p>{}</p>\n", inline(says(schema))));
    }
    let fields = fields(&format!("Fields of {name}"), schema);
    if let Some(words) = words(schema) {
        html.push_str(&words);
    } else if fields.is_empty() {
        let limits = limits(schema);
        let limits = if limits.is_empty() { limits } else { format!(": {limits}") };
        html.push_str(&format!("<p>{}{limits}</p>\n", kind(schema)));
    }
    html.push_str(&fields);
    html.push_str("</section>\n");
    html
}

/// A closed set of words, each with its meaning.
fn words(schema: &Value) -> Option<String> {
    let forms = schema.get("oneOf")?.as_array()?;
    let word = |form: &Value| -> Option<String> {
        let form: &Map<String, Value> = form.as_object()?;
        let word = form.get("const")?.as_str()?;
        let says = form.get("description").and_then(Value::as_str).unwrap_or_default();
        Some(format!("<dt><code>{}</code></dt><dd>{}</dd>", escape(word), inline(says)))
    };
    let list: Option<String> = forms.iter().map(word).collect();
    Some(format!("<dl>{}</dl>\n", list?))
}
