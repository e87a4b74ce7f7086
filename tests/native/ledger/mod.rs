//! The Ledger as a whole, under random sequences of operations.

mod random;
