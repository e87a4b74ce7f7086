//! Event types. Every change to the ledger appends one event.

use crate::values::string_enum::string_enum;

string_enum! {
    /// The kind of change that an event describes.
    EventType {
        /// The programme's terms were set.
        ProgramUpdated = "program.updated";
        /// A partner was created.
        PartnerCreated = "partner.created";
        /// A partner was updated.
        PartnerUpdated = "partner.updated";
        /// A listing was created.
        ListingCreated = "listing.created";
        /// A listing was updated.
        ListingUpdated = "listing.updated";
        /// A listing's marketplace has stopped calling: nothing was accepted for eight times its usual interval, at least a day.
        ListingSilent = "listing.silent";
        /// A listing's marketplace calls again.
        ListingRecovered = "listing.recovered";
        /// A link was created.
        LinkCreated = "link.created";
        /// A link was changed.
        LinkUpdated = "link.updated";
        /// A link was revoked.
        LinkRevoked = "link.revoked";
        /// A coupon was created.
        CouponCreated = "coupon.created";
        /// A coupon was revoked.
        CouponRevoked = "coupon.revoked";
        /// An API key was created.
        KeyCreated = "key.created";
        /// An API key was revoked.
        KeyRevoked = "key.revoked";
        /// A conversion was accepted and attributed.
        ConversionCreated = "conversion.created";
        /// A previously unattributed conversion was credited.
        ConversionCredited = "conversion.credited";
        /// A marketplace confirmed a conversion with stronger evidence, which releases the commissions held for it.
        ConversionConfirmed = "conversion.confirmed";
        /// An operator found a lead worth pursuing.
        ConversionQualified = "conversion.qualified";
        /// An operator found a lead not worth pursuing.
        ConversionUnqualified = "conversion.unqualified";
        /// A marketplace reported a change to a customer's account.
        AccountUpdated = "account.updated";
        /// A marketplace reported an earlier plan of a customer's account, out of order.
        AccountPlanLearned = "account.plan_learned";
        /// A marketplace reported that two identifiers name the same account.
        AccountNamed = "account.named";
        /// A verified callback of a marketplace, or a part of it, could not be read and is kept.
        CallbackUnprocessed = "callback.unprocessed";
        /// A kept callback could be read in the end, and what it reports is recorded.
        CallbackProcessed = "callback.processed";
        /// A kept callback could be read in the end, but does not count.
        CallbackRefused = "callback.refused";
        /// A click that arrived late was bound to its customer.
        CustomerBound = "customer.bound";
        /// A marketplace reported an e-mail address of a customer. Only a keyed hash of it is stored.
        CustomerEmailLearned = "customer.email_learned";
        /// A refund arrived before its charge and is waiting for it.
        RefundWaiting = "refund.waiting";
        /// A commission was created.
        CommissionCreated = "commission.created";
        /// A commission's hold ended.
        CommissionPayable = "commission.payable";
        /// The reason for holding a commission changed: new evidence cleared one reason, and another remains.
        CommissionHeld = "commission.held";
        /// A commission is no longer held.
        CommissionReleased = "commission.released";
        /// A commission was reversed in part or in full.
        CommissionReversed = "commission.reversed";
        /// A placement was created.
        PlacementCreated = "placement.created";
        /// An operator rejected the remainder of a commission.
        CommissionRejected = "commission.rejected";
        /// A conversion was refunded in part or in full.
        RefundCreated = "refund.created";
        /// Exchange rates were added or corrected.
        FxUpdated = "fx.updated";
        /// A partner's payout details were set.
        PayoutDetailsUpdated = "partner.payout_details_updated";
        /// A payout run was drafted.
        PayoutRunCreated = "payout_run.created";
        /// A draft payout run was recomputed.
        PayoutRunRefreshed = "payout_run.refreshed";
        /// A draft payout run was approved, and its payouts are fixed.
        PayoutRunApproved = "payout_run.approved";
        /// A payment file of a payout run was handed out.
        PaymentFileCreated = "payout_run.file_created";
        /// A draft payout run was cancelled.
        PayoutRunCancelled = "payout_run.cancelled";
        /// A partner's payout is held until its payout details are set.
        PayoutHeld = "payout.held";
        /// A payout was paid.
        PayoutPaid = "payout.paid";
        /// A payout failed, and its amount is payable again.
        PayoutFailed = "payout.failed";
        /// A payout came back after it was paid, and its amount is payable again.
        PayoutReturned = "payout.returned";
        /// Lines of an import were accepted.
        ImportAccepted = "import.accepted";
        /// A partner's negative balance was written off.
        BalanceWrittenOff = "balance.written_off";
        /// An endpoint that receives events was created.
        WebhookCreated = "webhook.created";
        /// An endpoint was changed, paused or activated.
        WebhookUpdated = "webhook.updated";
        /// An endpoint got a new signing secret.
        WebhookSecretRotated = "webhook.secret_rotated";
        /// An endpoint was paused because it answered 410 Gone or failed for five days.
        WebhookDisabled = "webhook.disabled";
        /// An endpoint was deleted.
        WebhookDeleted = "webhook.deleted";
        /// A test was requested for an endpoint. Only that endpoint receives it, and it is not in the log.
        WebhookTest = "webhook.test";
    }
}
