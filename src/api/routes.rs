//! The table of routes: one line each. OpenAPI is made from the same table; what it says of an operation stands in
//! `openapi/`.

use super::{
    balances,
    call::Call,
    clicks, commissions, conversions, coupons, events, export, fx, history,
    http::Response,
    installs, keys, ledger, links, listings,
    operation::Operation,
    partners,
    payouts::{self, details, endings, files, runs, statement},
    placements,
    problem::Problem,
    programme, refunds, report, simulation,
};
use crate::domain::programme::key::Scope;

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Keys of the programme only; to a partner's key the route is not there.
    Programme,
    /// Partners' keys too, narrowed to their own data.
    Partner,
}

/// Carries out a request.
pub type Handler = fn(&Call<'_>) -> Result<Response, Problem>;

/// A route.
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path; `{…}` stands for one segment.
    pub path: &'static str,
    /// What it does; the documentation says more of it.
    pub operation: Operation,
    /// The scope it needs.
    pub scope: Scope,
    /// Who may use it.
    pub access: Access,
    /// It creates something, and so takes `Idempotency-Key`.
    pub creates: bool,
    /// What of its answer is kept for replays.
    pub kept: fn(&str) -> String,
    /// What carries it out.
    pub handler: Handler,
}

const fn get(path: &'static str, access: Access, handler: Handler, operation: Operation) -> Route {
    Route { method: "GET", path, operation, scope: Scope::Read, access, creates: false, kept: whole, handler }
}

const fn write(
    method: &'static str,
    path: &'static str,
    scope: Scope,
    access: Access,
    handler: Handler,
    operation: Operation,
) -> Route {
    Route { method, path, operation, scope, access, creates: false, kept: whole, handler }
}

/// A write of payouts, by the programme's keys alone.
const fn payout_write(path: &'static str, handler: Handler, operation: Operation) -> Route {
    write("POST", path, Scope::PayoutsWrite, Access::Programme, handler, operation)
}

const fn creates(mut route: Route) -> Route {
    route.creates = true;
    route
}

/// Replays show the whole answer.
fn whole(answer: &str) -> String {
    answer.to_owned()
}

use Access::{Partner, Programme};
use Scope::{Admin, ConversionsWrite, LinksWrite, PartnersWrite, PayoutsWrite};

/// All routes that the Ledger answers. `/v1/clicks` and `/v1/export` also read other stores (edge).
pub const ROUTES: &[Route] = &[
    get("/v1/program", Programme, programme::get, Operation::GetProgram),
    write("PUT", "/v1/program", Admin, Programme, programme::put, Operation::SetProgram),
    creates(write("POST", "/v1/keys", Admin, Programme, keys::create, Operation::CreateKey))
        .keeping(keys::without_secret),
    Route { scope: Admin, ..get("/v1/keys", Programme, keys::list, Operation::ListKeys) },
    write("DELETE", "/v1/keys/{id}", Admin, Programme, keys::revoke, Operation::RevokeKey),
    creates(write(
        "POST",
        "/v1/partners",
        PartnersWrite,
        Programme,
        partners::create,
        Operation::CreatePartner,
    )),
    get("/v1/partners", Partner, partners::list, Operation::ListPartners),
    get("/v1/partners/{id}", Partner, partners::get, Operation::GetPartner),
    write("PATCH", "/v1/partners/{id}", PartnersWrite, Programme, partners::patch, Operation::UpdatePartner),
    creates(write("POST", "/v1/listings", Admin, Programme, listings::create, Operation::CreateListing)),
    get("/v1/listings", Partner, listings::list, Operation::ListListings),
    get("/v1/listings/{id}", Partner, listings::get, Operation::GetListing),
    write("PATCH", "/v1/listings/{id}", Admin, Programme, listings::patch, Operation::UpdateListing),
    creates(write("POST", "/v1/links", LinksWrite, Partner, links::create, Operation::CreateLink)),
    creates(write("POST", "/v1/links/bulk", LinksWrite, Partner, links::create_bulk, Operation::CreateLinks)),
    get("/v1/links", Partner, links::list, Operation::ListLinks),
    get("/v1/links/{id}", Partner, links::get, Operation::GetLink),
    get("/v1/links/{id}/qr.svg", Partner, links::qr, Operation::GetLinkQr),
    write("POST", "/v1/links/{id}/revoke", LinksWrite, Partner, links::revoke, Operation::RevokeLink),
    creates(write("POST", "/v1/coupons", PartnersWrite, Programme, coupons::create, Operation::CreateCoupon)),
    get("/v1/coupons", Partner, coupons::list, Operation::ListCoupons),
    get("/v1/coupons/{id}", Partner, coupons::get, Operation::GetCoupon),
    write(
        "POST",
        "/v1/coupons/{id}/revoke",
        PartnersWrite,
        Programme,
        coupons::revoke,
        Operation::RevokeCoupon,
    ),
    creates(write(
        "POST",
        "/v1/conversions",
        ConversionsWrite,
        Programme,
        conversions::create,
        Operation::CreateConversion,
    )),
    creates(write(
        "POST",
        "/v1/installs/google-play",
        ConversionsWrite,
        Programme,
        installs::report_google_play,
        Operation::ReportPlayInstall,
    )),
    get("/v1/conversions", Partner, conversions::list, Operation::ListConversions),
    get("/v1/conversions/{id}", Partner, conversions::get, Operation::GetConversion),
    get("/v1/conversions/{id}/attribution", Partner, conversions::attribution, Operation::ExplainConversion),
    creates(write(
        "POST",
        "/v1/conversions/{id}/refunds",
        ConversionsWrite,
        Programme,
        refunds::create,
        Operation::CreateRefund,
    )),
    get("/v1/attribution", Partner, report::attribution, Operation::GetAttribution),
    write(
        "POST",
        "/v1/attribution/simulate",
        Scope::Read,
        Programme,
        simulation::simulate,
        Operation::SimulateAttribution,
    ),
    get("/v1/balances", Partner, balances::list, Operation::ListBalances),
    get("/v1/commissions", Partner, commissions::list, Operation::ListCommissions),
    get("/v1/commissions/{id}", Partner, commissions::get, Operation::GetCommission),
    write(
        "POST",
        "/v1/commissions/{id}/release",
        PayoutsWrite,
        Programme,
        commissions::release,
        Operation::ReleaseCommission,
    ),
    creates(write(
        "POST",
        "/v1/placements",
        PartnersWrite,
        Programme,
        placements::create,
        Operation::CreatePlacement,
    )),
    get("/v1/placements", Partner, placements::list, Operation::ListPlacements),
    get("/v1/placements/{id}", Partner, placements::get, Operation::GetPlacement),
    write(
        "POST",
        "/v1/commissions/{id}/reject",
        PayoutsWrite,
        Programme,
        commissions::reject,
        Operation::RejectCommission,
    ),
    get("/v1/commissions/{id}/history", Partner, history::get, Operation::GetHistory),
    creates(payout_write("/v1/partners/{id}/write-off", ledger::write_off, Operation::WriteOff)),
    get("/v1/ledger/trial-balance", Programme, ledger::trial_balance, Operation::GetTrialBalance),
    write("PUT", "/v1/fx", PayoutsWrite, Programme, fx::put, Operation::SetRates),
    get("/v1/fx", Programme, fx::list, Operation::ListRates),
    write(
        "PUT",
        "/v1/partners/{id}/payout-details",
        PartnersWrite,
        Programme,
        details::put,
        Operation::SetPayoutDetails,
    ),
    get("/v1/partners/{id}/payout-details", Partner, details::get, Operation::GetPayoutDetails),
    // Before the payouts: a run is none of them.
    creates(payout_write("/v1/payouts/runs", runs::create, Operation::CreateRun)),
    get("/v1/payouts/runs", Programme, runs::list, Operation::ListRuns),
    get("/v1/payouts/runs/{id}", Programme, runs::get, Operation::GetRun),
    payout_write("/v1/payouts/runs/{id}/refresh", runs::refresh, Operation::RefreshRun),
    payout_write("/v1/payouts/runs/{id}/cancel", runs::cancel, Operation::CancelRun),
    payout_write("/v1/payouts/runs/{id}/approve", runs::approve, Operation::ApproveRun),
    payout_write("/v1/payouts/runs/{id}/results", endings::results, Operation::SendResults),
    get("/v1/payouts/runs/{id}/files/csv", Programme, files::table, Operation::GetRunTable),
    get("/v1/payouts/runs/{id}/files/sepa", Programme, files::transfers, Operation::GetSepaFile),
    get("/v1/payouts/runs/{id}/files/paypal", Programme, files::paypal, Operation::GetPaypalFile),
    get("/v1/payouts/runs/{id}/files/wise", Programme, files::wise, Operation::GetWiseFile),
    get("/v1/payouts", Partner, payouts::list, Operation::ListPayouts),
    get("/v1/payouts/{id}", Partner, payouts::get, Operation::GetPayout),
    get("/v1/payouts/{id}/items", Partner, payouts::items, Operation::ListPayoutItems),
    payout_write("/v1/payouts/{id}/paid", endings::paid, Operation::PayPayout),
    payout_write("/v1/payouts/{id}/failed", endings::failed, Operation::FailPayout),
    get("/v1/payouts/{id}/statement.json", Partner, statement::json, Operation::GetStatement),
    get("/v1/payouts/{id}/statement.csv", Partner, statement::csv, Operation::GetStatementCsv),
    get("/v1/payouts/{id}/statement.html", Partner, statement::html, Operation::GetStatementHtml),
    get("/v1/events", Partner, events::list, Operation::ListEvents),
];

/// What the Worker itself asks the Ledger, under the caller's own key: the halves of operations that also read other
/// stores. The Worker forwards no outside request to `/internal/`.
pub const INTERNAL: &[Route] = &[
    get("/internal/clicks", Partner, clicks::start, Operation::ListClicks),
    write("POST", "/internal/clicks", Scope::Read, Partner, clicks::show, Operation::ListClicks),
    get("/internal/export", Programme, export::start, Operation::ExportLog),
    write("POST", "/internal/export/events", Scope::Read, Programme, export::tail, Operation::ExportLog),
    write("POST", "/internal/export/end", Scope::Read, Programme, export::end, Operation::ExportLog),
];

impl Route {
    const fn keeping(mut self, kept: fn(&str) -> String) -> Self {
        self.kept = kept;
        self
    }
}

/// What stands at a path.
pub enum Found {
    /// A route, and what stands for its placeholders.
    Route(&'static Route, Vec<String>),
    /// Routes of these methods.
    OtherMethods(String),
    /// Nothing.
    Nothing,
}

/// What stands for the placeholders of `template` in `path`, if it matches.
fn matches(template: &str, path: &str) -> Option<Vec<String>> {
    let mut params = Vec::new();
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(params),
            (Some(want), Some(got)) if want.starts_with('{') && !got.is_empty() => {
                params.push(got.to_owned())
            }
            (Some(want), Some(got)) if want == got => {}
            _ => return None,
        }
    }
}

/// Finds the route of a request.
#[must_use]
pub fn find(method: &str, path: &str) -> Found {
    let mut others = Vec::new();
    for route in ROUTES.iter().chain(INTERNAL) {
        if let Some(params) = matches(route.path, path) {
            if route.method == method {
                return Found::Route(route, params);
            }
            if !others.contains(&route.method) {
                others.push(route.method);
            }
        }
    }
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others.join(", ")) }
}
