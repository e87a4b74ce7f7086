//! The docs page: one file that needs no script, no font and no network.

use crate::{
    markdown::{anchor, blocks, inline},
    operation, schema,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::Value;

const STYLE: &str = include_str!("page.css");
/// The order of the operations of one path.
const METHODS: [&str; 6] = ["post", "get", "put", "patch", "delete", "head"];

struct Operation<'a> {
    method: &'static str,
    path: &'a str,
    value: &'a Value,
}

impl Operation<'_> {
    fn text(&self, name: &str) -> &str {
        self.value.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    fn has_tag(&self, tag: &str) -> bool {
        self.value.pointer("/tags/0").is_some_and(|found| found == tag)
    }
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
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

/// The page of a document.
pub fn render(document: &Value) -> String {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (operations, tags) = (operations(document), tags(document));
    let (title, summary) = (text("/info/title"), text("/info/summary"));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="description" content=(summary);
                title { (title) " API" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    p.name { a href="#main" { (title) } " " span { "API " (text("/info/version")) } }
                    a href="/openapi.json" { "openapi.json" }
                }
                nav aria-label="Contents" { (contents(&tags, &operations)) }
                main id="main" {
                    h1 { (title) " API" }
                    p.lead { (summary) }
                    div.introduction { (blocks(text("/info/description"))) }
                    (codes())
                    @for tag in &tags { (group(document, tag, &operations)) }
                    (types(document))
                }
            }
        }
    };
    let mut page = page.into_string();
    page.push('\n');
    page
}

fn contents(tags: &[Tag<'_>], operations: &[Operation<'_>]) -> Markup {
    html! {
        ul {
            li { a href="#conventions" { "Conventions" } }
            li { a href="#problem-codes" { "Problem codes" } }
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

/// All codes with their status and meaning, from the table that the API uses.
fn codes() -> Markup {
    html! {
        h2 id="problem-codes" { "Problem codes" }
        table {
            caption { "Problem codes" }
            thead {
                tr {
                    @for heading in ["Code", "Status", "Meaning"] {
                        th scope="col" { (heading) }
                    }
                }
            }
            tbody {
                @for code in signpost::api::http::problems::Code::ALL {
                    tr {
                        th scope="row" { code { (code.as_str()) } }
                        td { (code.status()) }
                        td { (inline(code.title())) "." }
                    }
                }
            }
        }
    }
}

fn group(document: &Value, tag: &Tag<'_>, operations: &[Operation<'_>]) -> Markup {
    html! {
        h2 id=(anchor(tag.name)) { (tag.name) }
        p { (inline(tag.description)) }
        @for operation in operations.iter().filter(|operation| operation.has_tag(tag.name)) {
            (operation::section(document, operation.method, operation.path, operation.value))
        }
    }
}

fn types(document: &Value) -> Markup {
    let all = document.pointer("/components/schemas").and_then(Value::as_object);
    html! {
        h2 id="types" { "Types" }
        @for (name, value) in all.into_iter().flatten() {
            (schema::section(name, value))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::render;

    #[test]
    fn every_link_leads_somewhere_and_nothing_is_loaded() {
        let page = render(&signpost::openapi::document());
        for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(page.contains(&format!("id=\"{link}\"")), "#{link} leads nowhere");
        }
        for loads in ["<script", "src=", "@import", "url(", "<link rel=\"stylesheet\""] {
            assert!(!page.contains(loads), "{loads}");
        }
    }

    #[test]
    fn anchors_are_unique() {
        let page = render(&signpost::openapi::document());
        let mut ids: Vec<&str> =
            page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
