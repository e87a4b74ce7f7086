//! The event table: every change in order, written in the transaction of the change.

use crate::domain::{
    event::EventType,
    programme::partner::PartnerNo,
    values::{id::EventId, string_enum::Word, time::Timestamp},
};
use crate::store::{Row, Sql, SqlError, Value, columns, page::Conditions};

/// An event as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The position in the log of events: 1, 2, …
    pub seq: i64,
    /// Public id.
    pub id: EventId,
    /// What changed.
    pub kind: EventType,
    /// The partner that it belongs to; `None` for the programme.
    pub partner_no: Option<PartnerNo>,
    /// When it was recorded.
    pub at: Timestamp,
    /// The change as the API returns it, a JSON object.
    pub data: String,
    /// The additional data for rebuilding a Ledger, a JSON object; only for the log and the export.
    pub ledger: Option<String>,
}

/// Appends an event.
pub fn append(
    sql: &dyn Sql,
    id: &EventId,
    kind: EventType,
    partner_no: Option<PartnerNo>,
    at: Timestamp,
    data: &str,
    ledger: Option<String>,
) -> Result<(), SqlError> {
    let statement =
        "INSERT INTO events (id, type, partner_no, created_at, data, ledger) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let args: [Value; 6] = [
        id.as_str().into(),
        Word::from(kind).into(),
        columns::number_or_zero(partner_no),
        at.into(),
        data.into(),
        ledger.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

fn read(row: &Row) -> Result<Event, SqlError> {
    Ok(Event {
        seq: row.int(0)?,
        id: row.parsed(1, "an event id", EventId::parse)?,
        kind: row.parsed(2, "an event type", EventType::parse)?,
        partner_no: columns::nonzero(row, 3)?,
        at: row.time(4)?,
        data: row.text(5)?.to_owned(),
        ledger: row.opt_string(6)?,
    })
}

/// Returns events after `after`, oldest first; `partner` limits them to one partner's.
pub fn after(
    sql: &dyn Sql,
    after: i64,
    partner: Option<PartnerNo>,
    limit: i64,
) -> Result<Vec<Event>, SqlError> {
    list(sql, after, &Filter { partner, kind: None }, limit)
}

/// A filter for lists of events; absent fields match everything.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// The partner that they belong to.
    pub partner: Option<PartnerNo>,
    /// What changed.
    pub kind: Option<EventType>,
}

/// Returns the events of a filter after `after`, oldest first.
pub fn list(sql: &dyn Sql, after: i64, filter: &Filter, limit: i64) -> Result<Vec<Event>, SqlError> {
    let index = match filter {
        Filter { partner: Some(_), .. } => "INDEXED BY events_by_partner",
        Filter { kind: Some(_), .. } => "INDEXED BY events_by_type",
        Filter { .. } => "",
    };
    let mut all = Conditions::default();
    all.equals("partner_no", filter.partner);
    all.equals("type", filter.kind.map(Word::from));
    let (after, limit) = (all.bind(after), all.bind(limit));
    let statement = format!(
        "SELECT seq, id, type, partner_no, created_at, data, ledger FROM events {index} WHERE {} AND seq > {after} \
         ORDER BY seq LIMIT CAST({limit} AS INTEGER)",
        all.text()
    );
    sql.exec(&statement, all.args())?.iter().map(read).collect()
}

/// Returns events after `after`, oldest first: at most `limit`, and no more than `bytes` of them unless a single one is longer.
/// An event may be long: that of an import names each of its lines.
pub fn after_within(sql: &dyn Sql, after: i64, limit: i64, bytes: i64) -> Result<Vec<Event>, SqlError> {
    let statement = "SELECT seq, id, type, partner_no, created_at, data, ledger FROM \
                     (SELECT *, row_number() OVER (ORDER BY seq) AS number, \
                     sum(length(data) + coalesce(length(ledger), 0)) OVER (ORDER BY seq) AS bytes FROM \
                     (SELECT * FROM events WHERE seq > ?1 ORDER BY seq LIMIT CAST(?2 AS INTEGER))) WHERE bytes <= ?3 OR number = 1 ORDER BY seq";
    sql.exec(statement, &[after.into(), limit.into(), bytes.into()])?.iter().map(read).collect()
}

/// Returns the position of the last event, or 0 if there is none.
pub fn last_seq(sql: &dyn Sql) -> Result<i64, SqlError> {
    let rows = sql.exec("SELECT coalesce(max(seq), 0) FROM events", &[])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}
