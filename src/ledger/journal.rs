//! Writing a change together with its event. The alarm that ends holds uses these functions without a whole [`super::tx::Tx`],
//! because holds must end even while the Worker's secrets are missing.

use crate::{
    domain::{
        event::EventType,
        values::{entropy::Entropy, id::EventId, time::Timestamp},
    },
    store::{
        Sql, SqlError,
        log::{apply::apply_change, change::Change, events},
        value::json_text,
    },
};

/// Applies a change and appends its event. `data` is what the event shows, JSON.
pub fn record(
    sql: &dyn Sql,
    now: Timestamp,
    entropy: &mut dyn Entropy,
    kind: EventType,
    change: &Change,
    data: &str,
    response: &str,
) -> Result<(), SqlError> {
    apply_change(sql, change, response, now)?;
    append(sql, now, entropy, kind, change, data)
}

/// Appends the event of a change that has been applied.
pub fn append(
    sql: &dyn Sql,
    now: Timestamp,
    entropy: &mut dyn Entropy,
    kind: EventType,
    change: &Change,
    data: &str,
) -> Result<(), SqlError> {
    let id = EventId::generate(now, entropy);
    events::append(sql, &id, kind, change.partner_no(), now, data, Some(json_text(change)?))
}
