//! Payouts that were made elsewhere: they pay the partner's oldest open commissions and have no invoice here.

use super::super::{
    error::{LedgerError, PayoutError, WriteOffError},
    payouts::{run_view::Period, view::event_view},
    tx::Tx,
};
use crate::{
    domain::{
        event::EventType,
        money::{
            Currency,
            accounts::{Account, TransferKind},
        },
        payouts::allocate,
        programme::partner::Partner,
        values::id::{PayoutId, RunId, TransferId},
    },
    store::{
        SqlError,
        books::accounts::Transfer,
        log::change::Change,
        payouts::{
            self,
            imported::{self, ImportedPayout},
            runs::{self, RunTerms},
        },
    },
};

/// The maker of runs that were paid elsewhere. No API key has this id.
const MAKER: &str = "import";

/// A payout that was made elsewhere, at the time of the context.
pub struct PaidElsewhere<'a> {
    /// Who was paid.
    pub partner: &'a Partner,
    /// The days that it was for.
    pub period: Period,
    /// What it was paid in.
    pub currency: Currency,
    /// Minor units; everything that was payable by the end of the period if absent.
    pub amount: Option<i64>,
    /// The provider's reference.
    pub reference: String,
}

/// Books a payout, and returns its id.
pub fn record(tx: &Tx<'_>, paid: PaidElsewhere<'_>) -> Result<PayoutId, LedgerError> {
    let PaidElsewhere { partner, period, currency, amount, reference } = paid;
    if payouts::any_open(tx.sql, partner.no)? {
        return Err(WriteOffError::PayoutOpen.into());
    }
    let open = imported::open(tx.sql, partner.no, currency, period.to.end())?;
    let items =
        allocate(&open, amount).map_err(|payable| PayoutError::ExceedsBalance { payable, currency })?;
    let total = items.iter().try_fold(0i64, |sum, (_, amount)| sum.checked_add(*amount));
    let no =
        runs::last_payout_no(tx.sql)?.checked_add(1).ok_or(SqlError::Overflow("the number of payouts"))?;
    let known = imported::run_of(tx.sql, period.from, period.to)?;
    let run_no = known.map_or_else(|| runs::next_no(tx.sql), Ok)?;
    let payout = ImportedPayout {
        no,
        id: tx.new_id(PayoutId::generate),
        run_no,
        new_run: known.is_none().then(|| RunTerms {
            no: run_no,
            id: tx.new_id(RunId::generate),
            from: period.from,
            to: period.to,
            currency: None,
            minimum: None,
            rate_date: period.to,
            maker: MAKER.to_owned(),
        }),
        reference,
        items,
        transfer: Transfer {
            id: tx.new_id(TransferId::generate),
            partner_no: partner.no,
            debit: Account::InPayout,
            credit: Account::Paid,
            amount: total.ok_or(SqlError::Overflow("the sum of a payout"))?,
            currency,
            kind: TransferKind::Payment,
            commission_no: None,
            at: tx.now,
            rate: None,
            payout_no: Some(no),
        },
    };
    let id = payout.id.clone();
    let view = || {
        let stored = payouts::by_no(tx.sql, no)?;
        event_view(tx, &stored.ok_or(SqlError::Shape { column: 0, expected: "a payout that exists" })?)
    };
    tx.commit_computed(EventType::PayoutPaid, &Change::PayoutImported(Box::new(payout)), view)?;
    Ok(id)
}
