//! The reference: the page of all operations and types.

use crate::{
    guides,
    markdown::{anchor, blocks, inline},
    operation, schema,
    shell::{self, Page},
    site::{ENUMERATIONS, REFERENCE, Site},
};
use maud::{Markup, html};
use serde_json::Value;

/// The order of the operations of one path.
const METHODS: [&str; 6] = ["post", "get", "put", "patch", "delete", "head"];

/// An operation of the document.
pub struct Operation<'a> {
    pub method: &'static str,
    pub path: &'a str,
    pub value: &'a Value,
}

impl Operation<'_> {
    pub fn text(&self, name: &str) -> &str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether keys of the programme need this scope for the operation.
    pub fn needs(&self, scope: &str) -> bool {
        self.value.pointer("/security/0/bearer/0").is_some_and(|found| found == scope)
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.value.pointer("/tags/0").is_some_and(|found| found == tag)
    }
}

/// All operations, by path and method.
pub fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document.get("paths").and_then(Value::as_object);
    let mut all = Vec::new();
    for (path, methods) in paths.into_iter().flatten() {
        for method in METHODS {
            if let Some(value) = methods.get(method) {
                all.push(Operation { method, path, value });
            }
        }
    }
    all
}

/// A group of operations.
struct Tag<'a> {
    name: &'a str,
    description: &'a str,
}

fn tags(document: &Value) -> Vec<Tag<'_>> {
    let all = document.get("tags").and_then(Value::as_array);
    all.into_iter()
        .flatten()
        .filter_map(|tag| {
            Some(Tag { name: tag.get("name")?.as_str()?, description: tag.get("description")?.as_str()? })
        })
        .collect()
}

/// The page.
pub fn render(site: &Site) -> String {
    let document = &site.document;
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (operations, tags) = (operations(document), tags(document));
    let content = html! {
        h1 { (text("/info/title")) " API" }
        p.lead { (text("/info/summary")) }
        div.introduction { (blocks(site, "", text("/info/description"))) }
        h2 id="guides" { "Guides" }
        (guides::list(site))
        h2 id="enumerations" { "Enumerations" }
        p {
            "All closed lists of words are on one page: "
            a href={ (ENUMERATIONS) "#EventType" } { "event types" } ", "
            a href={ (ENUMERATIONS) "#HeldReason" } { "held reasons" } ", "
            a href={ (ENUMERATIONS) "#Scope" } { "scopes" } ", "
            a id="problem-codes" href={ (ENUMERATIONS) "#ProblemCode" } { "problem codes" } ", and "
            a href=(ENUMERATIONS) { "all others" } "."
        }
        @for tag in &tags { (group(site, tag, &operations)) }
        (types(site))
    };
    let contents = contents(&tags, &operations);
    let page =
        Page { title: "API reference", about: text("/info/summary"), part: REFERENCE, contents, content };
    shell::render(site, &page)
}

fn contents(tags: &[Tag<'_>], operations: &[Operation<'_>]) -> Markup {
    html! {
        ul {
            li { a href="#conventions" { "Conventions" } }
            li { a href="#guides" { "Guides" } }
            li { a href="#enumerations" { "Enumerations" } }
            @for tag in tags {
                li {
                    a href={ "#" (anchor(tag.name)) } { (tag.name) }
                    ul {
                        @for operation in operations.iter().filter(|operation| operation.has_tag(tag.name)) {
                            li { a href={ "#" (operation.text("operationId")) } { (operation.text("summary")) } }
                        }
                    }
                }
            }
            li { a href="#types" { "Types" } }
        }
    }
}

fn group(site: &Site, tag: &Tag<'_>, operations: &[Operation<'_>]) -> Markup {
    html! {
        h2 id=(anchor(tag.name)) { (tag.name) }
        p { (inline(site, tag.description)) }
        @for operation in operations.iter().filter(|operation| operation.has_tag(tag.name)) {
            (operation::section(site, operation.method, operation.path, operation.value))
        }
    }
}

/// All types but the enumerations, which have a page of their own.
fn types(site: &Site) -> Markup {
    let all = site.document.pointer("/components/schemas").and_then(Value::as_object);
    html! {
        h2 id="types" { "Types" }
        @for (name, value) in all.into_iter().flatten().filter(|(name, _)| site.enumeration(name).is_none()) {
            (schema::section(site, name, value))
        }
    }
}
