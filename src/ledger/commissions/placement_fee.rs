//! The fee of a placement, owed as a commission that no conversion earned.

use super::super::{terms, tx::Tx};
use crate::{
    domain::{
        conversions::CommissionSource,
        programme::placement::Placement,
        values::{id::CommissionId, time::DAY_MS},
    },
    store::{
        SqlError,
        commissions::{self, Commission},
    },
};

/// The commission of a placement's fee. Its hold is that of a sale on the day of publication.
pub fn commission(tx: &Tx<'_>, placement: &Placement) -> Result<Commission, SqlError> {
    let hold_ms = terms::current(tx)?.hold_days.saturating_mul(DAY_MS);
    let times = (tx.now, placement.published_at.plus_ms(hold_ms));
    let (id, source) = (tx.new_id(CommissionId::generate), CommissionSource::Placement);
    Ok(Commission {
        no: commissions::next_no(tx.sql)?,
        link_no: placement.link_no.unwrap_or(0),
        amount: placement.fee.amount,
        subject: Some(placement.id.to_string()),
        ..Commission::new(id, placement.partner_no, source, placement.fee.currency, times)
    })
}
