//! What all pages share: the head, the links between the pages, and the search box.

use crate::site::{ENUMERATIONS, EVENTS, GUIDES, REFERENCE, Site};
use maud::{DOCTYPE, Markup, html};
use serde_json::Value;

/// A page of the documentation.
pub struct Page<'a> {
    pub title: &'a str,
    /// One sentence, for search engines and previews.
    pub about: &'a str,
    /// The part of the documentation that the page belongs to, by its address.
    pub part: &'a str,
    /// The links beside the content.
    pub contents: Markup,
    pub content: Markup,
}

/// The parts of the documentation.
const PARTS: [(&str, &str); 4] =
    [(REFERENCE, "Reference"), (GUIDES, "Guides"), (EVENTS, "Events"), (ENUMERATIONS, "Enumerations")];

/// The page as HTML. The script shows the search box, so a browser without scripts shows none.
pub fn render(site: &Site, page: &Page<'_>) -> String {
    let version = site.document.pointer("/info/version").and_then(Value::as_str).unwrap_or_default();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="description" content=(page.about);
                title { (page.title) " · Signpost" }
                link rel="icon" href="/favicon.ico";
                link rel="stylesheet" href="/docs/docs.css";
                script type="module" src="/docs/search.js" {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    p.name { a href=(REFERENCE) { "Signpost" } " " span { "API " (version) } }
                    nav.parts aria-label="Documentation" {
                        @for (address, name) in PARTS {
                            a href=(address) aria-current=[(address == page.part).then_some("page")] { (name) }
                        }
                        a href="/openapi.json" { "openapi.json" }
                    }
                    form role="search" id="search" hidden {
                        label.unseen for="query" { "Search the documentation" }
                        input type="search" id="query" name="q" placeholder="Search" autocomplete="off" autocapitalize="none"
                            spellcheck="false" maxlength="100" enterkeyhint="search" aria-keyshortcuts="/";
                        kbd aria-hidden="true" { "/" }
                    }
                }
                nav.contents aria-label="Contents" { (page.contents) }
                main id="main" tabindex="-1" {
                    p id="found" role="status" {}
                    section id="results" aria-label="Search results" hidden {}
                    div id="content" { (page.content) }
                }
            }
        }
    };
    let mut text = markup.into_string();
    text.push('\n');
    text
}
