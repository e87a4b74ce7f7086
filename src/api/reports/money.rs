//! Sums of money in reports.

use crate::ledger::view::view;

view! {
    /// A sum of money in minor units.
    pub struct MoneyView {
        /// Minor units.
        amount: i128,
        /// ISO 4217 code.
        currency: String,
    }
}
