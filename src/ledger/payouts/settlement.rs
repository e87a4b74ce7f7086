//! Settles payouts as the payment provider reports: paid, or failed. A bank may return a payment days after it was
//! reported as paid; the payout has then failed after all.

use super::{
    super::{
        error::{LedgerError, PayoutError},
        tx::Tx,
    },
    view::{PayoutView, event_view, show},
};
use crate::{
    domain::{
        event::EventType,
        money::accounts::{Account, TransferKind},
        payouts::PayoutStatus,
        values::{
            id::{PayoutId, TransferId},
            string_enum::string_enum,
        },
    },
    store::{
        SqlError,
        books::accounts::Transfer,
        log::change::Change,
        payouts::{self, Payout},
    },
};

string_enum! {
    /// How a payout ended.
    PayoutOutcome {
        /// Its provider paid it.
        Paid = "paid";
        /// It could not be paid.
        Failed = "failed";
    }
}

/// The outcome of a payout, with the provider's reference or the reason of the failure.
pub struct Settlement<'a> {
    /// How it ended.
    pub outcome: PayoutOutcome,
    /// The reference of a payment, or the reason of a failure.
    pub text: &'a str,
    /// What the bank charged for a failure, in minor units of the payout's currency.
    pub fee: Option<i64>,
}

/// Whether a settlement changed anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It was recorded just now.
    Recorded,
    /// The same was recorded before.
    Unchanged,
}

/// Settles a payout, once however often it is reported. `pointer` names the field of the request that reports it.
pub fn settle(
    tx: &Tx<'_>,
    payout: &Payout,
    settlement: &Settlement<'_>,
    pointer: &str,
) -> Result<Settled, LedgerError> {
    let (outcome, recorded) = match payout.status {
        PayoutStatus::Open => {
            record(tx, payout, settlement)?;
            return Ok(Settled::Recorded);
        }
        PayoutStatus::Paid if settlement.outcome == PayoutOutcome::Failed => {
            record_return(tx, payout, settlement)?;
            return Ok(Settled::Recorded);
        }
        PayoutStatus::Paid => (PayoutOutcome::Paid, &payout.reference),
        PayoutStatus::Failed => (PayoutOutcome::Failed, &payout.failure),
        PayoutStatus::Draft | PayoutStatus::Carried | PayoutStatus::Held | PayoutStatus::Cancelled => {
            return Err(PayoutError::NotOpen {
                pointer: pointer.to_owned(),
                payout: payout.id.clone(),
                status: payout.status,
            }
            .into());
        }
    };
    let is_same = outcome == settlement.outcome && payout.fee == settlement.fee;
    if is_same && recorded.as_deref() == Some(settlement.text) {
        return Ok(Settled::Unchanged);
    }
    Err(PayoutError::Ended {
        pointer: pointer.to_owned(),
        payout: payout.id.clone(),
        outcome: outcome.as_str(),
        recorded: recorded.clone().unwrap_or_default(),
    }
    .into())
}

/// A transfer of a payout's whole amount from one account to another.
fn transfer_of(
    tx: &Tx<'_>,
    payout: &Payout,
    kind: TransferKind,
    (debit, credit): (Account, Account),
) -> Transfer {
    Transfer {
        id: tx.new_id(TransferId::generate),
        partner_no: payout.partner_no,
        debit,
        credit,
        amount: payout.amount,
        currency: payout.currency,
        kind,
        commission_no: None,
        at: tx.now,
        rate: None,
        payout_no: Some(payout.no),
    }
}

/// Records that a payout came back that was reported as paid.
fn record_return(tx: &Tx<'_>, payout: &Payout, settlement: &Settlement<'_>) -> Result<(), SqlError> {
    let write_offs = payouts::undue_write_offs(tx.sql, payout.no)?.into_iter();
    let write_offs = write_offs.map(|(commission_no, currency, amount)| Transfer {
        id: tx.new_id(TransferId::generate),
        partner_no: payout.partner_no,
        debit: Account::Payable,
        credit: Account::WrittenOff,
        amount,
        currency,
        kind: TransferKind::WriteOffReversed,
        commission_no: Some(commission_no),
        at: tx.now,
        rate: None,
        payout_no: None,
    });
    let accounts = (Account::Paid, Account::InPayout);
    let change = Change::PayoutReturned {
        payout_no: payout.no,
        reason: settlement.text.to_owned(),
        fee: settlement.fee,
        transfer: transfer_of(tx, payout, TransferKind::PayoutReturned, accounts),
        write_offs: write_offs.collect(),
    };
    let view = || event_view(tx, &stored(tx, &payout.id)?);
    tx.commit_computed(EventType::PayoutReturned, &change, view).map(drop)
}

fn record(tx: &Tx<'_>, payout: &Payout, settlement: &Settlement<'_>) -> Result<(), SqlError> {
    let payout_no = payout.no;
    let (kind, change) = match settlement.outcome {
        PayoutOutcome::Paid => {
            let accounts = (Account::InPayout, Account::Paid);
            let transfer = transfer_of(tx, payout, TransferKind::Payment, accounts);
            let reference = settlement.text.to_owned();
            (EventType::PayoutPaid, Change::PayoutPaid { payout_no, reference, transfer })
        }
        PayoutOutcome::Failed => {
            let (partner_no, reason) = (payout.partner_no, settlement.text.to_owned());
            let fee = settlement.fee;
            (EventType::PayoutFailed, Change::PayoutFailed { payout_no, partner_no, reason, fee })
        }
    };
    tx.commit_computed(kind, &change, || event_view(tx, &stored(tx, &payout.id)?)).map(drop)
}

fn stored(tx: &Tx<'_>, id: &PayoutId) -> Result<Payout, SqlError> {
    payouts::by_id(tx.sql, id)?.ok_or(SqlError::Shape { column: 0, expected: "a payout that exists" })
}

/// The payout with this id as it stands now.
pub fn view_of(tx: &Tx<'_>, id: &PayoutId) -> Result<PayoutView, SqlError> {
    show(tx, &stored(tx, id)?)
}
