//! Agreements: commission that partners earn from sales credited to others.

use crate::{
    money::Money,
    programme::{
        partner::Partner,
        plan::{Base, dated, months_passed, terms},
    },
    values::{
        id::{ListingId, PartnerId},
        string_enum::string_enum,
        time::Timestamp,
    },
};
use serde::{Deserialize, Serialize};

string_enum! {
    /// What other partners earn from their sales in a territory.
    #[derive(Default)]
    OthersEarn {
        /// The same as elsewhere.
        #[default]
        AsElsewhere = "as_elsewhere";
        /// Nothing: the territory is exclusive.
        Nothing = "nothing";
    }
}

terms! {
    /// A region that belongs to a partner, who earns from every sale in it.
    pub struct Territory {
        /// The name, which commissions refer to. It is unique among territories and never reused.
        name: String,
        /// The partner that the territory belongs to.
        partner_id: PartnerId,
        /// ISO 3166-1 alpha-2 country codes.
        countries: Vec<String>,
        /// The first instant at which the agreement is in force.
        effective_from: Timestamp,
        /// The first instant at which the agreement is no longer in force; `null` means without end.
        effective_until: Option<Timestamp>,
        /// The distributor's rate in basis points for sales that another partner or none is credited with.
        rate_bp: i64,
        /// The amount that the rate applies to.
        #[serde(default)]
        base: Base,
        /// What the partner credited with the sale earns.
        #[serde(default)]
        others_earn: OthersEarn,
    }

    /// A product developed with a partner, who earns from every sale of it.
    pub struct JointProduct {
        /// The name, which commissions refer to. It is unique among joint products and never reused.
        name: String,
        /// The partner that co-developed the product.
        partner_id: PartnerId,
        /// The listing on which the product is sold.
        listing_id: ListingId,
        /// The first instant at which the agreement is in force.
        effective_from: Timestamp,
        /// The first instant at which the agreement is no longer in force; `null` means without end.
        effective_until: Option<Timestamp>,
        /// The partner's rate in basis points.
        rate_bp: i64,
        /// The amount that the rate applies to.
        #[serde(default)]
        base: Base,
        /// The partner's part of the development cost, which is withheld from the partner's commission until it is
        /// covered.
        cost_share: Option<Money>,
    }

    /// The commission for referring another partner.
    pub struct Referral {
        /// The rate in basis points of the referred partner's commissions for conversions; paid in addition to them.
        rate_bp: i64,
        /// The number of calendar months since the referred partner was created; `null` means without end.
        months: Option<i64>,
    }
}

dated!(Territory, |one, other| one.countries.iter().any(|country| other.countries.contains(country)));
// Several partners may share a product, but one partner must not share it twice.
dated!(JointProduct, |one, other| (&one.partner_id, &one.listing_id)
    == (&other.partner_id, &other.listing_id));

impl Referral {
    /// Returns whether the commissions of `partner` at `at` still earn its referrer a share.
    #[must_use]
    pub fn is_in_force(&self, partner: &Partner, at: Timestamp) -> bool {
        self.months.is_none_or(|months| !months_passed(partner.created_at, months, at))
    }
}
