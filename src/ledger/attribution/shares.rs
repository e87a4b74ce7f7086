//! How several touches share a conversion in the counts of reports: each has its part of revenue and refunds, and the
//! conversion itself is counted once.

use crate::{
    domain::{
        attribution::Attribution, clicks::click::Device, conversions::qualification::Qualification,
        money::split_largest_remainder, programme::partner::PartnerNo,
    },
    store::{
        SqlError,
        conversions::{BoundTouch, Conversion, CreditDimensions, credits::SharedCredit},
        log::change::Shares,
        reports::counts::ConversionDelta,
    },
};

/// The dimensions under which a credit is counted.
pub fn dimensions(partner_no: PartnerNo, bound: &BoundTouch) -> CreditDimensions {
    CreditDimensions {
        partner_no,
        link_no: bound.touch.origin.link_no(),
        country: bound.country,
        device: bound.device,
    }
}

/// The credits of a conversion that several touches share. What was refunded is shared in the same proportions.
pub fn credits(
    conversion: &Conversion,
    attribution: &Attribution,
    candidates: &[BoundTouch],
) -> Result<Vec<SharedCredit>, SqlError> {
    if attribution.credits.len() < 2 {
        return Ok(Vec::new());
    }
    let overflow = || SqlError::Overflow("a share");
    let amount = revenue(conversion);
    let parts = attribution.parts(amount).ok_or_else(overflow)?;
    let refunded = split_largest_remainder(conversion.refunded, &parts).ok_or_else(overflow)?;
    let mut credits = Vec::with_capacity(parts.len());
    for ((credit, amount), refunded) in attribution.credits.iter().zip(parts).zip(refunded) {
        let Some(bound) = candidates.get(credit.touch) else { continue };
        credits.push(SharedCredit {
            dimensions: dimensions(credit.partner_no, bound),
            origin: bound.touch.origin.clone(),
            share_bp: credit.share_bp,
            amount,
            refunded,
        });
    }
    Ok(credits)
}

/// The dimensions under which the conversion itself is counted: those of its largest credit.
pub fn main_credit(attribution: &Attribution, candidates: &[BoundTouch]) -> Option<CreditDimensions> {
    let credit = attribution.main()?;
    Some(dimensions(credit.partner_no, candidates.get(credit.touch)?))
}

/// What a conversion adds to the counts.
pub fn delta(conversion: &Conversion) -> ConversionDelta {
    let revenue = conversion.amount.as_ref().filter(|_| conversion.kind.earns());
    let credited = conversion.credited.as_ref();
    ConversionDelta {
        partner_no: credited.map(|credited| credited.partner_no),
        occurred_at: conversion.occurred_at,
        link_no: credited.and_then(|credited| credited.link_no),
        listing_no: conversion.listing_no,
        country: credited.and_then(|credited| credited.country),
        device: credited.map_or(Device::Unknown, |credited| credited.device),
        currency: revenue.map(|(_, currency)| currency.clone()),
        counted: Some(conversion.kind),
        qualified: conversion.qualification.as_ref().is_some_and(Qualification::is_qualified),
        uncounted: false,
        revenue: revenue.map_or(0, |(amount, _)| *amount),
        refunds: conversion.refunded,
        commission: 0,
    }
}

/// What counts as revenue of a conversion, minor units.
fn revenue(conversion: &Conversion) -> i64 {
    conversion.amount.as_ref().filter(|_| conversion.kind.earns()).map_or(0, |(amount, _)| *amount)
}

/// `whole` counted under other dimensions, without its sums.
fn under(whole: &ConversionDelta, dimensions: &CreditDimensions) -> ConversionDelta {
    ConversionDelta {
        partner_no: Some(dimensions.partner_no),
        link_no: dimensions.link_no,
        country: dimensions.country,
        device: dimensions.device,
        counted: None,
        qualified: false,
        uncounted: false,
        revenue: 0,
        refunds: 0,
        commission: 0,
        ..whole.clone()
    }
}

/// What a conversion or a refund adds to the counts, one delta for each credit. Commissions are counted by their own changes.
pub struct Spread {
    credits: Vec<SharedCredit>,
    deltas: Vec<ConversionDelta>,
    main: usize,
}

impl Spread {
    /// Spreads `whole` over the credits: the conversion is counted under the largest credit, and `sums` gives
    /// each credit's part of revenue and refunds. Without credits `whole` stays as it is.
    pub fn new(
        whole: ConversionDelta,
        credits: Vec<SharedCredit>,
        sums: impl Fn(usize, &SharedCredit) -> (i64, i64),
    ) -> Self {
        let is_main = |credit: &SharedCredit| {
            let CreditDimensions { partner_no, link_no, country, device } = credit.dimensions;
            (Some(partner_no), link_no, country, device)
                == (whole.partner_no, whole.link_no, whole.country, whole.device)
        };
        let main = credits.iter().position(is_main).unwrap_or(0);
        let mut deltas: Vec<_> = credits
            .iter()
            .enumerate()
            .map(|(index, credit)| {
                let (revenue, refunds) = sums(index, credit);
                let base = under(&whole, &credit.dimensions);
                if index == main {
                    let ConversionDelta { counted, qualified, uncounted, .. } = whole;
                    ConversionDelta { revenue, refunds, counted, qualified, uncounted, ..base }
                } else {
                    ConversionDelta { revenue, refunds, ..base }
                }
            })
            .collect();
        if deltas.is_empty() {
            deltas.push(whole);
        }
        Self { credits, deltas, main }
    }

    /// The delta of the largest credit, and those of the others.
    pub fn parts(self) -> (ConversionDelta, Shares) {
        let (credits, main) = (self.credits, self.main);
        let mut more_counts = self.deltas;
        let counts = more_counts.remove(main);
        (counts, Shares { credits, more_counts })
    }
}
