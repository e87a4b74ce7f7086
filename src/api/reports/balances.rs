//! Balances of partners: sums of the ledger's transfers.

use crate::{
    api::{
        http::{
            call::Call,
            etag::conditional,
            failure::Failure,
            media::prefers_csv,
            message::Response,
            table::{self, Row},
        },
        reports::scope::partner_of_query,
    },
    domain::{money::Currency, programme::partner::PartnerNo, values::id::PartnerId},
    ledger::view::view,
    store::{books::accounts, programme::partners},
};
use serde::Serialize;

view! {
    /// A partner's balances in one currency, minor units.
    pub struct BalanceView {
        /// The partner.
        partner_id: PartnerId,
        /// ISO 4217 code.
        currency: Currency,
        /// Owed, within the hold.
        pending: i128,
        /// Owed and payable, including what open payouts bind; negative after a clawback.
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

impl Row for BalanceView {
    const COLUMNS: &'static str = "partner_id,currency,pending,payable,paid,reversed";
}

/// `GET /v1/balances`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let query = call.query(&["partner_id", "at"])?;
    let partner = partner_of_query(call, query.text("partner_id"))?;
    let mut data = Vec::new();
    let mut known: Option<(PartnerNo, PartnerId)> = None;
    let balances = match query.time("at")? {
        None => accounts::balances(call.tx.sql, partner)?,
        // The instant itself is included.
        Some(at) => accounts::balances_until(call.tx.sql, Some(at.plus_ms(1)), partner)?,
    };
    for balance in balances {
        if known.as_ref().is_none_or(|(no, _)| *no != balance.partner_no) {
            known = partners::by_no(call.tx.sql, balance.partner_no)?.map(|partner| (partner.no, partner.id));
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
    if prefers_csv(call.request.accept) {
        let table = Response::of_type("text/csv; charset=utf-8", table::render(&data)?);
        return Ok(conditional(call.request.if_none_match, table));
    }
    call.conditional(&Balances { data })
}
