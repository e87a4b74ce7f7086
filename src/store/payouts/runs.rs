//! Rows of payout runs.

use crate::domain::{
    money::Currency,
    payouts::{RunStatus, payer::Payer},
    values::{date::Date, id::RunId, string_enum::Word, time::Timestamp},
};
use crate::store::{Page, Row, Sql, SqlError, Value, books::fx::day, value::json_text};
use serde::{Deserialize, Serialize};

/// The parameters of a payout run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunTerms {
    /// Number within the programme.
    pub no: i64,
    /// Public id.
    pub id: RunId,
    /// The first day of the period. It is only a label and does not limit the commissions.
    pub from: Date,
    /// The last day of the period. Everything that became payable by its end is paid.
    pub to: Date,
    /// The payout currency that the run is limited to; absent means all.
    pub currency: Option<Currency>,
    /// The minimum amount for payouts in its currency.
    pub minimum: Option<(i64, Currency)>,
    /// The day whose exchange rates are used.
    pub rate_date: Date,
    /// The API key that created the run.
    pub maker: String,
}

/// The programme's name and its payer.
pub type NamedPayer = (String, Option<Payer>);

/// A run as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The parameters.
    pub terms: RunTerms,
    /// The status.
    pub status: RunStatus,
    /// The API key that recomputed it, if any.
    pub refreshed_by: Option<String>,
    /// The API key that approved it.
    pub approver: Option<String>,
    /// The number of the last transfer when it was computed.
    pub transfers_seen: i64,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last computed.
    pub computed_at: Timestamp,
    /// When it was approved.
    pub approved_at: Option<Timestamp>,
    /// The payer at the time of approval.
    pub payer: Option<NamedPayer>,
}

const COLUMNS: &str = "no, id, period_from, period_to, currency, CAST(minimum AS TEXT), minimum_currency, rate_date, \
                       maker, status, refreshed_by, approver, transfers_seen, created_at, computed_at, \
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
        created_at: row.time(13)?,
        computed_at: row.time(14)?,
        approved_at: row.opt_time(15)?,
        payer: row.opt_text(16)?.map(|_| row.json(16)).transpose()?,
    })
}

/// Returns the number for the next run.
pub fn next_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    crate::store::next_no(sql, "payout_runs")
}

/// Inserts a draft whose payouts have not been computed yet. The column `answer` once held its first response, and is unused.
pub fn insert(sql: &dyn Sql, terms: &RunTerms, at: Timestamp) -> Result<(), SqlError> {
    let statement = "INSERT INTO payout_runs (no, id, period_from, period_to, currency, minimum, minimum_currency, \
                     rate_date, status, maker, transfers_seen, last_payout_no, answer, created_at, computed_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'draft', ?9, 0, 0, '', ?10, ?10)";
    let args: [Value; 10] = [
        terms.no.into(),
        terms.id.as_str().into(),
        terms.from.to_string().into(),
        terms.to.to_string().into(),
        terms.currency.map_or(String::new(), |currency| currency.code().to_owned()).into(),
        terms.minimum.map(|(amount, _)| amount).into(),
        terms.minimum.map(|(_, currency)| currency.code().to_owned()).into(),
        terms.rate_date.to_string().into(),
        terms.maker.as_str().into(),
        at.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Inserts the run of payouts that were made elsewhere. It counts as approved.
pub fn insert_imported(sql: &dyn Sql, terms: &RunTerms, at: Timestamp) -> Result<(), SqlError> {
    let statement = "INSERT INTO payout_runs (no, id, period_from, period_to, currency, rate_date, status, maker, approver, \
                     transfers_seen, last_payout_no, answer, created_at, computed_at, approved_at, imported) \
                     VALUES (?1, ?2, ?3, ?4, '', ?5, 'approved', ?6, ?6, 0, 0, '', ?7, ?7, ?7, 1)";
    let args: [Value; 7] = [
        terms.no.into(),
        terms.id.as_str().into(),
        terms.from.to_string().into(),
        terms.to.to_string().into(),
        terms.rate_date.to_string().into(),
        terms.maker.as_str().into(),
        at.into(),
    ];
    sql.exec(statement, &args).map(drop)
}

/// Records that a payout was added to a run after it was computed.
pub fn has_payout(sql: &dyn Sql, no: i64, payout_no: i64) -> Result<(), SqlError> {
    let statement = "UPDATE payout_runs SET last_payout_no = ?2 WHERE no = ?1";
    sql.exec(statement, &[no.into(), payout_no.into()]).map(drop)
}

/// Records the basis of a computed draft: the last transfer, and the last payout number assigned.
pub fn computed(sql: &dyn Sql, no: i64, last_payout_no: i64, at: Timestamp) -> Result<(), SqlError> {
    let statement = "UPDATE payout_runs SET transfers_seen = (SELECT coalesce(max(no), 0) FROM transfers), \
                     last_payout_no = ?2, computed_at = ?3 WHERE no = ?1";
    sql.exec(statement, &[no.into(), last_payout_no.into(), at.into()]).map(drop)
}

/// Returns the last payout number ever assigned, or 0 if there is none.
pub fn last_payout_no(sql: &dyn Sql) -> Result<i64, SqlError> {
    let rows = sql.exec("SELECT coalesce(max(last_payout_no), 0) FROM payout_runs", &[])?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

/// Records who recomputed a draft.
pub fn refreshed(sql: &dyn Sql, no: i64, by: &str) -> Result<(), SqlError> {
    sql.exec("UPDATE payout_runs SET refreshed_by = ?2 WHERE no = ?1", &[no.into(), by.into()]).map(drop)
}

/// Records the approval of a draft.
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

/// Records the cancellation of a draft.
pub fn cancelled(sql: &dyn Sql, no: i64) -> Result<(), SqlError> {
    sql.exec(
        "UPDATE payout_runs SET status = ?2 WHERE no = ?1",
        &[no.into(), Word::from(RunStatus::Cancelled).into()],
    )
    .map(drop)
}

/// Sets an approved run to settled if none of its payouts is open.
pub fn settle(sql: &dyn Sql, no: i64) -> Result<(), SqlError> {
    let statement = "UPDATE payout_runs SET status = 'settled' WHERE no = ?1 AND status = 'approved' \
                     AND NOT EXISTS (SELECT 1 FROM payouts WHERE run_no = ?1 AND status = 'open')";
    sql.exec(statement, &[no.into()]).map(drop)
}

/// Returns the run with this id.
pub fn by_id(sql: &dyn Sql, id: &RunId) -> Result<Option<Run>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM payout_runs WHERE id = ?1");
    sql.exec(&statement, &[id.as_str().into()])?.first().map(read).transpose()
}

/// Returns the run with this number.
pub fn by_no(sql: &dyn Sql, no: i64) -> Result<Option<Run>, SqlError> {
    let statement = format!("SELECT {COLUMNS} FROM payout_runs WHERE no = ?1");
    sql.exec(&statement, &[no.into()])?.first().map(read).transpose()
}

/// Returns the run of a period and currency that was not cancelled. Payouts that were made elsewhere have runs of their own.
pub fn active(
    sql: &dyn Sql,
    from: Date,
    to: Date,
    currency: Option<Currency>,
) -> Result<Option<Run>, SqlError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM payout_runs WHERE period_from = ?1 AND period_to = ?2 AND currency = ?3 \
         AND status <> 'cancelled' AND imported = 0"
    );
    let currency = currency.map_or(String::new(), |currency| currency.code().to_owned());
    let args = [from.to_string().into(), to.to_string().into(), currency.into()];
    sql.exec(&statement, &args)?.first().map(read).transpose()
}

/// Returns runs, newest first.
pub fn list(sql: &dyn Sql, page: Page) -> Result<Vec<Run>, SqlError> {
    let statement =
        format!("SELECT {COLUMNS} FROM payout_runs WHERE no < ?1 ORDER BY no DESC LIMIT CAST(?2 AS INTEGER)");
    sql.exec(&statement, &[page.below().into(), page.limit.into()])?.iter().map(read).collect()
}
