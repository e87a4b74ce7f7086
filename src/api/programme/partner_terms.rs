//! The terms that apply to one partner.

use super::{partners::named, rules::AttributionRulesView};
use crate::{
    api::http::{call::Call, failure::Failure, message::Response},
    domain::{
        money::Currency,
        programme::{
            Program,
            agreement::{JointProduct, Referral, Territory},
            partner::Partner,
            plan::{Dated, Plan},
        },
        values::{id::PartnerId, time::Timestamp},
    },
    ledger::{terms, view::view},
};

view! {
    /// What a partner earns, and under which rules. Terms of other partners are not shown.
    pub struct PartnerTermsView {
        /// The partner.
        partner_id: PartnerId,
        /// The currency in which the partner is paid.
        currency: Currency,
        /// What a sale earns to which no plan applies, basis points.
        commission_bp: i64,
        /// Attribution rules. A listing may have a window of its own.
        attribution: AttributionRulesView,
        /// Days from conversion until its commission may be paid.
        hold_days: i64,
        /// IANA time zone of the months and quarters of the terms.
        timezone: String,
        /// The plans that apply to the partner now, or will. Of several that apply to a sale, the most specific one does:
        /// for the partner before its `tier`, its kind, and the listing.
        plans: Vec<Plan>,
        /// Regions that belong to the partner.
        territories: Vec<Territory>,
        /// Products whose revenue the partner shares.
        joint_products: Vec<JointProduct>,
        /// What the partner earns for partners that it refers; `null` = nothing.
        referral: Option<Referral>,
    }
}

/// Those that are the partner's and have not ended.
fn current<T: Dated + Clone>(all: &[T], now: Timestamp, concerns: impl Fn(&T) -> bool) -> Vec<T> {
    let has_ended = |terms: &T| terms.effective_until().is_some_and(|until| until <= now);
    all.iter().filter(|terms| !has_ended(terms) && concerns(terms)).cloned().collect()
}

fn of(partner: &Partner, program: Program, now: Timestamp) -> PartnerTermsView {
    PartnerTermsView {
        partner_id: partner.id.clone(),
        currency: partner.currency.unwrap_or(program.currency),
        commission_bp: partner.commission_bp.unwrap_or(program.commission_bp),
        attribution: AttributionRulesView::of(&program),
        hold_days: program.hold_days,
        timezone: program.zone().to_owned(),
        plans: current(&program.plans, now, |plan| plan.concerns(partner)),
        territories: current(&program.territories, now, |territory| territory.partner_id == partner.id),
        joint_products: current(&program.joint_products, now, |product| product.partner_id == partner.id),
        referral: program.referral,
    }
}

/// `GET /v1/partners/{id}/terms`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    let partner = named(call)?;
    call.json(200, &of(&partner, terms::current(call.tx)?, call.tx.now))
}
