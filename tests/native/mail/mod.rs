//! Mails: their texts in `locales/`, and how they are rendered.

mod glossary;
mod locales;
mod render;
mod source;
mod texts;
