//! What a partner sees of an event. Events are stored as the programme sees them, so that what the other operations hide from
//! partners is removed when they are read.

use super::commissions::view::{UNDER_REVIEW, is_review_reason};
use crate::{domain::event::EventType, store::SqlError};
use serde_json::{Map, Value};

/// Events with a note of the operator.
const WITH_NOTE: [EventType; 3] =
    [EventType::CommissionReleased, EventType::CommissionRejected, EventType::BalanceWrittenOff];
/// Events about a partner, whose metadata are the operator's.
const OF_PARTNER: [EventType; 2] = [EventType::PartnerCreated, EventType::PartnerUpdated];

/// Returns the data of an event as its partner sees it, JSON.
pub fn as_partner_sees(kind: EventType, data: &str, sees_customers: bool) -> Result<String, SqlError> {
    let mut visible: Value =
        strict_json::from_str(data).map_err(|error| SqlError::Engine(error.to_string()))?;
    hide(&mut visible, kind, sees_customers);
    Ok(visible.to_string())
}

/// Hides what a value contains, at any depth: an event about a conversion contains its commissions.
fn hide(value: &mut Value, kind: EventType, sees_customers: bool) {
    match value {
        Value::Object(members) => {
            hide_members(members, kind, sees_customers);
            members.values_mut().for_each(|member| hide(member, kind, sees_customers));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| hide(item, kind, sees_customers)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn hide_members(members: &mut Map<String, Value>, kind: EventType, sees_customers: bool) {
    let names_customer = members.contains_key("customer_id");
    let hides_customer = names_customer && !sees_customers;
    if WITH_NOTE.contains(&kind) {
        replace(members, "note", Value::Null);
    }
    if hides_customer {
        replace(members, "customer_id", Value::Null);
    }
    // Shops put e-mail addresses and notes into the metadata of conversions.
    if hides_customer || OF_PARTNER.contains(&kind) {
        replace(members, "metadata", Value::Object(Map::new()));
    }
    if let Some(Value::Object(qualification)) = members.get_mut("qualification") {
        replace(qualification, "reason", Value::Null);
    }
    hide_click(members);
    hide_review_reasons(members);
}

/// Replaces a member, if there is one.
fn replace(members: &mut Map<String, Value>, name: &str, with: Value) {
    if let Some(member) = members.get_mut(name) {
        *member = with;
    }
}

/// Shows that a commission is held, but not why.
fn hide_review_reasons(members: &mut Map<String, Value>) {
    let Some(is_held) = members.get("held_reason").map(|reason| !reason.is_null()) else { return };
    replace(members, "held_reason", Value::Null);
    if let Some(Value::Array(flags)) = members.get_mut("flags") {
        flags.retain(|flag| !flag.as_str().is_some_and(is_review_reason));
        flags.extend(is_held.then(|| UNDER_REVIEW.into()));
    }
}

/// Hides the click that a conversion named if it did not earn, because it may be another partner's.
fn hide_click(members: &mut Map<String, Value>) {
    let Some(credits) = members.get("attribution").and_then(|attribution| attribution.get("credits")) else {
        return;
    };
    let click = members.get("click_id");
    let has_earned = credits.as_array().into_iter().flatten().any(|credit| credit.get("click_id") == click);
    if click.is_some() && !has_earned {
        members.insert("click_id".to_owned(), Value::Null);
    }
}
