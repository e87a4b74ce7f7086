//! Rows of payment files that were handed out. A payout is in one file at most.

use crate::domain::{
    payouts::payer::PayoutMethod,
    values::{date::Date, string_enum::Word, time::Timestamp},
};
use crate::store::{Row, Sql, SqlError, Value, value::json_text};
use serde::{Deserialize, Serialize};

/// A payment file of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentFile {
    /// The run.
    pub run_no: i64,
    /// Number within the run: 1, 2, …
    pub number: i64,
    /// The method by which its payouts are paid.
    pub method: PayoutMethod,
    /// Identifies the file to the bank.
    pub message_id: String,
    /// The day on which the bank was asked to pay, if the format names one.
    pub execution_date: Option<Date>,
}

/// A payment file as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// The file.
    pub file: PaymentFile,
    /// When it was handed out first.
    pub created_at: Timestamp,
}

fn read(row: &Row) -> Result<StoredFile, SqlError> {
    Ok(StoredFile {
        file: PaymentFile {
            run_no: row.int(0)?,
            number: row.int(1)?,
            method: row.parsed(2, "a method", PayoutMethod::parse)?,
            message_id: row.text(3)?.to_owned(),
            execution_date: row.opt_parsed(4, "a day", Date::parse)?,
        },
        created_at: row.time(5)?,
    })
}

/// Returns the files of a run in ascending order.
pub fn of_run(sql: &dyn Sql, run_no: i64) -> Result<Vec<StoredFile>, SqlError> {
    let statement = "SELECT run_no, number, method, message_id, execution_date, created_at FROM payment_files \
                     WHERE run_no = ?1 ORDER BY number";
    sql.exec(statement, &[run_no.into()])?.iter().map(read).collect()
}

/// Returns the numbers of a file's payouts in ascending order, whatever became of them.
pub fn payouts_of(sql: &dyn Sql, file: &PaymentFile) -> Result<Vec<i64>, SqlError> {
    let statement = "SELECT no FROM payouts WHERE run_no = ?1 AND file_no = ?2 ORDER BY no";
    let rows = sql.exec(statement, &[file.run_no.into(), file.number.into()])?;
    rows.iter().map(|row| row.int(0)).collect()
}

/// Inserts a file with its payouts.
pub fn insert(sql: &dyn Sql, file: &PaymentFile, payouts: &[i64], at: Timestamp) -> Result<(), SqlError> {
    let statement = "INSERT INTO payment_files (run_no, number, method, message_id, execution_date, created_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let args: [Value; 6] = [
        file.run_no.into(),
        file.number.into(),
        Word::from(file.method).into(),
        file.message_id.as_str().into(),
        file.execution_date.map(|date| date.to_string()).into(),
        at.into(),
    ];
    sql.exec(statement, &args)?;
    let statement = "UPDATE payouts SET file_no = ?2 WHERE no IN (SELECT value FROM json_each(?1))";
    sql.exec(statement, &[json_text(&payouts)?.into(), file.number.into()]).map(drop)
}
