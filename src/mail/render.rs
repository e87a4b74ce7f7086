//! Renders a mail: its subject, plain text and HTML. Both bodies have the same content.

use super::{
    brand::Brand,
    composed::{RenderError, compose},
    layout,
    notice::Mail,
    plain_text,
    text::Texts,
};

/// A finished mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject, one line.
    pub subject: String,
    /// The body as plain text. No line is longer than 76 columns, unless a word or an address is.
    pub text: String,
    /// The body as an HTML document.
    pub html: String,
}

/// Renders a mail in the language of `texts`.
pub fn render(mail: &Mail, brand: &Brand<'_>, texts: &dyn Texts) -> Result<Rendered, RenderError> {
    let composed = compose(mail, brand, texts)?;
    Ok(Rendered {
        text: plain_text::render(&composed),
        html: layout::render(&composed),
        subject: composed.subject.into_string(),
    })
}
