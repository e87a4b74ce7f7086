//! Payouts as events and responses show them.

use super::{
    super::{tx::Tx, view::view},
    details::{DestinationView, destination_of},
};
use crate::{
    domain::{
        money::Currency,
        payouts::{PayoutStatus, UnpaidReason, invoice_number},
        values::{
            id::{PartnerId, PayoutId, RunId},
            time::Timestamp,
        },
    },
    store::{
        SqlError,
        payouts::{self, Payout, StoredPart},
    },
};

view! {
    /// The part of a payout that was earned in one currency.
    pub struct PartView {
        /// ISO 4217 code.
        currency: Currency,
        /// Minor units; negative where refunds took back more than was earned since the last payout.
        amount: i64,
        /// The number of commissions.
        commissions: i64,
        /// The exchange rate, decimal; `null` in the payout's own currency, or if the rate is missing.
        rate: Option<String>,
        /// Its value in the payout's currency, minor units; `null` = it is held.
        converted: Option<i64>,
        /// Why it is held.
        held_reason: Option<UnpaidReason>,
    }

    /// One partner's payout in a run, as events show it.
    pub struct PayoutEventView {
        /// Id.
        id: PayoutId,
        /// Its run.
        run_id: RunId,
        /// The partner.
        partner_id: PartnerId,
        /// What it is paid in.
        currency: Currency,
        /// Minor units.
        amount: i64,
        /// Its status.
        status: PayoutStatus,
        /// Why nothing is paid.
        reason: Option<UnpaidReason>,
        /// Its parts, by currency.
        parts: Vec<PartView>,
        /// Number of its self-billing invoice, assigned at approval.
        invoice_number: Option<String>,
        /// The provider's reference.
        reference: Option<String>,
        /// Why it failed or came back. One that came back keeps the reference of its payment.
        failure_reason: Option<String>,
        /// What the bank charged for the failure, minor units of the payout's currency. The programme bears it.
        fee: Option<i64>,
        /// When it was computed.
        created_at: Timestamp,
        /// When it was paid, failed or came back.
        ended_at: Option<Timestamp>,
    }

    /// One partner's payout in a run.
    pub struct PayoutView {
        #[serde(flatten)]
        payout: PayoutEventView,
        /// Where it goes; `null` if it is not paid.
        destination: Option<DestinationView>,
    }
}

fn part(part: &StoredPart) -> PartView {
    PartView {
        currency: part.currency,
        amount: part.amount,
        commissions: part.commissions,
        rate: part.rate.clone(),
        converted: part.converted,
        held_reason: part.converted.is_none().then_some(UnpaidReason::RateMissing),
    }
}

/// A payout as it stands now. Events hold nothing of the account that it goes to.
pub fn show(tx: &Tx<'_>, payout: &Payout) -> Result<PayoutView, SqlError> {
    Ok(PayoutView { payout: event_view(tx, payout)?, destination: destination_of(tx, payout)? })
}

/// A payout as it stands now, for an event.
pub fn event_view(tx: &Tx<'_>, payout: &Payout) -> Result<PayoutEventView, SqlError> {
    let parts = payouts::parts(tx.sql, payout.no)?;
    Ok(PayoutEventView {
        id: payout.id.clone(),
        run_id: payout.run_id.clone(),
        partner_id: payout.partner_id.clone(),
        currency: payout.currency,
        amount: payout.amount,
        status: payout.status,
        reason: payout.reason,
        parts: parts.iter().map(part).collect(),
        invoice_number: payout.invoice_no.map(invoice_number),
        reference: payout.reference.clone(),
        failure_reason: payout.failure.clone(),
        fee: payout.fee,
        created_at: payout.created_at,
        ended_at: payout.ended_at,
    })
}
