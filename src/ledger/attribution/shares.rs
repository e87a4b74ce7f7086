//! How several touches share a conversion in the counts of reports: each has its part of revenue and refunds, and the
//! conversion itself is counted once.

use crate::{
    domain::{attribution::Attribution, money::split_largest_remainder},
    store::{
        SqlError,
        conversions::{BoundTouch, Conversion, Place, credits::SharedCredit},
        log::change::Shares,
        reports::counts::ConversionDelta,
    },
};

/// The place where a credit is counted.
pub fn place(partner_no: u32, bound: &BoundTouch) -> Place {
    Place { partner_no, link_no: bound.touch.link_no, country: bound.country.clone(), device: bound.device }
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
            place: place(credit.partner_no, bound),
            click_id: bound.touch.click_id.clone(),
            share_bp: credit.share_bp,
            amount,
            refunded,
        });
    }
    Ok(credits)
}

/// The place where the conversion itself is counted: that of its largest credit.
pub fn main_place(attribution: &Attribution, candidates: &[BoundTouch]) -> Place {
    let main = attribution.main().and_then(|credit| Some((credit, candidates.get(credit.touch)?)));
    main.map_or_else(Place::default, |(credit, bound)| place(credit.partner_no, bound))
}

/// What a conversion adds to the counts.
pub fn delta(conversion: &Conversion) -> ConversionDelta {
    let revenue = conversion.amount.as_ref().filter(|_| conversion.kind.earns());
    ConversionDelta {
        partner_no: conversion.place.partner_no,
        occurred_at: conversion.occurred_at,
        link_no: conversion.place.link_no,
        listing_no: conversion.listing_no.unwrap_or(0),
        country: conversion.place.country.clone(),
        device: conversion.place.device,
        currency: revenue.map_or_else(String::new, |(_, currency)| currency.clone()),
        counted: Some(conversion.kind),
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

/// `whole` counted at another place, without its sums.
fn under(whole: &ConversionDelta, place: &Place) -> ConversionDelta {
    ConversionDelta {
        partner_no: place.partner_no,
        link_no: place.link_no,
        country: place.country.clone(),
        device: place.device,
        counted: None,
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
    /// Spreads `whole` over the credits: the conversion is counted at the place of the largest credit, and `sums` gives
    /// each credit's part of revenue and refunds. Without credits `whole` stays as it is.
    pub fn new(
        whole: ConversionDelta,
        credits: Vec<SharedCredit>,
        sums: impl Fn(usize, &SharedCredit) -> (i64, i64),
    ) -> Self {
        let is_main = |credit: &SharedCredit| {
            let place = &credit.place;
            (place.partner_no, place.link_no, place.device) == (whole.partner_no, whole.link_no, whole.device)
                && place.country == whole.country
        };
        let main = credits.iter().position(is_main).unwrap_or(0);
        let mut deltas: Vec<_> = credits
            .iter()
            .enumerate()
            .map(|(index, credit)| {
                let (revenue, refunds) = sums(index, credit);
                let base = under(&whole, &credit.place);
                if index == main {
                    let (counted, uncounted) = (whole.counted, whole.uncounted);
                    ConversionDelta { revenue, refunds, counted, uncounted, ..base }
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
