//! Records a new commission: its row, its transfer from `earned` to `pending`, and its counts.

use super::{super::tx::Tx, counts, view::CommissionView};
use crate::{
    domain::{
        event::EventType,
        money::accounts::{Account, TransferKind},
        values::id::TransferId,
    },
    store::{
        SqlError, books::accounts::Transfer, commissions::Commission, conversions::Conversion,
        log::change::Change, reports::counts::ConversionDelta,
    },
};

/// Records a commission; its event shows `view`.
pub fn record(
    tx: &Tx<'_>,
    commission: Commission,
    view: &CommissionView,
    conversion: Option<&Conversion>,
) -> Result<(), SqlError> {
    let transfer = Transfer {
        id: tx.new_id(TransferId::generate),
        partner_no: commission.partner_no,
        debit: Account::Earned,
        credit: Account::Pending,
        amount: commission.amount,
        currency: commission.currency,
        kind: TransferKind::Commission,
        commission_no: commission.no,
        at: tx.now,
        rate: None,
        payout_no: None,
    };
    let place = counts::place(tx, &commission, conversion)?;
    let counts = ConversionDelta { commission: commission.amount, ..place };
    let change = Change::Commission { commission: Box::new(commission), transfer, counts };
    tx.commit(EventType::CommissionCreated, &change, view, "")
}
