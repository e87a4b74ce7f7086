//! Changes: the only way to modify the Ledger's rows. Each change is recorded in full as an event in the same
//! transaction, so that replaying the event log with the same code rebuilds the Ledger.

use crate::domain::{
    conversions::{CommissionStatus, HeldReason, qualification::Qualification},
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
    callbacks::{AccountAlias, MarketplaceAccount, WaitingRefund},
    columns,
    commissions::{Commission, usage_counters::Usage},
    conversions::{
        BoundTouch, Conversion, CreditDimensions, counted::Counted, credits::SharedCredit, refunds::Refund,
    },
    imports::ImportedRow,
    payouts::{details::DetailsSet, files::PaymentFile, imported::ImportedPayout, runs::RunTerms},
    reports::counts::ConversionDelta,
};
use serde::{Deserialize, Serialize};

/// A touch that a conversion binds to its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// The caller's id of the customer.
    pub customer_id: String,
    /// The touch.
    pub touch: BoundTouch,
}

/// The credits of a shared conversion; empty if at most one touch earns it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Shares {
    /// The credits in their order.
    pub credits: Vec<SharedCredit>,
    /// The count deltas of all credits except the largest.
    pub more_counts: Vec<ConversionDelta>,
}

impl Shares {
    fn is_none(&self) -> bool {
        self.credits.is_empty()
    }
}

/// Returns the partner of all deltas, or `None` if they belong to several partners or none. An event is visible to the
/// partner it belongs to.
fn sole_partner<'a>(
    first: &ConversionDelta,
    more: impl IntoIterator<Item = &'a ConversionDelta>,
) -> Option<PartnerNo> {
    let is_same = more.into_iter().all(|delta| delta.partner_no == first.partner_no);
    if is_same { first.partner_no } else { None }
}

/// A change to the Ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The programme's terms were set.
    Program(Program),
    /// A partner was created or updated; this is its new state.
    Partner(Partner),
    /// A listing was created or updated; this is its new state without secrets.
    Listing(Listing),
    /// A link was created.
    Link(Link),
    /// A link was changed; this is its new state.
    LinkUpdated(Link),
    /// A link was revoked.
    Revoked {
        /// The link.
        link_no: LinkNo,
        /// The partner that owns it.
        partner_no: PartnerNo,
    },
    /// A placement was created.
    Placement(Placement),
    /// A coupon was created.
    Coupon(Coupon),
    /// A coupon was revoked.
    CouponRevoked {
        /// The coupon.
        coupon_no: i64,
        /// The partner that owns it.
        partner_no: PartnerNo,
    },
    /// A conversion was created.
    Conversion {
        /// The conversion.
        conversion: Box<Conversion>,
        /// The touch that it binds to its customer.
        binding: Option<Binding>,
        /// Further touches that it binds.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more_bindings: Vec<Binding>,
        /// The count delta; for a shared conversion, that of its largest credit.
        counts: ConversionDelta,
        /// The additions to the counters of the terms.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        uses: Vec<Usage>,
        /// The credits of a shared conversion and the count deltas of the smaller ones.
        #[serde(default, skip_serializing_if = "Shares::is_none")]
        shares: Shares,
    },
    /// A commission was created.
    Commission {
        /// The commission.
        commission: Box<Commission>,
        /// Its transfer.
        transfer: Transfer,
        /// The count delta.
        counts: ConversionDelta,
    },
    /// A commission's hold period ended.
    Matured {
        /// The commission.
        commission_no: i64,
        /// The amount reversed so far.
        reversed: i64,
        /// Its transfer.
        transfer: Transfer,
    },
    /// A callback reported a customer's account on a marketplace; this is its new state.
    Account(MarketplaceAccount),
    /// A callback reported an earlier plan of an account.
    EarlierPlan {
        /// The listing.
        listing_no: ListingNo,
        /// The marketplace's id of the account.
        account: String,
        /// The plan.
        plan: String,
        /// When the plan started.
        told_at: Timestamp,
    },
    /// An alias of a customer's account was reported.
    #[serde(rename = "named")]
    AccountAliased(AccountAlias),
    /// A touch that arrived late was bound to its customer.
    Bound(Binding),
    /// An e-mail address of a customer was reported.
    CustomerEmail {
        /// The customer.
        customer_id: String,
        /// A keyed hash of the address.
        digest: String,
    },
    /// A previously unattributed conversion was credited, because a touch of its customer arrived late.
    Credited {
        /// The conversion.
        conversion_no: i64,
        /// The dimensions of its largest credit, under which it is counted from now on.
        #[serde(rename = "place")]
        credited: CreditDimensions,
        /// The attribution with the verdicts of all touches, as JSON.
        attribution: String,
        /// The count delta that removes it from the unattributed counts.
        from: ConversionDelta,
        /// The count delta that adds it to its partner's; for a shared conversion, that of its largest credit.
        to: ConversionDelta,
        /// The additions to the counters of the terms.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        uses: Vec<Usage>,
        /// What the conversion has added to them in all; absent if nothing, or in older logs.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counted: Option<Counted>,
        /// The credits of a shared conversion and the count deltas of the smaller ones.
        #[serde(default, skip_serializing_if = "Shares::is_none")]
        shares: Shares,
    },
    /// The report of a conversion was confirmed, which releases its commissions.
    Confirmed {
        /// The conversion.
        conversion_no: i64,
        /// The credited partner, if any.
        #[serde(with = "columns::zero")]
        partner_no: Option<PartnerNo>,
        /// Its new metadata as JSON.
        metadata: String,
    },
    /// An operator decided on a lead.
    Qualification {
        /// The lead.
        conversion_no: i64,
        /// The only credited partner; absent if there is none or several share the lead.
        #[serde(with = "columns::zero")]
        partner_no: Option<PartnerNo>,
        /// The decision.
        qualification: Qualification,
        /// The count delta; absent if the number of qualified leads stays.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counts: Option<ConversionDelta>,
    },
    /// A commission is no longer held.
    Released {
        /// The commission.
        commission_no: i64,
        /// The partner that earns it.
        partner_no: PartnerNo,
    },
    /// The reason for holding a commission changed.
    Held {
        /// The commission.
        commission_no: i64,
        /// The partner that earns it.
        partner_no: PartnerNo,
        /// The new reason; absent if the commission is no longer held.
        held_reason: Option<HeldReason>,
        /// Its new flags.
        flags: Vec<String>,
    },
    /// The remainder of a commission was rejected.
    Rejected {
        /// The commission.
        commission_no: i64,
        /// The amount reversed so far, including this change.
        reversed: i64,
        /// Its transfer.
        transfer: Transfer,
        /// The count delta.
        counts: ConversionDelta,
    },
    /// A refund is waiting for its charge.
    #[serde(rename = "refund_waits")]
    RefundWaiting(WaitingRefund),
    /// A refund was created.
    Refund {
        /// The refund.
        refund: Refund,
        /// The amount of the conversion refunded so far, including this refund.
        refunded: i64,
        /// The count delta; for a shared conversion, that of its largest credit.
        counts: ConversionDelta,
        /// The additions to the counters of the terms.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        uses: Vec<Usage>,
        /// The amounts refunded so far of each credit of a shared conversion, in their order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        refunded_shares: Vec<i64>,
        /// The count deltas of the smaller credits.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more_counts: Vec<ConversionDelta>,
    },
    /// A commission was reversed in part or in full.
    Reversed {
        /// The commission.
        commission_no: i64,
        /// The amount reversed so far, including this change.
        reversed: i64,
        /// Its new status.
        status: CommissionStatus,
        /// Its transfer.
        transfer: Transfer,
        /// The count delta; absent in older logs, where the refund's delta includes it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        counts: Option<ConversionDelta>,
    },
    /// Exchange rates were added or corrected.
    Rates(Vec<DatedRate>),
    /// A partner's payout details were set; the log does not contain the secret fields.
    PayoutDetails(DetailsSet),
    /// A payout run was created. Its payouts are computed from the rows when the change is applied.
    Run {
        /// Its parameters.
        #[serde(flatten)]
        terms: Box<RunTerms>,
        /// Whether partners without payout details are held. Absent in older logs, whose runs pay them.
        #[serde(default)]
        details_required: bool,
    },
    /// A draft was recomputed.
    RunRefreshed {
        /// The run.
        run_no: i64,
        /// The API key that requested it.
        by: String,
        /// Whether partners without payout details are held; absent in older logs.
        #[serde(default)]
        details_required: bool,
    },
    /// A partner's payout in a draft is held because the partner has no payout details. The draft's own change has
    /// written the rows; this one tells the partner.
    PayoutHeld {
        /// The run.
        run_no: i64,
        /// The partner.
        partner_no: PartnerNo,
    },
    /// A draft was approved. Its transfers and items are computed from the rows when the change is applied.
    RunApproved {
        /// The run.
        run_no: i64,
        /// The API key that approved it.
        by: String,
    },
    /// A draft was cancelled.
    RunCancelled {
        /// The run.
        run_no: i64,
    },
    /// A payout was paid.
    PayoutPaid {
        /// The payout.
        payout_no: i64,
        /// The provider's reference.
        reference: String,
        /// Its transfer.
        transfer: Transfer,
    },
    /// A payout failed. Its transfers are computed from the rows when the change is applied.
    PayoutFailed {
        /// The payout.
        payout_no: i64,
        /// The partner.
        partner_no: PartnerNo,
        /// The reason.
        reason: String,
        /// What the bank charged for it, in minor units.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fee: Option<i64>,
    },
    /// A payout came back after it was paid. The transfers that make it payable again are computed from the rows when the
    /// change is applied.
    PayoutReturned {
        /// The payout.
        payout_no: i64,
        /// The reason.
        reason: String,
        /// What the bank charged for it, in minor units.
        fee: Option<i64>,
        /// The transfer that reverses the payment.
        transfer: Transfer,
        /// The transfers that reverse write-offs of debts that the payout had caused, one per commission.
        write_offs: Vec<Transfer>,
    },
    /// A payment file of a run was handed out.
    PaymentFile {
        /// The file.
        file: PaymentFile,
        /// The numbers of its payouts.
        payouts: Vec<i64>,
    },
    /// A payout that was made elsewhere was imported.
    PayoutImported(Box<ImportedPayout>),
    /// Lines of an import were accepted. The changes that they made have events of their own.
    Imported(Vec<ImportedRow>),
    /// A negative balance was written off.
    WrittenOff {
        /// The partner.
        partner_no: PartnerNo,
        /// The transfers, one per commission.
        transfers: Vec<Transfer>,
    },
}

impl Change {
    /// Returns the partner that the change belongs to; `None` for the programme.
    #[must_use]
    pub fn partner_no(&self) -> Option<PartnerNo> {
        match self {
            Self::Program(_)
            | Self::Listing(_)
            | Self::Account(_)
            | Self::EarlierPlan { .. }
            | Self::AccountAliased(_)
            | Self::CustomerEmail { .. }
            | Self::RefundWaiting(_)
            | Self::Rates(_)
            | Self::Imported(_)
            | Self::Run { .. }
            | Self::PaymentFile { .. }
            | Self::RunRefreshed { .. }
            | Self::RunApproved { .. }
            | Self::RunCancelled { .. } => None,
            Self::Bound(binding) => binding.touch.touch.partner.map(|(partner_no, _)| partner_no),
            Self::Credited { to, shares, .. } => sole_partner(to, &shares.more_counts),
            Self::Coupon(coupon) => Some(coupon.partner_no),
            Self::PayoutImported(payout) => Some(payout.transfer.partner_no),
            Self::Partner(partner) => Some(partner.no),
            Self::Link(link) | Self::LinkUpdated(link) => Some(link.partner_no),
            Self::Placement(placement) => Some(placement.partner_no),
            Self::Revoked { partner_no, .. }
            | Self::CouponRevoked { partner_no, .. }
            | Self::Released { partner_no, .. }
            | Self::Held { partner_no, .. }
            | Self::PayoutHeld { partner_no, .. }
            | Self::PayoutFailed { partner_no, .. }
            | Self::WrittenOff { partner_no, .. } => Some(*partner_no),
            Self::Confirmed { partner_no, .. } | Self::Qualification { partner_no, .. } => *partner_no,
            Self::PayoutDetails(set) => Some(set.partner_no),
            Self::Conversion { counts, shares, .. } => sole_partner(counts, &shares.more_counts),
            Self::Refund { counts, more_counts, .. } => sole_partner(counts, more_counts),
            Self::Commission { transfer, .. }
            | Self::Matured { transfer, .. }
            | Self::Reversed { transfer, .. }
            | Self::Rejected { transfer, .. }
            | Self::PayoutPaid { transfer, .. }
            | Self::PayoutReturned { transfer, .. } => Some(transfer.partner_no),
        }
    }
}
