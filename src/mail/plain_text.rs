//! The plain text of every mail, wrapped at 76 columns, because many clients show plain text as it is.

use super::composed::Composed;

/// The maximum number of columns of a line (RFC 3676 §4.2 recommends at most 78, with the line break).
const COLUMNS: usize = 76;
/// Characters that may not begin a line in Japanese.
const NOT_FIRST: &str = "、。，．・：；？！）」』】〉》ー…々ぁぃぅぇぉっゃゅょァィゥェォッャュョ";
/// Characters that may not end a line in Japanese.
const NOT_LAST: &str = "（「『【〈《";

/// Returns the text.
pub fn render(mail: &Composed<'_>) -> String {
    let mut text = String::new();
    push_block(&mut text, &mail.greeting);
    for paragraph in &mail.paragraphs {
        push_block(&mut text, paragraph);
    }
    if !mail.facts.is_empty() {
        for fact in &mail.facts {
            push_wrapped(&mut text, &fact.line);
        }
        text.push('\n');
    }
    if let Some(button) = &mail.button {
        push_wrapped(&mut text, &button.label);
        push_block(&mut text, button.url);
    }
    text.push_str("--\n");
    push_wrapped(&mut text, mail.programme.as_str());
    for line in &mail.footer {
        push_wrapped(&mut text, line);
    }
    if let Some((label, url)) = &mail.unsubscribe {
        push_wrapped(&mut text, label);
        push_wrapped(&mut text, url);
    }
    text
}

/// Appends a block and a blank line.
fn push_block(text: &mut String, block: &str) {
    push_wrapped(text, block);
    text.push('\n');
}

/// Appends a paragraph in lines of at most [`COLUMNS`]. Text is broken at blanks, and Japanese text between its characters. A
/// longer word, such as an address, gets a line of its own and stays whole.
fn push_wrapped(text: &mut String, paragraph: &str) {
    let mut column = 0usize;
    for word in paragraph.split_ascii_whitespace() {
        let mut is_first = true;
        let mut rest = word;
        while !rest.is_empty() {
            let (unit, after) = rest.split_at(unit_length(rest));
            let blank = usize::from(is_first && column > 0);
            let width = unit.chars().map(columns_of).fold(0, usize::saturating_add);
            let end = column.saturating_add(blank).saturating_add(width);
            if column > 0 && end > COLUMNS {
                text.push('\n');
                column = width;
            } else {
                if blank > 0 {
                    text.push(' ');
                }
                column = end;
            }
            text.push_str(unit);
            (rest, is_first) = (after, false);
        }
    }
    text.push('\n');
}

/// Returns the length in bytes of the beginning of a word that must stay on one line.
fn unit_length(word: &str) -> usize {
    let mut before: Option<char> = None;
    for (at, c) in word.char_indices() {
        if let Some(before) = before {
            let is_between = columns_of(before) == 2 || columns_of(c) == 2;
            if is_between && !NOT_FIRST.contains(c) && !NOT_LAST.contains(before) {
                return at;
            }
        }
        before = Some(c);
    }
    word.len()
}

/// Returns how many columns a character takes: two for the scripts of East Asia.
fn columns_of(c: char) -> usize {
    if matches!(c, '\u{2e80}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}' | '\u{20000}'..='\u{3fffd}')
    {
        2
    } else {
        1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(paragraph: &str) -> Vec<String> {
        let mut text = String::new();
        push_wrapped(&mut text, paragraph);
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_break_at_blanks_and_words_stay_whole() {
        let url = format!("https://partners.example/{}", "a".repeat(90));
        let text = format!("{} {url} {}", "word ".repeat(20).trim_end(), "next ".repeat(20).trim_end());
        let lines = wrapped(&text);
        assert_eq!(lines[2], url);
        for line in lines.iter().filter(|line| **line != url) {
            assert!(line.len() <= COLUMNS && !line.ends_with(' '), "{line:?}");
        }
        assert_eq!(lines.join(" "), text);
        assert_eq!(wrapped("a"), ["a"]);
    }

    #[test]
    fn japanese_breaks_between_characters_but_not_before_a_full_stop() {
        // 38 characters of two columns fill a line. The full stop may not begin the next one.
        let text = format!("{}。続き", "あ".repeat(38));
        assert_eq!(wrapped(&text), ["あ".repeat(37), "あ。続き".to_owned()]);
        let text = format!("{}（続き", "あ".repeat(37));
        assert_eq!(wrapped(&text), ["あ".repeat(37), "（続き".to_owned()]);
        assert_eq!(wrapped("お支払い 24.10 EUR です"), ["お支払い 24.10 EUR です"]);
    }
}
