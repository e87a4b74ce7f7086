//! The end of holds: commissions become payable.

use super::{commissions::view::show, journal, viewer::Viewer};
use crate::{
    domain::{
        conversions::CommissionStatus,
        event::EventType,
        money::accounts::{Account, TransferKind},
        values::{entropy::Entropy, id::TransferId, time::Timestamp},
    },
    store::{
        Sql, SqlError,
        books::accounts,
        commissions::{self, Commission},
        log::{change::Change, restored},
        transaction,
        value::json_text,
    },
};

/// Commissions that one sweep matures; it bounds the time that a request spends on them.
const SWEEP_LIMIT: i64 = 200;

/// Makes commissions payable whose hold has ended. It runs before every request and in the Ledger's alarm.
pub fn sweep(sql: &dyn Sql, now: Timestamp, entropy: &mut dyn Entropy) -> Result<(), SqlError> {
    let due = commissions::due(sql, now, SWEEP_LIMIT)?;
    // Until a restore is complete, the log has what became of these commissions.
    if due.is_empty() || restored::is_running(sql)? {
        return Ok(());
    }
    transaction(sql, || {
        due.into_iter().try_for_each(|commission| mature(sql, now, &mut *entropy, commission))
    })
}

/// Makes all commissions payable whose hold has ended, however many, within the caller's transaction. A payout run calls
/// this before it is computed, so that it misses none.
pub fn sweep_all(sql: &dyn Sql, now: Timestamp, entropy: &mut dyn Entropy) -> Result<(), SqlError> {
    loop {
        let due = commissions::due(sql, now, SWEEP_LIMIT)?;
        if due.is_empty() {
            return Ok(());
        }
        due.into_iter().try_for_each(|commission| mature(sql, now, &mut *entropy, commission))?;
    }
}

/// Makes commissions payable whose hold ended before `until`, each at the time at which its hold ended, within the caller's
/// transaction. An import calls this between its lines, so that the history has the order in which things happened.
pub fn sweep_history(sql: &dyn Sql, until: Timestamp, entropy: &mut dyn Entropy) -> Result<(), SqlError> {
    loop {
        let due = commissions::due(sql, until, SWEEP_LIMIT)?;
        if due.is_empty() {
            return Ok(());
        }
        due.into_iter().try_for_each(|commission| {
            let at = commission.matures_at.max(commission.created_at);
            mature(sql, at, &mut *entropy, commission)
        })?;
    }
}

fn mature(
    sql: &dyn Sql,
    now: Timestamp,
    entropy: &mut dyn Entropy,
    mut commission: Commission,
) -> Result<(), SqlError> {
    commission.status = CommissionStatus::Payable;
    let transfer = accounts::Transfer {
        id: TransferId::generate(now, entropy),
        partner_no: commission.partner_no,
        debit: Account::Pending,
        credit: Account::Payable,
        amount: commission.amount.saturating_sub(commission.reversed),
        currency: commission.currency,
        kind: TransferKind::Maturity,
        commission_no: Some(commission.no),
        at: now,
        rate: None,
        payout_no: None,
    };
    let change = Change::Matured { commission_no: commission.no, reversed: commission.reversed, transfer };
    let data = json_text(&show(sql, &commission, Viewer::Programme)?)?;
    journal::record(sql, now, entropy, EventType::CommissionPayable, &change, &data, "")
}
