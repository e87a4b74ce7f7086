//! The table of routes, one line each. OpenAPI is generated from the same table; the descriptions of its operations are in
//! `src/openapi`. The table is above the handlers, and not in `http/`, because it imports all of them.

use super::{
    callbacks,
    conversions::{commissions, create, history, installs, qualify, read as conversions, refunds},
    http::{auth::Access, body::RESTORE_PATH, call::Handler},
    import, links,
    operation::Operation,
    payouts::{details, files, rates, read as payouts, runs, settlement, statement, write_off},
    programme::{coupons, keys, listings, partner_terms, partners, placements, terms, tokens},
    reports::{attribution, balances, clicks, events, export, simulation, trial_balance},
    restore,
    webhooks::{self, deliveries, replay},
};
use crate::domain::programme::key::Scope;
use std::sync::LazyLock;

/// A route.
pub struct Route {
    /// Method.
    pub method: &'static str,
    /// Path; `{…}` matches one segment.
    pub path: &'static str,
    /// The operation that it performs; the documentation describes it.
    pub operation: Operation,
    /// The scope that it needs.
    pub scope: Scope,
    /// Who may use it.
    pub access: Access,
    /// It creates something, so it takes `Idempotency-Key`.
    pub creates: bool,
    /// It is a `POST` that changes nothing: its response is computed on a copy.
    pub is_simulation: bool,
    /// It is a `GET` that records that it was answered.
    pub records: bool,
    /// The part of its response that is kept for replays.
    pub kept: fn(&str) -> String,
    /// The function that handles it.
    pub handler: Handler,
}

const fn get(path: &'static str, access: Access, handler: Handler, operation: Operation) -> Route {
    Route {
        method: "GET",
        path,
        operation,
        scope: Scope::Read,
        access,
        creates: false,
        is_simulation: false,
        records: false,
        kept: whole,
        handler,
    }
}

const fn write(
    method: &'static str,
    path: &'static str,
    scope: Scope,
    access: Access,
    handler: Handler,
    operation: Operation,
) -> Route {
    Route { method, scope, ..get(path, access, handler, operation) }
}

/// A write of payouts, for the programme's keys only.
const fn payout_write(path: &'static str, handler: Handler, operation: Operation) -> Route {
    write("POST", path, Scope::PayoutsWrite, Access::Programme, handler, operation)
}

const fn creates(mut route: Route) -> Route {
    route.creates = true;
    route
}

/// A payment file of a run, which is final once it was handed out.
const fn payment_file(path: &'static str, handler: Handler, operation: Operation) -> Route {
    Route { records: true, ..get(path, Access::Programme, handler, operation) }
}

/// Keeps the whole response for replays.
fn whole(response: &str) -> String {
    response.to_owned()
}

use Access::{Partner, PartnerWith, Programme, ProgrammeOr};
use Scope::{
    Admin, ConversionsWrite, LeadsReport, LinksWrite, PartnersWrite, PayoutsWrite, Read, UsersWrite,
    WebhooksWrite,
};

/// All routes that the Ledger answers. The Worker answers `/v1/clicks` and `/v1/export` with the help of [`INTERNAL`].
pub const ROUTES: &[Route] = &[
    get("/v1/program", Programme, terms::get, Operation::GetProgram),
    write("PUT", "/v1/program", Admin, Programme, terms::put, Operation::SetProgram),
    write("PATCH", "/v1/program", Admin, Programme, terms::patch, Operation::UpdateProgram),
    creates(write("POST", "/v1/keys", Admin, Programme, keys::create, Operation::CreateKey))
        .keeping(keys::without_secret),
    Route { scope: Admin, ..get("/v1/keys", Programme, keys::list, Operation::ListKeys) },
    write("POST", "/v1/tokens", UsersWrite, PartnerWith(Read), tokens::create, Operation::CreateToken),
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
    get("/v1/partners/{id}/terms", Partner, partner_terms::get, Operation::GetPartnerTerms),
    creates(write("POST", "/v1/listings", Admin, Programme, listings::create, Operation::CreateListing)),
    get("/v1/listings", Partner, listings::list, Operation::ListListings),
    get("/v1/listings/{id}", Partner, listings::get, Operation::GetListing),
    get("/v1/listings/{id}/health", Programme, listings::health, Operation::GetListingHealth),
    write("PATCH", "/v1/listings/{id}", Admin, Programme, listings::patch, Operation::UpdateListing),
    creates(write("POST", "/v1/links", LinksWrite, Partner, links::create::create, Operation::CreateLink)),
    creates(write(
        "POST",
        "/v1/links/bulk",
        LinksWrite,
        Partner,
        links::create::bulk,
        Operation::CreateLinks,
    )),
    get("/v1/links", Partner, links::list, Operation::ListLinks),
    get("/v1/links/{id}", Partner, links::get, Operation::GetLink),
    write("PATCH", "/v1/links/{id}", LinksWrite, Partner, links::change::patch, Operation::UpdateLink),
    get("/v1/links/{id}/qr.svg", Partner, links::qr::svg, Operation::GetLinkQr),
    get("/v1/links/{id}/qr.png", Partner, links::qr::png, Operation::GetLinkPng),
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
        ProgrammeOr(LeadsReport),
        create::create,
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
    // A decision takes the key because a late retry of an older one must not replace a newer one.
    creates(write(
        "POST",
        "/v1/conversions/{id}/qualify",
        ConversionsWrite,
        Programme,
        qualify::qualify,
        Operation::QualifyLead,
    )),
    get("/v1/callbacks", Programme, callbacks::list, Operation::ListCallbacks),
    write(
        "POST",
        "/v1/callbacks/{id}/retry",
        ConversionsWrite,
        Programme,
        callbacks::retry,
        Operation::RetryCallback,
    ),
    get("/v1/attribution", Partner, attribution::get, Operation::GetAttribution),
    get("/v1/attribution.csv", Partner, attribution::csv, Operation::GetAttributionCsv),
    Route {
        method: "POST",
        is_simulation: true,
        ..get("/v1/attribution/simulate", Programme, simulation::simulate, Operation::SimulateAttribution)
    },
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
    creates(payout_write("/v1/partners/{id}/write-off", write_off::create, Operation::WriteOff)),
    get("/v1/ledger/trial-balance", Programme, trial_balance::get, Operation::GetTrialBalance),
    write("PUT", "/v1/fx", PayoutsWrite, Programme, rates::put, Operation::SetRates),
    get("/v1/fx", Programme, rates::list, Operation::ListRates),
    write(
        "PUT",
        "/v1/partners/{id}/payout-details",
        PartnersWrite,
        PartnerWith(PayoutsWrite),
        details::put,
        Operation::SetPayoutDetails,
    ),
    get("/v1/partners/{id}/payout-details", Partner, details::get, Operation::GetPayoutDetails),
    creates(payout_write("/v1/payouts/runs", runs::create, Operation::CreateRun)),
    get("/v1/payouts/runs", Programme, runs::list, Operation::ListRuns),
    get("/v1/payouts/runs/{id}", Programme, runs::get, Operation::GetRun),
    payout_write("/v1/payouts/runs/{id}/refresh", runs::refresh, Operation::RefreshRun),
    payout_write("/v1/payouts/runs/{id}/cancel", runs::cancel, Operation::CancelRun),
    payout_write("/v1/payouts/runs/{id}/approve", runs::approve, Operation::ApproveRun),
    payout_write("/v1/payouts/runs/{id}/results", settlement::results, Operation::SendResults),
    get("/v1/payouts/runs/{id}/files/csv", Programme, files::table, Operation::GetRunTable),
    payment_file("/v1/payouts/runs/{id}/files/sepa", files::transfers, Operation::GetSepaFile),
    payment_file("/v1/payouts/runs/{id}/files/paypal", files::paypal, Operation::GetPaypalFile),
    payment_file("/v1/payouts/runs/{id}/files/wise", files::wise, Operation::GetWiseFile),
    get("/v1/payouts", Partner, payouts::list, Operation::ListPayouts),
    get("/v1/payouts/{id}", Partner, payouts::get, Operation::GetPayout),
    get("/v1/payouts/{id}/items", Partner, payouts::items, Operation::ListPayoutItems),
    payout_write("/v1/payouts/{id}/paid", settlement::paid, Operation::PayPayout),
    payout_write("/v1/payouts/{id}/failed", settlement::failed, Operation::FailPayout),
    get("/v1/payouts/{id}/statement.json", Partner, statement::json, Operation::GetStatement),
    get("/v1/payouts/{id}/statement.csv", Partner, statement::csv, Operation::GetStatementCsv),
    get("/v1/payouts/{id}/statement.html", Partner, statement::html, Operation::GetStatementHtml),
    get("/v1/events", Partner, events::list, Operation::ListEvents),
    creates(write(
        "POST",
        "/v1/webhooks",
        WebhooksWrite,
        Partner,
        webhooks::create,
        Operation::CreateWebhook,
    ))
    .keeping(webhooks::without_secret),
    get("/v1/webhooks", Partner, webhooks::list, Operation::ListWebhooks),
    get("/v1/webhooks/{id}", Partner, webhooks::get, Operation::GetWebhook),
    write("PATCH", "/v1/webhooks/{id}", WebhooksWrite, Partner, webhooks::patch, Operation::UpdateWebhook),
    write("DELETE", "/v1/webhooks/{id}", WebhooksWrite, Partner, webhooks::delete, Operation::DeleteWebhook),
    creates(write(
        "POST",
        "/v1/webhooks/{id}/rotate",
        WebhooksWrite,
        Partner,
        webhooks::rotate,
        Operation::RotateWebhookSecret,
    ))
    .keeping(webhooks::without_secret),
    creates(write(
        "POST",
        "/v1/webhooks/{id}/test",
        WebhooksWrite,
        Partner,
        webhooks::test,
        Operation::TestWebhook,
    )),
    creates(write(
        "POST",
        "/v1/webhooks/{id}/replay",
        WebhooksWrite,
        Partner,
        replay::replay,
        Operation::ReplayEvents,
    )),
    write("POST", RESTORE_PATH, Admin, Programme, restore::page, Operation::RestorePage),
    Route { scope: Admin, ..get(RESTORE_PATH, Programme, restore::get, Operation::GetRestore) },
    creates(write("POST", "/v1/import", Admin, Programme, import::create, Operation::ImportLines)),
];

/// Requests that the Worker itself sends to the Ledger with the caller's key, for operations that also read other stores.
/// The Worker forwards no outside request to `/internal/`.
pub const INTERNAL: &[Route] = &[
    get("/internal/clicks", Partner, clicks::start, Operation::ListClicks),
    write("POST", "/internal/clicks", Scope::Read, Partner, clicks::show, Operation::ListClicks),
    get("/internal/webhooks/{id}/deliveries", Partner, deliveries::start, Operation::ListDeliveries),
    write(
        "POST",
        "/internal/webhooks/{id}/deliveries",
        Scope::Read,
        Partner,
        deliveries::show,
        Operation::ListDeliveries,
    ),
    get("/internal/export", Programme, export::start, Operation::ExportLog),
    write("POST", "/internal/export/events", Scope::Read, Programme, export::tail, Operation::ExportLog),
    write("POST", "/internal/export/end", Scope::Read, Programme, export::end, Operation::ExportLog),
];

impl Route {
    /// Whether it changes data of its caller. A restore fills the Ledger, and internal requests read it.
    pub fn changes_data(&self) -> bool {
        let is_write = self.records || (self.method != "GET" && !self.is_simulation);
        is_write && self.path != RESTORE_PATH && self.path.starts_with("/v1/")
    }

    const fn keeping(mut self, kept: fn(&str) -> String) -> Self {
        self.kept = kept;
        self
    }
}

/// What a path leads to.
pub enum Found {
    /// A route, and the segments in place of its placeholders.
    Route(&'static Route, Vec<String>),
    /// Routes for these other methods.
    OtherMethods(String),
    /// Nothing.
    Nothing,
}

/// The routes of one method, each with its position in the tables above.
struct MethodRouter {
    method: &'static str,
    router: matchit::Router<(usize, &'static Route)>,
}

/// One router per method. In a single router `GET /v1/links/bulk` would end at `POST /v1/links/bulk` and never reach
/// `GET /v1/links/{id}`.
static ROUTERS: LazyLock<Result<Vec<MethodRouter>, matchit::InsertError>> = LazyLock::new(routers);

fn routers() -> Result<Vec<MethodRouter>, matchit::InsertError> {
    let mut routers: Vec<MethodRouter> = Vec::new();
    for (position, route) in ROUTES.iter().chain(INTERNAL).enumerate() {
        if !routers.iter().any(|router| router.method == route.method) {
            routers.push(MethodRouter { method: route.method, router: matchit::Router::new() });
        }
        // `matchit` spells `{id}` as `:id`.
        let template = route.path.replace('{', ":").replace('}', "");
        for MethodRouter { router, .. } in routers.iter_mut().filter(|router| router.method == route.method) {
            router.insert(&template, (position, route))?;
        }
    }
    Ok(routers)
}

/// Finds the route of a request.
#[must_use]
pub fn find(method: &str, path: &str) -> Found {
    // The templates are constants: a contradiction between them fails the tests below.
    let Ok(routers) = ROUTERS.as_ref() else { return Found::Nothing };
    let mut others: Vec<(usize, &'static str)> = Vec::new();
    for MethodRouter { router, .. } in routers {
        let Ok(matched) = router.at(path) else { continue };
        let (position, route) = *matched.value;
        let params: Vec<String> = matched.params.iter().map(|(_, segment)| segment.to_owned()).collect();
        // `matchit` accepts an empty segment in place of a placeholder, as in `/v1/links//qr.svg`.
        if params.iter().any(String::is_empty) {
            continue;
        }
        if route.method == method {
            return Found::Route(route, params);
        }
        others.push((position, route.method));
    }
    if others.is_empty() {
        return Found::Nothing;
    }
    // `Allow` names the methods in the order of the tables.
    others.sort_unstable();
    let methods: Vec<&str> = others.into_iter().map(|(_, method)| method).collect();
    Found::OtherMethods(methods.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The segments of `path` in place of the placeholders of `template`: the rule that the routers must follow.
    fn params_of(template: &[&str], path: &[&str]) -> Option<Vec<String>> {
        if template.len() != path.len() {
            return None;
        }
        let mut params = Vec::new();
        for (expected, segment) in template.iter().zip(path) {
            if expected.starts_with('{') && !segment.is_empty() {
                params.push((*segment).to_owned());
            } else if expected != segment {
                return None;
            }
        }
        Some(params)
    }

    fn found(method: &str, path: &str) -> String {
        match find(method, path) {
            Found::Route(route, params) => format!("{} {} {params:?}", route.method, route.path),
            Found::OtherMethods(methods) => methods,
            Found::Nothing => String::new(),
        }
    }

    /// Each route of the tables, its path in segments.
    fn routes() -> Vec<(&'static Route, Vec<&'static str>)> {
        ROUTES.iter().chain(INTERNAL).map(|route| (route, route.path.split('/').collect())).collect()
    }

    #[test]
    fn routes_are_found_by_method_and_path() {
        let routes = routes();
        let mut segments: Vec<&str> = routes.iter().flat_map(|(_, segments)| segments.clone()).collect();
        segments.extend(["", "x", "%2F", ":id", "*"]);
        segments.sort_unstable();
        segments.dedup();
        let mut paths = vec![String::new(), "/".to_owned(), "//".to_owned(), "/v2/program".to_owned()];
        for (route, _) in &routes {
            for segment in &segments {
                let path = route.path.replace("{id}", segment);
                paths.extend([format!("{path}/"), format!("{path}/{segment}"), format!("/{path}"), path]);
            }
        }
        paths.sort_unstable();
        paths.dedup();
        for path in &paths {
            let segments: Vec<&str> = path.split('/').collect();
            let matching: Vec<(&Route, Vec<String>)> = routes
                .iter()
                .filter_map(|(route, template)| Some((*route, params_of(template, &segments)?)))
                .collect();
            let mut methods: Vec<&str> = Vec::new();
            for (route, _) in &matching {
                if !methods.contains(&route.method) {
                    methods.push(route.method);
                }
            }
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "get"] {
                let expected = match matching.iter().find(|(route, _)| route.method == method) {
                    Some((route, params)) => format!("{} {} {params:?}", route.method, route.path),
                    None => methods.join(", "),
                };
                assert_eq!(found(method, path), expected, "{method} {path}");
            }
        }
    }
}
