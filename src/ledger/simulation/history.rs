//! What a simulation reruns: conversions as they were accepted and booked, and what happened to them afterwards, in order.

use super::super::{attribution::record::StoredAttribution, refunds::reversal::taken_back};
use crate::{
    domain::{
        conversions::{CommissionSource, CommissionStatus},
        money::Currency,
        programme::partner::PartnerNo,
        values::{string_enum::Metadata, time::Timestamp},
    },
    store::{
        Sql, SqlError,
        books::transfers,
        commissions::{self, Commission, CommissionOrigin, usage_counters::Usage},
        conversions::{
            self, Conversion,
            refunds::{self, Refund},
            uses,
        },
        scratch::Extent,
    },
};
use std::collections::BTreeMap;

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

impl Past {
    /// Whether its acceptance credits its customer's earlier conversions: a marketplace's callback and a reported install do.
    fn credits_customer(&self) -> bool {
        let metadata: Metadata = strict_json::from_str(&self.row.metadata).unwrap_or_default();
        self.row.customer_id.is_some() && metadata.contains_key("evidence")
    }
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

/// What a rerun does next.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Let the event at this index happen.
    Happen(usize),
    /// Accept the conversion at this index.
    Accept(usize),
    /// Credit the earlier conversions of its customer.
    CreditCustomer(usize),
}

/// Which rows are read next.
enum Part {
    Conversions,
    Commissions,
    Refunds,
}

/// A part of history. It is read in pages.
pub struct History {
    /// Which part.
    pub extent: Extent,
    /// Conversions in the order in which they were accepted.
    pub conversions: Vec<Past>,
    /// What happened to them, in order.
    pub events: Vec<(Timestamp, Event)>,
    /// What a rerun does, in order.
    pub steps: Vec<Step>,
    /// What the conversions have added to the counters of the terms.
    pub uses: BTreeMap<String, i64>,
    part: Part,
    after: i64,
}

impl History {
    /// Returns the history of an extent, of which nothing is read yet.
    pub fn new(extent: Extent) -> Self {
        let (part, after) = (Part::Conversions, extent.first.saturating_sub(1));
        let (conversions, events, steps, uses) = (Vec::new(), Vec::new(), Vec::new(), BTreeMap::new());
        Self { extent, conversions, events, steps, uses, part, after }
    }

    /// Reads the rows of the next `limit` conversions. Returns whether everything is read.
    pub fn read_some(&mut self, sql: &dyn Sql, limit: i64) -> Result<bool, SqlError> {
        let (after, until) = (self.after, self.after.saturating_add(limit).min(self.extent.last));
        match self.part {
            Part::Conversions => self.read_conversions(sql, until)?,
            Part::Commissions => self.read_commissions(sql, until)?,
            Part::Refunds => {
                let refunds = refunds::of_conversions(sql, after, until)?.into_iter();
                self.events.extend(refunds.map(|refund| (refund.created_at, Event::Refunded(refund))));
            }
        }
        self.after = until;
        if until < self.extent.last {
            return Ok(false);
        }
        self.after = self.extent.first.saturating_sub(1);
        match self.part {
            Part::Conversions => self.part = Part::Commissions,
            Part::Commissions => {
                let bonuses = commissions::bonuses_since(sql, self.extent.since)?;
                self.add_earned(&bonuses);
                self.part = Part::Refunds;
            }
            Part::Refunds => {
                self.read_bindings(sql)?;
                self.put_in_order();
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read_conversions(&mut self, sql: &dyn Sql, until: i64) -> Result<(), SqlError> {
        for mut row in conversions::accepted_between(sql, self.after, until)? {
            let stored = StoredAttribution::of(&row)?;
            row.attribution = String::new();
            self.conversions.push(Past { row, stored, earned: Vec::new(), rates: Vec::new() });
        }
        uses::sum_between(sql, self.after, until, &mut self.uses)
    }

    fn read_commissions(&mut self, sql: &dyn Sql, until: i64) -> Result<(), SqlError> {
        let booked = commissions::of_conversions(sql, self.after, until)?;
        self.add_earned(&booked);
        booked.iter().try_for_each(|commission| self.note(sql, commission))
    }

    fn add_earned(&mut self, booked: &[Commission]) {
        for (place, earned) in self.placed(booked) {
            if let Some(past) = self.conversions.get_mut(place) {
                past.earned.push(earned);
            }
        }
    }

    /// Sorts the events, and puts them between the conversions.
    fn put_in_order(&mut self) {
        self.conversions.iter_mut().for_each(|past| past.earned.sort_unstable());
        // Of events of the same time, rejections come first, then refunds in their order, then bindings.
        self.events.sort_by_key(|(at, event)| {
            (
                *at,
                match event {
                    Event::Rejected(_) => (0, 0),
                    Event::Refunded(refund) => (1, refund.no),
                    Event::Bound(_) => (2, 0),
                },
            )
        });
        let mut events = self.events.iter().enumerate().peekable();
        for (place, past) in self.conversions.iter().enumerate() {
            let (no, at) = (past.row.no, past.row.created_at);
            // Within a millisecond, what concerns an earlier conversion happened before this one.
            while let Some((event, _)) = events.next_if(|(_, (then, event))| {
                *then < at || (*then == at && event.conversion_no().is_some_and(|of| of < no))
            }) {
                self.steps.push(Step::Happen(event));
            }
            self.steps.push(Step::Accept(place));
            // Refunds that had waited for the conversion were recorded with it.
            while let Some((event, _)) =
                events.next_if(|(_, (then, event))| *then == at && event.conversion_no() == Some(no))
            {
                self.steps.push(Step::Happen(event));
            }
            if past.credits_customer() {
                self.steps.push(Step::CreditCustomer(place));
            }
        }
        self.steps.extend(events.map(|(event, _)| Step::Happen(event)));
    }

    /// What the counters were above what they are to be before the first conversion, negated. The counters of a history from
    /// the first conversion on are not copied.
    pub fn added(&self) -> Vec<Usage> {
        if self.extent.first == 1 {
            return Vec::new();
        }
        let negated =
            |(key, added): (&String, &i64)| Usage { key: key.clone(), added: added.saturating_neg() };
        self.uses.iter().map(negated).collect()
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
    fn note(&mut self, sql: &dyn Sql, commission: &Commission) -> Result<(), SqlError> {
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
            && let Some(at) = transfers::rejected_at(sql, commission.partner_no, commission.no)?
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

    fn read_bindings(&mut self, sql: &dyn Sql) -> Result<(), SqlError> {
        let mut bindings: Vec<(Timestamp, LateBinding)> = Vec::new();
        for (at, customer, click_id) in conversions::bound_late(sql, self.extent.since)? {
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
