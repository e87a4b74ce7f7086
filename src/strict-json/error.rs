//! Why a text was refused, and where.

use crate::{
    deserializer::parse,
    path::{Path, Step},
};
use serde::de::IgnoredAny;
use serde_json::Value;
use std::borrow::Cow;

/// Why a text could not be read into a type.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    is_syntax: bool,
    steps: Vec<Step>,
}

/// How `serde_json` begins its message about a number that no 64-bit type can hold. It counts as a syntax error there;
/// here it is an error of the value, because the text is well-formed.
const OUT_OF_RANGE: &str = "number out of range";

/// The maximum number of characters of a key in a pointer.
const KEY_CHARACTERS: usize = 40;

/// Returns the key as it is shown in a pointer.
fn cut(key: &str) -> Cow<'_, str> {
    match key.char_indices().nth(KEY_CHARACTERS) {
        Some((at, _)) => Cow::Owned(format!("{}…", key.get(..at).unwrap_or_default())),
        None => Cow::Borrowed(key),
    }
}

impl Error {
    #[cold]
    pub(crate) fn new(text: &str, error: serde_json::Error, path: Path) -> Self {
        if let Err(syntax) = serde_json::from_str::<IgnoredAny>(text) {
            return Self { message: syntax.to_string(), is_syntax: true, steps: Vec::new() };
        }
        // These errors show only when a value is read, not when it is skipped: unpaired surrogates, nesting that is too
        // deep, and numbers out of range. They take precedence too, wherever they are, and have a place in the whole text.
        if let Err(error) = serde_json::from_str::<Value>(text) {
            let path = Path::new(text);
            // Nesting that is too deep has no place worth naming, and a duplicate key before the error has another one.
            let is_found = matches!(parse::<Value>(text, &path), Err(error) if !error.is_data());
            return Self::classify(&error, if is_found { path.into_steps() } else { Vec::new() });
        }
        Self::classify(&error, path.into_steps())
    }

    fn classify(error: &serde_json::Error, steps: Vec<Step>) -> Self {
        let message = error.to_string();
        let is_syntax = !error.is_data() && !message.starts_with(OUT_OF_RANGE);
        let position = format!(" at line {} column {}", error.line(), error.column());
        let message = match message.strip_suffix(&position) {
            Some(message) if !is_syntax => message.to_owned(),
            _ => message,
        };
        Self { message, is_syntax, steps }
    }

    /// Whether the text is not JSON at all, or is JSON that cannot be stored as text (unpaired surrogates) or is nested
    /// too deeply.
    #[must_use]
    pub fn is_syntax(&self) -> bool {
        self.is_syntax
    }

    /// JSON Pointer (RFC 6901) to the value that was refused. A longer key than [`KEY_CHARACTERS`] is cut and ends in
    /// `…`, because the sender chose it and errors are sent back and logged.
    #[must_use]
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in self.steps.iter().rev() {
            pointer.push('/');
            match step {
                Step::Key(key) => pointer.push_str(&cut(key).replace('~', "~0").replace('/', "~1")),
                Step::Index(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}
