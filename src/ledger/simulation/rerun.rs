//! Reruns history in a copy of the Ledger's state, with the code that accepts conversions, and rolls everything back.

use super::{
    super::{
        attribution::record::StoredAttribution,
        callbacks::charges::bind,
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
    history::{Earned, Event, History, LateBinding, PAGE, Past, Rejected},
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
        values::{entropy::SeededEntropy, string_enum::Metadata, time::Timestamp},
    },
    store::{
        SqlError, commissions,
        conversions::{self, refunds::Refund, rewind},
        meta,
        programme::partners,
        rehearsal,
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
pub struct Rerun {
    /// What it earned, sorted.
    pub earned: Vec<Earned>,
    /// The credited touches with their shares in basis points, in the order in which they were weighed.
    pub shares: Vec<(String, i64)>,
    /// Whether the visitor's earlier clicks were weighed.
    pub trail: TrailState,
}

/// Reruns history: as it was, or with other rules. The results are in the order of its conversions.
pub fn rerun(tx: &Tx<'_>, history: &History, trial: Option<&Trial>) -> Result<Vec<Rerun>, LedgerError> {
    rehearsal(tx.sql, || {
        rewind::rewind(tx.sql, history.first, history.since)?;
        let mut copy = Copy::new(tx, trial)?;
        copy.begin(history)?;
        copy.run(history)?;
        Ok(copy.results(history)?)
    })
}

/// The copy of the state while history is rerun in it.
struct Copy<'a, 'c> {
    tx: &'a Tx<'c>,
    trial: Option<&'a Trial>,
    /// The terms in force in reality.
    terms: Program,
    /// The terms in force in the copy.
    written: Program,
    /// Partners with a rate of their own, as they are in the copy.
    partners: BTreeMap<PartnerNo, Option<Partner>>,
    entropy: SeededEntropy,
}

impl<'a, 'c> Copy<'a, 'c> {
    fn new(tx: &'a Tx<'c>, trial: Option<&'a Trial>) -> Result<Self, SqlError> {
        let mut terms = terms::current(tx)?;
        // Sales are counted from the first one after the programme had plans, so under other plans all of them are.
        if trial.is_some_and(|trial| trial.plans.is_some()) {
            terms.counted_from = Some(1);
        }
        let written = terms.clone();
        meta::set_program(tx.sql, &written)?;
        // Ids of the copy are seen by nobody, so they need no secret randomness.
        Ok(Self { tx, trial, terms, written, partners: BTreeMap::new(), entropy: SeededEntropy::new(1) })
    }

    /// Gives each partner the first simple rate that it is known to have earned by.
    fn begin(&mut self, history: &History) -> Result<(), SqlError> {
        let mut first = BTreeMap::new();
        for (partner_no, rate_bp) in history.conversions.iter().flat_map(|past| &past.rates) {
            first.entry(*partner_no).or_insert(*rate_bp);
        }
        first.into_iter().try_for_each(|(partner_no, rate_bp)| self.set_rate(partner_no, rate_bp))
    }

    fn run(&mut self, history: &History) -> Result<(), LedgerError> {
        let mut events = history.events.iter().peekable();
        for past in &history.conversions {
            let (no, at) = (past.row.no, past.row.created_at);
            // Within a millisecond, what concerns an earlier conversion happened before this one.
            let is_before = |(then, event): &(Timestamp, Event)| {
                *then < at || (*then == at && event.conversion_no().is_some_and(|of| of < no))
            };
            while let Some((then, event)) = events.next_if(|next| is_before(next)) {
                self.happen(*then, event)?;
            }
            self.accept(past)?;
            // Refunds that had waited for the conversion were recorded with it.
            let is_own =
                |(then, event): &(Timestamp, Event)| *then == at && event.conversion_no() == Some(no);
            while let Some((then, event)) = events.next_if(|next| is_own(next)) {
                self.happen(*then, event)?;
            }
            self.credit_customer(past)?;
        }
        events.try_for_each(|(then, event)| self.happen(*then, event))
    }

    /// Runs an operation as of a time.
    fn at<T>(
        &mut self,
        now: Timestamp,
        trails: &Trails,
        run: impl FnOnce(&Tx<'_>) -> Result<T, LedgerError>,
    ) -> Result<T, LedgerError> {
        let Tx { sql, config, zones, .. } = *self.tx;
        run(&Tx::new(sql, config, zones, now, trails, &mut self.entropy).rehearsing())
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

    /// Credits the customer's earlier conversions, as a marketplace's callback and a reported install do.
    fn credit_customer(&mut self, past: &Past) -> Result<(), LedgerError> {
        let metadata: Metadata = strict_json::from_str(&past.row.metadata).unwrap_or_default();
        let Some(customer) = past.row.customer_id.as_deref().filter(|_| metadata.contains_key("evidence"))
        else {
            return Ok(());
        };
        let accepted = conversions::by_no(self.tx.sql, past.row.no)?;
        if accepted.is_none_or(|row| row.credited.is_none()) {
            return Ok(());
        }
        self.at(past.row.created_at, &Trails::new(), |tx| Ok(credit_unearned(tx, customer)?))
    }

    fn refund(&mut self, at: Timestamp, refund: &Refund) -> Result<(), LedgerError> {
        let Some(conversion) = conversions::by_no(self.tx.sql, refund.conversion_no)? else { return Ok(()) };
        let external_id = refund.external_id.clone();
        let amount = Some(refund.amount);
        self.at(at, &Trails::new(), |tx| refund::record(tx, &conversion, external_id, amount).map(drop))
    }

    /// A rejected commission is not lifted to a tier any more.
    fn reject(&mut self, rejected: &Rejected) -> Result<(), SqlError> {
        let rows = commissions::of_conversion(self.tx.sql, rejected.conversion_no)?;
        let same = rows.into_iter().filter(|row| {
            (row.partner_no, row.source, row.currency)
                == (rejected.partner_no, rejected.source, rejected.currency)
                && row.origin == rejected.origin
        });
        same.into_iter().try_for_each(|row| {
            commissions::update(self.tx.sql, row.no, row.amount, CommissionStatus::Reversed)
        })
    }

    fn bind(&mut self, at: Timestamp, binding: &LateBinding) -> Result<(), LedgerError> {
        let LateBinding { customer, click_ids } = binding;
        let Some(newest) = click_ids.last() else { return Ok(()) };
        if let Some(rules) = self.trial.and_then(|trial| trial.rules) {
            let terms = with_rules(self.written.clone(), rules);
            self.write(terms)?;
        }
        self.at(at, &Trails::new(), |tx| bind(tx, customer, newest, click_ids))
    }

    /// Puts the terms into force that apply to a conversion.
    fn set_terms(&mut self, past: &Past) -> Result<(), SqlError> {
        let trial = self.trial.filter(|trial| trial.covers(past.row.occurred_at));
        let rules =
            trial.and_then(|trial| trial.rules).unwrap_or_else(|| rules_of(&past.stored, &self.terms));
        let plans = trial.and_then(|trial| trial.plans.as_ref()).unwrap_or(&self.terms.plans);
        let mut terms = with_rules(self.written.clone(), rules);
        if terms.plans != *plans {
            terms.plans.clone_from(plans);
        }
        self.write(terms)?;
        past.rates.iter().try_for_each(|(partner_no, rate_bp)| self.set_rate(*partner_no, *rate_bp))
    }

    fn write(&mut self, terms: Program) -> Result<(), SqlError> {
        if terms != self.written {
            meta::set_program(self.tx.sql, &terms)?;
            self.written = terms;
        }
        Ok(())
    }

    /// Gives a partner, or the programme if the partner has no rate of its own, the simple rate of that time.
    fn set_rate(&mut self, partner_no: PartnerNo, rate_bp: i64) -> Result<(), SqlError> {
        if !self.partners.contains_key(&partner_no) {
            let partner = partners::by_no(self.tx.sql, partner_no)?;
            self.partners.insert(partner_no, partner.filter(|partner| partner.commission_bp.is_some()));
        }
        match self.partners.get_mut(&partner_no).and_then(Option::as_mut) {
            Some(partner) if partner.commission_bp == Some(rate_bp) => Ok(()),
            Some(partner) => {
                partner.commission_bp = Some(rate_bp);
                partners::put(self.tx.sql, partner)
            }
            None => {
                let terms = Program { commission_bp: rate_bp, ..self.written.clone() };
                self.write(terms)
            }
        }
    }

    fn results(&self, history: &History) -> Result<Vec<Rerun>, SqlError> {
        let mut results = Vec::with_capacity(history.conversions.len());
        let mut after = history.first.saturating_sub(1);
        loop {
            let page = conversions::accepted_after(self.tx.sql, after, PAGE)?;
            let Some(last) = page.last() else { break };
            after = last.no;
            for row in &page {
                let stored = StoredAttribution::of(row)?;
                let credited = stored.touches.into_iter().filter(|touch| touch.share_bp > 0);
                let shares = credited.map(|touch| (touch.click_id, touch.share_bp)).collect();
                results.push(Rerun { earned: Vec::new(), shares, trail: stored.trail });
            }
        }
        let earned = commissions::since(self.tx.sql, history.first, history.since)?;
        for (place, earned) in history.placed(&earned) {
            if let Some(result) = results.get_mut(place) {
                result.earned.push(earned);
            }
        }
        results.iter_mut().for_each(|result| result.earned.sort_unstable());
        Ok(results)
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
