//! Texts in the reader's language, and the values that are put into them.

use crate::domain::{
    money::Money,
    values::{date::Date, language::Language, text::is_ignorable, time::Timestamp},
};

/// The texts of one language. The Worker formats them with `@fluent/bundle` and the engine's `Intl`; tests use the crate
/// `fluent-bundle`.
pub trait Texts {
    /// Returns the language.
    fn language(&self) -> Language;

    /// Returns a text with values put into it. `id` names a message (`greeting`) or an attribute of one
    /// (`payout_sent.subject`). A message, attribute or variable that is missing is an error, so that no mail is sent half
    /// written.
    fn text(&self, id: &str, args: &[(&str, Arg)]) -> Result<String, FormatError>;
}

/// A value in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arg {
    /// A text that is inserted as it is, or the word by which a text selects one of its variants.
    Text(Line),
    /// A whole number.
    Number(i64),
    /// An amount of money: `MONEY($amount)`.
    Money(Money),
    /// A calendar day: `DATETIME($day, …)`.
    Day(Date),
    /// The days from the first to the last, both included: `PERIOD($days)`.
    Days(Date, Date),
    /// An instant, and the IANA time zone in which it is shown: `DATETIME($at, …)`.
    Time(Timestamp, Line),
}

impl Arg {
    /// Returns a name, such as a partner's.
    #[must_use]
    pub fn name(text: &str) -> Self {
        Self::Text(Line::new(text, MAX_NAME_CHARS))
    }
}

/// The maximum number of characters of a name in a mail. Partners have longer ones, but a subject must stay readable.
pub const MAX_NAME_CHARS: usize = 80;

/// A text of limited length on one line. Whatever people typed becomes one before it is put into a mail, so that it can add
/// neither a header nor a paragraph, and cannot change the direction of the text around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line(String);

impl Line {
    /// Returns `text` with each run of white space as one blank (no-break spaces stay), without control characters and characters that are not
    /// shown, and with at most `max_chars` characters, the last of which is an ellipsis if something was cut off.
    #[must_use]
    pub fn new(text: &str, max_chars: usize) -> Self {
        // A zero-width joiner and a variation selector form emoji and letters of some scripts.
        let is_kept = |c: &char| !is_ignorable(*c) || matches!(*c, '\u{200d}' | '\u{fe0f}');
        let visible = text.chars().filter(is_kept).map(|c| if c.is_control() { ' ' } else { c });
        let mut line = String::new();
        // A no-break space stays: money and dates contain some.
        let is_blank = |c: char| c.is_whitespace() && c != '\u{a0}' && c != '\u{202f}';
        for word in visible.collect::<String>().split(is_blank).filter(|word| !word.is_empty()) {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if line.chars().nth(max_chars).is_some() {
            line = line.chars().take(max_chars.saturating_sub(1)).chain(['…']).collect();
        }
        Self(line)
    }

    /// Returns the line of an optional text; `None` if nothing of it is visible.
    #[must_use]
    pub fn visible(text: Option<&str>, max_chars: usize) -> Option<Self> {
        text.map(|text| Self::new(text, max_chars)).filter(|line| !line.0.trim().is_empty())
    }

    /// Returns the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the text.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

/// The reason that a text could not be formatted: a defect of the files in `locales/`, or of the arguments.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("text {id} in {}: {reason}", language.as_str())]
pub struct FormatError {
    /// The message, or its attribute.
    pub id: String,
    /// The language.
    pub language: Language,
    /// What is missing or wrong.
    pub reason: String,
}
