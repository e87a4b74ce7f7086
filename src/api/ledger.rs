//! The ledger as an accountant reads it: the trial balance, and what is forgiven.

use super::{
    body::Checks,
    call::Call,
    http::Response,
    partners::named,
    problem::{Code, Problem},
    views::view,
};
use crate::{
    domain::{
        event::EventType,
        money::{
            Currency,
            accounts::{Account, TransferKind},
        },
        values::{
            id::{PartnerId, TransferId},
            time::Timestamp,
        },
    },
    store::{
        SqlError,
        books::{accounts::Transfer, trial_balance},
        log::change::Change,
        payouts,
    },
};
use json::FromJson;
use serde::Serialize;

view! {
    /// An account of all partners together in one currency, minor units.
    pub struct TrialLineView {
        /// ISO 4217 code.
        currency: Currency,
        /// The account.
        account: Account,
        /// All that was ever debited to it.
        debits: i128,
        /// All that was ever credited to it.
        credits: i128,
    }

    /// Sums of all accounts in one currency; the two are equal.
    pub struct TrialTotalView {
        /// ISO 4217 code.
        currency: Currency,
        /// Of all debits.
        debits: i128,
        /// Of all credits.
        credits: i128,
    }

    /// What was forgiven of a partner's negative balance.
    pub struct WriteOffView {
        /// Whose.
        partner_id: PartnerId,
        /// ISO 4217 code.
        currency: Currency,
        /// Minor units.
        amount: i64,
        /// Of so many commissions.
        commissions: i64,
        /// Why, in the operator's words.
        note: Option<String>,
        /// When.
        created_at: Timestamp,
    }
}

/// The trial balance.
#[derive(Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct TrialBalanceView {
    /// The instant that it shows, itself included; `null` = now.
    at: Option<Timestamp>,
    /// One entry a currency and account.
    data: Vec<TrialLineView>,
    /// One entry a currency.
    totals: Vec<TrialTotalView>,
}

/// `GET /v1/ledger/trial-balance`
pub fn trial_balance(call: &Call<'_>) -> Result<Response, Problem> {
    let at = call.query(&["at"])?.time("at")?;
    let (mut data, mut totals): (Vec<TrialLineView>, Vec<TrialTotalView>) = (Vec::new(), Vec::new());
    for line in trial_balance::lines(call.sql, at)? {
        let (currency, debits, credits) = (line.currency, line.debits, line.credits);
        data.push(TrialLineView { currency, account: line.account, debits, credits });
        if totals.last().is_none_or(|last| last.currency != currency) {
            totals.push(TrialTotalView { currency, debits: 0, credits: 0 });
        }
        let Some(total) = totals.last_mut() else { continue };
        total.debits = total.debits.saturating_add(debits);
        total.credits = total.credits.saturating_add(credits);
    }
    call.json(200, &TrialBalanceView { at, data, totals })
}

/// A negative balance to forgive.
#[derive(Debug, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewWriteOff {
    /// The balance's currency.
    currency: Currency,
    /// Why; kept with the event, and not shown to the partner.
    note: Option<String>,
}

/// The bookings that bring a balance that is `owed` back up to nothing: of the oldest commissions first.
fn bookings(
    call: &Call<'_>,
    partner_no: u32,
    currency: Currency,
    owed: i64,
) -> Result<Vec<Transfer>, Problem> {
    let (mut left, mut transfers) = (owed, Vec::new());
    for (commission_no, back) in payouts::owed_back(call.sql, partner_no, currency)? {
        let amount = back.min(left);
        if amount <= 0 {
            break;
        }
        left = left.saturating_sub(amount);
        transfers.push(Transfer {
            id: call.new_id(TransferId::generate),
            partner_no,
            debit: Account::WrittenOff,
            credit: Account::Payable,
            amount,
            currency,
            kind: TransferKind::WriteOff,
            commission_no,
            at: call.now,
            rate: None,
            payout_no: None,
        });
    }
    if left == 0 { Ok(transfers) } else { Err(SqlError::Overflow("what is owed back").into()) }
}

/// `POST /v1/partners/{id}/write-off`
pub fn write_off(call: &Call<'_>) -> Result<Response, Problem> {
    let partner = named(call)?;
    let body: NewWriteOff = call.body()?;
    let mut checks = Checks::default();
    checks.text("note", body.note.as_deref(), 500);
    checks.finish()?;
    if payouts::any_open(call.sql, partner.no)? {
        // If it failed, what was forgiven would be paid out after all.
        let detail = "A payout of this partner is neither paid nor failed yet; wait for that.";
        return Err(Problem::new(Code::PayoutOpen, detail));
    }
    let balances = crate::store::books::accounts::balances(call.sql, Some(partner.no))?;
    let payable = balances.iter().find(|balance| balance.currency == body.currency).map_or(0, |b| b.payable);
    if payable >= 0 {
        let detail =
            format!("The balance in {} is {payable} (minor units): nothing is owed back.", body.currency);
        return Err(Problem::field(Code::NothingOwedBack, "/currency", detail));
    }
    let owed =
        i64::try_from(payable.saturating_neg()).map_err(|_| SqlError::Overflow("what is owed back"))?;
    let transfers = bookings(call, partner.no, body.currency, owed)?;
    let view = WriteOffView {
        partner_id: partner.id.clone(),
        currency: body.currency,
        amount: owed,
        commissions: i64::try_from(transfers.len()).unwrap_or(i64::MAX),
        note: body.note,
        created_at: call.now,
    };
    let change = Change::WrittenOff { partner_no: partner.no, transfers };
    call.commit(EventType::BalanceWrittenOff, &change, &view, "")?;
    call.json(201, &view)
}
