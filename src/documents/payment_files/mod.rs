//! Files that a bank or a payment provider accepts, and a table of the same payouts for people.
//!
//! Each format is one file with a function that takes payments and returns text. Which payouts belong in a file is
//! decided by the caller.

mod payment;
pub mod paypal;
pub mod run_table;
pub mod sepa;
mod sepa_characters;
pub mod wise;

pub use payment::{Payment, Run};
pub use sepa_characters::is_writable;
