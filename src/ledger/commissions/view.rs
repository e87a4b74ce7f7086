//! A commission as events and responses show it.

use super::super::{public_ids::partner_id, view::view, viewer::Viewer};
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
        /// which it is or was held. A partner's key sees `under_review` instead while it is held.
        flags: Vec<String>,
        /// The gravest reason why it stays pending beyond `payable_at` until it is released; `null` = it is not held, or the
        /// reader is a partner.
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

/// Flags of the click that earned a commission.
const CLICK_FLAGS: [&str; 2] = ["bot_click", "prefetch_click"];
/// The flag that a partner sees in place of the reasons for which a person looks at its commission.
pub const UNDER_REVIEW: &str = "under_review";

/// Returns whether a flag says why a person should look at a commission.
#[must_use]
pub fn is_review_reason(flag: &str) -> bool {
    HeldReason::from_flag(flag).is_some() || CLICK_FLAGS.contains(&flag)
}

/// A commission, its partner's id looked up. A partner sees that its commission is under review, but not why: the reasons
/// would tell how to avoid them.
pub fn show(sql: &dyn Sql, row: &Commission, viewer: Viewer) -> Result<CommissionView, SqlError> {
    let mut view = commission(row, &partner_id(sql, row.partner_no)?);
    if viewer != Viewer::Programme {
        let is_held = view.held_reason.take().is_some();
        view.flags.retain(|flag| !is_review_reason(flag));
        view.flags.extend(is_held.then(|| UNDER_REVIEW.to_owned()));
    }
    Ok(view)
}
