//! Rejects commissions: what is left of one is transferred to `reversed`.

use super::{
    super::{
        error::{CommissionError, LedgerError},
        public_ids::partner_id,
        tx::Tx,
        view::view,
    },
    counts,
};
use crate::{
    domain::{
        conversions::CommissionStatus,
        event::EventType,
        money::{
            Currency,
            accounts::{Account, TransferKind},
        },
        values::id::{CommissionId, ConversionId, PartnerId, TransferId},
    },
    store::{
        SqlError, books::accounts::Transfer, commissions::Commission, conversions, log::change::Change,
        reports::counts::ConversionDelta,
    },
};

view! {
    /// A commission that is rejected.
    pub struct RejectionView {
        /// The commission.
        id: CommissionId,
        /// The conversion that earned it; `null` = none did.
        conversion_id: Option<ConversionId>,
        /// Who earned it.
        partner_id: PartnerId,
        /// What was left of it and is taken back, minor units.
        rejected: i64,
        /// ISO 4217 code.
        currency: Currency,
        /// Why, in the operator's words.
        note: String,
    }
}

/// The account that holds what is left of a commission, if it can be rejected.
fn account(commission: &Commission) -> Result<Account, CommissionError> {
    match commission.status {
        CommissionStatus::Pending if commission.settled == 0 => Ok(Account::Pending),
        CommissionStatus::Payable if commission.settled == 0 => Ok(Account::Payable),
        CommissionStatus::Pending | CommissionStatus::Payable | CommissionStatus::Paid => {
            Err(CommissionError::Settled)
        }
        CommissionStatus::Reversed => Err(CommissionError::Reversed),
    }
}

/// What a rejection subtracts from the counts: at the quarter hour of the conversion, as a refund does.
fn subtracted(tx: &Tx<'_>, commission: &Commission, rest: i64) -> Result<ConversionDelta, SqlError> {
    let conversion = commission.conversion_no.map(|no| conversions::by_no(tx.sql, no)).transpose()?.flatten();
    let place = counts::place(tx, commission, conversion.as_ref())?;
    Ok(ConversionDelta { commission: rest.saturating_neg(), ..place })
}

/// The transfer that takes back what is left.
fn transfer(tx: &Tx<'_>, commission: &Commission, from: Account, rest: i64) -> Transfer {
    Transfer {
        id: tx.new_id(TransferId::generate),
        partner_no: commission.partner_no,
        debit: from,
        credit: Account::Reversed,
        amount: rest,
        currency: commission.currency,
        kind: TransferKind::Rejection,
        commission_no: commission.no,
        at: tx.now,
        rate: None,
        payout_no: None,
    }
}

/// Rejects a commission, and returns it as it is then.
pub fn reject(tx: &Tx<'_>, mut commission: Commission, note: String) -> Result<Commission, LedgerError> {
    let from = account(&commission)?;
    let rest = commission.open();
    commission.reversed = commission.reversed.checked_add(rest).ok_or(SqlError::Overflow("a rejection"))?;
    commission.status = CommissionStatus::Reversed;
    commission.held_reason = None;
    let view = RejectionView {
        id: commission.id.clone(),
        conversion_id: commission.conversion_id.clone(),
        partner_id: partner_id(tx.sql, commission.partner_no)?,
        rejected: rest,
        currency: commission.currency,
        note,
    };
    let counts = subtracted(tx, &commission, rest)?;
    let (commission_no, reversed) = (commission.no, commission.reversed);
    let transfer = transfer(tx, &commission, from, rest);
    let change = Change::Rejected { commission_no, reversed, transfer, counts };
    tx.commit(EventType::CommissionRejected, &change, &view, "")?;
    Ok(commission)
}
