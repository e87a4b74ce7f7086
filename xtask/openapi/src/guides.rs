//! The guides: README.md and the files of `docs/`, as pages.

use crate::{
    markdown::{blocks, sections},
    shell::{self, Page},
    site::{GUIDES, REFERENCE, Site},
};
use anyhow::{Context, Result};
use maud::{Markup, html};
use std::{fs, path::Path};

/// A guide.
pub struct Guide {
    /// Its file in the repository.
    pub file: String,
    /// Its name in its address.
    pub name: String,
    pub title: String,
    /// What it is about, as README's list says.
    pub about: String,
    pub source: String,
}

impl Guide {
    pub fn address(&self) -> String {
        format!("{GUIDES}/{}", self.name)
    }

    fn folder(&self) -> &'static str {
        if self.file.starts_with("docs/") { "docs" } else { "" }
    }
}

/// Reads the guides in the order of README's list, which is the order of use. A test of the guides compares that list with
/// the files.
pub fn read(root: &Path) -> Result<Vec<Guide>> {
    let source = |file: &str| fs::read_to_string(root.join(file)).with_context(|| file.to_owned());
    let readme = source("README.md")?;
    let mut guides = vec![Guide {
        file: "README.md".to_owned(),
        name: "overview".to_owned(),
        title: "Overview".to_owned(),
        about: "what Signpost does, its terms, and the way from a partner to an explained commission"
            .to_owned(),
        source: String::new(),
    }];
    for line in readme.lines() {
        let Some((title, name, about)) = listed(line) else { continue };
        let file = format!("docs/{name}.md");
        guides.push(Guide {
            source: source(&file)?,
            file,
            name: name.to_owned(),
            title: title.to_owned(),
            about: about.to_owned(),
        });
    }
    if let Some(overview) = guides.first_mut() {
        overview.source = readme;
    }
    Ok(guides)
}

/// Title, name and description in a line such as `- [Terms](docs/terms.md): plans and caps`.
fn listed(line: &str) -> Option<(&str, &str, &str)> {
    let (title, rest) = line.strip_prefix("- [")?.split_once("](docs/")?;
    let (name, about) = rest.split_once(".md): ")?;
    Some((title, name, about))
}

/// A list of the guides with what each is about.
pub fn list(site: &Site) -> Markup {
    html! {
        ul.guides {
            @for guide in &site.guides {
                li {
                    a href=(guide.address()) { (guide.title) }
                    " " span { (capitalised(&guide.about)) "." }
                }
            }
        }
    }
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    match characters.next() {
        Some(first) => first.to_uppercase().chain(characters).collect(),
        None => String::new(),
    }
}

/// The page that lists the guides.
pub fn index(site: &Site) -> String {
    let content = html! {
        h1 { "Guides" }
        p.lead {
            "How to run a programme with Signpost, step by step. The " a href=(REFERENCE) { "reference" }
            " describes each operation."
        }
        (list(site))
    };
    let about = "How to run a partner programme with Signpost, step by step";
    let page = Page { title: "Guides", about, part: GUIDES, contents: contents(site, None), content };
    shell::render(site, &page)
}

/// The page of a guide.
pub fn render(site: &Site, guide: &Guide) -> String {
    let position = site.guides.iter().position(|other| other.name == guide.name).unwrap_or_default();
    let (before, after) = (
        position.checked_sub(1).and_then(|index| site.guides.get(index)),
        site.guides.get(position.saturating_add(1)),
    );
    let content = html! {
        div.guide { (blocks(site, guide.folder(), &guide.source)) }
        nav.steps aria-label="Guides before and after" {
            @if let Some(before) = before {
                a rel="prev" href=(before.address()) { span { "Previous" } " " (before.title) }
            }
            @if let Some(after) = after {
                a.next rel="next" href=(after.address()) { span { "Next" } " " (after.title) }
            }
        }
    };
    let about = capitalised(&guide.about);
    let contents = contents(site, Some(guide));
    shell::render(site, &Page { title: &guide.title, about: &about, part: GUIDES, contents, content })
}

/// The guides, and the headings of the current one.
fn contents(site: &Site, current: Option<&Guide>) -> Markup {
    html! {
        ul.guides-list {
            @for guide in &site.guides {
                @let is_current = current.is_some_and(|current| current.name == guide.name);
                li.current[is_current] {
                    a href=(guide.address()) aria-current=[is_current.then_some("page")] { (guide.title) }
                    @if is_current {
                        // The first section is the text before the title, and the second the title's own.
                        @let below: Vec<_> = sections(&guide.source).into_iter().skip(2).collect();
                        @if !below.is_empty() {
                            ul {
                                @for section in &below {
                                    li { a href={ "#" (section.anchor) } { (section.title) } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}
