//! Addresses that get no mail: it bounced, or the person complained or unsubscribed.

use crate::{
    domain::values::{
        string_enum::{Word, string_enum},
        time::Timestamp,
    },
    store::{Sql, SqlError},
};

string_enum! {
    /// Why an address gets no mail.
    SuppressionReason {
        /// The address does not exist or refuses mail for good.
        Bounced = "bounced";
        /// The person marked a mail as spam.
        Complained = "complained";
        /// The person unsubscribed at the provider, or the operator suppressed the address there.
        Unsubscribed = "unsubscribed";
    }
}

/// Suppresses an address in lower case. A repetition keeps the first reason.
pub fn add(
    sql: &dyn Sql,
    address: &str,
    reason: SuppressionReason,
    provider: &str,
    now: Timestamp,
) -> Result<(), SqlError> {
    let statement = "INSERT OR IGNORE INTO mail_suppressions (address, reason, provider, suppressed_at) \
                     VALUES (?1, ?2, ?3, ?4)";
    sql.exec(statement, &[address.into(), Word::from(reason).into(), provider.into(), now.into()]).map(drop)
}

/// Lifts a suppression that the same provider reported.
pub fn lift(sql: &dyn Sql, address: &str, provider: &str) -> Result<(), SqlError> {
    let statement = "DELETE FROM mail_suppressions WHERE address = ?1 AND provider = ?2";
    sql.exec(statement, &[address.into(), provider.into()]).map(drop)
}

/// Returns whether an address in lower case gets no mail.
pub fn contains(sql: &dyn Sql, address: &str) -> Result<bool, SqlError> {
    let rows = sql.exec("SELECT 1 FROM mail_suppressions WHERE address = ?1", &[address.into()])?;
    Ok(!rows.is_empty())
}
