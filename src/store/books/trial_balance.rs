//! The trial balance: debits and credits of every account, now or at a past time.

use crate::domain::{
    money::{Currency, accounts::Account},
    values::time::Timestamp,
};
use crate::store::{Row, Sql, SqlError};

/// The sum of an account over all partners in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Currency.
    pub currency: Currency,
    /// Account.
    pub account: Account,
    /// All debits, in minor units.
    pub debits: i128,
    /// All credits, in minor units.
    pub credits: i128,
}

fn read(row: &Row) -> Result<Line, SqlError> {
    Ok(Line {
        currency: row.parsed(0, "a currency", Currency::parse)?,
        account: row.parsed(1, "an account", Account::parse)?,
        debits: row.big_int(2)?,
        credits: row.big_int(3)?,
    })
}

/// Returns all accounts by currency. Without `at` it reads the stored sums; with `at`, an inclusive instant, it sums
/// the transfers.
pub fn lines(sql: &dyn Sql, at: Option<Timestamp>) -> Result<Vec<Line>, SqlError> {
    let rows = match at {
        None => sql.exec(
            "SELECT currency, account, CAST(sum(debits) AS TEXT), CAST(sum(credits) AS TEXT) FROM accounts \
             GROUP BY currency, account ORDER BY currency, account",
            &[],
        )?,
        Some(at) => sql.exec(
            "SELECT currency, account, CAST(sum(d) AS TEXT), CAST(sum(c) AS TEXT) FROM \
             (SELECT currency, debit AS account, amount AS d, 0 AS c FROM transfers WHERE created_at <= ?1 UNION ALL \
             SELECT currency, credit, 0, amount FROM transfers WHERE created_at <= ?1) \
             GROUP BY currency, account ORDER BY currency, account",
            &[at.into()],
        )?,
    };
    rows.iter().map(read).collect()
}
