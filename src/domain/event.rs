//! Events: every change has one.

use crate::values::string_enum::string_enum;

string_enum! {
    /// What changed.
    EventType {
        /// The programme's terms were set.
        ProgramUpdated = "program.updated";
        /// A partner was added.
        PartnerCreated = "partner.created";
        /// A partner changed.
        PartnerUpdated = "partner.updated";
        /// A listing was added.
        ListingCreated = "listing.created";
        /// A listing changed.
        ListingUpdated = "listing.updated";
        /// A link was made.
        LinkCreated = "link.created";
        /// A link was revoked.
        LinkRevoked = "link.revoked";
        /// A coupon was added.
        CouponCreated = "coupon.created";
        /// A coupon was revoked.
        CouponRevoked = "coupon.revoked";
        /// An API key was made.
        KeyCreated = "key.created";
        /// An API key was revoked.
        KeyRevoked = "key.revoked";
        /// A conversion was accepted, with its attribution.
        ConversionCreated = "conversion.created";
        /// A conversion that nobody earned is credited after all.
        ConversionCredited = "conversion.credited";
        /// A marketplace told of a conversion again, with evidence that releases what it earned.
        ConversionConfirmed = "conversion.confirmed";
        /// A marketplace told of a customer's account.
        AccountUpdated = "account.updated";
        /// A marketplace told late which plan a customer's account had before.
        AccountPlanLearned = "account.plan_learned";
        /// A marketplace told two names of one account.
        AccountNamed = "account.named";
        /// A click that came to light was bound to its customer.
        CustomerBound = "customer.bound";
        /// A refund arrived before its charge, and waits for it.
        RefundWaiting = "refund.waiting";
        /// A commission was earned.
        CommissionCreated = "commission.created";
        /// A commission's hold ended.
        CommissionPayable = "commission.payable";
        /// What holds a commission changed: better evidence came, and another reason remains.
        CommissionHeld = "commission.held";
        /// A commission that was held is no longer.
        CommissionReleased = "commission.released";
        /// Part or all of a commission was taken back.
        CommissionReversed = "commission.reversed";
        /// A placement was added.
        PlacementCreated = "placement.created";
        /// An operator rejected what was left of a commission.
        CommissionRejected = "commission.rejected";
        /// A conversion was refunded in part or whole.
        RefundCreated = "refund.created";
        /// Exchange rates were supplied, or corrected.
        FxUpdated = "fx.updated";
        /// How a partner is paid was set.
        PayoutDetailsUpdated = "partner.payout_details_updated";
        /// A payout run was computed.
        PayoutRunCreated = "payout_run.created";
        /// A draft was computed anew.
        PayoutRunRefreshed = "payout_run.refreshed";
        /// A draft was approved: its payouts are bound.
        PayoutRunApproved = "payout_run.approved";
        /// A draft was given up.
        PayoutRunCancelled = "payout_run.cancelled";
        /// A payout was paid.
        PayoutPaid = "payout.paid";
        /// A payout failed: its money is payable again.
        PayoutFailed = "payout.failed";
        /// A partner's negative balance was forgiven.
        BalanceWrittenOff = "balance.written_off";
    }
}
