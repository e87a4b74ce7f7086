//! Rows of exchange rates.

use crate::domain::{
    money::{Currency, fx::ExchangeRate},
    values::{date::Date, time::Timestamp},
};
use crate::store::{Page, Row, Sql, SqlError, Value};
use serde::{Deserialize, Serialize};

/// An exchange rate for a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatedRate {
    /// The day.
    pub date: Date,
    /// The source currency.
    pub from: Currency,
    /// The target currency.
    pub to: Currency,
    /// The value of one unit of `from` in `to`, as a decimal.
    pub rate: String,
}

/// A rate as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRate {
    /// Number, for paging.
    pub no: i64,
    /// The rate.
    pub dated: DatedRate,
    /// Whether an approved run used it; it can no longer be changed then.
    pub used: bool,
    /// When it was set.
    pub set_at: Timestamp,
}

const COLUMNS: &str = "no, date, from_currency, to_currency, CAST(rate AS TEXT), used, set_at";

/// Reads a column that holds a day.
pub fn day(row: &Row, column: usize) -> Result<Date, SqlError> {
    row.parsed(column, "a day", Date::parse)
}

fn rate(row: &Row, column: usize) -> Result<ExchangeRate, SqlError> {
    let scaled = i64::try_from(row.big_int(column)?).ok().and_then(ExchangeRate::from_scaled);
    scaled.ok_or(SqlError::Shape { column, expected: "a rate" })
}

fn read(row: &Row) -> Result<StoredRate, SqlError> {
    Ok(StoredRate {
        no: row.int(0)?,
        dated: DatedRate {
            date: day(row, 1)?,
            from: row.parsed(2, "a currency", Currency::parse)?,
            to: row.parsed(3, "a currency", Currency::parse)?,
            rate: rate(row, 4)?.to_string(),
        },
        used: row.int(5)? == 1,
        set_at: row.time(6)?,
    })
}

/// Sets rates. A rate replaces the existing one of the same day and currencies.
pub fn put(sql: &dyn Sql, rates: &[DatedRate], at: Timestamp) -> Result<(), SqlError> {
    let statement = "INSERT INTO fx_rates (date, from_currency, to_currency, rate, used, set_at) \
                     VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER), 0, ?5) ON CONFLICT (date, from_currency, to_currency) \
                     DO UPDATE SET rate = excluded.rate, set_at = excluded.set_at";
    for dated in rates {
        let rate = ExchangeRate::parse(&dated.rate).ok_or(SqlError::Overflow("a rate"))?;
        let args: [Value; 5] = [
            dated.date.to_string().into(),
            dated.from.code().into(),
            dated.to.code().into(),
            rate.scaled().to_string().into(),
            at.into(),
        ];
        sql.exec(statement, &args)?;
    }
    Ok(())
}

/// Returns the rate of a day from one currency to another.
pub fn of_day(
    sql: &dyn Sql,
    date: Date,
    from: Currency,
    to: Currency,
) -> Result<Option<StoredRate>, SqlError> {
    let statement =
        format!("SELECT {COLUMNS} FROM fx_rates WHERE date = ?1 AND from_currency = ?2 AND to_currency = ?3");
    let args = [date.to_string().into(), from.code().into(), to.code().into()];
    sql.exec(&statement, &args)?.first().map(read).transpose()
}

/// Returns rates, the latest added first, optionally limited to a day and to currencies.
pub fn list(
    sql: &dyn Sql,
    (date, from, to): (Option<Date>, Option<Currency>, Option<Currency>),
    page: Page,
) -> Result<Vec<StoredRate>, SqlError> {
    let mut args: Vec<Value> = vec![page.below().into(), page.limit.into()];
    let mut conditions = String::new();
    let currency = |currency: Currency| currency.code().to_owned();
    let filters = [
        ("date", date.map(|date| date.to_string())),
        ("from_currency", from.map(currency)),
        ("to_currency", to.map(currency)),
    ];
    for (column, value) in filters {
        if let Some(value) = value {
            args.push(value.into());
            conditions.push_str(&format!("{column} = ?{} AND ", args.len()));
        }
    }
    let statement = format!(
        "SELECT {COLUMNS} FROM fx_rates WHERE {conditions} no < ?1 ORDER BY no DESC LIMIT CAST(?2 AS INTEGER)"
    );
    sql.exec(&statement, &args)?.iter().map(read).collect()
}
