//! Double entry. Money only ever moves from one account to another; balances are sums of transfers.
//!
//! A partner has five accounts in each currency:
//!
//! | account | side | meaning |
//! |---|---|---|
//! | `earned` | debit | the programme's expense: all commission ever earned |
//! | `pending` | credit | owed, within the hold |
//! | `payable` | credit | owed, may be paid; negative after a clawback |
//! | `paid` | credit | paid out |
//! | `reversed` | credit | taken back by refunds |
//!
//! so at all times earned = pending + payable + paid + reversed, partner by partner, currency by currency.

use crate::words::words;

words! {
    /// One of a partner's accounts.
    Account {
        /// All commission ever earned (debit).
        Earned = "earned";
        /// Owed, within the hold (credit).
        Pending = "pending";
        /// Owed, may be paid (credit).
        Payable = "payable";
        /// Paid out (credit).
        Paid = "paid";
        /// Taken back (credit).
        Reversed = "reversed";
    }
}

words! {
    /// Why money moved.
    TransferKind {
        /// A conversion earned a commission: earned → pending.
        Commission = "commission";
        /// A hold ended: pending → payable.
        Maturity = "maturity";
        /// A refund took commission back: pending or payable → reversed.
        Reversal = "reversal";
    }
}
