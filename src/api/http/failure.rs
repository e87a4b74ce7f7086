//! Why a handler returned no response. The ledger's typed errors become problems here; their HTTP status is in the table of
//! codes (`problems.rs`).

use super::problems::{Code, Problem};
use crate::{
    documents::DocumentError,
    ledger::{
        error::{
            CommissionError, ConversionError, LedgerError, PayoutError, RateError, RefundError, RunError,
            SimulationError, WriteOffError,
        },
        needs::Need,
    },
    store::{SqlError, log::archive::LogError, payouts::Outdated, scratch::Extent},
};

/// Why a handler returned no response.
#[derive(Debug)]
pub enum Failure {
    /// The caller gets this problem.
    Problem(Problem),
    /// The request wrote nothing and must run again with this.
    Needed(Need),
    /// The response is the result of a simulation of this part of history, which runs on a copy.
    SimulationNeeded(Extent),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<DocumentError> for Failure {
    fn from(error: DocumentError) -> Self {
        Self::Problem(error.into())
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Store(error) => error.into(),
            LogError::SegmentNeeded(first) => Self::Needed(Need::Segment(first)),
            LogError::SegmentMissing(_) => {
                let detail = "Events of that time are in Workers KV, which does not return them at the moment. Nothing was \
                              changed. Try again in a minute.";
                let log = Some(error.to_string());
                Self::Problem(Problem { log, ..Problem::new(Code::Unavailable, detail) })
            }
        }
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        Self::Problem(match error {
            LedgerError::Conversion(error) => conversion(error),
            LedgerError::Refund(error) => refund(error),
            LedgerError::Commission(error) => commission(error),
            LedgerError::Run(error) => run(error),
            LedgerError::Payout(error) => payout(error),
            LedgerError::WriteOff(error) => write_off(error),
            LedgerError::Rates(error) => rates(error),
            LedgerError::Simulation(error) => simulation(error),
            LedgerError::Store(error) => error.into(),
            LedgerError::TrailNeeded(request) => return Self::Needed(Need::Trail(request)),
        })
    }
}

fn conversion(error: ConversionError) -> Problem {
    match error {
        ConversionError::Conflict { kind, external_id, accepted_as, field } => {
            let kind = kind.as_str();
            let detail = format!(
                "{kind} {external_id:?} was accepted as {accepted_as} with another {field}; send a new external_id for a \
                 new conversion."
            );
            Problem::field(Code::ConversionConflict, format!("/{field}"), detail)
        }
        ConversionError::NotALead { kind } => {
            let detail =
                format!("The type of this conversion is {}; only leads are qualified.", kind.as_str());
            Problem::new(Code::NotALead, detail)
        }
    }
}

fn refund(error: RefundError) -> Problem {
    match error {
        RefundError::NotRefundable => {
            Problem::new(Code::NotRefundable, "Only a conversion with an amount can be refunded.")
        }
        RefundError::ExceedsSale { left, sale, currency } => {
            let detail = format!("{left} {currency} (minor units) of {sale} are left.");
            Problem::field(Code::RefundExceedsSale, "/amount", detail)
        }
        RefundError::Conflict { external_id, accepted_as } => {
            let detail = format!("{external_id:?} was accepted as {accepted_as} with another amount.");
            Problem::field(Code::RefundConflict, "/amount", detail)
        }
    }
}

fn commission(error: CommissionError) -> Problem {
    let settled = "It is paid or bound in a payout. Refund its conversion, and the next payout nets it; what stays \
                   negative can be written off.";
    match error {
        CommissionError::NotHeld => Problem::new(Code::NotHeld, "It is released already, or was never held."),
        CommissionError::Settled => Problem::new(Code::NotRejectable, settled),
        CommissionError::Reversed => {
            Problem::new(Code::NotRejectable, "Nothing is left of it: it is rejected or refunded already.")
        }
    }
}

fn run(error: RunError) -> Problem {
    match error {
        RunError::Conflict { run, field } => {
            let detail = format!(
                "The run {run} of this period and currency was asked for with another {field}; cancel it first if it \
                 is a draft."
            );
            Problem::field(Code::RunConflict, format!("/{field}"), detail)
        }
        RunError::Immutable { status } => {
            let detail = format!("It is {}: only a draft can still be changed.", status.as_str());
            Problem::new(Code::RunImmutable, detail)
        }
        RunError::OwnRun => {
            let detail = "This key, or a key that led to it, asked for the run or computed it last: a key of another person \
                          has to approve it.";
            Problem::new(Code::OwnRun, detail)
        }
        RunError::Outdated { change, computed_at } => {
            let what = match change {
                Outdated::Open => "What is open of a commission changed",
                Outdated::Rate => "An exchange rate was corrected",
                Outdated::Currency => "A partner is to be paid in another currency",
                Outdated::Details => "A partner's payout details were set",
                Outdated::DetailsLost => {
                    let detail = "The payout details of a partner are lost since this Ledger was rebuilt: set them \
                                  again; refresh the run, look at it, and approve it then.";
                    return Problem::new(Code::RunOutdated, detail);
                }
            };
            let detail =
                format!("{what} since {computed_at}; refresh the run, look at it, and approve it then.");
            Problem::new(Code::RunOutdated, detail)
        }
    }
}

fn payout(error: PayoutError) -> Problem {
    match error {
        PayoutError::ExceedsBalance { payable, currency } => {
            let detail = format!("{payable} {currency} (minor units) are payable by the end of the period.");
            Problem::field(Code::PayoutExceedsBalance, "/amount", detail)
        }
        PayoutError::NotOpen { pointer, payout, status } => {
            let detail = format!("{payout} is {}: only one that was approved is paid.", status.as_str());
            Problem::field(Code::PayoutNotOpen, pointer, detail)
        }
        PayoutError::Ended { pointer, payout, outcome, recorded } => {
            let detail = format!("{payout} is {outcome} already: {recorded:?}.");
            Problem::field(Code::PayoutEnded, pointer, detail)
        }
    }
}

fn write_off(error: WriteOffError) -> Problem {
    match error {
        WriteOffError::PayoutOpen => {
            let detail = "A payout of this partner is neither paid nor failed yet; wait for that.";
            Problem::new(Code::PayoutOpen, detail)
        }
        WriteOffError::NothingOwed { currency, payable } => {
            let detail =
                format!("The balance in {currency} is {payable} (minor units): nothing is owed back.");
            Problem::field(Code::NothingOwedBack, "/currency", detail)
        }
    }
}

fn rates(error: RateError) -> Problem {
    let RateError::InUse { index, rate } = error;
    let detail = format!("A run that is approved used {rate}; it stays.");
    Problem::field(Code::RateInUse, format!("/rates/{index}/rate"), detail)
}

fn simulation(error: SimulationError) -> Problem {
    let SimulationError::TooManyConversions = error;
    let detail = "A simulation reruns all conversions that were accepted since the first one of the period, and there are \
                  more than 10,000 of them. Send a later `from`.";
    Problem::new(Code::TooManyConversions, detail)
}
