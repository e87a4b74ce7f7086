//! Examples of requests and responses. `tests/native/openapi/mod.rs` records them from a Ledger and fails when the recording in
//! `fixtures/api_examples.json` is outdated. Responses of the Worker itself are made from their types here.

use crate::{
    api::{health::HealthView, http::call::List, operation::Operation, reports::clicks::ClickView},
    domain::{
        clicks::{bucket::Bucket, click::Device},
        values::{
            id::{LinkId, PartnerId},
            time::Timestamp,
        },
    },
};
use serde_json::Value;

const RECORDED: &str = include_str!("../../fixtures/api_examples.json");

fn recorded(operation: Operation, part: &str) -> Option<Value> {
    let all: Value = serde_json::from_str(RECORDED).ok()?;
    all.get(operation.id())?.get(part).cloned()
}

/// A request body that `operation` accepts.
pub fn request(operation: Operation) -> Option<Value> {
    recorded(operation, "request")
}

/// The response to that request.
pub fn response(operation: Operation) -> Option<Value> {
    match operation {
        Operation::GetHealth | Operation::GetReadiness => serde_json::to_value(HealthView::ok()).ok(),
        Operation::ListClicks => {
            serde_json::to_value(List { data: vec![click()?], next_cursor: None, total: None }).ok()
        }
        _ => recorded(operation, "answer"),
    }
}

/// A problem of `operation`.
pub fn problem(operation: Operation) -> Option<Value> {
    recorded(operation, "refusal")
}

/// The click that the recorded conversion names.
fn click() -> Option<ClickView> {
    let link = recorded(Operation::CreateLink, "answer")?;
    let conversion = recorded(Operation::CreateConversion, "request")?;
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
        trail_of_others: 0,
    })
}
