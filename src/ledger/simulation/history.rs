//! What a simulation reruns: conversions as they were accepted and booked, and what happened to them afterwards, in order.

use super::super::{attribution::record::StoredAttribution, refunds::reversal::taken_back, tx::Tx};
use crate::{
    domain::{
        conversions::{CommissionSource, CommissionStatus},
        money::Currency,
        programme::partner::PartnerNo,
        values::time::Timestamp,
    },
    store::{
        SqlError,
        books::transfers,
        commissions::{self, Commission, CommissionOrigin},
        conversions::{
            self, Conversion,
            refunds::{self, Refund},
        },
    },
};

/// How many conversions are read at once.
pub const PAGE: i64 = 500;

/// A commission as far as simulations compare it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Earned {
    /// Who earns.
    pub partner_no: PartnerNo,
    /// Currency of the amount.
    pub currency: Currency,
    /// What earned it, as a word.
    pub source: &'static str,
    /// Minor units, before refunds.
    pub amount: i64,
}

impl Earned {
    /// Whether it is a bonus.
    pub fn is_bonus(&self) -> bool {
        self.source == CommissionSource::Bonus.as_str()
    }
}

/// A conversion as it was accepted and booked.
pub struct Past {
    /// Its row.
    pub row: Conversion,
    /// Its attribution.
    pub stored: StoredAttribution,
    /// What it earned, sorted.
    pub earned: Vec<Earned>,
    /// The simple rates that it earned by: partner and basis points.
    pub rates: Vec<(PartnerNo, i64)>,
}

/// A commission that an operator rejected.
pub struct Rejected {
    pub conversion_no: i64,
    pub partner_no: PartnerNo,
    pub source: CommissionSource,
    pub origin: Option<CommissionOrigin>,
    pub currency: Currency,
}

/// Touches that were bound to a customer later than their conversions, oldest first.
pub struct LateBinding {
    pub customer: String,
    pub click_ids: Vec<String>,
}

/// What happened after conversions were accepted.
pub enum Event {
    Refunded(Refund),
    Rejected(Rejected),
    Bound(LateBinding),
}

impl Event {
    /// The conversion that it concerns, if it is one.
    pub fn conversion_no(&self) -> Option<i64> {
        match self {
            Self::Refunded(refund) => Some(refund.conversion_no),
            Self::Rejected(rejected) => Some(rejected.conversion_no),
            Self::Bound(_) => None,
        }
    }
}

/// A part of history, from one conversion on to now.
pub struct History {
    /// The number of its first conversion.
    pub first: i64,
    /// When that was accepted.
    pub since: Timestamp,
    /// Conversions in the order in which they were accepted.
    pub conversions: Vec<Past>,
    /// What happened to them, in order.
    pub events: Vec<(Timestamp, Event)>,
}

impl History {
    /// Reads history from conversion `first` on.
    pub fn read(tx: &Tx<'_>, first: i64) -> Result<Self, SqlError> {
        let mut conversions: Vec<Past> = Vec::new();
        let mut after = first.saturating_sub(1);
        loop {
            let page = conversions::accepted_after(tx.sql, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.no;
            for mut row in page {
                let stored = StoredAttribution::of(&row)?;
                row.attribution = String::new();
                conversions.push(Past { row, stored, earned: Vec::new(), rates: Vec::new() });
            }
        }
        let since = conversions.first().map_or(tx.now, |past| past.row.created_at);
        let mut history = Self { first, since, conversions, events: Vec::new() };
        let booked = commissions::since(tx.sql, first, since)?;
        for (place, earned) in history.placed(&booked) {
            if let Some(past) = history.conversions.get_mut(place) {
                past.earned.push(earned);
            }
        }
        for commission in &booked {
            history.note(tx, commission)?;
        }
        history.conversions.iter_mut().for_each(|past| past.earned.sort_unstable());
        let mut refunds = refunds::since(tx.sql, first)?;
        refunds.sort_by_key(|refund| refund.no);
        history.events.extend(refunds.into_iter().map(|refund| (refund.created_at, Event::Refunded(refund))));
        history.read_bindings(tx)?;
        history.events.sort_by_key(|(at, _)| *at);
        Ok(history)
    }

    /// The index of a conversion.
    pub fn place(&self, no: i64) -> Option<usize> {
        self.conversions.binary_search_by_key(&no, |past| past.row.no).ok()
    }

    /// Commissions with the index of the conversion that they belong to. A bonus belongs to the one that was accepted last
    /// when it was earned.
    pub fn placed(&self, commissions: &[Commission]) -> Vec<(usize, Earned)> {
        let place = |commission: &Commission| match commission.conversion_no {
            Some(no) => self.place(no),
            None => {
                let earlier = |past: &Past| past.row.created_at <= commission.created_at;
                self.conversions.partition_point(earlier).checked_sub(1)
            }
        };
        let earned = |commission: &Commission| Earned {
            partner_no: commission.partner_no,
            currency: commission.currency,
            source: commission.source.as_str(),
            amount: commission.amount,
        };
        commissions.iter().filter_map(|one| Some((place(one)?, earned(one)))).collect()
    }

    /// Notes the simple rate of a commission, and its rejection.
    fn note(&mut self, tx: &Tx<'_>, commission: &Commission) -> Result<(), SqlError> {
        let Some(no) = commission.conversion_no else { return Ok(()) };
        let Some(past) = self.place(no).and_then(|place| self.conversions.get_mut(place)) else {
            return Ok(());
        };
        if commission.source == CommissionSource::Conversion
            && commission.plan.is_none()
            && commission.base.is_some()
        {
            past.rates.push((commission.partner_no, commission.rate_bp));
        }
        let sale = past.row.amount.as_ref().map_or(0, |(amount, _)| *amount);
        let refunded = taken_back(commission.amount, past.row.refunded, sale)?;
        if commission.status == CommissionStatus::Reversed
            && commission.reversed > refunded
            && let Some(at) = transfers::rejected_at(tx.sql, commission.partner_no, commission.no)?
        {
            let rejected = Rejected {
                conversion_no: no,
                partner_no: commission.partner_no,
                source: commission.source,
                origin: commission.origin.clone(),
                currency: commission.currency,
            };
            self.events.push((at, Event::Rejected(rejected)));
        }
        Ok(())
    }

    fn read_bindings(&mut self, tx: &Tx<'_>) -> Result<(), SqlError> {
        let mut bindings: Vec<(Timestamp, LateBinding)> = Vec::new();
        for (at, customer, click_id) in conversions::bound_late(tx.sql, self.since)? {
            match bindings.last_mut() {
                Some((same, binding)) if *same == at && binding.customer == customer => {
                    binding.click_ids.push(click_id);
                }
                Some(_) | None => bindings.push((at, LateBinding { customer, click_ids: vec![click_id] })),
            }
        }
        self.events.extend(bindings.into_iter().map(|(at, binding)| (at, Event::Bound(binding))));
        Ok(())
    }
}
