//! The trial balance: every account's debits and credits.

use super::super::http::{call::Call, failure::Failure, message::Response};
use crate::{
    domain::{
        money::{Currency, accounts::Account},
        values::time::Timestamp,
    },
    ledger::view::view,
    store::books::trial_balance,
};
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
pub fn get(call: &Call<'_>) -> Result<Response, Failure> {
    let at = call.query(&["at"])?.time("at")?;
    let (mut data, mut totals): (Vec<TrialLineView>, Vec<TrialTotalView>) = (Vec::new(), Vec::new());
    for line in trial_balance::lines(call.tx.sql, at)? {
        let (currency, debits, credits) = (line.currency, line.debits, line.credits);
        data.push(TrialLineView { currency, account: line.account, debits, credits });
        if totals.last().is_none_or(|last| last.currency != currency) {
            totals.push(TrialTotalView { currency, debits: 0, credits: 0 });
        }
        let Some(total) = totals.last_mut() else { continue };
        total.debits = total.debits.saturating_add(debits);
        total.credits = total.credits.saturating_add(credits);
    }
    call.conditional(&TrialBalanceView { at, data, totals })
}
