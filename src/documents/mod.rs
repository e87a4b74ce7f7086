//! Documents that Signpost hands out: payment files, statements, QR codes, and pages for visitors.
//!
//! Every function here takes plain data and returns text. The HTTP handlers load the data and build the responses, so
//! this layer knows neither requests nor the database.

mod error;
mod format;
pub mod pages;
pub mod payment_files;
pub mod qr;
pub mod statement;
pub mod table;

pub use error::DocumentError;
