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

/// Suppresses an address in lower case. The first reason stays, unless that was that the person unsubscribed.
pub fn add(
    sql: &dyn Sql,
    address: &str,
    reason: SuppressionReason,
    provider: &str,
    now: Timestamp,
) -> Result<(), SqlError> {
    let statement = "INSERT INTO mail_suppressions (address, reason, provider, suppressed_at) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (address) DO UPDATE SET reason = excluded.reason, provider = excluded.provider, \
                     suppressed_at = excluded.suppressed_at WHERE reason = 'unsubscribed'";
    sql.exec(statement, &[address.into(), Word::from(reason).into(), provider.into(), now.into()]).map(drop)
}

/// Lifts a suppression that the same provider reported; `reason` limits that to one for this reason.
pub fn lift(
    sql: &dyn Sql,
    address: &str,
    reason: Option<SuppressionReason>,
    provider: &str,
) -> Result<(), SqlError> {
    let statement = "DELETE FROM mail_suppressions WHERE address = ?1 AND provider = ?2 AND reason = coalesce(?3, reason)";
    let reason = reason.map(|reason| reason.as_str().to_owned());
    sql.exec(statement, &[address.into(), provider.into(), reason.into()]).map(drop)
}

/// Returns why an address in lower case is suppressed; `None` if it is not.
pub fn reason(sql: &dyn Sql, address: &str) -> Result<Option<SuppressionReason>, SqlError> {
    let rows = sql.exec("SELECT reason FROM mail_suppressions WHERE address = ?1", &[address.into()])?;
    rows.first().map(|row| row.parsed(0, "a reason", SuppressionReason::parse)).transpose()
}
