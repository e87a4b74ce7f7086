//! A mail in the reader's language, before it has a form.

use super::{
    brand::Brand,
    notice::{Mail, word},
    text::{Arg, FormatError, Line, MAX_NAME_CHARS, Texts},
};
use crate::domain::values::{
    language::Language,
    text::{MAX_EMAIL_BYTES, web_url},
};

/// The maximum number of characters of a subject.
const MAX_SUBJECT_CHARS: usize = 200;
/// The maximum number of characters of a label or a value where both are put into one line.
const MAX_FACT_CHARS: usize = 2_000;

/// The reason that a mail could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A text could not be formatted.
    #[error(transparent)]
    Text(#[from] FormatError),
    /// A link is not an absolute http or https URL. The error does not repeat it, because it may contain a secret.
    #[error("a link of the mail is not an absolute http or https URL")]
    Link,
}

/// The parts of a mail, in the order in which both bodies show them.
pub struct Composed<'a> {
    /// The language.
    pub language: Language,
    /// The programme's name.
    pub programme: Line,
    /// The subject.
    pub subject: Line,
    /// The greeting.
    pub greeting: String,
    /// The paragraphs.
    pub paragraphs: Vec<String>,
    /// The facts.
    pub facts: Vec<ComposedFact>,
    /// The button.
    pub button: Option<ComposedButton<'a>>,
    /// Why the recipient gets the mail, and whom to ask.
    pub footer: Vec<String>,
    /// The label and address of the link to unsubscribe; absent from transactional mails.
    pub unsubscribe: Option<(String, &'a str)>,
}

/// A fact.
pub struct ComposedFact {
    /// Its label.
    pub label: String,
    /// Its value.
    pub value: String,
    /// Both, joined as the language does it.
    pub line: String,
}

/// A button.
pub struct ComposedButton<'a> {
    /// Its label.
    pub label: String,
    /// The sentence before its address, which is also written out.
    pub hint: String,
    /// Where it leads.
    pub url: &'a str,
}

/// Composes a mail in the language of `texts`.
pub fn compose<'a>(
    mail: &'a Mail,
    brand: &Brand<'_>,
    texts: &dyn Texts,
) -> Result<Composed<'a>, RenderError> {
    let kind = mail.notice.kind().as_str();
    let content = mail.notice.content(brand);
    if [content.button, content.unsubscribe].into_iter().flatten().any(|url| web_url(url).is_none()) {
        return Err(RenderError::Link);
    }
    let mut args = content.args;
    args.push(("programme", Arg::name(brand.name)));
    for (name, known, value, max_chars) in [
        ("name", "named", mail.recipient_name.as_deref(), MAX_NAME_CHARS),
        ("support", "has_support", brand.support_email, MAX_EMAIL_BYTES),
    ] {
        let line = Line::visible(value, max_chars);
        args.push((known, word(if line.is_some() { "yes" } else { "no" })));
        args.extend(line.map(|line| (name, Arg::Text(line))));
    }
    let shared = |id: &str| texts.text(id, &args);
    let own = |attribute: &str| texts.text(&format!("{kind}.{attribute}"), &args);
    let mut facts = Vec::with_capacity(content.facts.len());
    for (id, value) in content.facts {
        let label = texts.text(id, &[])?;
        let value = texts.text(&format!("{id}.value"), &[("value", value)])?;
        let parts = [("label", &label), ("value", &value)];
        let parts = parts.map(|(name, text)| (name, Arg::Text(Line::new(text, MAX_FACT_CHARS))));
        facts.push(ComposedFact { line: texts.text("fact", &parts)?, label, value });
    }
    let button = match content.button {
        Some(url) => Some(ComposedButton { label: own("button")?, hint: shared("button-hint")?, url }),
        None => None,
    };
    let unsubscribe = match content.unsubscribe {
        Some(url) => Some((shared("unsubscribe")?, url)),
        None => None,
    };
    Ok(Composed {
        language: texts.language(),
        programme: Line::new(brand.name, MAX_NAME_CHARS),
        subject: Line::new(&own("subject")?, MAX_SUBJECT_CHARS),
        greeting: shared("greeting")?,
        paragraphs: paragraphs(&own("body")?),
        facts,
        button,
        footer: vec![own("why")?, shared("questions")?],
        unsubscribe,
    })
}

/// Splits a text at its blank lines. A paragraph is empty if a text has none for this case.
fn paragraphs(text: &str) -> Vec<String> {
    text.split("\n\n").map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned).collect()
}
