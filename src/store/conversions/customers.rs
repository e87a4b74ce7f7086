//! Queries about customers, based on the conversions that name them.

use crate::domain::{
    conversions::ConversionType,
    values::{string_enum::Word, time::Timestamp},
};
use crate::store::{Sql, SqlError, Value, conversions::Conversion};

/// Returns whether a customer bought anything before `at`.
pub fn has_bought_before(sql: &dyn Sql, customer_id: &str, at: Timestamp) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM conversions INDEXED BY conversions_of_customer WHERE customer_id = ?1 \
                     AND customer_id IS NOT NULL AND type IN ('sale', 'subscription_started', 'subscription_renewed') AND occurred_at < ?2 LIMIT 1";
    Ok(!sql.exec(statement, &[customer_id.into(), at.into()])?.is_empty())
}

/// Returns when a customer's subscription began: the first subscription charge, otherwise the first sale, otherwise the
/// first renewal; `None` if there is none of these.
pub fn subscription_start(sql: &dyn Sql, customer_id: &str) -> Result<Option<Timestamp>, SqlError> {
    for kind in
        [ConversionType::SubscriptionStarted, ConversionType::Sale, ConversionType::SubscriptionRenewed]
    {
        let statement = "SELECT min(occurred_at) FROM conversions INDEXED BY conversions_of_customer \
                         WHERE customer_id = ?1 AND type = ?2";
        let rows = sql.exec(statement, &[customer_id.into(), Word::from(kind).into()])?;
        if let Some(since) = rows.first().map(|row| row.opt_time(0)).transpose()?.flatten() {
            return Ok(Some(since));
        }
    }
    Ok(None)
}

/// Returns whether the customer of a conversion has an earlier, credited conversion of the same type on the same
/// listing. Only types that normally happen once per customer are considered
/// (`crate::domain::conversions::fraud::is_once_per_customer`; index `conversions_once`).
pub fn is_repeat(sql: &dyn Sql, conversion: &Conversion) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM conversions INDEXED BY conversions_once \
                     WHERE partner_no <> 0 AND customer_id IS NOT NULL \
                     AND type IN ('lead', 'install', 'subscription_started') AND customer_id = ?1 AND type = ?2 \
                     AND no < ?3 AND listing_no IS ?4 LIMIT 1";
    let args: [Value; 4] = [
        conversion.customer_id.clone().into(),
        Word::from(conversion.kind).into(),
        conversion.no.into(),
        conversion.listing_no.into(),
    ];
    Ok(!sql.exec(statement, &args)?.is_empty())
}

/// Returns whether an e-mail address of a customer is known, by its keyed hash.
pub fn has_email(sql: &dyn Sql, customer_id: &str, digest: &str) -> Result<bool, SqlError> {
    let statement = "SELECT 1 FROM customer_emails WHERE customer_id = ?1 AND digest = ?2";
    Ok(!sql.exec(statement, &[customer_id.into(), digest.into()])?.is_empty())
}

/// Returns how many e-mail addresses of a customer are known.
pub fn count_emails(sql: &dyn Sql, customer_id: &str) -> Result<i64, SqlError> {
    let statement = "SELECT count(*) FROM customer_emails WHERE customer_id = ?1";
    let rows = sql.exec(statement, &[customer_id.into()])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Stores the keyed hash of a customer's e-mail address.
pub fn put_email(sql: &dyn Sql, customer_id: &str, digest: &str) -> Result<(), SqlError> {
    let statement = "INSERT OR IGNORE INTO customer_emails (customer_id, digest) VALUES (?1, ?2)";
    sql.exec(statement, &[customer_id.into(), digest.into()]).map(drop)
}
