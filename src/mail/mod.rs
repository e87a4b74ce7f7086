//! Mails to people: what a person must be told, and the finished mail in that person's language.
//!
//! A [`Mail`] is data. [`render`] turns it into a subject, plain text and HTML, with texts from `locales/` that a [`Texts`]
//! formats. One layout and one code path serve every kind of mail. Sending is not done here.

mod brand;
mod composed;
pub mod examples;
mod layout;
pub mod notice;
mod plain_text;
pub mod providers;
mod render;
mod text;

pub use brand::Brand;
pub use composed::RenderError;
pub use notice::{Mail, MailKind, Notice};
pub use render::{Rendered, render};
pub use text::{Arg, FormatError, Line, MAX_NAME_CHARS, Texts};
