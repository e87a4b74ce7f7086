//! Double-entry accounts. Money only moves from one account to another; balances are sums of transfers.
//!
//! A partner has eight accounts in each currency:
//!
//! | account | side | meaning |
//! |---|---|---|
//! | `earned` | debit | the programme's expense: all commission ever earned |
//! | `written_off` | debit | the programme's expense: negative balances that it wrote off |
//! | `pending` | credit | owed, within the hold period |
//! | `payable` | credit | owed and payable; negative after a clawback |
//! | `in_payout` | credit | in an approved payout that is neither paid nor failed yet |
//! | `paid` | credit | paid out |
//! | `reversed` | credit | reversed by refunds or rejections |
//! | `exchange` | either | converted to another currency (credit) or from one (debit) |
//!
//! For each partner and currency, earned + written off = pending + payable + in payout + paid + reversed + exchange at
//! all times. The two transfers of an exchange have equal value at the rate recorded on both.

use crate::values::string_enum::string_enum;

string_enum! {
    /// One of a partner's accounts.
    Account {
        /// All commission ever earned (debit).
        Earned = "earned";
        /// Owed, within the hold period (credit).
        Pending = "pending";
        /// Owed and payable (credit).
        Payable = "payable";
        /// Paid out (credit).
        Paid = "paid";
        /// Reversed (credit).
        Reversed = "reversed";
        /// In an approved payout that is neither paid nor failed yet (credit).
        InPayout = "in_payout";
        /// Written off of a negative balance (debit).
        WrittenOff = "written_off";
        /// Converted to another currency (credit) or from one (debit).
        Exchange = "exchange";
    }
}

string_enum! {
    /// The reason for a transfer.
    TransferKind {
        /// A commission was created: earned → pending.
        Commission = "commission";
        /// A hold period ended: pending → payable.
        Maturity = "maturity";
        /// A refund reversed commission: pending or payable → reversed.
        Reversal = "reversal";
        /// An operator rejected a commission: pending or payable → reversed.
        Rejection = "rejection";
        /// A payout was approved: payable → in payout.
        Payout = "payout";
        /// The provider paid a payout: in payout → paid.
        Payment = "payment";
        /// A payout failed: in payout → payable.
        PayoutFailed = "payout_failed";
        /// A paid payout came back: paid → in payout.
        PayoutReturned = "payout_returned";
        /// One side of an exchange: payable → exchange in one currency, exchange → payable in the other.
        Exchange = "exchange";
        /// A negative balance was written off: written off → payable.
        WriteOff = "write_off";
        /// A written-off debt ceased to exist, because the payout that caused it came back: payable → written off.
        WriteOffReversed = "write_off_reversed";
    }
}
