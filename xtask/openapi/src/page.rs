//! The page: one file that needs nothing else, neither scripts nor fonts nor the network.

use crate::{
    markup::{anchor, blocks, escape, inline},
    operation, schema,
};
use serde_json::Value;

const STYLE: &str = include_str!("page.css");
/// The order of operations under one path.
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

/// The page of a document.
pub fn render(document: &Value) -> String {
    let text = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let operations = operations(document);
    let tags: Vec<(&str, &str)> = document
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|tag| Some((tag.get("name")?.as_str()?, tag.get("description")?.as_str()?)))
        .collect();
    let (title, summary) = (text("/info/title"), text("/info/summary"));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"description\" content=\"{summary}\">\n\
         <title>{title} API</title>\n<link rel=\"icon\" href=\"data:,\">\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
         <header><p class=\"name\"><a href=\"#main\">{title}</a> <span>API {version}</span></p>\
         <a href=\"/openapi.json\">openapi.json</a></header>\n\
         <nav aria-label=\"Contents\">\n{contents}</nav>\n\
         <main id=\"main\">\n<h1>{title} API</h1>\n<p class=\"lead\">{summary}</p>\n<div class=\"introduction\">\n{introduction}</div>\n{codes}{body}{schemas}</main>\n\
         </body>\n</html>\n",
        title = escape(title),
        summary = escape(summary),
        version = escape(text("/info/version")),
        contents = contents(&tags, &operations),
        introduction = blocks(text("/info/description"), 2),
        codes = codes(),
        body = sections(document, &tags, &operations),
        schemas = schemas(document),
    )
}

fn contents(tags: &[(&str, &str)], operations: &[Operation<'_>]) -> String {
    let mut html = String::from("<ul>\n<li><a href=\"#conventions\">Conventions</a></li>\n");
    html.push_str("<li><a href=\"#problem-codes\">Problem codes</a></li>\n");
    for (tag, _) in tags {
        html.push_str(&format!("<li><a href=\"#{}\">{}</a>\n<ul>\n", anchor(tag), escape(tag)));
        for operation in operations.iter().filter(|operation| operation.has_tag(tag)) {
            html.push_str(&format!(
                "<li><a href=\"#{}\">{}</a></li>\n",
                operation.text("operationId"),
                escape(operation.text("summary"))
            ));
        }
        html.push_str("</ul></li>\n");
    }
    html.push_str("<li><a href=\"#types\">Types</a></li>\n</ul>\n");
    html
}

/// All codes with their status and meaning, gathered from the table that the answers are made from.
fn codes() -> String {
    let mut html = String::from(
        "<h2 id=\"problem-codes\">Problem codes</h2>\n<table><caption>Problem codes</caption><thead><tr>\
         <th scope=\"col\">Code</th><th scope=\"col\">Status</th><th scope=\"col\">Meaning</th></tr></thead><tbody>\n",
    );
    for code in signpost::api::problem::Code::ALL {
        html.push_str(&format!(
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}.</td></tr>\n",
            code.as_str(),
            code.status(),
            inline(code.title())
        ));
    }
    html.push_str("</tbody></table>\n");
    html
}

fn sections(document: &Value, tags: &[(&str, &str)], operations: &[Operation<'_>]) -> String {
    let mut html = String::new();
    for (tag, about) in tags {
        html.push_str(&format!(
            "<h2 id=\"{}\">{}</h2>\n<p>{}</p>\n",
            anchor(tag),
            escape(tag),
            inline(about)
        ));
        for operation in operations.iter().filter(|operation| operation.has_tag(tag)) {
            html.push_str(&operation::section(document, operation.method, operation.path, operation.value));
        }
    }
    html
}

fn schemas(document: &Value) -> String {
    let all = document.pointer("/components/schemas").and_then(Value::as_object);
    let sections: String =
        all.into_iter().flatten().map(|(name, value)| schema::section(name, value)).collect();
    format!("<h2 id=\"types\">Types</h2>\n{sections}")
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
