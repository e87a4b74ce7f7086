//! Changes: the only way in which the Ledger's rows come to be. Each is written as an event in the same transaction,
//! whole, so that the log of events rebuilds a Ledger by the very code that made it.

use crate::domain::{
    conversions::{CommissionStatus, HeldReason},
    links::link::{Link, LinkNo},
    programme::{
        Program,
        coupon::Coupon,
        listing::{Listing, ListingNo},
        partner::{Partner, PartnerNo},
        placement::Placement,
    },
    values::time::Timestamp,
};
use crate::store::{
    books::{accounts::Transfer, fx::DatedRate},
    callbacks::{Account, Alias, WaitingRefund},
    commissions::{Commission, usage_counters::Use},
    conversions::{BoundTouch, Conversion, Place, credits::SharedCredit, refunds::Refund},
    payouts::{details::DetailsSet, runs::RunTerms},
    reports::counts::ConversionDelta,
};
use serde::{Deserialize, Serialize};

mod apply;

pub use apply::{apply, slug_value};

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
    /// Exchange rates were supplied, or corrected.
    Rates(Vec<DatedRate>),
    /// How a partner is paid from now on; what is secret of it is not in the log.
    PayoutDetails(DetailsSet),
    /// A payout run was asked for. Its payouts are computed from the rows when this is applied.
    Run(Box<RunTerms>),
    /// A draft was computed anew.
    RunRefreshed {
        /// The run.
        run_no: i64,
        /// The key that asked for it.
        by: String,
    },
    /// A draft was approved. Its transfers and items are made from the rows when this is applied.
    RunApproved {
        /// The run.
        run_no: i64,
        /// The key that approved it.
        by: String,
    },
    /// A draft was given up.
    RunCancelled {
        /// The run.
        run_no: i64,
    },
    /// A payout is paid.
    PayoutPaid {
        /// The payout.
        payout_no: i64,
        /// The provider's reference.
        reference: String,
        /// Its booking.
        transfer: Transfer,
    },
    /// A payout failed. Its transfers are made from the rows when this is applied.
    PayoutFailed {
        /// The payout.
        payout_no: i64,
        /// Whose it is.
        partner_no: PartnerNo,
        /// Why.
        reason: String,
    },
    /// A negative balance is forgiven.
    WrittenOff {
        /// Whose.
        partner_no: PartnerNo,
        /// The bookings, one a commission.
        transfers: Vec<Transfer>,
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
            | Self::RefundWaits(_)
            | Self::Rates(_)
            | Self::Run(_)
            | Self::RunRefreshed { .. }
            | Self::RunApproved { .. }
            | Self::RunCancelled { .. } => 0,
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
            | Self::Held { partner_no, .. }
            | Self::PayoutFailed { partner_no, .. }
            | Self::WrittenOff { partner_no, .. } => *partner_no,
            Self::PayoutDetails(set) => set.partner_no,
            Self::Conversion { counts, shares, .. } => sole_partner(counts, &shares.more_counts),
            Self::Refund { counts, more_counts, .. } => sole_partner(counts, more_counts),
            Self::Commission { transfer, .. }
            | Self::Matured { transfer, .. }
            | Self::Reversed { transfer, .. }
            | Self::Rejected { transfer, .. }
            | Self::PayoutPaid { transfer, .. } => transfer.partner_no,
        }
    }
}
