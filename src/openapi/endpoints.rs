//! The endpoints of the API: those of the Ledger's routing table, and those that the Worker answers without the Ledger or
//! from several stores.

use crate::{
    api::{http::auth::Access, operation::Operation, routes::ROUTES},
    domain::programme::key::Scope,
};

/// An operation at its method and path.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    pub method: &'static str,
    pub path: &'static str,
    pub operation: Operation,
    /// The scope that a key needs and the kinds of keys that are accepted; `None` = no key is needed.
    pub authorization: Option<(Scope, Access)>,
    /// The operation accepts `Idempotency-Key`.
    pub creates: bool,
    /// The operation is refused while the Ledger is being restored.
    pub changes_data: bool,
}

const fn public(method: &'static str, path: &'static str, operation: Operation) -> Endpoint {
    Endpoint { method, path, operation, authorization: None, creates: false, changes_data: false }
}

const fn read(path: &'static str, access: Access, operation: Operation) -> Endpoint {
    let authorization = Some((Scope::Read, access));
    Endpoint { method: "GET", path, operation, authorization, creates: false, changes_data: false }
}

/// The Worker's endpoints.
const WORKER_ENDPOINTS: &[Endpoint] = &[
    read("/v1/clicks", Access::Partner, Operation::ListClicks),
    read("/v1/webhooks/{id}/deliveries", Access::Partner, Operation::ListDeliveries),
    read("/v1/export", Access::Programme, Operation::ExportLog),
    public("GET", "/r/{token}", Operation::FollowLink),
    public("HEAD", "/r/{token}", Operation::ProbeLink),
    public("GET", "/{slug}", Operation::FollowSlug),
    public("HEAD", "/{slug}", Operation::ProbeSlug),
    public("GET", "/callbacks/{marketplace}/{listing_id}/{kind}", Operation::OpenCallback),
    public("POST", "/callbacks/{marketplace}/{listing_id}/{kind}", Operation::ReceiveCallback),
    public("GET", "/healthz", Operation::GetHealth),
    public("GET", "/readyz", Operation::GetReadiness),
    public("GET", "/openapi.json", Operation::GetOpenapi),
    public("GET", "/docs", Operation::GetDocs),
];

/// All endpoints.
pub fn all() -> impl Iterator<Item = Endpoint> {
    let ledger = ROUTES.iter().map(|route| Endpoint {
        method: route.method,
        path: route.path,
        operation: route.operation,
        authorization: Some((route.scope, route.access)),
        creates: route.creates,
        changes_data: route.changes_data(),
    });
    ledger.chain(WORKER_ENDPOINTS.iter().copied())
}
