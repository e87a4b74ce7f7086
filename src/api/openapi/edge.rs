//! What the Worker answers without the Ledger, or from more than it: redirects, health, the documents, clicks and the
//! export.

use super::{
    super::{
        call::List, clicks::ClickView, export::End, health::HealthView, operation::Operation, routes::Access,
    },
    Endpoint, examples,
};
use crate::{
    domain::{
        clicks::{bucket::Bucket, click::Device},
        programme::key::Scope,
        values::{
            id::{LinkId, PartnerId},
            time::Timestamp,
        },
    },
    store::{clicks::StoredClick, log::outbox},
};
use serde_json::Value;

const fn open(method: &'static str, path: &'static str, operation: Operation) -> Endpoint {
    Endpoint { method, path, operation, needs: None, creates: false }
}

const fn read(path: &'static str, access: Access, operation: Operation) -> Endpoint {
    Endpoint { method: "GET", path, operation, needs: Some((Scope::Read, access)), creates: false }
}

/// The endpoints. The Ledger's own stand in `routes.rs`.
pub const ENDPOINTS: &[Endpoint] = &[
    read("/v1/clicks", Access::Partner, Operation::ListClicks),
    read("/v1/export", Access::Programme, Operation::ExportLog),
    open("GET", "/r/{token}", Operation::FollowLink),
    open("HEAD", "/r/{token}", Operation::ProbeLink),
    open("GET", "/{slug}", Operation::FollowSlug),
    open("HEAD", "/{slug}", Operation::ProbeSlug),
    open("GET", "/callbacks/{marketplace}/{listing_id}/{kind}", Operation::OpenCallback),
    open("POST", "/callbacks/{marketplace}/{listing_id}/{kind}", Operation::ReceiveCallback),
    open("GET", "/healthz", Operation::GetHealth),
    open("GET", "/readyz", Operation::GetReadiness),
    open("GET", "/openapi.json", Operation::GetOpenapi),
    open("GET", "/docs", Operation::GetDocs),
];

/// A line of the export.
pub struct ExportLine;

impl schemars::JsonSchema for ExportLine {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ExportLine".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "oneOf": [
            generator.subschema_for::<StoredClick>(),
            generator.subschema_for::<outbox::Line<'_>>(),
            generator.subschema_for::<End>(),
        ] })
    }
}

/// A link's token: `[A-Za-z0-9_-]`, at most 32 characters.
pub struct Token;

impl schemars::JsonSchema for Token {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Token".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9_-]{1,32}$" })
    }
}

/// A link's short name.
pub struct Slug;

impl schemars::JsonSchema for Slug {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Slug".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9-]{2,39}$" })
    }
}

/// A kind of callback: the last segment of its address.
pub struct CallbackKind;

impl schemars::JsonSchema for CallbackKind {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CallbackKind".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z-]{1,40}$" })
    }
}

/// An answer of the Worker itself, from the very type.
pub fn example(operation: Operation) -> Option<Value> {
    match operation {
        Operation::GetHealth | Operation::GetReadiness => serde_json::to_value(HealthView::ok()).ok(),
        Operation::ListClicks => {
            let page = List { data: vec![click()?], next_cursor: None };
            serde_json::to_value(page).ok()
        }
        _ => None,
    }
}

/// The click that the recorded conversion names.
fn click() -> Option<ClickView> {
    let link = examples::answer(Operation::CreateLink)?;
    let conversion = examples::request(Operation::CreateConversion)?;
    let text = |value: &Value, field: &str| value.get(field)?.as_str().map(str::to_owned);
    Some(ClickView {
        id: text(&conversion, "click_id"),
        link_id: LinkId::parse(&text(&link, "id")?),
        partner_id: PartnerId::parse(&text(&link, "partner_id")?),
        clicked_at: Timestamp::parse(&text(&link, "created_at")?)?,
        country: Some("DE".to_owned()),
        device: Device::Mobile,
        bucket: Bucket::Human,
        unique: true,
        trail: Vec::new(),
    })
}
