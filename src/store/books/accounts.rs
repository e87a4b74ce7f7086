//! Transfers, and the accounts between which they move money.

use crate::domain::{
    money::{
        Currency,
        accounts::{Account, TransferKind},
    },
    programme::partner::PartnerNo,
    values::{id::TransferId, string_enum::Word, time::Timestamp},
};
use crate::store::{Sql, SqlError, Value};

/// A transfer between two accounts of a partner.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Transfer {
    /// Public id.
    pub id: TransferId,
    /// The partner.
    pub partner_no: PartnerNo,
    /// The account that is debited.
    pub debit: Account,
    /// The account that is credited.
    pub credit: Account,
    /// The amount in minor units, greater than 0.
    pub amount: i64,
    /// Currency.
    pub currency: Currency,
    /// The reason.
    pub kind: TransferKind,
    /// The commission; 0 for a transfer of a whole payout.
    pub commission_no: i64,
    /// When it was made.
    pub at: Timestamp,
    /// The rate of an exchange as a decimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<String>,
    /// The payout that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_no: Option<i64>,
}

/// Adds the amount to one side of an account. The sum is passed as text and checked here, because SQLite would turn an
/// overflowing sum into a float.
fn add(sql: &dyn Sql, transfer: &Transfer, account: Account, is_debit: bool) -> Result<(), SqlError> {
    let key: [Value; 3] =
        [transfer.partner_no.into(), transfer.currency.code().into(), Word::from(account).into()];
    let rows = sql.exec(
        "SELECT CAST(debits AS TEXT), CAST(credits AS TEXT) FROM accounts \
         WHERE partner_no = ?1 AND currency = ?2 AND account = ?3",
        &key,
    )?;
    let (debits, credits) = match rows.first() {
        Some(row) => (row.big_int(0)?, row.big_int(1)?),
        None => (0, 0),
    };
    let sum = |base: i128, part: bool| {
        let added = base.checked_add(if part { i128::from(transfer.amount) } else { 0 });
        added.filter(|sum| *sum <= i128::from(i64::MAX)).ok_or(SqlError::Overflow("the sum of an account"))
    };
    let (debits, credits) = (sum(debits, is_debit)?, sum(credits, !is_debit)?);
    let [partner, currency, account] = key;
    sql.exec(
        "INSERT INTO accounts (partner_no, currency, account, debits, credits) \
         VALUES (?1, ?2, ?3, CAST(?4 AS INTEGER), CAST(?5 AS INTEGER)) \
         ON CONFLICT (partner_no, currency, account) DO UPDATE SET debits = excluded.debits, \
         credits = excluded.credits",
        &[partner, currency, account, debits.to_string().into(), credits.to_string().into()],
    )
    .map(drop)
}

/// Records a transfer and updates both accounts. An amount of zero records nothing.
pub fn post(sql: &dyn Sql, transfer: &Transfer) -> Result<(), SqlError> {
    if transfer.amount == 0 {
        return Ok(());
    }
    let statement = "INSERT INTO transfers (id, partner_no, debit, credit, amount, currency, kind, commission_no, \
                     created_at, rate, payout_no) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let args: [Value; 11] = [
        transfer.id.as_str().into(),
        transfer.partner_no.into(),
        Word::from(transfer.debit).into(),
        Word::from(transfer.credit).into(),
        transfer.amount.into(),
        transfer.currency.code().into(),
        Word::from(transfer.kind).into(),
        transfer.commission_no.into(),
        transfer.at.into(),
        transfer.rate.clone().into(),
        transfer.payout_no.into(),
    ];
    sql.exec(statement, &args)?;
    add(sql, transfer, transfer.debit, true)?;
    add(sql, transfer, transfer.credit, false)
}

/// The balances of a partner in one currency, in minor units. Debit accounts count debits minus credits, credit
/// accounts credits minus debits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balance {
    /// The partner.
    pub partner_no: PartnerNo,
    /// Currency.
    pub currency: Currency,
    /// Owed, within the hold period.
    pub pending: i128,
    /// Owed and payable.
    pub payable: i128,
    /// Paid out.
    pub paid: i128,
    /// Reversed.
    pub reversed: i128,
    /// All commission ever earned.
    pub earned: i128,
    /// In approved payouts that are neither paid nor failed yet.
    pub in_payout: i128,
    /// Written off of negative balances.
    pub written_off: i128,
    /// Converted to other currencies, minus converted from them.
    pub exchange: i128,
}

impl Balance {
    fn zero(partner_no: PartnerNo, currency: Currency) -> Self {
        Self {
            partner_no,
            currency,
            pending: 0,
            payable: 0,
            paid: 0,
            reversed: 0,
            earned: 0,
            in_payout: 0,
            written_off: 0,
            exchange: 0,
        }
    }
}

/// Returns the balances as of `to` (now if absent) by partner and currency, summed from the transfers; `partner` limits
/// them to one.
pub fn balances_until(
    sql: &dyn Sql,
    to: Option<Timestamp>,
    partner: Option<PartnerNo>,
) -> Result<Vec<Balance>, SqlError> {
    let (condition, partner) = match partner {
        Some(partner) => ("partner_no = ?2", partner),
        None => ("?2 IS NOT NULL", 0),
    };
    let statement = format!(
        "WITH sides AS (SELECT partner_no, currency, debit AS account, -amount AS amount FROM transfers \
                     WHERE {condition} AND created_at < ?1 UNION ALL SELECT partner_no, currency, credit, amount FROM transfers \
                     WHERE {condition} AND created_at < ?1) SELECT partner_no, currency, account, CAST(sum(amount) AS TEXT) FROM sides \
                     GROUP BY partner_no, currency, account ORDER BY partner_no, currency, account"
    );
    let to = to.map_or(crate::store::value::MAX_SAFE_INTEGER, Timestamp::ms);
    collect(sql.exec(&statement, &[to.into(), partner.into()])?)
}

/// Returns the balances by partner and currency, in that order; `partner` limits them to one.
pub fn balances(sql: &dyn Sql, partner: Option<PartnerNo>) -> Result<Vec<Balance>, SqlError> {
    // The difference is returned as text because an integer beyond 2^53 would be rounded.
    let (condition, partner) = match partner {
        Some(partner) => ("partner_no = ?1", partner),
        None => ("?1 IS NOT NULL", 0),
    };
    let statement = format!(
        "SELECT partner_no, currency, account, CAST(credits - debits AS TEXT) FROM accounts WHERE {condition} \
         ORDER BY partner_no, currency"
    );
    collect(sql.exec(&statement, &[partner.into()])?)
}

/// Combines rows of partner, currency, account and balance (text) into balances by partner and currency.
fn collect(rows: Vec<crate::store::Row>) -> Result<Vec<Balance>, SqlError> {
    let mut balances: Vec<Balance> = Vec::new();
    for row in rows {
        let (partner_no, currency) = (row.number(0)?, row.parsed(1, "a currency", Currency::parse)?);
        let amount = row.big_int(3)?;
        if balances.last().is_none_or(|last| (last.partner_no, last.currency) != (partner_no, currency)) {
            balances.push(Balance::zero(partner_no, currency));
        }
        let Some(balance) = balances.last_mut() else { continue };
        match row.parsed(2, "an account", Account::parse)? {
            Account::Earned => balance.earned = amount.saturating_neg(),
            Account::Pending => balance.pending = amount,
            Account::Payable => balance.payable = amount,
            Account::Paid => balance.paid = amount,
            Account::Reversed => balance.reversed = amount,
            Account::InPayout => balance.in_payout = amount,
            Account::WrittenOff => balance.written_off = amount.saturating_neg(),
            Account::Exchange => balance.exchange = amount,
        }
    }
    Ok(balances)
}

/// Returns whether any transfer exists.
pub fn has_transfers(sql: &dyn Sql) -> Result<bool, SqlError> {
    Ok(!sql.exec("SELECT 1 FROM transfers LIMIT 1", &[])?.is_empty())
}

/// Describes the accounts whose stored sums differ from the sums of their transfers. The result is empty if the books
/// are correct.
pub fn discrepancies(sql: &dyn Sql) -> Result<Vec<String>, SqlError> {
    let statement = "WITH sides AS (SELECT partner_no, currency, debit AS account, amount AS d, 0 AS c FROM transfers \
                     UNION ALL SELECT partner_no, currency, credit, 0, amount FROM transfers UNION ALL \
                     SELECT partner_no, currency, account, -debits, -credits FROM accounts) \
                     SELECT partner_no || ' ' || currency || ' ' || account || ' debits off by ' || sum(d) || \
                     ', credits off by ' || sum(c) FROM sides GROUP BY partner_no, currency, account \
                     HAVING sum(d) <> 0 OR sum(c) <> 0";
    sql.exec(statement, &[])?.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}
