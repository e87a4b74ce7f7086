//! The end of holds: commissions become payable.

use super::{problem::Problem, views};
use crate::{
    domain::{
        conversions::CommissionStatus,
        event::EventType,
        money::accounts::{Account, TransferKind},
        values::{
            entropy::Entropy,
            id::{EventId, TransferId},
            time::Timestamp,
        },
    },
    store::{
        Sql, SqlError,
        books::accounts,
        commissions::{self, Commission},
        log::{
            change::{self, Change},
            events,
        },
        programme::partners,
        transaction,
        value::json_text,
    },
};

/// Commissions matured in one go: bounds the time that a request spends on it.
const A_SWEEP: i64 = 200;

/// Makes commissions payable whose hold has ended. Runs before every request and on the Ledger's alarm.
pub fn sweep(sql: &dyn Sql, now: Timestamp, entropy: &mut dyn Entropy) -> Result<(), Problem> {
    let due = commissions::due(sql, now, A_SWEEP)?;
    if due.is_empty() {
        return Ok(());
    }
    transaction(sql, || {
        due.into_iter().try_for_each(|commission| mature(sql, now, &mut *entropy, commission))
    })
}

/// Makes all commissions payable whose hold has ended, however many, within the caller's transaction: before a payout run
/// is computed, none may be missing.
pub fn finish(sql: &dyn Sql, now: Timestamp, entropy: &mut dyn Entropy) -> Result<(), Problem> {
    loop {
        let due = commissions::due(sql, now, A_SWEEP)?;
        if due.is_empty() {
            return Ok(());
        }
        due.into_iter().try_for_each(|commission| mature(sql, now, &mut *entropy, commission))?;
    }
}

fn mature(
    sql: &dyn Sql,
    now: Timestamp,
    entropy: &mut dyn Entropy,
    mut commission: Commission,
) -> Result<(), Problem> {
    commission.status = CommissionStatus::Payable;
    let transfer = accounts::Transfer {
        id: TransferId::generate(now, entropy),
        partner_no: commission.partner_no,
        debit: Account::Pending,
        credit: Account::Payable,
        amount: commission.amount.saturating_sub(commission.reversed),
        currency: commission.currency,
        kind: TransferKind::Maturity,
        commission_no: commission.no,
        at: now,
        rate: None,
        payout_no: None,
    };
    let partner = partners::by_no(sql, commission.partner_no)?;
    let partner = partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?;
    let change = Change::Matured { commission_no: commission.no, reversed: commission.reversed, transfer };
    change::apply(sql, &change, "", now)?;
    let (data, ledger) = (json_text(&views::commission(&commission, &partner.id))?, json_text(&change)?);
    let id = EventId::generate(now, entropy);
    let partner_no = commission.partner_no;
    Ok(events::append(sql, &id, EventType::CommissionPayable, partner_no, now, &data, Some(ledger))?)
}
