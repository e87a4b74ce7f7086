//! A commission as events and responses show it.

use super::super::{public_ids::partner_id, view::view};
use crate::{
    domain::{
        conversions::{CommissionSource, CommissionStatus, HeldReason},
        money::Currency,
        values::{
            id::{CommissionId, ConversionId, PartnerId},
            time::Timestamp,
        },
    },
    store::{Sql, SqlError, commissions::Commission},
};

view! {
    /// A commission.
    pub struct CommissionView {
        /// Id.
        id: CommissionId,
        /// The conversion that earned it; `null` = none did.
        conversion_id: Option<ConversionId>,
        /// What earned it.
        source: CommissionSource,
        /// Who earns.
        partner_id: PartnerId,
        /// Earned, minor units, before reversals.
        amount: i64,
        /// Of that, taken back by refunds, or rejected.
        reversed: i64,
        /// ISO 4217 code.
        currency: Currency,
        /// Its status.
        status: CommissionStatus,
        /// Rate applied, basis points.
        rate_bp: i64,
        /// Share of the conversion, basis points.
        share_bp: i64,
        /// The base of the rate, minor units; `null` = a fixed amount, or no longer known.
        base: Option<i64>,
        /// By which plan; `null` = by the simple rate of the partner or the programme.
        plan: Option<String>,
        /// The placement, period or partner that earned it, if no conversion did.
        subject: Option<String>,
        /// What a person should look at before it is paid: `bot_click`, `prefetch_click`, and `held_…` for each reason for
        /// which it is or was held.
        flags: Vec<String>,
        /// The gravest reason why it stays pending beyond `payable_at` until it is released; `null` = it is not held.
        held_reason: Option<HeldReason>,
        /// When the hold ends.
        payable_at: Timestamp,
        /// When it was earned.
        created_at: Timestamp,
    }
}

/// A commission of the partner with this id.
#[must_use]
pub fn commission(commission: &Commission, partner: &PartnerId) -> CommissionView {
    CommissionView {
        id: commission.id.clone(),
        conversion_id: commission.conversion_id.clone(),
        source: commission.source,
        partner_id: partner.clone(),
        amount: commission.amount,
        reversed: commission.reversed,
        currency: commission.currency,
        status: commission.status,
        rate_bp: commission.rate_bp,
        share_bp: commission.share_bp,
        base: commission.base,
        plan: commission.plan.clone(),
        subject: commission.subject.clone(),
        flags: commission.flags.clone(),
        held_reason: commission.held_reason,
        payable_at: commission.matures_at,
        created_at: commission.created_at,
    }
}

/// A commission, its partner's id looked up.
pub fn show(sql: &dyn Sql, row: &Commission) -> Result<CommissionView, SqlError> {
    Ok(commission(row, &partner_id(sql, row.partner_no)?))
}
