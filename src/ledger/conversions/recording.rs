//! Writes a conversion, and everything that follows from it.

use super::{
    super::{
        attribution::{
            candidates,
            shares::{self, Spread, delta},
            view::{AttributionView, credit},
        },
        commissions::{
            booking,
            compute::EarnedCommissions,
            view::{self, CommissionView},
        },
        public_ids::partner_id,
        refunds::reversal::apply_earlier_refunds,
        tx::Tx,
        viewer::Viewer,
    },
    view::{ConversionView, conversion_view},
};
use crate::{
    domain::{
        attribution::{Attribution, AttributionStatus, rules::Model},
        event::EventType,
    },
    store::{
        SqlError,
        commissions::Commission,
        conversions::{self, BoundTouch, Conversion},
        log::change::Change,
        value::json_text,
    },
};

/// Writes a new conversion with its commissions, and returns its JSON.
pub fn record(
    tx: &Tx<'_>,
    conversion: Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    earned: EarnedCommissions,
    model: Model,
) -> Result<String, SqlError> {
    let view = first_view(tx, &conversion, attribution, candidates, &earned, model)?;
    let json = json_text(&view)?;
    let credits = shares::credits(&conversion, attribution, candidates)?;
    let spread = Spread::new(delta(&conversion), credits, |_, credit| (credit.amount, 0));
    let mut more_bindings = candidates::bindings(conversion.customer_id.as_deref(), attribution, candidates);
    let binding = (!more_bindings.is_empty()).then(|| more_bindings.remove(0));
    let (counts, shares) = spread.parts();
    let written = Box::new(conversion.clone());
    let uses = earned.usage;
    let change = Change::Conversion { conversion: written, binding, more_bindings, counts, shares, uses };
    tx.commit(EventType::ConversionCreated, &change, &view, &json)?;
    for (commission, view) in earned.primary_commissions.into_iter().zip(&view.commissions) {
        booking::record(tx, commission, view, Some(&conversion))?;
    }
    record_secondary(tx, earned.secondary_commissions)?;
    Ok(json)
}

/// Records the secondary commissions of a conversion. Earlier refunds of the sales that they belong to apply to them.
pub fn record_secondary(tx: &Tx<'_>, commissions: Vec<Commission>) -> Result<(), SqlError> {
    for commission in commissions {
        let view = view::show(tx.sql, &commission, Viewer::Programme)?;
        let source = commission.conversion_no.map(|no| conversions::by_no(tx.sql, no)).transpose()?.flatten();
        booking::record(tx, commission.clone(), &view, source.as_ref())?;
        if let Some(conversion) = source {
            apply_earlier_refunds(tx, &commission, &conversion)?;
        }
    }
    Ok(())
}

/// The view of a conversion before its rows are written.
fn first_view(
    tx: &Tx<'_>,
    conversion: &Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
    earned: &EarnedCommissions,
    model: Model,
) -> Result<ConversionView, SqlError> {
    let mut credits = Vec::with_capacity(attribution.credits.len());
    for share in &attribution.credits {
        let Some(bound) = candidates.get(share.touch) else { continue };
        credits.push(credit(tx, share.partner_no, &bound.touch.origin, share.share_bp)?);
    }
    let mut commissions: Vec<CommissionView> = Vec::with_capacity(earned.primary_commissions.len());
    for commission in &earned.primary_commissions {
        // Most commissions are of a credited partner, whose id has been looked up already.
        let mut known = attribution.credits.iter().zip(&credits);
        let credited = known.find(|(share, _)| share.partner_no == commission.partner_no);
        let partner_id = match credited {
            Some((_, credit)) => credit.partner_id.clone(),
            None => partner_id(tx.sql, commission.partner_no)?,
        };
        commissions.push(view::commission(commission, &partner_id));
    }
    let status =
        if credits.is_empty() { AttributionStatus::Unattributed } else { AttributionStatus::Attributed };
    let attribution = AttributionView { status, model, credits, reason: attribution.reason };
    let listing_id = earned.listing_id.clone();
    Ok(conversion_view(conversion, listing_id, attribution, commissions, Viewer::Programme))
}
