//! Double entry. Money only ever moves from one account to another; balances are sums of transfers.
//!
//! A partner has eight accounts in each currency:
//!
//! | account | side | meaning |
//! |---|---|---|
//! | `earned` | debit | the programme's expense: all commission ever earned |
//! | `written_off` | debit | the programme's expense: what it forgave of a negative balance |
//! | `pending` | credit | owed, within the hold |
//! | `payable` | credit | owed, may be paid; negative after a clawback |
//! | `in_payout` | credit | bound in a payout that is approved, and neither paid nor failed |
//! | `paid` | credit | paid out |
//! | `reversed` | credit | taken back by refunds, or rejected |
//! | `exchange` | either | what left this currency for another (credit), or came from one (debit) |
//!
//! so at all times earned + written off = pending + payable + in payout + paid + reversed + exchange, partner by partner,
//! currency by currency; and the two legs of an exchange are worth the same at the rate that stands on both.

use crate::values::string_enum::string_enum;

string_enum! {
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
        /// Bound in a payout that is approved, and neither paid nor failed (credit).
        InPayout = "in_payout";
        /// Forgiven of a negative balance (debit).
        WrittenOff = "written_off";
        /// Left this currency for another (credit), or came from one (debit).
        Exchange = "exchange";
    }
}

string_enum! {
    /// Why money moved.
    TransferKind {
        /// A conversion earned a commission: earned → pending.
        Commission = "commission";
        /// A hold ended: pending → payable.
        Maturity = "maturity";
        /// A refund took commission back: pending or payable → reversed.
        Reversal = "reversal";
        /// An operator rejected a commission: pending or payable → reversed.
        Rejection = "rejection";
        /// A payout was approved: payable → in payout.
        Payout = "payout";
        /// Its provider paid it: in payout → paid.
        Payment = "payment";
        /// It could not be paid: in payout → payable.
        PayoutFailed = "payout_failed";
        /// A leg of an exchange: payable → exchange in one currency, exchange → payable in the other.
        Exchange = "exchange";
        /// The programme forgave a negative balance: written off → payable.
        WriteOff = "write_off";
    }
}
