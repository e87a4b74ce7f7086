//! Qualifies leads: an operator decides whether a lead is worth pursuing. The decision changes the counts of reports and no
//! money.

use super::super::{
    attribution::shares::delta,
    error::{ConversionError, LedgerError},
    tx::Tx,
    view::view,
    viewer::Viewer,
};
use crate::{
    domain::{
        conversions::{
            ConversionType,
            qualification::{Qualification, QualificationStatus},
        },
        event::EventType,
        programme::partner::PartnerNo,
        values::{id::ConversionId, time::Timestamp},
    },
    store::{
        SqlError,
        conversions::{Conversion, credits},
        log::change::Change,
        reports::counts::ConversionDelta,
    },
};

view! {
    /// An operator's decision on a lead.
    pub struct QualificationView {
        /// The decision.
        status: QualificationStatus,
        /// Why, in the operator's words. A partner's key sees `null`.
        reason: Option<String>,
        /// When it was decided.
        at: Timestamp,
    }

    /// A lead that was decided on, as its event shows it.
    pub struct QualifiedLeadView {
        /// The conversion.
        id: ConversionId,
        /// Always `lead`.
        #[serde(rename = "type")]
        kind: ConversionType,
        /// The caller's id of the lead.
        external_id: String,
        /// The decision.
        qualification: QualificationView,
    }
}

/// The decision on a lead. A partner does not see the reason, which is the operator's own note.
pub fn show(qualification: &Qualification, viewer: Viewer) -> QualificationView {
    let reason = match viewer {
        Viewer::Programme => qualification.reason.clone(),
        Viewer::Partner(_) => None,
    };
    QualificationView { status: qualification.status, reason, at: qualification.at }
}

/// Decides on a lead, and returns it as it is then. The same decision with the same reason changes nothing; any other
/// replaces the one before.
pub fn decide(
    tx: &Tx<'_>,
    mut lead: Conversion,
    status: QualificationStatus,
    reason: Option<String>,
) -> Result<Conversion, LedgerError> {
    if lead.kind != ConversionType::Lead {
        return Err(ConversionError::NotALead { kind: lead.kind }.into());
    }
    let is_same = |before: &Qualification| before.status == status && before.reason == reason;
    if lead.qualification.as_ref().is_some_and(is_same) {
        return Ok(lead);
    }
    let qualification = Qualification { status, reason, at: tx.now };
    let change = Change::Qualification {
        conversion_no: lead.no,
        partner_no: sole_partner(tx, &lead)?,
        counts: counts(&lead, &qualification),
        qualification: qualification.clone(),
    };
    let view = QualifiedLeadView {
        id: lead.id.clone(),
        kind: lead.kind,
        external_id: lead.external_id.clone(),
        qualification: show(&qualification, Viewer::Programme),
    };
    let event = match status {
        QualificationStatus::Qualified => EventType::ConversionQualified,
        QualificationStatus::Unqualified => EventType::ConversionUnqualified,
    };
    tx.commit(event, &change, &view, "")?;
    lead.qualification = Some(qualification);
    Ok(lead)
}

/// What a decision adds to the counts: one qualified lead more or less, in the row that counts the lead itself. `None` if the
/// number stays.
fn counts(lead: &Conversion, decided: &Qualification) -> Option<ConversionDelta> {
    let was_qualified = lead.qualification.as_ref().is_some_and(Qualification::is_qualified);
    let is_qualified = decided.is_qualified();
    (was_qualified != is_qualified).then(|| ConversionDelta {
        counted: None,
        qualified: true,
        uncounted: was_qualified,
        revenue: 0,
        refunds: 0,
        ..delta(lead)
    })
}

/// The partner that the event belongs to. A lead that several partners share belongs to the programme.
fn sole_partner(tx: &Tx<'_>, lead: &Conversion) -> Result<Option<PartnerNo>, SqlError> {
    let credited = lead.credited.as_ref().map(|credited| credited.partner_no);
    let credits = credits::of(tx.sql, lead.no)?;
    let is_sole = credits.iter().all(|credit| Some(credit.dimensions.partner_no) == credited);
    Ok(credited.filter(|_| is_sole))
}
