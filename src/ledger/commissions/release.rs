//! Releases commissions that are held: by an operator, or because better evidence arrived.

use super::{
    super::{
        error::{CommissionError, LedgerError},
        public_ids::partner_id,
        tx::Tx,
        view::view,
        viewer::Viewer,
    },
    view::show,
};
use crate::{
    domain::{
        conversions::HeldReason,
        event::EventType,
        values::id::{CommissionId, ConversionId, PartnerId},
    },
    marketplace::event::Evidence,
    store::{SqlError, commissions::Commission, log::change::Change},
};

view! {
    /// A commission that is no longer held.
    pub struct ReleaseView {
        /// The commission.
        id: CommissionId,
        /// The conversion that earned it; `null` = none did.
        conversion_id: Option<ConversionId>,
        /// Who earns.
        partner_id: PartnerId,
        /// What confirmed it; `null` = an operator released it.
        evidence: Option<Evidence>,
        /// Why, in the operator's words.
        note: Option<String>,
    }
}

fn release_view(
    tx: &Tx<'_>,
    commission: &Commission,
    evidence: Option<Evidence>,
    note: Option<String>,
) -> Result<ReleaseView, SqlError> {
    Ok(ReleaseView {
        id: commission.id.clone(),
        conversion_id: commission.conversion_id.clone(),
        partner_id: partner_id(tx.sql, commission.partner_no)?,
        evidence,
        note,
    })
}

/// Releases a commission from all reasons at once, as an operator asks, and returns it as it is then. Its flags stay, so
/// that the reasons remain known; so does its date: it becomes payable then, or with the next sweep if that is past.
pub fn release(
    tx: &Tx<'_>,
    mut commission: Commission,
    note: Option<String>,
) -> Result<Commission, LedgerError> {
    if commission.held_reason.is_none() {
        return Err(CommissionError::NotHeld.into());
    }
    commission.held_reason = None;
    let change = Change::Released { commission_no: commission.no, partner_no: commission.partner_no };
    let view = release_view(tx, &commission, None, note)?;
    tx.commit(EventType::CommissionReleased, &change, &view, "")?;
    Ok(commission)
}

/// Ends the hold for want of evidence, because `evidence` arrived. Evidence does not disprove fraud, so other reasons
/// still hold the commission.
pub fn confirm(tx: &Tx<'_>, mut commission: Commission, evidence: Evidence) -> Result<(), SqlError> {
    let unsigned = HeldReason::TransportOnly.flag();
    commission.flags.retain(|flag| *flag != unsigned);
    commission.held_reason = commission.flags.iter().filter_map(|flag| HeldReason::from_flag(flag)).min();
    let change = Change::Held {
        commission_no: commission.no,
        partner_no: commission.partner_no,
        held_reason: commission.held_reason,
        flags: commission.flags.clone(),
    };
    if commission.held_reason.is_some() {
        return tx.commit(
            EventType::CommissionHeld,
            &change,
            &show(tx.sql, &commission, Viewer::Programme)?,
            "",
        );
    }
    let view = release_view(tx, &commission, Some(evidence), None)?;
    tx.commit(EventType::CommissionReleased, &change, &view, "")
}
