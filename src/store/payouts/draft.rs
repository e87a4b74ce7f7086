//! The computation of a draft. It reads what is open, and binds nothing: a draft can be computed anew or given up without a
//! trace in the ledger.

use super::{
    super::{Sql, SqlError, meta, value::json_text},
    OPEN, amount,
};
use crate::domain::{
    money::{Currency, fx::Rate},
    payouts::{Part, PayoutStatus, Proposal, UnpaidReason, propose},
    programme::partner::PartnerNo,
    values::{id::DERIVED_LENGTH, time::Timestamp},
};
use crate::store::{
    books::fx,
    payouts::runs::{self, RunTerms},
};
use std::collections::{BTreeMap, BTreeSet};

/// Rows that one statement writes.
const AT_ONCE: usize = 1_000;

/// A partner with all that is open of it.
struct Owed {
    partner_no: PartnerNo,
    currency: Currency,
    parts: Vec<Part>,
}

/// A row of `payouts`: number, partner, currency, amount, status, reason.
type PayoutRow = (i64, PartnerNo, Currency, i64, PayoutStatus, Option<UnpaidReason>);
/// A row of `payout_parts`: payout, currency, amount, commissions, rate, converted.
type PartRow = (i64, Currency, i64, i64, Option<String>, Option<i64>);

/// Computes a draft, or computes it anew.
pub fn compute(sql: &dyn Sql, terms: &RunTerms, at: Timestamp) -> Result<(), SqlError> {
    let run_no = [terms.no.into()];
    sql.exec(
        "DELETE FROM payout_parts WHERE payout_no IN (SELECT no FROM payouts WHERE run_no = ?1)",
        &run_no,
    )?;
    sql.exec("DELETE FROM payouts WHERE run_no = ?1", &run_no)?;
    let elsewhere = in_other_runs(sql)?;
    let mut rates: BTreeMap<(Currency, Currency), Option<Rate>> = BTreeMap::new();
    let mut no = runs::last_payout_no(sql)?;
    let (mut payouts, mut parts) = (Vec::new(), Vec::new());
    for mut owed in open(sql, terms)? {
        no = no.checked_add(1).ok_or(SqlError::Overflow("the number of payouts"))?;
        let proposal = if elsewhere.contains(&owed.partner_no) {
            owed.parts.clear();
            Proposal { amount: 0, status: PayoutStatus::Held, reason: Some(UnpaidReason::InOtherRun) }
        } else {
            propose_with(sql, terms, &mut owed, &mut rates)?
        };
        payouts.push((no, owed.partner_no, owed.currency, proposal.amount, proposal.status, proposal.reason));
        for part in owed.parts {
            let rate = part.rate.map(|rate| rate.to_string());
            parts.push((no, part.currency, part.amount, part.commissions, rate, part.converted));
        }
    }
    insert(sql, terms, &payouts, &parts, at)?;
    runs::computed(sql, terms.no, no, at)
}

/// What becomes of one partner, at the rates of the run's day, each looked up once.
fn propose_with(
    sql: &dyn Sql,
    terms: &RunTerms,
    owed: &mut Owed,
    rates: &mut BTreeMap<(Currency, Currency), Option<Rate>>,
) -> Result<Proposal, SqlError> {
    let into = owed.currency;
    for part in owed.parts.iter().filter(|part| part.currency != into) {
        let pair = (part.currency, into);
        if let std::collections::btree_map::Entry::Vacant(entry) = rates.entry(pair) {
            let stored = fx::of_day(sql, terms.rate_date, part.currency, into)?;
            entry.insert(stored.and_then(|stored| Rate::parse(&stored.dated.rate)));
        }
    }
    let minimum = terms.minimum.filter(|(_, currency)| *currency == into).map(|(amount, _)| amount);
    let rate = |from| rates.get(&(from, into)).copied().flatten();
    propose(into, &mut owed.parts, minimum, rate).ok_or(SqlError::Overflow("the sum of a payout"))
}

/// Partners that another run is to pay, or pays: this one's rows are gone when it is asked. One whose payout is open waits for how it
/// ends; so what is not paid of the others is what is open of them.
fn in_other_runs(sql: &dyn Sql) -> Result<BTreeSet<PartnerNo>, SqlError> {
    let rows = sql.exec("SELECT partner_no FROM payouts WHERE status IN ('draft', 'open')", &[])?;
    rows.iter().map(|row| row.number(0)).collect()
}

/// What is open of each partner, by currency, of what became payable by the end of the period.
fn open(sql: &dyn Sql, terms: &RunTerms) -> Result<Vec<Owed>, SqlError> {
    let of_programme = meta::program(sql)?.map_or(Currency::EUR, |program| program.currency);
    let statement = format!(
        "SELECT s.partner_no, coalesce(p.currency, ?2), s.currency, CAST(s.amount AS TEXT), s.commissions FROM \
         (SELECT partner_no, currency, sum({OPEN}) AS amount, count(*) AS commissions \
         FROM commissions INDEXED BY commissions_open WHERE status <> 'pending' AND {OPEN} <> 0 AND matures_at < ?1 \
         GROUP BY partner_no, currency) s CROSS JOIN partners p ON p.no = s.partner_no"
    );
    let mut all: Vec<Owed> = Vec::new();
    for row in sql.exec(&statement, &[terms.to.end().into(), of_programme.code().into()])? {
        let (partner_no, into) = (row.number(0)?, row.parsed(1, "a currency", Currency::parse)?);
        if terms.currency.is_some_and(|only| only != into) {
            continue;
        }
        if all.last().is_none_or(|last| last.partner_no != partner_no) {
            all.push(Owed { partner_no, currency: into, parts: Vec::new() });
        }
        let Some(owed) = all.last_mut() else { continue };
        owed.parts.push(Part {
            currency: row.parsed(2, "a currency", Currency::parse)?,
            amount: amount(&row, 3)?,
            commissions: row.int(4)?,
            rate: None,
            converted: None,
        });
    }
    Ok(all)
}

/// Writes rows, many at a time; their arrays are the statement's argument.
fn insert(
    sql: &dyn Sql,
    terms: &RunTerms,
    payouts: &[PayoutRow],
    parts: &[PartRow],
    at: Timestamp,
) -> Result<(), SqlError> {
    let start = terms.id.body().get(..DERIVED_LENGTH).unwrap_or_default();
    let statement = "INSERT INTO payouts (no, id, run_no, partner_no, currency, amount, status, reason, created_at) \
                     SELECT value ->> 0, 'pay_' || ?3 || printf('%012d', value ->> 0), ?2, value ->> 1, value ->> 2, \
                     value ->> 3, value ->> 4, value ->> 5, ?4 FROM json_each(?1)";
    for rows in payouts.chunks(AT_ONCE) {
        sql.exec(statement, &[json_text(&rows)?.into(), terms.no.into(), start.into(), at.into()])?;
    }
    let statement = "INSERT INTO payout_parts (payout_no, currency, amount, commissions, rate, converted) \
                     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1)";
    for rows in parts.chunks(AT_ONCE) {
        sql.exec(statement, &[json_text(&rows)?.into()])?;
    }
    Ok(())
}

/// Gives a draft up.
pub fn cancel(sql: &dyn Sql, run_no: i64) -> Result<(), SqlError> {
    sql.exec("UPDATE payouts SET status = 'cancelled' WHERE run_no = ?1", &[run_no.into()])?;
    runs::cancelled(sql, run_no)
}
