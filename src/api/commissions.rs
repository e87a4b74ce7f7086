//! Commissions.

use super::{
    call::Call,
    http::Response,
    problem::Problem,
    views::{self, CommissionView},
};
use crate::{
    domain::id::CommissionId,
    store::{
        SqlError,
        commissions::{self, Commission},
        partners,
    },
};

fn show(call: &Call<'_>, commission: &Commission) -> Result<CommissionView, Problem> {
    let partner = partners::by_no(call.sql, commission.partner_no)?;
    let partner = partner.ok_or(SqlError::Shape { column: 0, expected: "a partner that exists" })?;
    Ok(views::commission(commission, &partner.id))
}

/// `GET /v1/commissions`
pub fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let fetch = |page| commissions::list(call.sql, call.caller.partner, page);
    call.page("commissions", fetch, |commission| commission.no, |commission| show(call, commission))
}

/// `GET /v1/commissions/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Problem> {
    call.query(&[])?;
    let id = call.id(CommissionId::parse)?;
    let commission = commissions::by_id(call.sql, &id)?;
    let commission = commission.filter(|commission| call.caller.sees(commission.partner_no));
    call.json(200, &show(call, &commission.ok_or_else(Problem::not_found)?)?)
}
