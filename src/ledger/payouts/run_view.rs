//! A payout run as events and responses show it: what it pays, and what it does not pay and why.

use super::super::{tx::Tx, view::view};
use crate::{
    domain::{
        money::Currency,
        payouts::{PayoutStatus, RunStatus, UnpaidReason},
        values::{
            date::Date,
            id::{PartnerId, PayoutId, RunId},
            time::Timestamp,
        },
    },
    store::{
        SqlError,
        payouts::{self, HeldPart, Payout, runs::Run},
    },
};

use serde::{Deserialize, Serialize};

/// Rows of `held` and `carried` that a run shows; `GET /v1/payouts` lists all.
const SHOWN: i64 = 100;

/// A period of days in UTC, both included.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Period {
    /// First day.
    pub from: Date,
    /// Last day.
    pub to: Date,
}

view! {
    /// A minimum.
    pub struct MinimumView {
        /// Minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: Currency,
    }

    /// A run's payouts in one currency that are draft, open, paid or failed.
    pub struct RunTotalView {
        /// ISO 4217 code.
        currency: Currency,
        /// Minor units.
        amount: i128,
        /// The number of payouts.
        payouts: i64,
        /// The number of commissions.
        commissions: i64,
    }

    /// How many partners have each status.
    pub struct RunCountsView {
        /// To be paid, if the run is approved.
        draft: i64,
        /// Approved, and neither paid nor failed.
        open: i64,
        /// Paid.
        paid: i64,
        /// Failed, and payable again.
        failed: i64,
        /// Carried into the next run.
        carried: i64,
        /// Parts in one currency that are held.
        held: i64,
    }

    /// A part of a partner's balance that is held.
    pub struct HeldView {
        /// The partner.
        partner_id: PartnerId,
        /// The partner's entry in the run.
        payout_id: PayoutId,
        /// The currency of the amount; `null` if another run has the partner.
        currency: Option<Currency>,
        /// Minor units.
        amount: i64,
        /// Why.
        reason: UnpaidReason,
        /// What to do about it.
        remedy: String,
    }

    /// A partner's balance that is carried into the next run.
    pub struct CarriedView {
        /// The partner.
        partner_id: PartnerId,
        /// The partner's entry in the run.
        payout_id: PayoutId,
        /// ISO 4217 code.
        currency: Currency,
        /// Minor units.
        amount: i64,
        /// Why.
        reason: Option<UnpaidReason>,
    }

    /// A payout run.
    pub struct RunView {
        /// Id.
        id: RunId,
        /// Its status.
        status: RunStatus,
        /// Its days.
        period: Period,
        /// Only payouts in this currency; `null` = in all.
        currency: Option<Currency>,
        /// The smallest payout in its currency.
        minimum: Option<MinimumView>,
        /// The day whose exchange rates are used.
        rate_date: Date,
        /// The key that asked for it.
        maker: String,
        /// The key that last refreshed it.
        refreshed_by: Option<String>,
        /// The key that approved it.
        approver: Option<String>,
        /// What is paid, by currency.
        totals: Vec<RunTotalView>,
        /// How many partners have each status.
        counts: RunCountsView,
        /// What is held, the first 100.
        held: Vec<HeldView>,
        /// What is carried into the next run, the first 100.
        carried: Vec<CarriedView>,
        /// When it was created.
        created_at: Timestamp,
        /// When it was last computed.
        computed_at: Timestamp,
        /// When it was approved.
        approved_at: Option<Timestamp>,
    }
}

fn held(run: &Run, part: HeldPart) -> HeldView {
    let remedy = match part.reason {
        UnpaidReason::RateMissing => format!(
            "PUT /v1/fx the rate of {} from {} to {}, then refresh the run.",
            run.terms.rate_date,
            part.currency.unwrap_or(part.into),
            part.into
        ),
        UnpaidReason::DetailsMissing => {
            "Set the payout details with PUT /v1/partners/{id}/payout-details, then refresh the run.".to_owned()
        }
        UnpaidReason::DetailsRecent => {
            "Check with the partner that it changed its payout details, and refresh the run when they are \
             no longer held; or set them yourself with PUT /v1/partners/{id}/payout-details."
                .to_owned()
        }
        UnpaidReason::InOtherRun | UnpaidReason::Negative | UnpaidReason::BelowMinimum => {
            "Settle the partner's payout in the other run, or cancel that run if it is a draft; then refresh this one.".to_owned()
        }
    };
    HeldView {
        partner_id: part.partner_id,
        payout_id: part.payout_id,
        currency: part.currency,
        amount: part.amount,
        reason: part.reason,
        remedy,
    }
}

fn carried(payout: Payout) -> CarriedView {
    CarriedView {
        partner_id: payout.partner_id,
        payout_id: payout.id,
        currency: payout.currency,
        amount: payout.amount,
        reason: payout.reason,
    }
}

/// What a run pays by currency, and how many partners have each status.
fn sums(tx: &Tx<'_>, run: &Run, held: i64) -> Result<(Vec<RunTotalView>, RunCountsView), SqlError> {
    let mut totals: Vec<RunTotalView> = Vec::new();
    let mut counts = RunCountsView { draft: 0, open: 0, paid: 0, failed: 0, carried: 0, held };
    for sum in payouts::sums(tx.sql, run.terms.no)? {
        let count = match sum.status {
            PayoutStatus::Draft => &mut counts.draft,
            PayoutStatus::Open => &mut counts.open,
            PayoutStatus::Paid => &mut counts.paid,
            PayoutStatus::Failed => &mut counts.failed,
            PayoutStatus::Carried => {
                counts.carried = counts.carried.saturating_add(sum.payouts);
                continue;
            }
            PayoutStatus::Held | PayoutStatus::Cancelled => continue,
        };
        *count = count.saturating_add(sum.payouts);
        match totals.iter_mut().find(|total| total.currency == sum.currency) {
            Some(total) => {
                total.amount = total.amount.saturating_add(sum.amount);
                total.payouts = total.payouts.saturating_add(sum.payouts);
                total.commissions = total.commissions.saturating_add(sum.commissions);
            }
            None => totals.push(RunTotalView {
                currency: sum.currency,
                amount: sum.amount,
                payouts: sum.payouts,
                commissions: sum.commissions,
            }),
        }
    }
    totals.sort_by_key(|total| total.currency);
    Ok((totals, counts))
}

/// A run as it stands now.
pub fn show(tx: &Tx<'_>, run: &Run) -> Result<RunView, SqlError> {
    let (parts, held_count) = payouts::held(tx.sql, run.terms.no, SHOWN)?;
    let (totals, counts) = sums(tx, run, held_count)?;
    let unpaid = payouts::of_run(tx.sql, run.terms.no, PayoutStatus::Carried, SHOWN)?;
    Ok(RunView {
        id: run.terms.id.clone(),
        status: run.status,
        period: Period { from: run.terms.from, to: run.terms.to },
        currency: run.terms.currency,
        minimum: run.terms.minimum.map(|(amount, currency)| MinimumView { amount, currency }),
        rate_date: run.terms.rate_date,
        maker: run.terms.maker.clone(),
        refreshed_by: run.refreshed_by.clone(),
        approver: run.approver.clone(),
        totals,
        counts,
        held: parts.into_iter().map(|part| held(run, part)).collect(),
        carried: unpaid.into_iter().map(carried).collect(),
        created_at: run.created_at,
        computed_at: run.computed_at,
        approved_at: run.approved_at,
    })
}
