//! The table of routes: one line each. OpenAPI is made from the same table.

use super::{
    balances, call::Call, clicks, commissions, conversions, events, export, http::Response, keys, links,
    listings, partners, problem::Problem, programme, refunds, report,
};
use crate::domain::key::Scope;

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
    /// What it does, in a line.
    pub summary: &'static str,
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

const fn get(path: &'static str, access: Access, handler: Handler, summary: &'static str) -> Route {
    Route { method: "GET", path, summary, scope: Scope::Read, access, creates: false, kept: whole, handler }
}

const fn write(
    method: &'static str,
    path: &'static str,
    scope: Scope,
    access: Access,
    handler: Handler,
    summary: &'static str,
) -> Route {
    Route { method, path, summary, scope, access, creates: false, kept: whole, handler }
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
use Scope::{Admin, ConversionsWrite, LinksWrite, PartnersWrite};

/// All routes that the Ledger answers. `/v1/clicks` and `/v1/export` also read other stores (edge).
pub const ROUTES: &[Route] = &[
    get("/v1/program", Programme, programme::get, "The programme's terms"),
    write("PUT", "/v1/program", Admin, Programme, programme::put, "Set the programme's terms"),
    creates(write("POST", "/v1/keys", Admin, Programme, keys::create, "Make an API key"))
        .keeping(keys::without_secret),
    Route { scope: Admin, ..get("/v1/keys", Programme, keys::list, "List API keys") },
    write("DELETE", "/v1/keys/{id}", Admin, Programme, keys::revoke, "Revoke an API key"),
    creates(write("POST", "/v1/partners", PartnersWrite, Programme, partners::create, "Add a partner")),
    get("/v1/partners", Partner, partners::list, "List partners"),
    get("/v1/partners/{id}", Partner, partners::get, "Read a partner"),
    write("PATCH", "/v1/partners/{id}", PartnersWrite, Programme, partners::patch, "Change a partner"),
    creates(write("POST", "/v1/listings", Admin, Programme, listings::create, "Add a listing")),
    get("/v1/listings", Partner, listings::list, "List listings"),
    get("/v1/listings/{id}", Partner, listings::get, "Read a listing"),
    write(
        "PATCH",
        "/v1/listings/{id}",
        Admin,
        Programme,
        listings::patch,
        "Change a listing, rotate its secrets",
    ),
    creates(write("POST", "/v1/links", LinksWrite, Partner, links::create, "Make a link")),
    creates(write(
        "POST",
        "/v1/links/bulk",
        LinksWrite,
        Partner,
        links::create_bulk,
        "Make up to 100 links, all or none",
    )),
    get("/v1/links", Partner, links::list, "List links"),
    get("/v1/links/{id}", Partner, links::get, "Read a link"),
    get("/v1/links/{id}/qr.svg", Partner, links::qr, "A link's QR code"),
    write("POST", "/v1/links/{id}/revoke", LinksWrite, Partner, links::revoke, "Revoke a link"),
    creates(write(
        "POST",
        "/v1/conversions",
        ConversionsWrite,
        Programme,
        conversions::create,
        "Send a conversion",
    )),
    get("/v1/conversions", Partner, conversions::list, "List conversions"),
    get("/v1/conversions/{id}", Partner, conversions::get, "Read a conversion"),
    get(
        "/v1/conversions/{id}/attribution",
        Partner,
        conversions::attribution,
        "Why a conversion was credited so",
    ),
    creates(write(
        "POST",
        "/v1/conversions/{id}/refunds",
        ConversionsWrite,
        Programme,
        refunds::create,
        "Refund a conversion",
    )),
    get("/v1/attribution", Partner, report::attribution, "Clicks, conversions, revenue and commission"),
    get("/v1/balances", Partner, balances::list, "What is owed to whom"),
    get("/v1/commissions", Partner, commissions::list, "List commissions"),
    get("/v1/commissions/{id}", Partner, commissions::get, "Read a commission"),
    get("/v1/events", Partner, events::list, "Every change, oldest first"),
];

/// What the Worker itself asks the Ledger, under the caller's own key: the halves of routes that also read other
/// stores. The Worker forwards no outside request to `/internal/`.
pub const INTERNAL: &[Route] = &[
    get("/internal/clicks", Partner, clicks::start, "What to ask the shards for"),
    write("POST", "/internal/clicks", Scope::Read, Partner, clicks::show, "Shards' answers, merged"),
    get("/internal/export", Programme, export::start, "Where a page starts"),
    write("POST", "/internal/export/events", Scope::Read, Programme, export::tail, "Events not in KV yet"),
    write("POST", "/internal/export/end", Scope::Read, Programme, export::end, "A page's last line"),
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
            others.push(route.method);
        }
    }
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others.join(", ")) }
}
