//! What became of the mail of each event to each recipient.

use crate::{
    domain::values::{
        id::EventId,
        string_enum::{Word, string_enum},
        time::Timestamp,
    },
    store::{Row, Sql, SqlError},
};

string_enum! {
    /// What became of a mail.
    MailStatus {
        /// It is being sent, or nobody knows whether it was.
        Sending = "sending";
        /// The provider has it.
        Sent = "sent";
        /// The provider refused it for good.
        Refused = "refused";
        /// Nobody knows whether it was sent, and it is not sent again.
        Unknown = "unknown";
    }
}

/// A mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentMail {
    /// The event that it is about.
    pub event_id: EventId,
    /// The address, in lower case.
    pub recipient: String,
    /// What became of it.
    pub status: MailStatus,
    /// How often it was passed to the provider.
    pub sends: i64,
    /// When the provider was asked for it first and did not have it.
    pub unfound_at: Option<Timestamp>,
    /// When it was passed to the provider last.
    pub began_at: Timestamp,
    /// The provider that it was passed to.
    pub provider: String,
}

/// Returns the mail of an event to a recipient.
pub fn get(sql: &dyn Sql, event_id: &EventId, recipient: &str) -> Result<Option<SentMail>, SqlError> {
    let statement = "SELECT status, sends, unfound_at, began_at, provider FROM mails WHERE event_id = ?1 AND recipient = ?2";
    let read = |row: &Row| {
        Ok(SentMail {
            event_id: event_id.clone(),
            recipient: recipient.to_owned(),
            status: row.parsed(0, "a status", MailStatus::parse)?,
            sends: row.int(1)?,
            unfound_at: row.opt_time(2)?,
            began_at: row.time(3)?,
            provider: row.text(4)?.to_owned(),
        })
    };
    sql.exec(statement, &[event_id.as_str().into(), recipient.into()])?.first().map(read).transpose()
}

/// Writes a mail.
pub fn put(sql: &dyn Sql, mail: &SentMail) -> Result<(), SqlError> {
    let statement = "INSERT OR REPLACE INTO mails (event_id, recipient, status, sends, unfound_at, began_at, provider) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    let args = [
        mail.event_id.as_str().into(),
        mail.recipient.as_str().into(),
        Word::from(mail.status).into(),
        mail.sends.into(),
        mail.unfound_at.into(),
        mail.began_at.into(),
        mail.provider.as_str().into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Deletes a mail that the provider certainly does not have.
pub fn delete(sql: &dyn Sql, mail: &SentMail) -> Result<(), SqlError> {
    let statement = "DELETE FROM mails WHERE event_id = ?1 AND recipient = ?2";
    sql.exec(statement, &[mail.event_id.as_str().into(), mail.recipient.as_str().into()]).map(drop)
}

/// Deletes the mails that began before a time, at most `limit` of them.
pub fn prune(sql: &dyn Sql, before: Timestamp, limit: i64) -> Result<(), SqlError> {
    let statement = "DELETE FROM mails WHERE (event_id, recipient) IN (SELECT event_id, recipient FROM mails \
                     WHERE began_at < ?1 ORDER BY began_at LIMIT CAST(?2 AS INTEGER))";
    sql.exec(statement, &[before.into(), limit.into()]).map(drop)
}
