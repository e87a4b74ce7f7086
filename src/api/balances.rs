//! What is owed to whom: sums of the ledger's transfers.

use super::{call::Call, http::Response, problem::Problem, views::view};
use crate::{
    domain::{money::Currency, programme::partner::PartnerNo, values::id::PartnerId},
    store::{books::accounts, programme::partners},
};
use serde::Serialize;

view! {
    /// A partner's balances in one currency, minor units.
    pub struct BalanceView {
        /// Whose.
        partner_id: PartnerId,
        /// ISO 4217 code.
        currency: Currency,
        /// Owed, within the hold.
        pending: i128,
        /// Owed, may be paid; negative after a clawback. What is bound in payouts that are not settled is part of it.
        payable: i128,
        /// Paid out.
        paid: i128,
        /// Taken back by refunds.
        reversed: i128,
    }
}

/// Balances by partner and currency.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Balances {
    /// One entry a partner and currency.
    data: Vec<BalanceView>,
}

/// The partner that the query names, narrowed to what the caller may see.
pub fn partner_of_query(call: &Call<'_>, text: Option<&str>) -> Result<Option<PartnerNo>, Problem> {
    let Some(text) = text else { return Ok(call.caller.partner) };
    let id = PartnerId::parse(text).ok_or_else(Problem::not_found)?;
    let partner = partners::by_id(call.sql, &id)?.filter(|partner| call.caller.sees(partner.no));
    Ok(Some(partner.ok_or_else(Problem::not_found)?.no))
}

/// `GET /v1/balances`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let query = call.query(&["partner_id", "at"])?;
    let partner = partner_of_query(call, query.text("partner_id"))?;
    let mut data = Vec::new();
    let mut known: Option<(PartnerNo, PartnerId)> = None;
    let balances = match query.time("at")? {
        None => accounts::balances(call.sql, partner)?,
        // The instant itself is included.
        Some(at) => accounts::balances_until(call.sql, Some(at.plus_ms(1)), partner)?,
    };
    for balance in balances {
        if known.as_ref().is_none_or(|(no, _)| *no != balance.partner_no) {
            known = partners::by_no(call.sql, balance.partner_no)?.map(|partner| (partner.no, partner.id));
        }
        let Some((_, partner_id)) = &known else { continue };
        data.push(BalanceView {
            partner_id: partner_id.clone(),
            currency: balance.currency,
            pending: balance.pending,
            payable: balance.payable.saturating_add(balance.in_payout),
            paid: balance.paid,
            reversed: balance.reversed,
        });
    }
    call.json(200, &Balances { data })
}
