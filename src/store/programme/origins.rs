//! Rows of origins of web pages that may call the API. Each has an owner: the programme, a partner or a publishable key.

use crate::domain::programme::origin::Origin;
use crate::store::{Sql, SqlError};

/// The owner of the programme's own origins.
pub const PROGRAMME: &str = "program";

/// Replaces the origins of an owner.
pub fn set(sql: &dyn Sql, owner: &str, origins: &[Origin]) -> Result<(), SqlError> {
    sql.exec("DELETE FROM origins WHERE owner = ?1", &[owner.into()])?;
    for origin in origins {
        let statement = "INSERT INTO origins (origin, owner) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
        sql.exec(statement, &[origin.as_str().into(), owner.into()])?;
    }
    Ok(())
}

/// Returns whether anybody has registered an origin.
pub fn is_registered(sql: &dyn Sql, origin: &str) -> Result<bool, SqlError> {
    Ok(!sql.exec("SELECT 1 FROM origins WHERE origin = ?1 LIMIT 1", &[origin.into()])?.is_empty())
}
