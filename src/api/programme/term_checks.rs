//! Checks of a programme's terms: each part by itself, the parts against each other, and against the terms in force.

use crate::{
    api::http::{
        checks::Checks,
        problems::{Code, Problem},
    },
    domain::{
        conversions::ConversionType,
        money::Money,
        programme::{
            Program,
            agreement::{JointProduct, Territory},
            plan::{Cap, Dated, Plan, Step, Tier},
        },
        values::{
            id::{ListingId, PartnerId},
            limits,
            time::Timestamp,
        },
    },
    ledger::tx::Tx,
    store::{
        Sql,
        programme::{listings, partners},
    },
};

/// Checks the terms of a programme.
pub fn check(tx: &Tx<'_>, checks: &mut Checks, program: &Program) -> Result<(), Problem> {
    if let Some(zone) = program.timezone.as_deref()
        && tx.zones.offset_seconds(zone, tx.now).is_none()
    {
        let detail = "Expected the name of an IANA time zone such as Europe/Berlin.";
        checks.refuse(Code::UnknownTimezone, "timezone", detail);
    }
    let known = Known { sql: tx.sql };
    dated(checks, "plans", &program.plans, |checks, plan| known.plan(checks, plan))?;
    dated(checks, "territories", &program.territories, |checks, territory| {
        known.territory(checks, territory)
    })?;
    dated(checks, "joint_products", &program.joint_products, |checks, product| {
        known.joint_product(checks, product)
    })?;
    if let Some(referral) = &program.referral {
        checks.range("referral/rate_bp", Some(referral.rate_bp), limits::RATE_BP);
        checks.range("referral/months", referral.months, limits::MONTHS);
    }
    Ok(())
}

/// Checks what dated terms have in common, and each of them with `one`.
fn dated<T: Dated>(
    checks: &mut Checks,
    field: &str,
    terms: &[T],
    one: impl Fn(&mut Checks, &T) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let most = limits::TERMS.max;
    if terms.len() > most {
        checks.refuse(Code::OutOfRange, field, format!("{} entries; at most {most} are kept.", terms.len()));
        return Ok(());
    }
    for (place, term) in terms.iter().enumerate() {
        let mut own = Checks::under(format!("/{field}/{place}"));
        own.text("name", Some(term.name()), limits::NAME);
        if term.effective_until().is_some_and(|until| until <= term.effective_from()) {
            own.refuse(Code::EndsBeforeStart, "effective_until", "It must be later than effective_from.");
        }
        let before = || terms.iter().take(place);
        if before().any(|other| other.name() == term.name()) {
            own.refuse(Code::DuplicateName, "name", format!("{:?} is there already.", term.name()));
        }
        if let Some(other) = before().find(|other| other.overlaps(term)) {
            let detail = format!("It is for the same as {:?}, and both hold at the same time.", other.name());
            own.refuse(Code::PlansOverlap, "effective_from", detail);
        }
        one(&mut own, term)?;
        checks.absorb(own);
    }
    Ok(())
}

/// Looks up the partners and listings that terms name.
struct Known<'a> {
    sql: &'a dyn Sql,
}

impl Known<'_> {
    fn partner(&self, checks: &mut Checks, field: &str, id: &PartnerId) -> Result<(), Problem> {
        if partners::by_id(self.sql, id)?.is_none() {
            checks.refuse(Code::UnknownPartner, field, "There is no partner with this id.");
        }
        Ok(())
    }

    fn listing(&self, checks: &mut Checks, field: &str, id: &ListingId) -> Result<(), Problem> {
        if listings::by_id(self.sql, id)?.is_none() {
            checks.refuse(Code::UnknownListing, field, "There is no listing with this id.");
        }
        Ok(())
    }

    fn plan(&self, checks: &mut Checks, plan: &Plan) -> Result<(), Problem> {
        let target = &plan.applies_to;
        if let Some(id) = &target.partner_id {
            self.partner(checks, "applies_to/partner_id", id)?;
        }
        if let Some(id) = &target.listing_id {
            self.listing(checks, "applies_to/listing_id", id)?;
        }
        checks.text("applies_to/tier", target.tier.as_deref(), limits::TIER);
        checks.range("rate_bp", plan.rate_bp, limits::RATE_BP);
        let lengths = [
            ("flat", plan.flat.len()),
            ("tiers", plan.tiers.len()),
            ("recurring", plan.recurring.len()),
            ("caps", plan.caps.len()),
            ("bonuses", plan.bonuses.len()),
        ];
        for (field, length) in lengths {
            let most = limits::ENTRIES.max;
            if length > most {
                checks.refuse(Code::OutOfRange, field, format!("{length} entries; at most {most} are kept."));
            }
        }
        for (place, flat) in plan.flat.iter().enumerate() {
            checks.money(
                &format!("flat/{place}"),
                Some(&Money { amount: flat.amount, currency: flat.currency }),
            );
            if flat.event == ConversionType::Uninstall {
                checks.refuse(
                    Code::ContradictoryTerms,
                    &format!("flat/{place}/event"),
                    "An uninstall earns nothing.",
                );
            }
        }
        tiers(checks, &plan.tiers);
        recurring(checks, &plan.recurring);
        caps(checks, &plan.caps);
        for (place, bonus) in plan.bonuses.iter().enumerate() {
            checks.money(
                &format!("bonuses/{place}"),
                Some(&Money { amount: bonus.amount, currency: bonus.currency }),
            );
            checks.range(&format!("bonuses/{place}/from_sales"), bonus.from_sales, limits::FROM_SALES);
            checks.money(&format!("bonuses/{place}/from_revenue"), bonus.from_revenue.as_ref());
            if bonus.from_sales.is_some() == bonus.from_revenue.is_some() {
                let detail = "A bonus has one target: from_sales or from_revenue.";
                checks.refuse(Code::ContradictoryTerms, &format!("bonuses/{place}"), detail);
            }
        }
        Ok(())
    }

    fn territory(&self, checks: &mut Checks, territory: &Territory) -> Result<(), Problem> {
        self.partner(checks, "partner_id", &territory.partner_id)?;
        checks.range("rate_bp", Some(territory.rate_bp), limits::RATE_BP);
        if !limits::COUNTRIES.contains(territory.countries.len()) {
            checks.refuse(
                Code::OutOfRange,
                "countries",
                format!("Expected 1 to {} countries.", limits::COUNTRIES.max),
            );
        }
        for (place, country) in territory.countries.iter().enumerate() {
            checks.country(&format!("countries/{place}"), Some(country));
        }
        Ok(())
    }

    fn joint_product(&self, checks: &mut Checks, product: &JointProduct) -> Result<(), Problem> {
        self.partner(checks, "partner_id", &product.partner_id)?;
        self.listing(checks, "listing_id", &product.listing_id)?;
        checks.range("rate_bp", Some(product.rate_bp), limits::RATE_BP);
        checks.money("cost_share", product.cost_share.as_ref());
        Ok(())
    }
}

fn tiers(checks: &mut Checks, tiers: &[Tier]) {
    let mut before = 0;
    for (place, tier) in tiers.iter().enumerate() {
        checks.range(&format!("tiers/{place}/rate_bp"), Some(tier.rate_bp), limits::RATE_BP);
        checks.range(&format!("tiers/{place}/from_sales"), Some(tier.from_sales), limits::FROM_SALES);
        if place > 0 && tier.from_sales <= before {
            let detail = format!("Expected more than the {before} of the tier before: the fewest first.");
            checks.refuse(Code::ContradictoryTerms, &format!("tiers/{place}/from_sales"), detail);
        }
        before = tier.from_sales.max(before);
    }
}

fn recurring(checks: &mut Checks, steps: &[Step]) {
    let last = steps.len().saturating_sub(1);
    for (place, step) in steps.iter().enumerate() {
        checks.range(&format!("recurring/{place}/rate_bp"), Some(step.rate_bp), limits::RATE_BP);
        checks.range(&format!("recurring/{place}/months"), step.months, limits::MONTHS);
        if step.months.is_none() && place != last {
            let detail = "Only the last step may last for ever.";
            checks.refuse(Code::ContradictoryTerms, &format!("recurring/{place}/months"), detail);
        }
    }
}

fn caps(checks: &mut Checks, caps: &[Cap]) {
    for (place, cap) in caps.iter().enumerate() {
        checks.money(&format!("caps/{place}"), Some(&Money { amount: cap.amount, currency: cap.currency }));
        let is_twin = |other: &&Cap| (other.per, other.currency) == (cap.per, cap.currency);
        if caps.iter().take(place).any(|other| is_twin(&other)) {
            let detail = "There is a cap of this kind in this currency already.";
            checks.refuse(Code::ContradictoryTerms, &format!("caps/{place}"), detail);
        }
    }
}

/// Checks that terms in force do not change, except for an end in the future: commissions refer to them.
pub fn keep_terms_in_force(old: &Program, new: &Program, now: Timestamp) -> Result<(), Problem> {
    keep("plans", &old.plans, &new.plans, now)?;
    keep("territories", &old.territories, &new.territories, now)?;
    keep("joint_products", &old.joint_products, &new.joint_products, now)
}

fn keep<T: Dated>(field: &str, old: &[T], new: &[T], now: Timestamp) -> Result<(), Problem> {
    for before in old.iter().filter(|term| term.effective_from() <= now) {
        let name = before.name();
        let Some((place, after)) = new.iter().enumerate().find(|(_, term)| term.name() == name) else {
            let detail =
                format!("{name:?} has begun, and must stay in the list: end it with effective_until.");
            return Err(Problem::field(Code::PlanInForce, format!("/{field}"), detail));
        };
        if after.with_end(None) != before.with_end(None) {
            let detail = format!(
                "{name:?} has begun: end it with effective_until, and add another of another name from then on."
            );
            return Err(Problem::field(Code::PlanInForce, format!("/{field}/{place}"), detail));
        }
        let may_end = before.effective_until().is_none_or(|until| until > now);
        let (was, is) = (before.effective_until(), after.effective_until());
        if was != is && !(may_end && is.is_none_or(|until| until >= now)) {
            let detail = format!("{name:?} can only end from now ({now}) on.");
            return Err(Problem::field(
                Code::PlanInForce,
                format!("/{field}/{place}/effective_until"),
                detail,
            ));
        }
    }
    Ok(())
}
