//! Rows of payouts: one per run and partner.

mod approval;
pub mod details;
mod draft;
pub mod files;
mod fx_transfers;
pub mod imported;
mod lines;
mod rows;
pub mod runs;
mod settlement;

pub use approval::{Outdated, approve, changed_since};
pub use draft::{cancel, compute};
pub use lines::{
    CommissionPayout, Item, StoredPart, draft_items, items, of_commission, overpaid, parts, undue_write_offs,
};
pub use rows::{HeldPart, Payout, PayoutFilter, Sum, any_open, by_id, by_no, held, list, of_run, sums};
pub use settlement::{failed, paid, returned};
