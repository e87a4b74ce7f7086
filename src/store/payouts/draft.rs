//! Computation of a draft. It only reads open amounts, so that a draft can be recomputed or cancelled without a trace
//! in the books.

use crate::domain::{
    money::{Currency, fx::ExchangeRate},
    payouts::{Part, PayoutStatus, Proposal, UnpaidReason, payer::held_until, propose},
    programme::partner::PartnerNo,
    values::{id::DERIVED_LENGTH, time::Timestamp},
};
use crate::store::{
    Sql, SqlError,
    books::fx,
    meta,
    payouts::{
        rows::{OPEN, amount},
        runs::{self, RunTerms},
    },
    value::json_text,
};
use std::collections::{BTreeMap, BTreeSet};

/// The maximum number of rows that one statement inserts.
const ROWS_PER_STATEMENT: usize = 1_000;

/// A partner with its open amounts.
struct OpenBalance {
    partner_no: PartnerNo,
    currency: Currency,
    /// The partner's current version of payout details.
    details_no: Option<i64>,
    /// When the partner itself set it.
    set_by_partner_at: Option<Timestamp>,
    parts: Vec<Part>,
}

/// A row of `payouts`: number, partner, currency, amount, status, reason and the version of the payout details.
type PayoutRow = (i64, PartnerNo, Currency, i64, PayoutStatus, Option<UnpaidReason>, Option<i64>);
/// A row of `payout_parts`: payout, currency, amount, commissions, rate and converted amount.
type PartRow = (i64, Currency, i64, i64, Option<String>, Option<i64>);

/// Computes or recomputes a draft. If `details_required`, it pays to the payout details that are set now and holds
/// partners without any.
pub fn compute(
    sql: &dyn Sql,
    terms: &RunTerms,
    details_required: bool,
    at: Timestamp,
) -> Result<(), SqlError> {
    let run_no = [terms.no.into()];
    sql.exec(
        "DELETE FROM payout_parts WHERE payout_no IN (SELECT no FROM payouts WHERE run_no = ?1)",
        &run_no,
    )?;
    sql.exec("DELETE FROM payouts WHERE run_no = ?1", &run_no)?;
    let in_other_runs = in_other_runs(sql)?;
    let mut rates: BTreeMap<(Currency, Currency), Option<ExchangeRate>> = BTreeMap::new();
    let mut no = runs::last_payout_no(sql)?;
    let (mut payouts, mut parts) = (Vec::new(), Vec::new());
    for mut open_balance in open(sql, terms)? {
        no = no.checked_add(1).ok_or(SqlError::Overflow("the number of payouts"))?;
        let mut proposal = if in_other_runs.contains(&open_balance.partner_no) {
            open_balance.parts.clear();
            Proposal { amount: 0, status: PayoutStatus::Held, reason: Some(UnpaidReason::InOtherRun) }
        } else {
            propose_with(sql, terms, &mut open_balance, &mut rates)?
        };
        let is_paid = proposal.status == PayoutStatus::Draft;
        let mut details_no = open_balance.details_no.filter(|_| details_required && is_paid);
        if let Some(reason) = unsafe_details(&open_balance, at).filter(|_| details_required && is_paid) {
            open_balance.parts.clear();
            details_no = None;
            (proposal.status, proposal.reason) = (PayoutStatus::Held, Some(reason));
        }
        payouts.push((
            no,
            open_balance.partner_no,
            open_balance.currency,
            proposal.amount,
            proposal.status,
            proposal.reason,
            details_no,
        ));
        for part in open_balance.parts {
            let rate = part.rate.map(|rate| rate.to_string());
            parts.push((no, part.currency, part.amount, part.commissions, rate, part.converted));
        }
    }
    insert(sql, terms, &payouts, &parts, at)?;
    runs::computed(sql, terms.no, no, at)
}

/// Returns why a partner's payout details cannot be paid to yet.
fn unsafe_details(balance: &OpenBalance, at: Timestamp) -> Option<UnpaidReason> {
    match (balance.details_no, balance.set_by_partner_at) {
        (None, _) => Some(UnpaidReason::DetailsMissing),
        (Some(_), Some(set_at)) if at < held_until(set_at) => Some(UnpaidReason::DetailsRecent),
        (Some(_), _) => None,
    }
}

/// Proposes a partner's payout at the rates of the run's rate date, looking up each rate once.
fn propose_with(
    sql: &dyn Sql,
    terms: &RunTerms,
    open_balance: &mut OpenBalance,
    rates: &mut BTreeMap<(Currency, Currency), Option<ExchangeRate>>,
) -> Result<Proposal, SqlError> {
    let into = open_balance.currency;
    for part in open_balance.parts.iter().filter(|part| part.currency != into) {
        let pair = (part.currency, into);
        if let std::collections::btree_map::Entry::Vacant(entry) = rates.entry(pair) {
            let stored = fx::of_day(sql, terms.rate_date, part.currency, into)?;
            entry.insert(stored.and_then(|stored| ExchangeRate::parse(&stored.dated.rate)));
        }
    }
    let minimum = terms.minimum.filter(|(_, currency)| *currency == into).map(|(amount, _)| amount);
    let rate = |from| rates.get(&(from, into)).copied().flatten();
    propose(into, &mut open_balance.parts, minimum, rate).ok_or(SqlError::Overflow("the sum of a payout"))
}

/// Returns the partners with a draft or open payout in another run; this run's rows have been deleted at this point.
/// Such a partner must wait for the outcome, so that for all other partners the unpaid amount equals the open amount.
fn in_other_runs(sql: &dyn Sql) -> Result<BTreeSet<PartnerNo>, SqlError> {
    let rows = sql.exec("SELECT partner_no FROM payouts WHERE status IN ('draft', 'open')", &[])?;
    rows.iter().map(|row| row.number(0)).collect()
}

/// Returns each partner's open amounts by currency that became payable by the end of the period.
fn open(sql: &dyn Sql, terms: &RunTerms) -> Result<Vec<OpenBalance>, SqlError> {
    let of_programme = meta::program(sql)?.map_or(Currency::EUR, |program| program.currency);
    let statement = format!(
        "SELECT s.partner_no, coalesce(p.currency, ?2), s.currency, CAST(s.amount AS TEXT), s.commissions, \
         d.no, CASE WHEN d.by_partner THEN d.set_at END FROM \
         (SELECT partner_no, currency, sum({OPEN}) AS amount, count(*) AS commissions \
         FROM commissions INDEXED BY commissions_open WHERE status <> 'pending' AND {OPEN} <> 0 AND matures_at < ?1 \
         GROUP BY partner_no, currency) s CROSS JOIN partners p ON p.no = s.partner_no LEFT JOIN payout_details d \
         ON d.no = (SELECT max(n.no) FROM payout_details n WHERE n.partner_no = s.partner_no)"
    );
    let mut all: Vec<OpenBalance> = Vec::new();
    for row in sql.exec(&statement, &[terms.to.end().into(), of_programme.code().into()])? {
        let (partner_no, into) = (row.number(0)?, row.parsed(1, "a currency", Currency::parse)?);
        if terms.currency.is_some_and(|only| only != into) {
            continue;
        }
        if all.last().is_none_or(|last| last.partner_no != partner_no) {
            let (details_no, set_by_partner_at) = (row.opt_int(5)?, row.opt_time(6)?);
            all.push(OpenBalance {
                partner_no,
                currency: into,
                details_no,
                set_by_partner_at,
                parts: Vec::new(),
            });
        }
        let Some(open_balance) = all.last_mut() else { continue };
        open_balance.parts.push(Part {
            currency: row.parsed(2, "a currency", Currency::parse)?,
            amount: amount(&row, 3)?,
            commissions: row.int(4)?,
            rate: None,
            converted: None,
        });
    }
    Ok(all)
}

/// Inserts the rows in batches, passed as JSON arrays.
fn insert(
    sql: &dyn Sql,
    terms: &RunTerms,
    payouts: &[PayoutRow],
    parts: &[PartRow],
    at: Timestamp,
) -> Result<(), SqlError> {
    let start = terms.id.body().get(..DERIVED_LENGTH).unwrap_or_default();
    let statement = "INSERT INTO payouts (no, id, run_no, partner_no, currency, amount, status, reason, details_no, created_at) \
                     SELECT value ->> 0, 'pay_' || ?3 || printf('%012d', value ->> 0), ?2, value ->> 1, value ->> 2, \
                     value ->> 3, value ->> 4, value ->> 5, value ->> 6, ?4 FROM json_each(?1)";
    for rows in payouts.chunks(ROWS_PER_STATEMENT) {
        sql.exec(statement, &[json_text(&rows)?.into(), terms.no.into(), start.into(), at.into()])?;
    }
    let statement = "INSERT INTO payout_parts (payout_no, currency, amount, commissions, rate, converted) \
                     SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5 FROM json_each(?1)";
    for rows in parts.chunks(ROWS_PER_STATEMENT) {
        sql.exec(statement, &[json_text(&rows)?.into()])?;
    }
    Ok(())
}

/// Cancels a draft.
pub fn cancel(sql: &dyn Sql, run_no: i64) -> Result<(), SqlError> {
    sql.exec("UPDATE payouts SET status = 'cancelled' WHERE run_no = ?1", &[run_no.into()])?;
    runs::cancelled(sql, run_no)
}
