//! What is sent to a webhook.

use crate::{
    domain::{delivery::endpoint::ApiVersion, event::EventType, values::time::Timestamp},
    store::{SqlError, delivery::queue::Queued, value::json_text},
};
use serde::Serialize;
use serde_json::value::RawValue;

/// The body of a delivery (Standard Webhooks 1.0, "Payload structure").
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "WebhookPayload"))]
pub struct Payload<'a> {
    /// What changed.
    #[serde(rename = "type")]
    kind: EventType,
    /// When it was recorded.
    timestamp: Timestamp,
    /// The change as the API returns it.
    #[cfg_attr(not(target_arch = "wasm32"), schemars(with = "serde_json::Map<String, serde_json::Value>"))]
    data: &'a RawValue,
    /// The version of the payload.
    api_version: ApiVersion,
}

/// Formats the body of an event.
pub fn body(event: &Queued, api_version: ApiVersion) -> Result<String, SqlError> {
    let data: &RawValue =
        strict_json::from_str(&event.data).map_err(|_| SqlError::Shape { column: 4, expected: "JSON" })?;
    // Every version that exists shows data in the same way. A change of their form adds a version and converts it here.
    match api_version {
        ApiVersion::V20261130 => {
            json_text(&Payload { kind: event.kind, timestamp: event.at, data, api_version })
        }
    }
}
