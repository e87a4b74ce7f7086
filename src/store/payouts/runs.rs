//! Rows of payout runs.

use crate::domain::{
    money::Currency,
    payouts::{RunStatus, payer::Payer},
    values::{date::Date, id::RunId, string_enum::Word, time::Timestamp},
};
use crate::store::{Page, Row, Sql, SqlError, Value, books::fx::day, value::json_text};
use serde::{Deserialize, Serialize};

/// What a run is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTerms {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: RunId,
    /// First day of its period; names it, and narrows nothing.
    pub from: Date,
    /// Last day: what became payable by its end is paid.
    pub to: Date,
    /// Only payouts in this currency; all if absent.
    pub currency: Option<Currency>,
    /// Payouts in its currency are made from this amount on.
    pub minimum: Option<(i64, Currency)>,
    /// The day whose rates are used.
    pub rate_date: Date,
    /// The key that asked for it.
    pub maker: String,
}

/// The programme's name, and who pays.
pub type NamedPayer = (String, Option<Payer>);

/// A run as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What it was asked for.
    pub terms: RunTerms,
    /// Where it stands.
    pub status: RunStatus,
    /// The key that computed it anew, if one did.
    pub refreshed_by: Option<String>,
    /// The key that approved it.
    pub approver: Option<String>,
    /// The last transfer when it was computed.
    pub transfers_seen: i64,
    /// The first answer.
    pub answer: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was computed last.
    pub computed_at: Timestamp,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// Who paid, as it was called then.
    pub payer: Option<NamedPayer>,
}

const COLUMNS: &str = "no, id, period_from, period_to, currency, CAST(minimum AS TEXT), minimum_currency, rate_date, \
                       maker, status, refreshed_by, approver, transfers_seen, answer, created_at, computed_at, \
                       approved_at, payer";

fn read(row: &Row) -> Result<Run, SqlError> {
    let minimum = match row.opt_parsed(6, "a currency", Currency::parse)? {
        Some(currency) => {
            let amount = i64::try_from(row.big_int(5)?).map_err(|_| SqlError::Overflow("a minimum"))?;
            Some((amount, currency))
        }
        None => None,
    };
    Ok(Run {
        terms: RunTerms {
            no: row.int(0)?,
            id: row.parsed(1, "a run's id", RunId::parse)?,
            from: day(row, 2)?,
            to: day(row, 3)?,
            currency: Currency::parse(row.text(4)?),
            minimum,
            rate_date: day(row, 7)?,
            maker: row.text(8)?.to_owned(),
        },
        status: row.parsed(9, "a status", RunStatus::parse)?,
        refreshed_by: row.opt_string(10)?,
        approver: row.opt_string(11)?,
        transfers_seen: row.int(12)?,
        answer: row.text(13)?.to_owned(),
        created_at: row.time(14)?,
        computed_at: row.time(15)?,
        approved_at: row.opt_time(16)?,
        payer: row.opt_text(17)?.map(|_| row.json(17)).transpose()?,
    })
}

/// The number that the next run gets.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "payout_runs")
}

/// Adds a draft whose payouts are not computed yet.
pub fn insert(sql: &dyn Sql, terms: &RunTerms, answer: &str, at: Timestamp) -> Result<(), SqlError> {
    let statement = "INSERT INTO payout_runs (no, id, period_from, period_to, currency, minimum, minimum_currency, \
                     rate_date, status, maker, transfers_seen, last_payout_no, answer, created_at, computed_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'draft', ?9, 0, 0, ?10, ?11, ?11)";
    let args: [Value; 11] = [
        terms.no.into(),
        terms.id.as_str().into(),
        terms.from.to_string().into(),
        terms.to.to_string().into(),
        terms.currency.map_or(String::new(), |currency| currency.code().to_owned()).into(),
        terms.minimum.map(|(amount, _)| amount).into(),
        terms.minimum.map(|(_, currency)| currency.code().to_owned()).into(),
        terms.rate_date.to_string().into(),
        terms.maker.as_str().into(),
        answer.into(),
        at.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Keeps the first answer.
pub fn keep_answer(sql: &dyn Sql, no: i64, answer: &str) -> Result<(), SqlError> {
    sql.exec("UPDATE payout_runs SET answer = ?2 WHERE no = ?1", &[no.into(), answer.into()]).map(drop)
}

/// Notes what a draft was computed from: the last transfer, and the last number that a payout was given.
pub fn computed(sql: &dyn Sql, no: i64, last_payout_no: i64, at: Timestamp) -> Result<(), SqlError> {
    let statement = "UPDATE payout_runs SET transfers_seen = (SELECT coalesce(max(no), 0) FROM transfers), \
                     last_payout_no = ?2, computed_at = ?3 WHERE no = ?1";
    sql.exec(statement, &[no.into(), last_payout_no.into(), at.into()]).map(drop)
}

/// The last number that a payout was ever given, 0 if there was none.
pub fn last_payout_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    let rows = sql.exec("SELECT coalesce(max(last_payout_no), 0) FROM payout_runs", &[])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Notes who computed a draft anew.
pub fn refreshed(sql: &dyn Sql, no: i64, by: &str) -> Result<(), SqlError> {
    sql.exec("UPDATE payout_runs SET refreshed_by = ?2 WHERE no = ?1", &[no.into(), by.into()]).map(drop)
}

/// Notes that a draft is approved.
pub fn approved(
    sql: &dyn Sql,
    no: i64,
    by: &str,
    payer: Option<NamedPayer>,
    at: Timestamp,
) -> Result<(), SqlError> {
    let payer = payer.map(|payer| json_text(&payer)).transpose()?;
    let statement = "UPDATE payout_runs SET status = 'approved', approver = ?2, approved_at = ?3, payer = ?4 \
                     WHERE no = ?1";
    sql.exec(statement, &[no.into(), by.into(), at.into(), payer.into()]).map(drop)
}

/// Notes that a draft is given up.
pub fn cancelled(sql: &dyn Sql, no: i64) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE payout_runs SET status = ?2 WHERE no = ?1",
        &[no.into(), Word::from(RunStatus::Cancelled).into()],
    )
    .map(drop)
}

/// Settles an approved run none of whose payouts is open.
pub fn settle(sql: &dyn Sql, no: i64) -> Result<(), SqlError> {
    let statement = "UPDATE payout_runs SET status = 'settled' WHERE no = ?1 AND status = 'approved' \
                     AND NOT EXISTS (SELECT 1 FROM payouts WHERE run_no = ?1 AND status = 'open')";
    sql.exec(statement, &[no.into()]).map(drop)
}

/// The run with this id.
pub fn by_id(sql: &dyn Sql, id: &RunId) -> Result<Option<Run>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM payout_runs WHERE id = ?1");
    sql.exec(&statement, &[id.as_str().into()])?.first().map(read).transpose()
}

/// The run with this number.
pub fn by_no(sql: &dyn Sql, no: i64) -> Result<Option<Run>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM payout_runs WHERE no = ?1");
    sql.exec(&statement, &[no.into()])?.first().map(read).transpose()
}

/// The run of a period and currency that was not cancelled.
pub fn standing(
    sql: &dyn Sql,
    from: Date,
    to: Date,
    currency: Option<Currency>,
) -> Result<Option<Run>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM payout_runs WHERE period_from = ?1 AND period_to = ?2 AND currency = ?3 \
         AND status <> 'cancelled'"
    );
    let currency = currency.map_or(String::new(), |currency| currency.code().to_owned());
    let args = [from.to_string().into(), to.to_string().into(), currency.into()];
    sql.exec(&statement, &args)?.first().map(read).transpose()
}

/// Runs, newest first.
pub fn list(sql: &dyn Sql, page: Page) -> Result<Vec<Run>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM payout_runs WHERE no < ?1 ORDER BY no DESC LIMIT ?2");
    sql.exec(&statement, &[page.below().into(), page.limit.into()])?.iter().map(read).collect()
}
