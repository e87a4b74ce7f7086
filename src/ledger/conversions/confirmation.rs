//! Better evidence for a conversion that was accepted on weak evidence.

use super::{
    super::{commissions::release, tx::Tx, viewer::Viewer},
    view::show,
};
use crate::{
    domain::{conversions::HeldReason, event::EventType, values::string_enum::Metadata},
    marketplace::event::Evidence,
    store::{SqlError, commissions, conversions::Conversion, log::change::Change, value::json_text},
};

/// Records the evidence with the conversion. Its commissions are no longer held for want of evidence, and later ones will
/// not be.
pub fn confirm(
    tx: &Tx<'_>,
    mut conversion: Conversion,
    mut metadata: Metadata,
    evidence: Evidence,
) -> Result<(), SqlError> {
    for commission in commissions::of_conversion(tx.sql, conversion.no)? {
        if commission.held_reason == Some(HeldReason::TransportOnly) {
            release::confirm(tx, commission, evidence)?;
        }
    }
    metadata.insert("evidence".to_owned(), evidence.as_str().to_owned());
    conversion.metadata = json_text(&metadata)?;
    let change = Change::Confirmed {
        conversion_no: conversion.no,
        partner_no: conversion.place.partner_no,
        metadata: conversion.metadata.clone(),
    };
    tx.commit(EventType::ConversionConfirmed, &change, &show(tx, &conversion, Viewer::Programme)?, "")
}
