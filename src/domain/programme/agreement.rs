//! Agreements: what partners earn of a sale beside the one who is credited with it.

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
use json::FromJson;
use serde::{Deserialize, Serialize};

string_enum! {
    /// What other partners' sales in a territory earn them.
    #[derive(Default)]
    OthersEarn {
        /// As anywhere.
        #[default]
        AsElsewhere = "as_elsewhere";
        /// Nothing: the territory is exclusive.
        Nothing = "nothing";
    }
}

terms! {
    /// A region that belongs to a partner, who earns of every sale in it, whoever brought it.
    pub struct Territory {
        /// Unique among the territories, and for ever; it stands on commissions.
        name: String,
        /// The distributor.
        partner_id: PartnerId,
        /// ISO 3166-1 alpha-2.
        countries: Vec<String>,
        /// The first instant at which it holds.
        effective_from: Timestamp,
        /// The first instant at which it holds no longer; `null` = it does not end.
        effective_until: Option<Timestamp>,
        /// The distributor's share of a sale that another partner brought, or nobody; basis points.
        rate_bp: i64,
        /// What the share is of.
        #[serde(default)]
        base: Base,
        /// What the sale earns the one who brought it.
        #[serde(default)]
        others_earn: OthersEarn,
    }

    /// A product made with a partner, who earns of every sale of it, whoever brought it.
    pub struct JointProduct {
        /// Unique among the joint products, and for ever; it stands on commissions.
        name: String,
        /// The other maker.
        partner_id: PartnerId,
        /// Where the product is sold.
        listing_id: ListingId,
        /// The first instant at which it holds.
        effective_from: Timestamp,
        /// The first instant at which it holds no longer; `null` = it does not end.
        effective_until: Option<Timestamp>,
        /// The partner's share, basis points.
        rate_bp: i64,
        /// What the share is of.
        #[serde(default)]
        base: Base,
        /// The partner's part of the cost of development: held back from the share until it is covered.
        cost_share: Option<Money>,
    }

    /// What a partner earns who brought another one.
    pub struct Referral {
        /// Basis points of what the other earns by conversions; paid besides.
        rate_bp: i64,
        /// Calendar months from when the other was added; `null` = for ever.
        months: Option<i64>,
    }
}

dated!(Territory, |one, other| one.countries.iter().any(|country| other.countries.contains(country)));
// Several partners may share a product; one partner may not share it twice.
dated!(JointProduct, |one, other| (&one.partner_id, &one.listing_id)
    == (&other.partner_id, &other.listing_id));

impl Referral {
    /// Whether what `partner` earns at an instant still earns the one who brought it.
    #[must_use]
    #[inline]
    pub fn holds(&self, partner: &Partner, at: Timestamp) -> bool {
        self.months.is_none_or(|months| !months_passed(partner.created_at, months, at))
    }
}
