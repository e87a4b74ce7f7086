//! What is computed once for a conversion and all of its partners: its period, the base of its rates, and its territory.

use super::{super::tx::Tx, listing_settings, usage_counters::UsageCounters};
use crate::{
    domain::{
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
        commissions::Commission,
        conversions::{Conversion, customers},
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
    after_fees: Option<Basis>,
}

/// The month and the quarter in which a conversion counts.
pub fn period(tx: &Tx<'_>, terms: &Program, conversion: &Conversion) -> Result<Period, SqlError> {
    let zone = terms.timezone.as_deref().unwrap_or(Program::DEFAULT_TIMEZONE);
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
            after_fees: None,
        })
    }

    pub fn listing_id(&self) -> Option<&ListingId> {
        self.listing.as_ref().map(|listing| &listing.id)
    }

    /// What rates are applied to; `None` if the conversion has no amount that earns.
    pub fn basis(&mut self, base: Base) -> Result<Option<Basis>, SqlError> {
        let Some((amount, currency)) = self.amount else { return Ok(None) };
        let parts = [self.conversion.tax, self.conversion.discount, self.conversion.shipping];
        let net = parts.iter().flatten().fold(amount, |left, part| left.saturating_sub(*part));
        Ok(Some(match base {
            Base::Gross => Basis { amount, held: None },
            Base::Net => Basis { amount: net, held: None },
            // The month's fee is subtracted once, however many partners earn.
            Base::NetOfFees => match self.after_fees {
                Some(basis) => basis,
                None => {
                    let basis = self.without_fees(net, currency)?;
                    self.after_fees = Some(basis);
                    basis
                }
            },
        }))
    }

    /// `net` less the marketplace's share of it, and less what is left of the marketplace's fee for the month.
    fn without_fees(&mut self, net: i64, currency: Currency) -> Result<Basis, SqlError> {
        let fees = self
            .listing
            .as_ref()
            .and_then(|listing| listing_settings::fees(&listing.settings).map(|fees| (listing.no, fees)));
        let Some((listing_no, fees)) = fees else { return Ok(Basis { amount: net, held: None }) };
        let kept = share_half_up(net, fees.rate_bp.unwrap_or(0), WHOLE_BP);
        let left = net.saturating_sub(kept.ok_or(SqlError::Overflow("a marketplace's fee"))?);
        match fees.monthly {
            None => Ok(Basis { amount: left, held: None }),
            Some(fee) if fee.currency != currency => {
                Ok(Basis { amount: left, held: Some(HeldReason::RateMissing) })
            }
            Some(fee) => {
                let key = format!("fee {listing_no} {}", self.period.month);
                let taken = self.counters.take(key, fee.amount, left)?;
                Ok(Basis { amount: left.saturating_sub(taken), held: None })
            }
        }
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
        let country = conversion.sold_in.as_deref().unwrap_or(&conversion.place.country);
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
