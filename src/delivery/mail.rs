//! Whether the mail of an event is to be sent now. A mail is recorded before it is sent, and what is recorded is not sent again unless
//! the provider says that it does not have it. Providers do not recognise a repetition themselves.

use crate::{
    domain::values::{id::EventId, time::Timestamp},
    mail::providers::SendOutcome,
    store::{
        Sql, SqlError,
        delivery::mails::{self, MailStatus, SentMail},
    },
};

/// How long a mail may take until the provider can be asked for it.
pub const LOOKUP_AFTER_MS: i64 = 60_000;
/// How often a mail is passed to the provider at most: once, and once more if the provider does not have it.
const MAX_SENDS: i64 = 2;

/// What to do about a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send it. This is recorded already.
    Send(SentMail),
    /// Ask the provider whether it has it, then call [`looked_up`].
    LookUp(SentMail),
    /// Wait for this many milliseconds.
    Wait(i64),
    /// Nothing: this has become of it.
    Finished(MailStatus),
}

/// Begins with the mail of an event to an address in lower case. `can_look_up` says whether the provider can be asked for a mail.
pub fn begin(
    sql: &dyn Sql,
    event_id: &EventId,
    recipient: &str,
    provider: &str,
    can_look_up: bool,
    now: Timestamp,
) -> Result<Step, SqlError> {
    let Some(mail) = mails::get(sql, event_id, recipient)? else {
        let mail = SentMail {
            event_id: event_id.clone(),
            recipient: recipient.to_owned(),
            status: MailStatus::Sending,
            sends: 1,
            unfound_at: None,
            began_at: now,
            provider: provider.to_owned(),
        };
        mails::put(sql, &mail)?;
        return Ok(Step::Send(mail));
    };
    match mail.status {
        MailStatus::Sent | MailStatus::Refused | MailStatus::Unknown => Ok(Step::Finished(mail.status)),
        // Only the provider that it was passed to can be asked for it.
        MailStatus::Sending if !can_look_up || mail.provider != provider => {
            finish(sql, mail, MailStatus::Unknown)
        }
        MailStatus::Sending => {
            let due = mail.unfound_at.unwrap_or(mail.began_at).plus_ms(LOOKUP_AFTER_MS);
            let wait = due.ms().saturating_sub(now.ms());
            Ok(if wait > 0 { Step::Wait(wait) } else { Step::LookUp(mail) })
        }
    }
}

fn finish(sql: &dyn Sql, mail: SentMail, status: MailStatus) -> Result<Step, SqlError> {
    mails::put(sql, &SentMail { status, ..mail })?;
    Ok(Step::Finished(status))
}

/// Records whether the provider has a mail. It must be missing twice, because the provider's list may lag behind.
pub fn looked_up(sql: &dyn Sql, mail: SentMail, is_found: bool, now: Timestamp) -> Result<Step, SqlError> {
    if is_found {
        return finish(sql, mail, MailStatus::Sent);
    }
    if mail.unfound_at.is_none() {
        mails::put(sql, &SentMail { unfound_at: Some(now), ..mail })?;
        return Ok(Step::Wait(LOOKUP_AFTER_MS));
    }
    if mail.sends >= MAX_SENDS {
        return finish(sql, mail, MailStatus::Unknown);
    }
    let mail = SentMail { sends: mail.sends.saturating_add(1), unfound_at: None, began_at: now, ..mail };
    mails::put(sql, &mail)?;
    Ok(Step::Send(mail))
}

/// Records what the provider said to a mail.
pub fn sent(sql: &dyn Sql, mail: SentMail, outcome: &SendOutcome) -> Result<(), SqlError> {
    let status = match outcome {
        SendOutcome::Accepted => MailStatus::Sent,
        SendOutcome::Refused { .. } => MailStatus::Refused,
        SendOutcome::Unknown { .. } => MailStatus::Sending,
        // The provider may still have the first one.
        SendOutcome::NotSent { .. } if mail.sends > 1 => MailStatus::Sending,
        SendOutcome::NotSent { .. } => return mails::delete(sql, &mail),
    };
    mails::put(sql, &SentMail { status, ..mail })
}
