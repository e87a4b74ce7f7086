//! The order of deliveries: events with the same key are delivered one after the other.

use crate::domain::event::EventType;
use serde::Deserialize;

/// The members of an event's data that name what it is about.
#[derive(Deserialize)]
struct Subject<'a> {
    #[serde(borrow, default)]
    conversion_id: Option<&'a str>,
    #[serde(borrow, default)]
    id: Option<&'a str>,
    #[serde(borrow, default)]
    run_id: Option<&'a str>,
    #[serde(borrow, default)]
    partner_id: Option<&'a str>,
}

/// Returns the ordering key of an event: the id of its conversion, else that of the resource, the payout run or the partner that it
/// is about. Events about none of these are in the order of their type.
#[must_use]
pub fn key(kind: EventType, data: &str) -> String {
    let subject = strict_json::from_str::<Subject<'_>>(data).ok();
    let id = subject.and_then(|it| it.conversion_id.or(it.id).or(it.run_id).or(it.partner_id));
    id.unwrap_or(kind.as_str()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_ordered_with_its_conversion_or_resource() {
        for (kind, data, expected) in [
            (EventType::ConversionCreated, r#"{"id":"cnv_1","type":"sale"}"#, "cnv_1"),
            (EventType::RefundCreated, r#"{"id":"rfd_1","conversion_id":"cnv_1"}"#, "cnv_1"),
            (EventType::CommissionPayable, r#"{"conversion_id":"cnv_1","id":"com_1"}"#, "cnv_1"),
            (EventType::PlacementCreated, r#"{"id":"plc_1","conversion_id":null}"#, "plc_1"),
            (EventType::PayoutHeld, r#"{"run_id":"run_1","partner_id":"ptn_1"}"#, "run_1"),
            (EventType::PayoutDetailsUpdated, r#"{"partner_id":"ptn_1"}"#, "ptn_1"),
            (EventType::FxUpdated, r#"{"rates":[]}"#, "fx.updated"),
        ] {
            assert_eq!(key(kind, data), expected);
        }
    }
}
