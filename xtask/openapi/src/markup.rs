//! Text of the document as HTML: what the descriptions use of Markdown, and no more.

/// `text` with nothing in it that HTML would read as its own.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            other => html.push(other),
        }
    }
    html
}

/// A line of text: `code` between backticks.
pub fn inline(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in text.split('`').enumerate() {
        let part = escape(part);
        if index % 2 == 1 {
            html.push_str(&format!("<code>{part}</code>"));
        } else {
            html.push_str(&part);
        }
    }
    html
}

/// Paragraphs, lists of `- ` and headings of `## `, which become `<h{level}>` with an anchor.
pub fn blocks(text: &str, level: u8) -> String {
    let mut html = String::new();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        if let Some(heading) = block.strip_prefix("## ") {
            let anchor = anchor(heading);
            html.push_str(&format!("<h{level} id=\"{anchor}\">{}</h{level}>\n", inline(heading)));
        } else if block.starts_with("- ") {
            let items: String = block
                .lines()
                .map(|line| format!("<li>{}</li>", inline(line.trim_start_matches("- "))))
                .collect();
            html.push_str(&format!("<ul>{items}</ul>\n"));
        } else {
            html.push_str(&format!("<p>{}</p>\n", inline(block)));
        }
    }
    html
}

/// The anchor of a heading.
pub fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

/// A code block that scrolls by itself, also by keyboard.
pub fn code(label: &str, text: &str) -> String {
    format!("<pre tabindex=\"0\" aria-label=\"{}\"><code>{}</code></pre>\n", escape(label), escape(text))
}

#[cfg(test)]
mod tests {
    use super::{blocks, inline};

    #[test]
    fn text_stays_text() {
        assert_eq!(inline("a < b & `<base>/r`"), "a &lt; b &amp; <code>&lt;base&gt;/r</code>");
        assert_eq!(inline("\"q\""), "&quot;q&quot;");
    }

    #[test]
    fn paragraphs_lists_and_headings() {
        let html = blocks("One.\n\n## Big words\n\n- a\n- `b`", 3);
        assert_eq!(
            html,
            "<p>One.</p>\n<h3 id=\"big-words\">Big words</h3>\n<ul><li>a</li><li><code>b</code></li></ul>\n"
        );
    }
}
