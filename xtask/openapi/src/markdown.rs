//! The descriptions of the document, which are Markdown, as HTML.

use maud::{Markup, PreEscaped};
use pulldown_cmark::{CowStr, Event, Parser, Tag, TagEnd, html::push_html};

/// Raw HTML in a description is shown as text.
fn events(text: &str) -> impl Iterator<Item = Event<'_>> {
    Parser::new(text).map(|event| match event {
        Event::Html(text) | Event::InlineHtml(text) => Event::Text(text),
        other => other,
    })
}

fn html<'a>(events: impl Iterator<Item = Event<'a>>) -> Markup {
    let mut html = String::new();
    push_html(&mut html, events);
    PreEscaped(html)
}

/// One line of text.
pub fn inline(text: &str) -> Markup {
    html(
        events(text)
            .filter(|event| !matches!(event, Event::Start(Tag::Paragraph) | Event::End(TagEnd::Paragraph))),
    )
}

/// Paragraphs, lists and headings. Each heading gets an anchor.
pub fn blocks(text: &str) -> Markup {
    let mut all: Vec<Event<'_>> = events(text).collect();
    for index in 0..all.len() {
        let Some(Event::Text(title)) = all.get(index.saturating_add(1)) else { continue };
        let title = anchor(title);
        if let Some(Event::Start(Tag::Heading { id, .. })) = all.get_mut(index) {
            *id = Some(CowStr::from(title));
        }
    }
    html(all.into_iter())
}

/// The anchor of a heading.
pub fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

#[cfg(test)]
mod tests {
    use super::{blocks, inline};

    #[test]
    fn text_stays_text() {
        assert_eq!(
            inline("a < b & `<base>/r` <b>c</b>").into_string(),
            "a &lt; b &amp; <code>&lt;base&gt;/r</code> &lt;b&gt;c&lt;/b&gt;"
        );
        assert_eq!(inline("**bold**, snake_case").into_string(), "<strong>bold</strong>, snake_case");
    }

    #[test]
    fn headings_have_anchors() {
        let html = blocks("One.\n\n## Big words\n\n- a\n- `b`").into_string();
        assert_eq!(
            html,
            "<p>One.</p>\n<h2 id=\"big-words\">Big words</h2>\n<ul>\n<li>a</li>\n<li><code>b</code></li>\n</ul>\n"
        );
    }
}
