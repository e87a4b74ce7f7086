//! Lines of `GET /v1/export`.

use super::{clicks::ClickView, views::view};
use crate::domain::{event::EventType, id::EventId, time::Timestamp};
use serde_json::{Map, Value};

view! {
    /// A click in the export.
    pub struct ExportedClick {
        /// Always `click`.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = "click")))]
        kind: String,
        #[serde(flatten)]
        click: ClickView,
    }

    /// An event in the export.
    pub struct ExportedEvent {
        /// Always `event`.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = "event")))]
        kind: String,
        /// Id.
        id: EventId,
        /// What changed.
        #[serde(rename = "type")]
        event_type: EventType,
        /// When.
        created_at: Timestamp,
        /// What changed, as the API shows it, with its number within the programme.
        data: Map<String, Value>,
    }

    /// The last line of the export.
    pub struct ExportEnd {
        /// Always `true`: without this line the export was cut off.
        #[cfg_attr(not(target_arch = "wasm32"), schemars(extend("const" = true)))]
        end: bool,
        /// Lines before this one.
        lines: u64,
        /// Pass it as `cursor` to go on; `null` when there is no more.
        next_cursor: Option<String>,
    }
}

/// A line of the export.
#[derive(Debug, Clone, serde::Serialize)]
#[serde(untagged)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub enum ExportLine {
    /// A click.
    Click(ExportedClick),
    /// An event.
    Event(ExportedEvent),
    /// The last line.
    End(ExportEnd),
}
