//! Reading conversions.

use super::super::{
    http::{call::Call, failure::Failure, message::Response, problems::Problem, query::Query, table::Row},
    reports::scope::{link_of_query, listing_of_query, partner_of_query},
};
use crate::{
    domain::{attribution::AttributionStatus, conversions::ConversionType, values::id::ConversionId},
    ledger::{
        attribution::explanation,
        conversions::view::{ConversionView, show},
        terms,
    },
    store::{
        Sql, SqlError,
        conversions::{self, Conversion, credits, list::Filter},
    },
};

/// The conversion that the path names, if the caller may see it. A partner sees those that it has a share of.
pub fn named(call: &Call<'_>) -> Result<Conversion, Problem> {
    let id = call.id(ConversionId::parse)?;
    let conversion = conversions::by_id(call.tx.sql, &id)?.ok_or_else(Problem::not_found)?;
    if is_visible(call, &conversion)? { Ok(conversion) } else { Err(Problem::not_found()) }
}

/// Whether the caller may see a conversion. A partner sees those that it was credited with. A partner that earns on another
/// partner's conversion (a territory, a joint product, a referral) does not see the conversion.
pub fn is_visible(call: &Call<'_>, conversion: &Conversion) -> Result<bool, SqlError> {
    let Some(partner) = call.caller.partner else { return Ok(true) };
    Ok(conversion.credited.as_ref().is_some_and(|credited| credited.partner_no == partner)
        || credits::is_shared_by(call.tx.sql, conversion.no, partner)?)
}

/// The filters of the list. The last one names customers, who are hidden from partners unless the programme shows them.
const FILTERS: &[&str] = &[
    "external_id",
    "partner_id",
    "listing_id",
    "link_id",
    "type",
    "status",
    "coupon",
    "from",
    "to",
    "limit",
    "cursor",
    "count",
    "customer_id",
];

/// The query of a list, with the filters that the caller may use.
fn list_query(call: &Call<'_>) -> Result<Query, Failure> {
    let sees_customers = call.caller.partner.is_none() || terms::current(call.tx)?.partners_see_customers;
    let known = FILTERS.split_last().map_or(FILTERS, |(_, rest)| if sees_customers { FILTERS } else { rest });
    Ok(call.query(known)?)
}

fn filter(call: &Call<'_>, query: &Query) -> Result<Filter, Problem> {
    let text = |name| query.text(name).map(str::to_owned);
    Ok(Filter {
        partner: partner_of_query(call, query.text("partner_id"))?,
        external_id: text("external_id"),
        customer_id: text("customer_id"),
        listing: listing_of_query(call, query)?,
        link: link_of_query(call, query)?.map(|link| link.no),
        kind: query.choice("type", ConversionType::ALL, ConversionType::as_str)?,
        status: query.choice("status", AttributionStatus::ALL, AttributionStatus::as_str)?,
        coupon: text("coupon"),
        period: query.period()?,
    })
}

impl Row for ConversionView {
    const COLUMNS: &'static str = "id,type,external_id,amount,currency,tax,discount,shipping,refunded,country,click_id,customer_id,coupon,\
         listing_id,occurred_at,attribution.credits,attribution.model,attribution.reason,attribution.status,\
         commissions,qualification.status,qualification.reason,qualification.at,metadata,created_at";
}

/// `GET /v1/conversions`
pub fn list(call: &Call<'_>) -> Result<Response, Failure> {
    let query = list_query(call)?;
    let filter = filter(call, &query)?;
    let fetch = |sql: &dyn Sql, page| conversions::list::list(sql, &filter, page);
    let view = |row: &Conversion| show(call.tx, row, call.caller.viewer());
    if filter.period.is_bounded() {
        return call.timed_page_of(&query, "conversions", fetch, |row| (row.occurred_at, row.no), view);
    }
    call.page_of(&query, "conversions", fetch, |row| row.no, view)
}

/// `GET /v1/conversions/{id}`
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &show(call.tx, &named(call)?, call.caller.viewer())?)
}

/// `GET /v1/conversions/{id}/attribution`
pub fn attribution(call: &Call<'_>) -> Result<Response, Failure> {
    call.query(&[])?;
    call.json(200, &explanation::show(call.tx, &named(call)?, call.caller.viewer())?)
}
