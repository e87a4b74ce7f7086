//! Exchange rates that the operator supplies, each for one day.

use super::super::{
    error::{LedgerError, RateError},
    tx::Tx,
    view::view,
};
use crate::{
    domain::{
        event::EventType,
        money::Currency,
        values::{date::Date, time::Timestamp},
    },
    store::{
        books::fx::{self, DatedRate, StoredRate},
        log::change::Change,
    },
};

view! {
    /// A rate of a day.
    pub struct RateView {
        /// The day.
        date: Date,
        /// One of this currency …
        from: Currency,
        /// … is worth so much of this.
        to: Currency,
        /// Decimal.
        rate: String,
        /// An approved run used it: it is fixed.
        used: bool,
        /// When it was set.
        set_at: Timestamp,
    }

    /// Rates that were supplied or corrected, as events show them.
    pub struct RatesEventView {
        /// The rates.
        rates: Vec<RateView>,
    }
}

/// A stored rate.
#[must_use]
pub fn show(stored: &StoredRate) -> RateView {
    RateView {
        date: stored.dated.date,
        from: stored.dated.from,
        to: stored.dated.to,
        rate: stored.dated.rate.clone(),
        used: stored.used,
        set_at: stored.set_at,
    }
}

/// Sets rates, all or none, and returns them in their order. A rate that an approved run used is fixed.
pub fn set(tx: &Tx<'_>, rates: Vec<DatedRate>) -> Result<Vec<RateView>, LedgerError> {
    let (mut changed, mut all, mut new) = (Vec::new(), Vec::new(), Vec::new());
    for (index, dated) in rates.into_iter().enumerate() {
        match fx::of_day(tx.sql, dated.date, dated.from, dated.to)? {
            Some(before) if before.dated == dated => {
                all.push(show(&before));
                continue;
            }
            Some(before) if before.used => {
                return Err(RateError::InUse { index, rate: before.dated.rate }.into());
            }
            Some(_) | None => {}
        }
        let view = show(&StoredRate { no: 0, dated: dated.clone(), used: false, set_at: tx.now });
        all.push(view.clone());
        new.push(view);
        changed.push(dated);
    }
    if !changed.is_empty() {
        let event = RatesEventView { rates: new };
        tx.commit(EventType::FxUpdated, &Change::Rates(changed), &event, "")?;
    }
    Ok(all)
}
