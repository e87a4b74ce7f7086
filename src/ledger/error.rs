//! Why an operation of the ledger wrote nothing. One enum for each subject holds the caller's mistakes, with what a message
//! needs to name; `api/http/problems.rs` maps them to HTTP. All of them live in this file so that the subjects do not import
//! each other for them.

use super::trails::TrailRequest;
use crate::{
    domain::{
        conversions::ConversionType,
        money::Currency,
        payouts::{PayoutStatus, RunStatus},
        values::{
            id::{ConversionId, PayoutId, RefundId, RunId},
            time::Timestamp,
        },
    },
    store::{SqlError, payouts::Outdated},
};

/// Why an operation wrote nothing, by who must act.
#[derive(Debug)]
pub enum LedgerError {
    /// The caller must act: the conversion is refused.
    Conversion(ConversionError),
    /// The caller must act: the refund is refused.
    Refund(RefundError),
    /// The caller must act: the commission does not allow this.
    Commission(CommissionError),
    /// The caller must act: the payout run does not allow this.
    Run(RunError),
    /// The caller must act: the payout does not allow this.
    Payout(PayoutError),
    /// The caller must act: the balance does not allow this.
    WriteOff(WriteOffError),
    /// The caller must act: the exchange rates are refused.
    Rates(RateError),
    /// The caller must act: the simulation is refused.
    Simulation(SimulationError),
    /// The runner must act: fetch this trail, then run the operation again with it.
    TrailNeeded(TrailRequest),
    /// The operator must act: the database failed.
    Store(SqlError),
}

/// Why a page of an export is refused.
#[derive(Debug)]
pub enum RestoreError {
    /// The Ledger has data of its own, or is restored already.
    NotEmpty,
    /// The page is cut off, or not of an export.
    Malformed {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        cause: String,
    },
    /// A page before this one is missing.
    OutOfOrder {
        /// The line, counted from 1.
        line: usize,
        /// What should be there.
        expected: String,
    },
    /// The operator must act: the database failed.
    Store(SqlError),
}

/// Why a conversion, or a decision on one, is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum ConversionError {
    /// Its external id was accepted before with different content.
    Conflict {
        /// What happened.
        kind: ConversionType,
        /// The caller's id.
        external_id: String,
        /// The conversion that was accepted.
        accepted_as: ConversionId,
        /// The first field that differs.
        field: &'static str,
    },
    /// Only leads are qualified.
    NotALead {
        /// What happened instead.
        kind: ConversionType,
    },
}

/// Why a refund is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum RefundError {
    /// The conversion has no amount.
    NotRefundable,
    /// Less than this is left of the sale.
    ExceedsSale {
        /// What is left, minor units.
        left: i64,
        /// The sale, minor units.
        sale: i64,
        /// ISO 4217 code.
        currency: String,
    },
    /// Its external id was accepted before with another amount.
    Conflict {
        /// The caller's id.
        external_id: String,
        /// The refund that was accepted.
        accepted_as: RefundId,
    },
}

/// Why a commission cannot be released or rejected.
#[derive(Debug, PartialEq, Eq)]
pub enum CommissionError {
    /// It is not held.
    NotHeld,
    /// It is paid, or part of an approved payout.
    Settled,
    /// Nothing is left of it.
    Reversed,
}

/// Why a payout run cannot be created or changed.
#[derive(Debug, PartialEq, Eq)]
pub enum RunError {
    /// A run of the same period and currency exists with other terms.
    Conflict {
        /// The run that exists.
        run: RunId,
        /// The first field that differs.
        field: &'static str,
    },
    /// It is no longer a draft.
    Immutable {
        /// Its status.
        status: RunStatus,
    },
    /// The same key, or one that led to it by making keys, created or refreshed it, so another one must approve it.
    OwnRun,
    /// What it pays has changed since it was computed.
    Outdated {
        /// What changed.
        change: Outdated,
        /// When it was computed.
        computed_at: Timestamp,
    },
}

/// Why a payout cannot be settled.
#[derive(Debug, PartialEq, Eq)]
pub enum PayoutError {
    /// An imported payout is more than what is payable.
    ExceedsBalance {
        /// What is payable, minor units.
        payable: i64,
        /// The payout's currency.
        currency: Currency,
    },
    /// It was not approved.
    NotOpen {
        /// JSON pointer to the field that names the payout or its outcome.
        pointer: String,
        /// The payout.
        payout: PayoutId,
        /// Its status.
        status: PayoutStatus,
    },
    /// It is settled already, with another outcome or reference.
    Ended {
        /// JSON pointer to the field that names the payout or its outcome.
        pointer: String,
        /// The payout.
        payout: PayoutId,
        /// Its outcome, as a word.
        outcome: &'static str,
        /// The reference or reason that was recorded.
        recorded: String,
    },
}

/// Why a balance cannot be written off.
#[derive(Debug, PartialEq, Eq)]
pub enum WriteOffError {
    /// A payout of the partner is open. If it failed, the written-off amount would be paid out after all.
    PayoutOpen,
    /// The balance is not negative.
    NothingOwed {
        /// ISO 4217 code.
        currency: Currency,
        /// The payable balance, minor units.
        payable: i128,
    },
}

/// Why exchange rates are refused.
#[derive(Debug, PartialEq, Eq)]
pub enum RateError {
    /// An approved run used this rate, so it is fixed.
    InUse {
        /// Its place in the request.
        index: usize,
        /// The rate in force, decimal.
        rate: String,
    },
}

/// Why a simulation is refused.
#[derive(Debug, PartialEq, Eq)]
pub enum SimulationError {
    /// The period has more conversions than one simulation reruns.
    TooManyConversions,
}

impl std::fmt::Display for LedgerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Store(error) => error.fmt(f),
            other => write!(f, "{other:?}"),
        }
    }
}

impl std::error::Error for LedgerError {}

macro_rules! converts {
    ($($error:ident => $variant:ident,)*) => {$(
        impl From<$error> for LedgerError {
            fn from(error: $error) -> Self {
                Self::$variant(error)
            }
        }
    )*};
}

converts! {
    ConversionError => Conversion,
    RefundError => Refund,
    CommissionError => Commission,
    RunError => Run,
    PayoutError => Payout,
    WriteOffError => WriteOff,
    RateError => Rates,
    SimulationError => Simulation,
    SqlError => Store,
}

impl From<SqlError> for RestoreError {
    fn from(error: SqlError) -> Self {
        Self::Store(error)
    }
}
