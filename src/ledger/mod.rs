//! Everything that decides about money: which touches earn a conversion, what it earns, what is held, what refunds take
//! back, when commissions become payable, and how payouts end. HTTP handlers (`api`) and the reports of verified callbacks
//! both call this layer.
//!
//! Each operation is a synchronous function of a [`tx::Tx`]: the database, the clock, randomness and the keys are its
//! arguments. It validates first, then writes all of its changes in the transaction that its caller has opened. Errors
//! are typed ([`error`]) and know nothing of HTTP.
//!
//! Imports between the folders run in one direction:
//! `callbacks → conversions → refunds → commissions → attribution`, and `simulation`, `imports → payouts → maturity` beside
//! them.
//! `maturity`, `restore`, `simulation` and `terms` are single files, because each is one operation.
//!
//! The layer imports `store` and `domain`, and from `marketplace` only the types in which a verified callback is reported
//! (`Report`, `Event`, `Evidence`). Views, the JSON forms of things, are here and not in `api`, because the ledger stores them
//! in its events.

pub mod attribution;
pub mod browser_tokens;
pub mod callbacks;
pub mod commissions;
pub mod config;
pub mod conversions;
pub mod error;
pub mod event_visibility;
pub mod imports;
pub mod journal;
pub mod listing_secrets;
pub mod listing_view;
pub mod mail;
pub mod maturity;
pub mod needs;
pub mod payer;
pub mod payouts;
pub mod public_ids;
pub mod refunds;
pub mod resealing;
pub mod restore;
pub mod sealing;
pub mod simulation;
pub mod terms;
pub mod trails;
pub mod tx;
pub mod view;
pub mod viewer;
pub mod webhooks;
