//! How several touches share a conversion in the counts: revenue and refunds by parts, the conversion itself once.

use crate::{
    domain::{attribution::Attribution, money::split_largest_remainder},
    store::{
        SqlError,
        conversions::{BoundTouch, Conversion, Place, credits::SharedCredit},
        log::change::Shares,
        reports::counts::ConversionDelta,
    },
};

/// Where a credit is counted.
pub fn place(partner_no: u32, bound: &BoundTouch) -> Place {
    Place { partner_no, link_no: bound.touch.link_no, country: bound.country.clone(), device: bound.device }
}

/// A conversion's credits if several touches share it; what was refunded is shared as the amount is.
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

/// What counts as revenue of a conversion, minor units.
pub fn revenue(conversion: &Conversion) -> i64 {
    conversion.amount.as_ref().filter(|_| conversion.kind.earns()).map_or(0, |(amount, _)| *amount)
}

/// `whole` under another place, without its sums.
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

/// What a conversion or a refund adds to the counts, a delta a credit. Commissions are counted by their own changes.
pub struct Spread {
    credits: Vec<SharedCredit>,
    deltas: Vec<ConversionDelta>,
    main: usize,
}

impl Spread {
    /// Spreads `whole` over the credits: what is counted stays with its place, which is the largest
    /// credit's; `sums` tells each credit's part of revenue and refunds. Without credits `whole` stays as it is.
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

    /// The largest credit's delta, and the others'.
    pub fn parts(self) -> (ConversionDelta, Shares) {
        let (credits, main) = (self.credits, self.main);
        let mut more_counts = self.deltas;
        let counts = more_counts.remove(main);
        (counts, Shares { credits, more_counts })
    }
}
