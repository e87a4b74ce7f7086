//! Markdown as HTML: the descriptions of the document, and the guides.

use crate::site::Site;
use maud::{Markup, PreEscaped, html};
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd, html::push_html};

/// A part of a text under one heading.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// The heading; empty before the first one.
    pub title: String,
    pub anchor: String,
    /// Without markup.
    pub text: String,
}

/// One line of text.
pub fn inline(site: &Site, text: &str) -> Markup {
    let all = linked(site, "", parse(text)).into_iter();
    html(all.filter(|event| !matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph))))
}

/// Paragraphs, lists, tables and headings. Links are relative to `folder`. Each heading has an anchor.
pub fn blocks(site: &Site, folder: &str, text: &str) -> Markup {
    html(framed(linked(site, folder, anchored(parse(text)))).into_iter())
}

fn html<'a>(events: impl Iterator<Item = Event<'a>>) -> Markup {
    let mut html = String::new();
    push_html(&mut html, events);
    PreEscaped(html)
}

/// The events of a text. Comments are left out, and other HTML is shown as text.
fn parse(text: &str) -> Vec<Event<'_>> {
    let mut events = Vec::new();
    let mut block: Option<String> = None;
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::HtmlBlock) => block = Some(String::new()),
            Event::End(TagEnd::HtmlBlock) => {
                let html = block.take().unwrap_or_default();
                if !is_comment(&html) {
                    events.extend([
                        Event::Start(Tag::Paragraph),
                        Event::Text(html.into()),
                        Event::End(TagEnd::Paragraph),
                    ]);
                }
            }
            Event::Html(text) | Event::Text(text) if block.is_some() => {
                block = block.map(|block| block + &text);
            }
            Event::InlineHtml(text) if is_comment(&text) => {}
            Event::InlineHtml(text) | Event::Html(text) => events.push(Event::Text(text)),
            other => events.push(other),
        }
    }
    events
}

fn is_comment(html: &str) -> bool {
    html.trim().starts_with("<!--") && html.trim().ends_with("-->")
}

/// The text of the heading that starts at `index`.
fn heading(events: &[Event<'_>], index: usize) -> String {
    let inside =
        events.iter().skip(index).take_while(|event| !matches!(event, Event::End(TagEnd::Heading(_))));
    inside.filter_map(text_of).collect()
}

fn text_of<'a>(event: &'a Event<'_>) -> Option<&'a str> {
    match event {
        Event::Text(text) | Event::Code(text) => Some(text),
        Event::SoftBreak | Event::HardBreak => Some(" "),
        _ => None,
    }
}

/// Gives each heading its anchor.
fn anchored(mut events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut anchors = Anchors::default();
    for index in 0..events.len() {
        if !matches!(events.get(index), Some(Event::Start(Tag::Heading { .. }))) {
            continue;
        }
        let anchor = anchors.unique(&heading(&events, index));
        if let Some(Event::Start(Tag::Heading { id, .. })) = events.get_mut(index) {
            *id = Some(anchor.into());
        }
    }
    events
}

/// The anchors that a text has used.
#[derive(Default)]
struct Anchors(Vec<String>);

impl Anchors {
    /// The anchor of a heading. A repeated one gets a number, as on GitHub.
    fn unique(&mut self, title: &str) -> String {
        let first = anchor(title);
        let count = self.0.iter().filter(|used| **used == first).count();
        self.0.push(first.clone());
        if count == 0 { first } else { format!("{first}-{count}") }
    }
}

/// The anchor that GitHub gives to a heading, so that a link works there and here.
pub fn anchor(heading: &str) -> String {
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, '-' | '_' | ' ');
    heading.trim().to_lowercase().chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect()
}

/// Rewrites links to the pages of the site. A link to a file of the repository that is not served becomes its text. Names of
/// guides and operations in code become links.
fn linked<'a>(site: &Site, folder: &str, events: Vec<Event<'a>>) -> Vec<Event<'a>> {
    let mut linked = Vec::with_capacity(events.len());
    // The target of the link that is open, if there is one and it is kept. Links cannot be nested.
    let mut open: Option<Option<String>> = None;
    for event in events {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
                let target = site.target(folder, &dest_url);
                open = Some(target.clone());
                if let Some(target) = target {
                    let dest_url = CowStr::from(target);
                    linked.push(Event::Start(Tag::Link { link_type, dest_url, title, id }));
                }
            }
            Event::End(TagEnd::Link) => {
                if open.take().flatten().is_some() {
                    linked.push(Event::End(TagEnd::Link));
                }
            }
            // A page has a title in place of a file's name.
            Event::Text(text) if text.ends_with(".md") => {
                let guide = open.iter().flatten().find_map(|address| site.guide_at(address));
                linked.push(Event::Text(guide.map_or(text, |guide| guide.title.clone().into())));
            }
            Event::Code(code) if open.is_none() => linked.push(match site.page_of(&code) {
                Some((address, text)) => {
                    let link = match text {
                        Some(title) => html! { a href=(address) { (title) } },
                        None => html! { a href=(address) { code { (code) } } },
                    };
                    Event::InlineHtml(link.into_string().into())
                }
                None => Event::Code(code),
            }),
            other => linked.push(other),
        }
    }
    linked
}

/// Lets wide tables and code scroll by themselves, also by keyboard.
fn framed(events: Vec<Event<'_>>) -> Vec<Event<'_>> {
    let mut framed = Vec::with_capacity(events.len());
    for event in events {
        match event {
            Event::Start(Tag::Table(columns)) => {
                framed.push(Event::Html(
                    "<div class=\"scroll\" role=\"group\" aria-label=\"Table\" tabindex=\"0\">".into(),
                ));
                framed.push(Event::Start(Tag::Table(columns)));
            }
            Event::End(TagEnd::Table) => {
                framed.extend([Event::End(TagEnd::Table), Event::Html("</div>\n".into())]);
            }
            Event::Start(Tag::CodeBlock(_)) => {
                framed.push(Event::Html(
                    "<pre role=\"group\" aria-label=\"Code\" tabindex=\"0\"><code>".into(),
                ));
            }
            Event::End(TagEnd::CodeBlock) => framed.push(Event::Html("</code></pre>\n".into())),
            other => framed.push(other),
        }
    }
    framed
}

/// The sections of a text.
pub fn sections(text: &str) -> Vec<Section> {
    let events = parse(text);
    let mut anchors = Anchors::default();
    let mut sections = vec![Section { title: String::new(), anchor: String::new(), text: String::new() }];
    let mut in_heading = false;
    for (index, event) in events.iter().enumerate() {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                let title = heading(&events, index);
                let anchor = anchors.unique(&title);
                sections.push(Section { title, anchor, text: String::new() });
                in_heading = true;
            }
            Event::End(TagEnd::Heading(_)) => in_heading = false,
            Event::End(_) => push_text(&mut sections, " "),
            other if !in_heading => push_text(&mut sections, text_of(other).unwrap_or_default()),
            _ => {}
        }
    }
    for section in &mut sections {
        section.text = section.text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    sections
}

fn push_text(sections: &mut [Section], text: &str) {
    if let Some(section) = sections.last_mut() {
        section.text.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::{Section, anchor, blocks, inline, sections};
    use crate::site::Site;

    fn site() -> Site {
        Site::read(&Site::root()).unwrap()
    }

    #[test]
    fn text_stays_text() {
        let site = site();
        assert_eq!(
            inline(&site, "a < b & `<base>/r` <b>c</b>").into_string(),
            "a &lt; b &amp; <code>&lt;base&gt;/r</code> &lt;b&gt;c&lt;/b&gt;"
        );
        assert_eq!(inline(&site, "**bold**, snake_case").into_string(), "<strong>bold</strong>, snake_case");
    }

    #[test]
    fn headings_have_anchors() {
        let html = blocks(&site(), "", "One.\n\n## Big `words`\n\n- a\n- `b`\n\n## Big words").into_string();
        assert_eq!(
            html,
            "<p>One.</p>\n<h2 id=\"big-words\">Big <code>words</code></h2>\n<ul>\n<li>a</li>\n<li><code>b</code></li>\n</ul>\n\
             <h2 id=\"big-words-1\">Big words</h2>\n"
        );
        assert_eq!(anchor("If it's over: what `now`?"), "if-its-over-what-now");
    }

    #[test]
    fn links_lead_to_the_pages_that_are_served() {
        let site = site();
        let html = |text: &str| blocks(&site, "docs", text).into_string();
        let cases = [
            ("[t](terms.md)", "<a href=\"/docs/guides/terms\">t</a>"),
            ("[docs/terms.md](terms.md)", "<a href=\"/docs/guides/terms\">Terms</a>"),
            ("[t](terms.md#caps)", "<a href=\"/docs/guides/terms#caps\">t</a>"),
            ("[t](../README.md#terms)", "<a href=\"/docs/guides/overview#terms\">t</a>"),
            ("[`t`](../LICENSE)", "<code>t</code>"),
            ("[t](https://example.com/a)", "<a href=\"https://example.com/a\">t</a>"),
            ("[t](#here)", "<a href=\"#here\">t</a>"),
            ("`docs/terms.md`", "<a href=\"/docs/guides/terms\">Terms</a>"),
            ("`GET /v1/links?limit=1`", "<a href=\"/docs#listLinks\"><code>GET /v1/links?limit=1</code></a>"),
            ("`GET /v1/nothing`", "<code>GET /v1/nothing</code>"),
            // The test of the site's links finds this one.
            ("[t](missing.md)", "<a href=\"missing.md\">t</a>"),
        ];
        for (text, expected) in cases {
            assert_eq!(html(text), format!("<p>{expected}</p>\n"));
        }
    }

    #[test]
    fn comments_are_left_out_and_wide_parts_scroll() {
        let html = blocks(&site(), "", "a\n\n<!-- one\ntwo -->\n```sh\nb < c\n```\n\n| d |\n|---|\n| e |")
            .into_string();
        let pre = "<pre role=\"group\" aria-label=\"Code\" tabindex=\"0\"><code>b &lt; c\n</code></pre>\n";
        let table = "<div class=\"scroll\" role=\"group\" aria-label=\"Table\" tabindex=\"0\"><table>";
        assert!(html.starts_with(&format!("<p>a</p>\n{pre}{table}")), "{html}");
    }

    #[test]
    fn sections_are_text_under_a_heading() {
        let section = |title: &str, anchor: &str, text: &str| Section {
            title: title.to_owned(),
            anchor: anchor.to_owned(),
            text: text.to_owned(),
        };
        let expected = [section("", "", ""), section("A b", "a-b", "c d e f"), section("G", "g", "")];
        assert_eq!(sections("# A `b`\n\nc **d**\n\n- e\n- `f`\n\n## G"), expected);
    }
}
