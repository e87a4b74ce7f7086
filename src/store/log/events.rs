//! The event table: every change in order, written in the transaction of the change.

use crate::domain::{
    event::EventType,
    programme::partner::PartnerNo,
    values::{id::EventId, string_enum::Word, time::Timestamp},
};
use crate::store::{Row, Sql, SqlError, Value, columns, page::Conditions, value::json_text};

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
    within(sql, "*", after, limit, bytes)
}

/// The same without the data for rebuilding a Ledger, which are longer than the rest.
pub fn shown_after_within(sql: &dyn Sql, after: i64, limit: i64, bytes: i64) -> Result<Vec<Event>, SqlError> {
    within(sql, "seq, id, type, partner_no, created_at, data, NULL AS ledger", after, limit, bytes)
}

fn within(sql: &dyn Sql, columns: &str, after: i64, limit: i64, bytes: i64) -> Result<Vec<Event>, SqlError> {
    let statement = format!(
        "SELECT seq, id, type, partner_no, created_at, data, ledger FROM \
         (SELECT *, row_number() OVER (ORDER BY seq) AS number, \
         sum(length(data) + coalesce(length(ledger), 0)) OVER (ORDER BY seq) AS bytes FROM \
         (SELECT {columns} FROM events WHERE seq > ?1 ORDER BY seq LIMIT CAST(?2 AS INTEGER))) WHERE bytes <= ?3 OR number = 1 ORDER BY seq"
    );
    sql.exec(&statement, &[after.into(), limit.into(), bytes.into()])?.iter().map(read).collect()
}

/// A part of the log that a reader receives.
#[derive(Debug)]
pub struct Range<'a> {
    /// Only events after this one.
    pub after: i64,
    /// Only events up to this one.
    pub through: i64,
    /// Only events of this partner; `None` means all.
    pub partner: Option<PartnerNo>,
    /// Only events of these types; `None` means all.
    pub types: Option<&'a [EventType]>,
}

impl Range<'_> {
    fn conditions(&self) -> Result<Conditions, SqlError> {
        let mut all = Conditions::default();
        for (comparison, bound) in [(">", self.after), ("<=", self.through)] {
            let placeholder = all.bind(bound);
            all.and(format!("seq {comparison} {placeholder}"));
        }
        // The sign keeps the planner from an index that would read events outside of the range.
        self.select(&mut all, "+")?;
        Ok(all)
    }

    /// Adds the conditions on the partner and the type. With the sign `+`, no index is used for them.
    pub fn select(&self, all: &mut Conditions, sign: &str) -> Result<(), SqlError> {
        all.equals(&format!("{sign}partner_no"), self.partner);
        if let Some(types) = self.types {
            let words: Vec<_> = types.iter().map(|kind| kind.as_str()).collect();
            let words = all.bind(json_text(&words)?);
            all.and(format!("{sign}type IN (SELECT value FROM json_each({words}))"));
        }
        Ok(())
    }

    /// Returns whether an event belongs to the range.
    #[must_use]
    pub fn includes(&self, event: &Event) -> bool {
        event.seq > self.after
            && event.seq <= self.through
            && (self.partner.is_none() || event.partner_no == self.partner)
            && self.types.is_none_or(|types| types.contains(&event.kind))
    }
}

/// Returns the first events of a range, oldest first and without the data for rebuilding a Ledger: at most `limit`, and no more than
/// `bytes` of them unless a single one is longer. Also returns whether these are all.
pub fn shown_in(
    sql: &dyn Sql,
    range: &Range<'_>,
    limit: i64,
    bytes: i64,
) -> Result<(Vec<Event>, bool), SqlError> {
    let mut all = range.conditions()?;
    let (conditions, limit_bound) = (all.text(), all.bind(limit.saturating_add(1)));
    let statement = format!(
        "SELECT seq, id, type, partner_no, created_at, data, NULL FROM events WHERE {conditions} \
         ORDER BY seq LIMIT CAST({limit_bound} AS INTEGER)"
    );
    let mut found: Vec<Event> =
        sql.exec(&statement, all.args())?.iter().map(read).collect::<Result<_, SqlError>>()?;
    let (mut length, mut count) = (0i64, 0usize);
    for event in &found {
        length = length.saturating_add(i64::try_from(event.data.len()).unwrap_or(i64::MAX));
        if count > 0 && length > bytes || i64::try_from(count).is_ok_and(|count| count >= limit) {
            break;
        }
        count = count.saturating_add(1);
    }
    let is_whole = count == found.len();
    found.truncate(count);
    Ok((found, is_whole))
}

/// Returns the number of events of a range in the table.
pub fn count(sql: &dyn Sql, range: &Range<'_>) -> Result<i64, SqlError> {
    let all = range.conditions()?;
    let statement = format!("SELECT count(*) FROM events WHERE {}", all.text());
    sql.exec(&statement, all.args())?.first().map_or(Ok(0), |row| row.int(0))
}

/// Returns the event with this id.
pub fn by_id(sql: &dyn Sql, id: &EventId) -> Result<Option<Event>, SqlError> {
    let statement = "SELECT seq, id, type, partner_no, created_at, data, NULL FROM events WHERE id = ?1";
    sql.exec(statement, &[id.as_str().into()])?.first().map(read).transpose()
}

/// Returns the position of the last event, or 0 if there is none.
pub fn last_seq(sql: &dyn Sql) -> Result<i64, SqlError> {
    let rows = sql.exec("SELECT coalesce(max(seq), 0) FROM events", &[])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}
