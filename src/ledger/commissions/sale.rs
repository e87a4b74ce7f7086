//! What is computed once for a conversion and all of its partners: its period, the base of its rates, and its territory.

use super::{
    super::{refunds::reversal::taken_back, tx::Tx},
    listing_settings::{self, Fees},
    usage_counters::UsageCounters,
};
use crate::{
    domain::{
        clicks::click::Country,
        conversions::{CommissionSource, HeldReason},
        money::{Currency, WHOLE_BP, share_half_up},
        programme::{
            Program,
            agreement::{OthersEarn, Territory},
            calendar::{self, Period},
            listing::Listing,
            partner::{Partner, PartnerNo},
            plan::{Base, Dated},
        },
        values::{
            id::{CommissionId, ListingId, PartnerId},
            time::{DAY_MS, Timestamp},
        },
    },
    store::{
        SqlError,
        commissions::{Commission, usage_counters::Usage},
        conversions::{Conversion, counted::Counted, customers},
        programme::partners,
    },
};

/// What rates are applied to, minor units, and why the resulting commission is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basis {
    pub amount: i64,
    pub held: Option<HeldReason>,
}

/// A conversion while its commissions are computed.
pub struct Sale<'a, 'c> {
    pub tx: &'a Tx<'c>,
    pub conversion: &'a Conversion,
    pub terms: &'a Program,
    /// Amount and currency, if it has one that earns.
    pub amount: Option<(i64, Currency)>,
    pub listing: Option<Listing>,
    pub period: Period,
    pub counters: UsageCounters<'a>,
    /// What the conversion has added to the counters, earlier additions included.
    pub counted: Counted,
}

/// What refunds of `after` in total, no longer of `before`, give back of what a sale bore of a fee or cost, so that later
/// sales bear it.
pub fn reopened(
    conversion: &Conversion,
    borne: &Usage,
    before: i64,
    after: i64,
) -> Result<Option<Usage>, SqlError> {
    let sale = conversion.amount.as_ref().map_or(0, |(amount, _)| *amount);
    let earlier = taken_back(borne.added, before, sale)?;
    let part = taken_back(borne.added, after, sale)?.saturating_sub(earlier);
    Ok((part > 0).then(|| Usage { key: borne.key.clone(), added: part.saturating_neg() }))
}

/// The month and the quarter in which a conversion counts.
pub fn period(tx: &Tx<'_>, terms: &Program, conversion: &Conversion) -> Result<Period, SqlError> {
    let zone = terms.zone();
    let period = calendar::period(tx.zones, zone, conversion.occurred_at);
    period.ok_or_else(|| SqlError::Engine(format!("the engine does not know the time zone {zone}")))
}

impl<'a, 'c> Sale<'a, 'c> {
    pub fn new(
        tx: &'a Tx<'c>,
        conversion: &'a Conversion,
        currency: Option<Currency>,
        terms: &'a Program,
        listing: Option<Listing>,
    ) -> Result<Self, SqlError> {
        let period = period(tx, terms, conversion)?;
        let amount = conversion.amount.as_ref().filter(|_| conversion.kind.earns());
        Ok(Self {
            tx,
            conversion,
            terms,
            amount: amount.map(|(amount, _)| *amount).zip(currency),
            listing,
            period,
            counters: UsageCounters::new(tx.sql),
            counted: conversion.counted.clone().unwrap_or_default(),
        })
    }

    pub fn listing_id(&self) -> Option<&ListingId> {
        self.listing.as_ref().map(|listing| &listing.id)
    }

    /// The amount without tax, discount and shipping, minor units.
    fn net(&self, amount: i64) -> i64 {
        let parts = [self.conversion.tax, self.conversion.discount, self.conversion.shipping];
        parts.iter().flatten().fold(amount, |left, part| left.saturating_sub(*part))
    }

    /// What rates are applied to; `None` if the conversion has no amount that earns.
    pub fn basis(&self, base: Base) -> Result<Option<Basis>, SqlError> {
        let Some((amount, currency)) = self.amount else { return Ok(None) };
        Ok(Some(match base {
            Base::Gross => Basis { amount, held: None },
            Base::Net => Basis { amount: self.net(amount), held: None },
            Base::NetOfFees => self.without_fees(self.net(amount), currency)?,
        }))
    }

    /// What the marketplace keeps of the listing's sales, if anything, and the counter of its fee for the month.
    fn fees(&self) -> Option<(Fees, String)> {
        let listing = self.listing.as_ref()?;
        let fees = listing_settings::fees(&listing.settings)?;
        Some((fees, format!("fee {} {}", listing.no, self.period.month)))
    }

    /// `net` less the marketplace's share of it.
    fn without_share(net: i64, fees: &Fees) -> Result<i64, SqlError> {
        let kept = share_half_up(net, fees.rate_bp.unwrap_or(0), WHOLE_BP);
        Ok(net.saturating_sub(kept.ok_or(SqlError::Overflow("a marketplace's fee"))?))
    }

    /// `net` less the marketplace's share of it, and less what the sale bears of the marketplace's fee for the month.
    fn without_fees(&self, net: i64, currency: Currency) -> Result<Basis, SqlError> {
        let Some((fees, _)) = self.fees() else { return Ok(Basis { amount: net, held: None }) };
        let left = Self::without_share(net, &fees)?;
        let is_foreign = fees.monthly.is_some_and(|fee| fee.currency != currency);
        let borne = self.monthly_fee_borne().map_or(0, |usage| usage.added);
        Ok(Basis { amount: left.saturating_sub(borne), held: is_foreign.then_some(HeldReason::RateMissing) })
    }

    fn monthly_fee_borne(&self) -> Option<&Usage> {
        self.counted.borne.iter().find(|usage| usage.key.starts_with("fee "))
    }

    /// Takes what the sale bears of the marketplace's fee for the month. The month's first sales on the listing bear it,
    /// whoever earns them and by whatever plan.
    pub fn bear_monthly_fee(&mut self) -> Result<(), SqlError> {
        let Some((amount, currency)) = self.amount else { return Ok(()) };
        let Some((fees, key)) = self.fees() else { return Ok(()) };
        let Some(fee) = fees.monthly.filter(|fee| fee.currency == currency) else { return Ok(()) };
        // A sale that is credited later bore its part when it was accepted.
        if self.monthly_fee_borne().is_none() {
            let left = Self::without_share(self.net(amount), &fees)?;
            self.bear(key, fee.amount, left)?;
        }
        Ok(())
    }

    /// Takes up to `amount` of what `limit` leaves of the counter of a fee or cost, and returns how much it took. A refund
    /// gives back its part ([`reopened`]).
    pub fn bear(&mut self, key: String, limit: i64, amount: i64) -> Result<i64, SqlError> {
        let taken = self.counters.take(key.clone(), limit, amount)?;
        if taken > 0 {
            let usage = Usage { key, added: taken };
            // A sale that is credited late may have been refunded by then.
            if let Some(back) = reopened(self.conversion, &usage, 0, self.conversion.refunded)? {
                self.counters.add(back.key, back.added)?;
            }
            self.counted.borne.push(usage);
        }
        Ok(taken)
    }

    /// When the customer's subscription began, as far as that is known; otherwise it begins with this conversion.
    pub fn subscribed_since(&self) -> Result<Timestamp, SqlError> {
        let known = match &self.conversion.customer_id {
            Some(customer) => customers::subscription_start(self.tx.sql, customer)?,
            None => None,
        };
        let now = self.conversion.occurred_at;
        Ok(known.map_or(now, |since| since.min(now)))
    }

    /// The territory of the sale: that of the customer's country, else that of the credited click's country.
    pub fn territory(&self) -> Option<&'a Territory> {
        let conversion = self.conversion;
        let click_country = conversion.credited.as_ref().and_then(|credited| credited.country.as_ref());
        let country = conversion.sold_in.as_deref().or(click_country.map(Country::as_str))?;
        let covers = |territory: &&Territory| {
            territory.is_in_force_at(conversion.occurred_at)
                && territory.countries.iter().any(|one| one == country)
        };
        self.terms.territories.iter().find(covers)
    }

    /// The territory that another partner holds exclusively, so that this partner earns nothing.
    pub fn is_closed_to(&self, partner: &Partner) -> Option<&'a Territory> {
        self.territory()
            .filter(|place| place.others_earn == OthersEarn::Nothing && place.partner_id != partner.id)
    }

    /// Whether the partner had been terminated when the conversion occurred.
    pub fn is_after(&self, partner: &Partner) -> bool {
        partner.terminated_at.is_some_and(|date| self.conversion.occurred_at > date)
    }

    /// The partner with this id, unless it had been terminated by then.
    pub fn earning(&self, id: &PartnerId) -> Result<Option<Partner>, SqlError> {
        Ok(partners::by_id(self.tx.sql, id)?.filter(|partner| !self.is_after(partner)))
    }

    /// A commission of this conversion with common fields set. It gets its number when all commissions are known.
    pub fn commission(
        &self,
        partner_no: PartnerNo,
        source: CommissionSource,
        currency: Currency,
    ) -> Commission {
        let hold_ms = self.terms.hold_days.saturating_mul(DAY_MS);
        let times = (self.tx.now, self.conversion.occurred_at.plus_ms(hold_ms));
        let id = self.tx.new_id(CommissionId::generate);
        let mut commission = Commission {
            conversion_no: Some(self.conversion.no),
            conversion_id: Some(self.conversion.id.clone()),
            ..Commission::new(id, partner_no, source, currency, times)
        };
        if let Some(reason) = self.conversion.held_reason {
            commission.hold(reason);
        }
        commission
    }
}
