//! Endpoints that receive events, and the commands to their objects.

use crate::{
    domain::{
        delivery::endpoint::{ApiVersion, EndpointStatus, EventFilter, Filters, PauseReason, Receiver},
        programme::partner::PartnerNo,
        values::{id::WebhookId, string_enum::Word, time::Timestamp},
    },
    store::{
        Page, Row, Sql, SqlError, Value, columns,
        meta::{self, name},
        page::Conditions,
        value::json_text,
    },
};

/// An endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// The number of its row.
    pub no: i64,
    /// Public id.
    pub id: WebhookId,
    /// Who receives the events.
    pub receiver: Receiver,
    /// Whose it is; `None` for the programme.
    pub partner_no: Option<PartnerNo>,
    /// The URL that receives the events.
    pub url: String,
    /// The events that it receives.
    pub events: Filters,
    /// A note.
    pub description: Option<String>,
    /// Whether it is active.
    pub status: EndpointStatus,
    /// Why it is paused.
    pub pause_reason: Option<PauseReason>,
    /// When it was paused.
    pub paused_at: Option<Timestamp>,
    /// The version of its payloads.
    pub api_version: ApiVersion,
    /// Its signing secrets, sealed.
    pub secrets: String,
    /// The last event before it was made.
    pub start_seq: i64,
    /// The API key that made it.
    pub created_by: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

const COLUMNS: &str = "no, id, partner_no, url, events, description, status, pause_reason, paused_at, api_version, secrets, \
                       start_seq, created_by, created_at, updated_at, earlier_events, receiver";

fn filters(row: &Row) -> Result<Filters, SqlError> {
    let filter = |words: &[String]| {
        EventFilter::parse(words.iter().map(String::as_str))
            .map_err(|_| SqlError::Shape { column: 4, expected: "types of events" })
    };
    let earlier: Vec<(i64, Vec<String>)> = row.json(15)?;
    let earlier = earlier
        .into_iter()
        .map(|(last, words)| Ok((last, filter(&words)?)))
        .collect::<Result<_, SqlError>>()?;
    Ok(Filters { current: filter(&row.json::<Vec<String>>(4)?)?, earlier })
}

fn read(row: &Row) -> Result<Webhook, SqlError> {
    Ok(Webhook {
        no: row.int(0)?,
        id: row.parsed(1, "a webhook id", WebhookId::parse)?,
        receiver: row.parsed(16, "a receiver", Receiver::parse)?,
        partner_no: columns::nonzero(row, 2)?,
        url: row.text(3)?.to_owned(),
        events: filters(row)?,
        description: row.opt_string(5)?,
        status: row.parsed(6, "a status", EndpointStatus::parse)?,
        pause_reason: row.opt_parsed(7, "a reason", PauseReason::parse)?,
        paused_at: row.opt_time(8)?,
        api_version: row.parsed(9, "a version", ApiVersion::parse)?,
        secrets: row.text(10)?.to_owned(),
        start_seq: row.int(11)?,
        created_by: row.text(12)?.to_owned(),
        created_at: row.time(13)?,
        updated_at: row.time(14)?,
    })
}

/// Returns the number for the next endpoint.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "webhooks")
}

/// Inserts or replaces an endpoint.
pub fn put(sql: &dyn Sql, webhook: &Webhook) -> Result<(), SqlError> {
    let statement = format!(
        "INSERT INTO webhooks ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17) \
         ON CONFLICT (no) DO UPDATE SET url = excluded.url, events = excluded.events, description = excluded.description, \
         status = excluded.status, pause_reason = excluded.pause_reason, paused_at = excluded.paused_at, \
         api_version = excluded.api_version, secrets = excluded.secrets, updated_at = excluded.updated_at, \
         earlier_events = excluded.earlier_events"
    );
    let earlier: Vec<_> =
        webhook.events.earlier.iter().map(|(last, filter)| (last, filter.words())).collect();
    let args: [Value; 17] = [
        webhook.no.into(),
        webhook.id.as_str().into(),
        columns::number_or_zero(webhook.partner_no),
        webhook.url.as_str().into(),
        json_text(&webhook.events.current.words())?.into(),
        webhook.description.clone().into(),
        Word::from(webhook.status).into(),
        webhook.pause_reason.map(|reason| reason.as_str().to_owned()).into(),
        webhook.paused_at.into(),
        Word::from(webhook.api_version).into(),
        webhook.secrets.as_str().into(),
        webhook.start_seq.into(),
        webhook.created_by.as_str().into(),
        webhook.created_at.into(),
        webhook.updated_at.into(),
        json_text(&earlier)?.into(),
        Word::from(webhook.receiver).into(),
    ];
    sql.exec(&statement, &args).map(drop)
}

/// Deletes an endpoint. Its row stays, so that its number is never used again.
pub fn delete(sql: &dyn Sql, no: i64, at: Timestamp) -> Result<(), SqlError> {
    sql.exec("UPDATE webhooks SET deleted_at = ?2, secrets = '' WHERE no = ?1", &[no.into(), at.into()])
        .map(drop)
}

/// Returns the endpoint with this id, unless it was deleted.
pub fn by_id(sql: &dyn Sql, id: &WebhookId) -> Result<Option<Webhook>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM webhooks WHERE id = ?1 AND deleted_at IS NULL");
    sql.exec(&statement, &[id.as_str().into()])?.first().map(read).transpose()
}

/// Returns the destination that sends mail.
pub fn mail(sql: &dyn Sql) -> Result<Option<Webhook>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM webhooks WHERE receiver = 'mail' AND deleted_at IS NULL");
    sql.exec(&statement, &[])?.first().map(read).transpose()
}

/// Returns endpoints, newest first; `partner` limits them to one partner's.
pub fn list(sql: &dyn Sql, partner: Option<PartnerNo>, page: Page) -> Result<Vec<Webhook>, SqlError> {
    let mut all = endpoints();
    all.equals("partner_no", partner);
    let (below, limit) = (all.bind(page.below()), all.bind(page.limit));
    let statement = format!(
        "SELECT {COLUMNS} FROM webhooks WHERE {} AND no < {below} ORDER BY no DESC LIMIT CAST({limit} AS INTEGER)",
        all.text()
    );
    sql.exec(&statement, all.args())?.iter().map(read).collect()
}

/// What is true of endpoints, which somebody has made.
fn endpoints() -> Conditions {
    let mut all = Conditions::default();
    all.and("deleted_at IS NULL");
    all.and("receiver = 'https'");
    all
}

/// Returns all active destinations.
pub fn active(sql: &dyn Sql) -> Result<Vec<Webhook>, SqlError> {
    let statement =
        format!("SELECT {COLUMNS} FROM webhooks WHERE deleted_at IS NULL AND status = 'active' ORDER BY no");
    sql.exec(&statement, &[])?.iter().map(read).collect()
}

/// Returns the number of endpoints; `partner` limits them to one partner's.
pub fn count(sql: &dyn Sql, partner: Option<PartnerNo>) -> Result<i64, SqlError> {
    let mut all = endpoints();
    all.equals("partner_no", partner);
    let statement = format!("SELECT count(*) FROM webhooks WHERE {}", all.text());
    sql.exec(&statement, all.args())?.first().map_or(Ok(0), |row| row.int(0))
}

/// Returns the sealed secrets of all endpoints, with number and id.
pub fn all_sealed_secrets(sql: &dyn Sql) -> Result<Vec<(i64, String, String)>, SqlError> {
    let rows = sql.exec("SELECT no, id, secrets FROM webhooks WHERE deleted_at IS NULL", &[])?;
    rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?.to_owned(), row.text(2)?.to_owned()))).collect()
}

/// Replaces the sealed secrets of an endpoint.
pub fn set_sealed_secrets(sql: &dyn Sql, no: i64, secrets: &str) -> Result<(), SqlError> {
    sql.exec("UPDATE webhooks SET secrets = ?2 WHERE no = ?1", &[no.into(), secrets.into()]).map(drop)
}

/// Returns the version of the endpoints that the relay must know.
pub fn version(sql: &dyn Sql) -> Result<i64, SqlError> {
    Ok(meta::get_int(sql, name::ENDPOINTS_VERSION)?.unwrap_or(0))
}

/// Records that the endpoints changed.
pub fn bump_version(sql: &dyn Sql) -> Result<(), SqlError> {
    meta::set_int(sql, name::ENDPOINTS_VERSION, version(sql)?.saturating_add(1))
}

/// A command on its way to the object of a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedCommand {
    /// The number of its row.
    pub no: i64,
    /// The id of the destination.
    pub destination: String,
    /// The command, JSON.
    pub command: String,
}

/// Queues a command for the object of a destination.
pub fn queue_command(sql: &dyn Sql, destination: &str, command: &str) -> Result<(), SqlError> {
    let statement = "INSERT INTO destination_commands (destination, command) VALUES (?1, ?2)";
    sql.exec(statement, &[destination.into(), command.into()]).map(drop)
}

/// Returns the oldest commands.
pub fn queued_commands(sql: &dyn Sql, limit: i64) -> Result<Vec<QueuedCommand>, SqlError> {
    let statement =
        "SELECT no, destination, command FROM destination_commands ORDER BY no LIMIT CAST(?1 AS INTEGER)";
    let read = |row: &Row| {
        Ok(QueuedCommand {
            no: row.int(0)?,
            destination: row.text(1)?.to_owned(),
            command: row.text(2)?.to_owned(),
        })
    };
    sql.exec(statement, &[limit.into()])?.iter().map(read).collect()
}

/// Deletes a command that was executed.
pub fn command_done(sql: &dyn Sql, no: i64) -> Result<(), SqlError> {
    sql.exec("DELETE FROM destination_commands WHERE no = ?1", &[no.into()]).map(drop)
}
