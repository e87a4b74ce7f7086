//! Refunds that marketplaces report. They may arrive before their charge, twice, exceed it, or be running totals.

use super::{
    super::{error::LedgerError, refunds::refund, tx::Tx, view::view},
    identifiers::external_id,
};
use crate::{
    domain::{conversions::ConversionType, event::EventType, programme::listing::Listing},
    marketplace::event::Event,
    store::{
        SqlError,
        callbacks::{self, WaitingRefund},
        conversions::{self as rows, Conversion, refunds as refund_rows},
        log::change::Change,
    },
};

view! {
    /// A refund that waits for its charge.
    pub struct WaitingRefundView {
        /// External id of the charge.
        charge: String,
        /// External id of the refund.
        external_id: String,
        /// Minor units; `null` = all that is left.
        amount: Option<i64>,
    }
}

/// Records a refund, or keeps it until its charge arrives.
pub fn record(tx: &Tx<'_>, listing: &Listing, event: &Event) -> Result<(), LedgerError> {
    let Some(charge) = &event.charge else {
        return Err(SqlError::Engine("a refund without its charge".to_owned()).into());
    };
    let (charge, external_id) = (external_id(listing, charge), external_id(listing, &event.transaction));
    let amount = match event.amount {
        Some(total) if event.running_total => match more_than_before(tx, &charge, total)? {
            Some(more) => Some(more),
            None => return Ok(()),
        },
        amount => amount,
    };
    if refund_charge(tx, &charge, &external_id, amount)? || event.only_if_charged {
        return Ok(());
    }
    let refund = WaitingRefund { charge, external_id, amount };
    if callbacks::waiting_refunds(tx.sql, &refund.charge)?.contains(&refund) {
        return Ok(());
    }
    let view = WaitingRefundView {
        charge: refund.charge.clone(),
        external_id: refund.external_id.clone(),
        amount: refund.amount,
    };
    Ok(tx.commit(EventType::RefundWaiting, &Change::RefundWaiting(refund), &view, "")?)
}

/// Refunds what the total of a charge has fallen by since it was recorded, less what earlier falls refunded. A total that
/// rises again changes nothing: a message with it may be older than the fall.
pub fn record_fall(tx: &Tx<'_>, sale: &Conversion, event: &Event) -> Result<(), LedgerError> {
    let (Some((charged, currency)), Some(total)) = (&sale.amount, event.amount) else { return Ok(()) };
    if !event.is_current_total || !event.evidence.pays() || event.currency.as_ref() != Some(currency) {
        return Ok(());
    }
    let name = format!("{}:total:", sale.external_id);
    let earlier = refund_rows::of_conversion(tx.sql, sale.no)?;
    let earlier = earlier.iter().filter(|refund| refund.external_id.starts_with(&name));
    let earlier = earlier.fold(0, |sum: i64, refund| sum.saturating_add(refund.amount));
    let more = charged.saturating_sub(total).saturating_sub(earlier);
    if more > 0 {
        refund_charge(tx, &sale.external_id, &format!("{name}{total}"), Some(more))?;
    }
    Ok(())
}

/// What a running total exceeds the earlier refunds of the charge by, recorded or waiting; `None` if it does not. The
/// difference becomes a refund of its own at once, so that nothing has to be recomputed when the charge arrives.
fn more_than_before(tx: &Tx<'_>, charge: &str, total: i64) -> Result<Option<i64>, SqlError> {
    let sale = rows::by_key(tx.sql, ConversionType::Sale, charge)?;
    let mut before = sale.map_or(0, |sale| sale.refunded);
    for waiting in callbacks::waiting_refunds(tx.sql, charge)? {
        // A refund without an amount is for all that is left, so nothing remains.
        before = before.saturating_add(waiting.amount.unwrap_or(i64::MAX));
    }
    Ok(Some(total.saturating_sub(before)).filter(|more| *more > 0))
}

/// Records a refund unless it is recorded already; returns false if the charge has not arrived yet. A vendor cannot refund
/// more than was charged: the excess is left out.
pub fn refund_charge(
    tx: &Tx<'_>,
    charge: &str,
    external_id: &str,
    amount: Option<i64>,
) -> Result<bool, LedgerError> {
    let Some(conversion) = rows::by_key(tx.sql, ConversionType::Sale, charge)? else { return Ok(false) };
    if refund_rows::by_key(tx.sql, conversion.no, external_id)?.is_some() {
        return Ok(true);
    }
    let left = conversion.amount.as_ref().map_or(0, |(sale, _)| sale.saturating_sub(conversion.refunded));
    let amount = amount.map_or(left, |amount| amount.min(left));
    if amount > 0 {
        refund::record(tx, &conversion, external_id.to_owned(), Some(amount))?;
    }
    Ok(true)
}
