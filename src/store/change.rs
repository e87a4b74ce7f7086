//! Changes: the only way in which the Ledger's rows come to be. Each is written as an event in the same transaction,
//! whole, so that the log of events rebuilds a Ledger by the very code that made it.

use super::{
    Sql, SqlError,
    accounts::{self, Transfer},
    callbacks::{self, Account, Alias, WaitingRefund},
    commissions::{self, Commission},
    conversions::{self, BoundTouch, Conversion, Place},
    counts::{self, ConversionDelta},
    coupons,
    credits::{self, SharedCredit},
    links, listings, meta, outbox, partners, placements,
    refunds::{self, Refund},
    uses::{self, Use},
};
use crate::domain::{
    conversion::{CommissionStatus, HeldReason},
    coupon::Coupon,
    link::Link,
    link::LinkNo,
    listing::{Listing, ListingNo},
    partner::{Partner, PartnerNo},
    placement::Placement,
    program::Program,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A click that a conversion binds to its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The caller's id of the customer.
    pub customer_id: String,
    /// The click.
    pub touch: BoundTouch,
}

/// How several touches share a conversion; nothing if one earns it alone, or nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shares {
    /// The credits, in their order.
    pub credits: Vec<SharedCredit>,
    /// What each credit but the largest adds to the counts.
    pub more_counts: Vec<ConversionDelta>,
}

impl Shares {
    fn is_none(&self) -> bool {
        self.credits.is_empty()
    }
}

/// The partner whose all of this is; 0 if it is several partners'. An event is shown to the one whom it belongs to.
fn sole_partner<'a>(
    first: &ConversionDelta,
    more: impl IntoIterator<Item = &'a ConversionDelta>,
) -> PartnerNo {
    let is_same = more.into_iter().all(|delta| delta.partner_no == first.partner_no);
    if is_same { first.partner_no } else { 0 }
}

/// One change of the Ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The programme's terms.
    Program(Program),
    /// A partner, as it stands from now on.
    Partner(Partner),
    /// A listing, as it stands from now on; its secrets are not in the log.
    Listing(Listing),
    /// A new link.
    Link(Link),
    /// A link is revoked.
    Revoked {
        /// The link.
        link_no: LinkNo,
        /// Whose it is.
        partner_no: PartnerNo,
    },
    /// A new placement.
    Placement(Placement),
    /// A new coupon.
    Coupon(Coupon),
    /// A coupon is revoked.
    CouponRevoked {
        /// The coupon.
        coupon_no: i64,
        /// Whose it is.
        partner_no: PartnerNo,
    },
    /// A new conversion.
    Conversion {
        /// The conversion.
        conversion: Box<Conversion>,
        /// What it binds to its customer.
        binding: Option<Binding>,
        /// What else it binds.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more_bindings: Vec<Binding>,
        /// What it adds to the counts; of a shared one what its largest credit does.
        counts: ConversionDelta,
        /// What it adds to the counters of the terms.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        uses: Vec<Use>,
        /// The credits of a shared one, and what the others of them add to the counts.
        #[serde(default, skip_serializing_if = "Shares::is_none")]
        shares: Shares,
    },
    /// A new commission.
    Commission {
        /// The commission.
        commission: Box<Commission>,
        /// Its booking.
        transfer: Transfer,
        /// What it adds to the counts.
        counts: ConversionDelta,
    },
    /// A commission's hold ended.
    Matured {
        /// The commission.
        commission_no: i64,
        /// Taken back of it so far.
        reversed: i64,
        /// Its booking.
        transfer: Transfer,
    },
    /// A customer's account on a marketplace, as a callback told of it.
    Account(Account),
    /// A plan that an account had before the one that it is known to have.
    EarlierPlan {
        /// The listing.
        listing_no: ListingNo,
        /// The marketplace's id of the account.
        account: String,
        /// The plan.
        plan: String,
        /// From when on.
        told_at: Timestamp,
    },
    /// Another name of a customer's account.
    Named(Alias),
    /// A click that came to light is bound to its customer.
    Bound(Binding),
    /// A conversion that nobody earned is credited after all: its customer's click came to light.
    Credited {
        /// The conversion.
        conversion_no: i64,
        /// Where it is counted from now on.
        place: Place,
        /// The attribution with every touch's verdict, JSON.
        attribution: String,
        /// What it takes from the counts of nobody …
        from: ConversionDelta,
        /// … and adds to its partner's; of a shared one to its largest credit's.
        to: ConversionDelta,
        /// What it adds to the counters of the terms.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        uses: Vec<Use>,
        /// The credits of a shared one, and what the others of them add to the counts.
        #[serde(default, skip_serializing_if = "Shares::is_none")]
        shares: Shares,
    },
    /// What told of a conversion is confirmed: what it earns is no longer held.
    Confirmed {
        /// The conversion.
        conversion_no: i64,
        /// Who earns it; 0 = nobody.
        partner_no: PartnerNo,
        /// Its annotations from now on, JSON.
        metadata: String,
    },
    /// A commission is no longer held.
    Released {
        /// The commission.
        commission_no: i64,
        /// Whose it is.
        partner_no: PartnerNo,
    },
    /// What holds a commission has changed.
    Held {
        /// The commission.
        commission_no: i64,
        /// Whose it is.
        partner_no: PartnerNo,
        /// Why it is held from now on; nothing = it is not.
        held_reason: Option<HeldReason>,
        /// Its flags from now on.
        flags: Vec<String>,
    },
    /// What was left of a commission is rejected.
    Rejected {
        /// The commission.
        commission_no: i64,
        /// Taken back of it so far, this time included.
        reversed: i64,
        /// Its booking.
        transfer: Transfer,
        /// What it takes from the counts.
        counts: ConversionDelta,
    },
    /// A refund waits for its charge.
    RefundWaits(WaitingRefund),
    /// A new refund.
    Refund {
        /// The refund.
        refund: Refund,
        /// Refunded of the conversion so far, this refund included.
        refunded: i64,
        /// What it adds to the counts; of a shared conversion's refund what its largest credit's part does.
        counts: ConversionDelta,
        /// What it adds to the counters of the terms.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        uses: Vec<Use>,
        /// Refunded of each credit of a shared conversion so far, in their order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refunded_shares: Vec<i64>,
        /// What the others' parts add to the counts.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more_counts: Vec<ConversionDelta>,
    },
    /// Part or all of a commission is taken back.
    Reversed {
        /// The commission.
        commission_no: i64,
        /// Taken back so far, this time included.
        reversed: i64,
        /// Its status from now on.
        status: CommissionStatus,
        /// Its booking.
        transfer: Transfer,
        /// What it adds to the counts; absent in logs of before, where the refund did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counts: Option<ConversionDelta>,
    },
}

impl Change {
    /// Whose data it is; 0 = the programme's.
    #[must_use]
    pub fn partner_no(&self) -> PartnerNo {
        match self {
            Self::Program(_)
            | Self::Listing(_)
            | Self::Account(_)
            | Self::EarlierPlan { .. }
            | Self::Named(_)
            | Self::RefundWaits(_) => 0,
            Self::Bound(binding) => binding.touch.touch.partner.map_or(0, |(partner_no, _)| partner_no),
            Self::Credited { to, shares, .. } => sole_partner(to, &shares.more_counts),
            Self::Coupon(coupon) => coupon.partner_no,
            Self::Partner(partner) => partner.no,
            Self::Link(link) => link.partner_no,
            Self::Placement(placement) => placement.partner_no,
            Self::Revoked { partner_no, .. }
            | Self::Confirmed { partner_no, .. }
            | Self::CouponRevoked { partner_no, .. }
            | Self::Released { partner_no, .. }
            | Self::Held { partner_no, .. } => *partner_no,
            Self::Conversion { counts, shares, .. } => sole_partner(counts, &shares.more_counts),
            Self::Refund { counts, more_counts, .. } => sole_partner(counts, more_counts),
            Self::Commission { transfer, .. }
            | Self::Matured { transfer, .. }
            | Self::Reversed { transfer, .. }
            | Self::Rejected { transfer, .. } => transfer.partner_no,
        }
    }
}

/// KV value of a slug.
#[derive(Serialize)]
struct SlugValue<'a> {
    token: &'a str,
}

/// The KV value of a slug that names the link with this token.
pub fn slug_value(token: &str) -> Result<String, SqlError> {
    super::value::json_text(&SlugValue { token })
}

/// Writes a change made at `at`. `answer` is what the caller is told; conversions and refunds keep it.
pub fn apply(sql: &dyn Sql, change: &Change, answer: &str, at: Timestamp) -> Result<(), SqlError> {
    match change {
        Change::Program(program) => meta::set_program(sql, program),
        Change::Partner(partner) => partners::put(sql, partner),
        Change::Listing(listing) => listings::put(sql, listing),
        Change::Link(link) => {
            links::insert(sql, link)?;
            if let Some(path) = &link.path {
                outbox::queue_write(sql, &outbox::path_key(link.no), path)?;
            }
            match &link.slug {
                Some(slug) => outbox::queue_write(sql, &outbox::slug_key(slug), &slug_value(&link.token)?),
                None => Ok(()),
            }
        }
        Change::Placement(placement) => placements::insert(sql, placement),
        Change::Revoked { link_no, .. } => links::revoke(sql, *link_no, at),
        Change::Coupon(coupon) => coupons::insert(sql, coupon),
        Change::CouponRevoked { coupon_no, .. } => coupons::revoke(sql, *coupon_no, at),
        Change::Conversion { conversion, binding, more_bindings, counts, shares, uses } => {
            uses::add(sql, uses)?;
            conversions::insert(sql, conversion, answer)?;
            for binding in binding.iter().chain(more_bindings) {
                conversions::bind(sql, &binding.customer_id, &binding.touch, conversion.no)?;
            }
            counts::add_conversion(sql, counts, at)?;
            share(sql, conversion.no, shares, at)
        }
        Change::Commission { commission, transfer, counts } => {
            commissions::insert(sql, commission)?;
            accounts::post(sql, transfer)?;
            counts::add_conversion(sql, counts, at)
        }
        Change::Matured { commission_no, reversed, transfer } => {
            commissions::update(sql, *commission_no, *reversed, CommissionStatus::Payable)?;
            accounts::post(sql, transfer)
        }
        Change::Account(account) => callbacks::put_account(sql, account),
        Change::EarlierPlan { listing_no, account, plan, told_at } => {
            callbacks::put_plan(sql, *listing_no, account, plan, *told_at)
        }
        Change::Named(alias) => callbacks::put_alias(sql, alias),
        // No conversion binds it: places begin with 1.
        Change::Bound(Binding { customer_id, touch }) => conversions::bind(sql, customer_id, touch, 0),
        Change::Credited { conversion_no, place, attribution, from, to, shares, uses } => {
            uses::add(sql, uses)?;
            conversions::credit(sql, *conversion_no, place, attribution)?;
            counts::add_conversion(sql, from, at)?;
            counts::add_conversion(sql, to, at)?;
            share(sql, *conversion_no, shares, at)
        }
        Change::Confirmed { conversion_no, metadata, .. } => {
            conversions::confirm(sql, *conversion_no, metadata)
        }
        Change::Released { commission_no, .. } => commissions::release(sql, *commission_no),
        Change::Held { commission_no, held_reason, flags, .. } => {
            commissions::hold(sql, *commission_no, *held_reason, flags)
        }
        Change::Rejected { commission_no, reversed, transfer, counts } => {
            commissions::update(sql, *commission_no, *reversed, CommissionStatus::Reversed)?;
            accounts::post(sql, transfer)?;
            counts::add_conversion(sql, counts, at)
        }
        Change::RefundWaits(refund) => callbacks::put_waiting(sql, refund),
        Change::Refund { refund, refunded, counts, refunded_shares, more_counts, uses } => {
            uses::add(sql, uses)?;
            callbacks::arrived(sql, refund.conversion_no, &refund.external_id)?;
            conversions::set_refunded(sql, refund.conversion_no, *refunded)?;
            refunds::insert(sql, refund, answer)?;
            credits::set_refunded(sql, refund.conversion_no, refunded_shares)?;
            [counts]
                .into_iter()
                .chain(more_counts)
                .try_for_each(|delta| counts::add_conversion(sql, delta, at))
        }
        Change::Reversed { commission_no, reversed, status, transfer, counts } => {
            commissions::update(sql, *commission_no, *reversed, *status)?;
            accounts::post(sql, transfer)?;
            counts.as_ref().map_or(Ok(()), |counts| counts::add_conversion(sql, counts, at))
        }
    }
}

/// Writes how a conversion is shared.
fn share(sql: &dyn Sql, conversion_no: i64, shares: &Shares, at: Timestamp) -> Result<(), SqlError> {
    credits::insert(sql, conversion_no, &shares.credits)?;
    shares.more_counts.iter().try_for_each(|delta| counts::add_conversion(sql, delta, at))
}
