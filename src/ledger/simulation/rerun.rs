//! Reruns history in a copy of the Ledger's rows, with the code that accepts conversions, a few steps at a time.

use super::{
    super::{
        attribution::record::StoredAttribution,
        callbacks::charges::bind,
        config::Config,
        conversions::{
            accept::accept, fingerprint::RequestFingerprint, late_credit::credit_unearned,
            reported::ReportedConversion,
        },
        error::LedgerError,
        refunds::refund,
        terms,
        trails::Trails,
        tx::Tx,
    },
    history::{Earned, Event, History, LateBinding, Past, Rejected, Step},
};
use crate::{
    domain::{
        attribution::{Source, TrailState, rules::Rules},
        conversions::CommissionStatus,
        programme::{
            Program,
            partner::{Partner, PartnerNo},
            plan::Plan,
        },
        values::{entropy::SeededEntropy, string_enum::Metadata, time::Timestamp, zone::Zones},
    },
    store::{
        Sql, SqlError, commissions,
        conversions::{self, refunds::Refund},
        meta,
        programme::partners,
    },
};
use std::collections::BTreeMap;

/// Other rules to try on the conversions of a period.
pub struct Trial {
    /// Rules of attribution; `None` = those that were in force.
    pub rules: Option<Rules>,
    /// Plans; `None` = those in force now.
    pub plans: Option<Vec<Plan>>,
    /// The first instant of the period.
    pub from: Timestamp,
    /// The first instant after the period.
    pub to: Timestamp,
}

impl Trial {
    /// Whether the rules are tried on a conversion that occurred at `at`.
    pub fn covers(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// What became of a conversion in a rerun.
pub struct Outcome {
    /// What it earned, sorted.
    pub earned: Vec<Earned>,
    /// The credited touches with their shares in basis points, in the order in which they were weighed.
    pub shares: Vec<(String, i64)>,
    /// Whether the visitor's earlier clicks were weighed.
    pub trail: TrailState,
}

/// The copy that history is rerun in.
pub struct Scratch<'a> {
    /// Its database.
    pub sql: &'a dyn Sql,
    /// Signing keys.
    pub config: &'a Config,
    /// Time zones.
    pub zones: &'a dyn Zones,
}

/// A rerun of history as it was, or with other rules, and how far it has come.
pub struct Rerun {
    /// The terms in force in reality.
    terms: Program,
    /// The terms in force in the copy.
    written: Program,
    /// Partners with a rate of their own, as they are in the copy.
    partners: BTreeMap<PartnerNo, Option<Partner>>,
    /// The first simple rate that each partner is known to have earned by.
    first_rates: Vec<(PartnerNo, i64)>,
    entropy: SeededEntropy,
    next: usize,
    outcomes: Vec<Outcome>,
    /// The last conversion whose outcome is read, and the last one whose commissions are read.
    read: i64,
    read_earned: i64,
}

impl Rerun {
    /// Begins a rerun in a copy that has the rows from before the first conversion.
    pub fn begin(sql: &dyn Sql, history: &History, trial: Option<&Trial>) -> Result<Self, SqlError> {
        let mut terms = meta::program(sql)?.unwrap_or_else(terms::default_terms);
        // Sales are counted from the first one after the programme had plans, so under other plans all of them are.
        if trial.is_some_and(|trial| trial.plans.is_some()) {
            terms.counted_from = Some(1);
        }
        let written = terms.clone();
        meta::set_program(sql, &written)?;
        let mut first_rates = BTreeMap::new();
        for (partner_no, rate_bp) in history.conversions.iter().flat_map(|past| &past.rates) {
            first_rates.entry(*partner_no).or_insert(*rate_bp);
        }
        let before = history.extent.first.saturating_sub(1);
        Ok(Self {
            terms,
            written,
            partners: BTreeMap::new(),
            first_rates: first_rates.into_iter().rev().collect(),
            // Ids of the copy are seen by nobody, so they need no secret randomness.
            entropy: SeededEntropy::new(1),
            next: 0,
            outcomes: Vec::with_capacity(history.conversions.len()),
            read: before,
            read_earned: before,
        })
    }

    /// Runs at most `limit` steps, or reads the outcomes of at most `rows` conversions. Returns the outcomes, in the order of the conversions, after the last one.
    pub fn run_some(
        &mut self,
        scratch: &Scratch<'_>,
        history: &History,
        trial: Option<&Trial>,
        limit: usize,
        rows: i64,
    ) -> Result<Option<Vec<Outcome>>, LedgerError> {
        let mut copy = Copy { scratch, trial, run: self };
        for _ in 0..limit {
            if let Some((partner_no, rate_bp)) = copy.run.first_rates.pop() {
                copy.set_rate(partner_no, rate_bp)?;
            } else if let Some(step) = history.steps.get(copy.run.next) {
                copy.take(*step, history)?;
                copy.run.next = copy.run.next.saturating_add(1);
            } else {
                return Ok(self.read_some(scratch.sql, history, rows)?);
            }
        }
        Ok(None)
    }

    fn read_some(
        &mut self,
        sql: &dyn Sql,
        history: &History,
        limit: i64,
    ) -> Result<Option<Vec<Outcome>>, SqlError> {
        let last = history.extent.last;
        let until = |after: i64| after.saturating_add(limit).min(last);
        if self.read < last {
            let until = until(self.read);
            for row in conversions::accepted_between(sql, self.read, until)? {
                let stored = StoredAttribution::of(&row)?;
                let credited = stored.touches.into_iter().filter(|touch| touch.share_bp > 0);
                let shares = credited.map(|touch| (touch.click_id, touch.share_bp)).collect();
                self.outcomes.push(Outcome { earned: Vec::new(), shares, trail: stored.trail });
            }
            self.read = until;
            return Ok(None);
        }
        let is_last = self.read_earned == last;
        let earned = if is_last {
            commissions::bonuses_since(sql, history.extent.since)?
        } else {
            let after = self.read_earned;
            self.read_earned = until(after);
            commissions::of_conversions(sql, after, self.read_earned)?
        };
        for (place, earned) in history.placed(&earned) {
            if let Some(outcome) = self.outcomes.get_mut(place) {
                outcome.earned.push(earned);
            }
        }
        if !is_last {
            return Ok(None);
        }
        self.outcomes.iter_mut().for_each(|outcome| outcome.earned.sort_unstable());
        Ok(Some(std::mem::take(&mut self.outcomes)))
    }
}

/// The copy of the state while a step runs in it.
struct Copy<'a> {
    scratch: &'a Scratch<'a>,
    trial: Option<&'a Trial>,
    run: &'a mut Rerun,
}

impl Copy<'_> {
    fn take(&mut self, step: Step, history: &History) -> Result<(), LedgerError> {
        match step {
            Step::Happen(place) => match history.events.get(place) {
                Some((at, event)) => self.happen(*at, event),
                None => Ok(()),
            },
            Step::Accept(place) => history.conversions.get(place).map_or(Ok(()), |past| self.accept(past)),
            Step::CreditCustomer(place) => {
                history.conversions.get(place).map_or(Ok(()), |past| self.credit_customer(past))
            }
        }
    }

    /// Runs an operation as of a time.
    fn at<T>(
        &mut self,
        now: Timestamp,
        trails: &Trails,
        run: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let Scratch { sql, config, zones } = *self.scratch;
        run(&Tx::new(sql, config, zones, now, trails, &mut self.run.entropy).for_simulation())
    }

    fn happen(&mut self, at: Timestamp, event: &Event) -> Result<(), LedgerError> {
        match event {
            Event::Refunded(refund) => self.refund(at, refund),
            Event::Rejected(rejected) => Ok(self.reject(rejected)?),
            Event::Bound(binding) => self.bind(at, binding),
        }
    }

    fn accept(&mut self, past: &Past) -> Result<(), LedgerError> {
        self.set_terms(past)?;
        let row = &past.row;
        let sent: RequestFingerprint =
            strict_json::from_str(&row.fingerprint).map_err(|error| SqlError::Engine(error.to_string()))?;
        let (amount, currency) = row.amount.clone().unzip();
        let metadata: Metadata = strict_json::from_str(&row.metadata).unwrap_or_default();
        let reported = ReportedConversion {
            click_id: row.click_id.clone(),
            customer_id: row.customer_id.clone(),
            coupon: row.coupon.clone(),
            amount,
            currency,
            tax: row.tax,
            discount: row.discount,
            shipping: row.shipping,
            country: row.sold_in.clone(),
            occurred_at: Some(row.occurred_at),
            listing: sent.listing_id().map(str::to_owned).zip(row.listing_no),
            metadata,
            held_reason: row.held_reason,
            ..ReportedConversion::new(row.kind, row.external_id.clone())
        };
        let trails = trails(past);
        self.at(row.created_at, &trails, |tx| accept(tx, reported).map(drop))
    }

    /// Credits the customer's earlier conversions if the conversion is earned.
    fn credit_customer(&mut self, past: &Past) -> Result<(), LedgerError> {
        let Some(customer) = past.row.customer_id.as_deref() else { return Ok(()) };
        let accepted = conversions::by_no(self.scratch.sql, past.row.no)?;
        if accepted.is_none_or(|row| row.credited.is_none()) {
            return Ok(());
        }
        self.at(past.row.created_at, &Trails::new(), |tx| Ok(credit_unearned(tx, customer)?))
    }

    fn refund(&mut self, at: Timestamp, refund: &Refund) -> Result<(), LedgerError> {
        let Some(conversion) = conversions::by_no(self.scratch.sql, refund.conversion_no)? else {
            return Ok(());
        };
        let external_id = refund.external_id.clone();
        let amount = Some(refund.amount);
        self.at(at, &Trails::new(), |tx| refund::record(tx, &conversion, external_id, amount).map(drop))
    }

    /// A rejected commission is not lifted to a tier any more.
    fn reject(&mut self, rejected: &Rejected) -> Result<(), SqlError> {
        let rows = commissions::of_conversion(self.scratch.sql, rejected.conversion_no)?;
        let same = rows.into_iter().filter(|row| {
            (row.partner_no, row.source, row.currency)
                == (rejected.partner_no, rejected.source, rejected.currency)
                && row.origin == rejected.origin
        });
        same.into_iter().try_for_each(|row| {
            commissions::update(self.scratch.sql, row.no, row.amount, CommissionStatus::Reversed)
        })
    }

    fn bind(&mut self, at: Timestamp, binding: &LateBinding) -> Result<(), LedgerError> {
        let LateBinding { customer, click_ids } = binding;
        let Some(newest) = click_ids.last() else { return Ok(()) };
        if let Some(rules) = self.trial.and_then(|trial| trial.rules) {
            let terms = with_rules(self.run.written.clone(), rules);
            self.write(terms)?;
        }
        self.at(at, &Trails::new(), |tx| bind(tx, customer, newest, click_ids))
    }

    /// Puts the terms into force that apply to a conversion.
    fn set_terms(&mut self, past: &Past) -> Result<(), SqlError> {
        let trial = self.trial.filter(|trial| trial.covers(past.row.occurred_at));
        let rules =
            trial.and_then(|trial| trial.rules).unwrap_or_else(|| rules_of(&past.stored, &self.run.terms));
        let plans = trial.and_then(|trial| trial.plans.as_ref()).unwrap_or(&self.run.terms.plans);
        let mut terms = with_rules(self.run.written.clone(), rules);
        if terms.plans != *plans {
            terms.plans.clone_from(plans);
        }
        self.write(terms)?;
        past.rates.iter().try_for_each(|(partner_no, rate_bp)| self.set_rate(*partner_no, *rate_bp))
    }

    fn write(&mut self, terms: Program) -> Result<(), SqlError> {
        if terms != self.run.written {
            meta::set_program(self.scratch.sql, &terms)?;
            self.run.written = terms;
        }
        Ok(())
    }

    /// Gives a partner, or the programme if the partner has no rate of its own, the simple rate of that time.
    fn set_rate(&mut self, partner_no: PartnerNo, rate_bp: i64) -> Result<(), SqlError> {
        if !self.run.partners.contains_key(&partner_no) {
            let partner = partners::by_no(self.scratch.sql, partner_no)?;
            self.run.partners.insert(partner_no, partner.filter(|partner| partner.commission_bp.is_some()));
        }
        match self.run.partners.get_mut(&partner_no).and_then(Option::as_mut) {
            Some(partner) if partner.commission_bp == Some(rate_bp) => Ok(()),
            Some(partner) => {
                partner.commission_bp = Some(rate_bp);
                partners::put(self.scratch.sql, partner)
            }
            None => {
                let terms = Program { commission_bp: rate_bp, ..self.run.written.clone() };
                self.write(terms)
            }
        }
    }
}

/// What was known of the visitor's earlier clicks when a conversion was accepted.
fn trails(past: &Past) -> Trails {
    let mut trails = Trails::new();
    if let Some(click_id) = past.row.click_id.clone() {
        let touches = past.stored.touches.iter().filter(|touch| touch.source == Source::Trail);
        let ids = touches.map(|touch| touch.click_id.clone()).collect();
        trails.insert(click_id, (past.stored.trail == TrailState::Known).then_some(ids));
    }
    trails
}

/// The rules that were in force when a conversion was accepted.
fn rules_of(stored: &StoredAttribution, terms: &Program) -> Rules {
    Rules {
        model: stored.model,
        window_days: stored.window_days,
        half_life_days: stored.half_life_days.unwrap_or_else(|| terms.rules().half_life_days),
        precedence: stored.precedence,
        repeat_customers: stored.repeat_customers,
    }
}

fn with_rules(terms: Program, rules: Rules) -> Program {
    Program {
        model: rules.model,
        window_days: rules.window_days,
        half_life_days: Some(rules.half_life_days),
        precedence: rules.precedence,
        repeat_customers: rules.repeat_customers,
        ..terms
    }
}
