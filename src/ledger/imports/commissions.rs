//! Commissions that were earned elsewhere, and opening balances.

use super::super::{
    commissions::{booking, view},
    terms,
    tx::Tx,
};
use crate::{
    domain::{
        conversions::CommissionSource,
        money::Money,
        programme::partner::Partner,
        values::{
            id::CommissionId,
            time::{DAY_MS, Timestamp},
        },
    },
    store::{
        SqlError,
        commissions::{self, Commission},
    },
};

/// Books a commission that no conversion here has earned, and returns its id. Without `matures_at` it is held as long as one
/// that is earned at the time of the context.
pub fn record(
    tx: &Tx<'_>,
    partner: &Partner,
    source: CommissionSource,
    amount: Money,
    matures_at: Option<Timestamp>,
    external_id: String,
) -> Result<CommissionId, SqlError> {
    let matures_at = match matures_at {
        Some(at) => at,
        None => tx.now.plus_ms(terms::current(tx)?.hold_days.saturating_mul(DAY_MS)),
    };
    let id = tx.new_id(CommissionId::generate);
    let commission = Commission {
        no: commissions::next_no(tx.sql)?,
        amount: amount.amount,
        subject: Some(external_id),
        ..Commission::new(id.clone(), partner.no, source, amount.currency, (tx.now, matures_at))
    };
    let view = view::commission(&commission, &partner.id);
    booking::record(tx, commission, &view, None)?;
    Ok(id)
}
