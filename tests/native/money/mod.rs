//! Amounts: what sales earn and refunds take back, to the smallest unit.

mod amounts;
mod tables;
