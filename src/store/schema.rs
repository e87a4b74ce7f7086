//! Schema versions. A database opens with the code that created it and with any newer code. Pending steps are applied
//! in order, each in a transaction that also records the step.

use crate::store::{Sql, SqlError, transaction};

/// A schema step.
#[derive(Debug)]
pub struct Step {
    /// 1, 2, 3, …
    pub version: i64,
    /// The SQL statements.
    pub script: &'static str,
}

/// Returns the length of a script without its comments, which extend from `--` to the end of the line. String literals
/// in scripts must not contain `--`.
pub(crate) const fn bare_length(mut script: &[u8]) -> usize {
    let (mut length, mut in_comment) = (0usize, false);
    while let [byte, rest @ ..] = script {
        in_comment = matches!(script, [b'-', b'-', ..]) || (in_comment && *byte != b'\n');
        if !in_comment {
            length = length.saturating_add(1);
        }
        script = rest;
    }
    length
}

/// Returns a script without its comments, which would be a hundredth of the bundle.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, for which a panic is an error")]
pub(crate) const fn bare<const LENGTH: usize>(mut script: &[u8]) -> [u8; LENGTH] {
    let (mut bare, mut length, mut in_comment) = ([0; LENGTH], 0usize, false);
    while let [byte, rest @ ..] = script {
        in_comment = matches!(script, [b'-', b'-', ..]) || (in_comment && *byte != b'\n');
        if !in_comment {
            bare[length] = *byte;
            length = length.saturating_add(1);
        }
        script = rest;
    }
    bare
}

/// Embeds the statements of a script file.
macro_rules! script {
    ($file:literal) => {{
        const SCRIPT: &[u8] = include_bytes!($file);
        const BARE: [u8; $crate::store::schema::bare_length(SCRIPT)] = $crate::store::schema::bare(SCRIPT);
        const TEXT: &str = match str::from_utf8(&BARE) {
            Ok(text) => text,
            Err(_) => panic!("a script is not UTF-8"),
        };
        TEXT
    }};
}
pub(crate) use script;

/// The steps of the Ledger. Append new steps; never change the statements of a released one.
pub const LEDGER: &[Step] = &[
    Step { version: 1, script: script!("schema/ledger_0001.sql") },
    Step { version: 2, script: script!("schema/ledger_0002.sql") },
    Step { version: 3, script: script!("schema/ledger_0003.sql") },
    Step { version: 4, script: script!("schema/ledger_0004.sql") },
    Step { version: 5, script: script!("schema/ledger_0005.sql") },
    Step { version: 6, script: script!("schema/ledger_0006.sql") },
    Step { version: 7, script: script!("schema/ledger_0007.sql") },
    Step { version: 8, script: script!("schema/ledger_0008.sql") },
    Step { version: 9, script: script!("schema/ledger_0009.sql") },
    Step { version: 10, script: script!("schema/ledger_0010.sql") },
    Step { version: 11, script: script!("schema/ledger_0011.sql") },
    Step { version: 12, script: CUSTOMERS_OF_SHOPS },
    Step { version: 13, script: script!("schema/ledger_0013.sql") },
    Step { version: 14, script: script!("schema/ledger_0014.sql") },
    Step { version: 15, script: script!("schema/ledger_0015.sql") },
    Step { version: 16, script: script!("schema/ledger_0016.sql") },
    Step { version: 17, script: script!("schema/ledger_0017.sql") },
    Step { version: 18, script: script!("schema/ledger_0018.sql") },
    Step { version: 19, script: script!("schema/ledger_0019.sql") },
    Step { version: 20, script: script!("schema/ledger_0020.sql") },
    Step { version: 21, script: script!("schema/ledger_0021.sql") },
    Step { version: 22, script: script!("schema/ledger_0022.sql") },
    Step { version: 23, script: script!("schema/ledger_0023.sql") },
    Step { version: 24, script: script!("schema/ledger_0024.sql") },
    Step { version: 25, script: script!("schema/ledger_0025.sql") },
    Step { version: 26, script: script!("schema/ledger_0026.sql") },
];

/// The steps of the object of a destination.
pub const DESTINATION: &[Step] = &[
    Step { version: 1, script: script!("schema/destination_0001.sql") },
    Step { version: 2, script: script!("schema/destination_0002.sql") },
];

/// The steps of the relay.
pub const RELAY: &[Step] = &[Step { version: 1, script: script!("schema/relay_0001.sql") }];

/// Names the customers of shops with their listing. A replay runs it once more at its end.
pub const CUSTOMERS_OF_SHOPS: &str = script!("schema/ledger_0012.sql");

/// The reason that a database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Newer code has migrated the database.
    #[error(
        "the database has schema version {found}, this code knows {known}: deploy a version at least as new"
    )]
    TooNew {
        /// The version of the database.
        found: i64,
        /// The newest version that this code supports.
        known: i64,
    },
    /// A step failed and was rolled back.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Migrates a database to the newest version of `steps` and returns that version.
pub fn migrate(sql: &dyn Sql, steps: &[Step]) -> Result<i64, MigrateError> {
    sql.exec("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY) WITHOUT ROWID", &[])?;
    let rows = sql.exec("SELECT max(version) FROM schema_version", &[])?;
    let found = rows.first().map(|row| row.opt_int(0)).transpose()?.flatten().unwrap_or(0);
    let known = steps.last().map_or(0, |step| step.version);
    if found > known {
        return Err(MigrateError::TooNew { found, known });
    }
    for step in steps.iter().filter(|step| step.version > found) {
        transaction(sql, || -> Result<(), SqlError> {
            sql.script(step.script)?;
            sql.exec("INSERT INTO schema_version (version) VALUES (?1)", &[step.version.into()])?;
            Ok(())
        })?;
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_the_same_without_its_comments() {
        const SCRIPT: &[u8] = b"-- a\nCREATE TABLE a (x - 1); -- b\n--\nSELECT 'x-y';--";
        const BARE: [u8; bare_length(SCRIPT)] = bare(SCRIPT);
        assert_eq!(str::from_utf8(&BARE), Ok("\nCREATE TABLE a (x - 1); \n\nSELECT 'x-y';"));
        for step in LEDGER {
            let changes = step.script.contains("CREATE ") || step.script.contains("ALTER ");
            assert!(!step.script.contains("--") && changes, "{}", step.version);
        }
    }
}
