//! Writes off a partner's negative balance.

use super::super::{
    error::{LedgerError, WriteOffError},
    tx::Tx,
    view::view,
};
use crate::{
    domain::{
        event::EventType,
        money::{
            Currency,
            accounts::{Account, TransferKind},
        },
        programme::partner::{Partner, PartnerNo},
        values::{
            id::{PartnerId, TransferId},
            time::Timestamp,
        },
    },
    store::{
        SqlError,
        books::accounts::{self, Transfer},
        log::change::Change,
        payouts,
    },
};

view! {
    /// The part of a partner's negative balance that was written off.
    pub struct WriteOffView {
        /// The partner.
        partner_id: PartnerId,
        /// ISO 4217 code.
        currency: Currency,
        /// Minor units.
        amount: i64,
        /// The number of commissions.
        commissions: i64,
        /// Why, in the operator's words.
        note: Option<String>,
        /// When.
        created_at: Timestamp,
    }
}

/// The transfers that bring a balance that is `owed` back up to zero, the oldest commissions first.
fn transfers(
    tx: &Tx<'_>,
    partner_no: PartnerNo,
    currency: Currency,
    owed: i64,
) -> Result<Vec<Transfer>, SqlError> {
    let (mut left, mut transfers) = (owed, Vec::new());
    for (commission_no, back) in payouts::overpaid(tx.sql, partner_no, currency)? {
        let amount = back.min(left);
        if amount <= 0 {
            break;
        }
        left = left.saturating_sub(amount);
        transfers.push(Transfer {
            id: tx.new_id(TransferId::generate),
            partner_no,
            debit: Account::WrittenOff,
            credit: Account::Payable,
            amount,
            currency,
            kind: TransferKind::WriteOff,
            commission_no,
            at: tx.now,
            rate: None,
            payout_no: None,
        });
    }
    if left == 0 { Ok(transfers) } else { Err(SqlError::Overflow("what is owed back")) }
}

/// Writes off the negative balance of a partner in one currency.
pub fn write_off(
    tx: &Tx<'_>,
    partner: &Partner,
    currency: Currency,
    note: Option<String>,
) -> Result<WriteOffView, LedgerError> {
    if payouts::any_open(tx.sql, partner.no)? {
        return Err(WriteOffError::PayoutOpen.into());
    }
    let balances = accounts::balances(tx.sql, Some(partner.no))?;
    let payable = balances.iter().find(|balance| balance.currency == currency).map_or(0, |b| b.payable);
    if payable >= 0 {
        return Err(WriteOffError::NothingOwed { currency, payable }.into());
    }
    let owed =
        i64::try_from(payable.saturating_neg()).map_err(|_| SqlError::Overflow("what is owed back"))?;
    let transfers = transfers(tx, partner.no, currency, owed)?;
    let view = WriteOffView {
        partner_id: partner.id.clone(),
        currency,
        amount: owed,
        commissions: i64::try_from(transfers.len()).unwrap_or(i64::MAX),
        note,
        created_at: tx.now,
    };
    let change = Change::WrittenOff { partner_no: partner.no, transfers };
    tx.commit(EventType::BalanceWrittenOff, &change, &view, "")?;
    Ok(view)
}
