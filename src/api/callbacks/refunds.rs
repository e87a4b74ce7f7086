//! Refunds that marketplaces tell of: they arrive before their charge, twice, beyond it, or as running totals.

use super::{
    super::{call::Call, problem::Problem, refunds, views::view},
    external_id,
};
use crate::{
    domain::{conversions::ConversionType, event::EventType, programme::listing::Listing},
    marketplace::event::Event,
    store::{
        SqlError,
        callbacks::{self, WaitingRefund},
        conversions::{self as rows, refunds as refund_rows},
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

/// Books a refund that a marketplace told of, or keeps it until its charge arrives.
pub fn tell(call: &Call<'_>, listing: &Listing, event: &Event) -> Result<(), Problem> {
    let Some(charge) = &event.charge else {
        return Err(SqlError::Engine("a refund without its charge".to_owned()).into());
    };
    let (charge, external_id) = (external_id(listing, charge), external_id(listing, &event.transaction));
    let amount = match event.amount {
        Some(total) if event.running_total => match more_than_before(call, &charge, total)? {
            Some(more) => Some(more),
            None => return Ok(()),
        },
        amount => amount,
    };
    if take_back(call, &charge, &external_id, amount)? {
        return Ok(());
    }
    let refund = WaitingRefund { charge, external_id, amount };
    if callbacks::waiting(call.sql, &refund.charge)?.contains(&refund) {
        return Ok(());
    }
    let view = WaitingRefundView {
        charge: refund.charge.clone(),
        external_id: refund.external_id.clone(),
        amount: refund.amount,
    };
    call.commit(EventType::RefundWaiting, &Change::RefundWaits(refund), &view, "")
}

/// What a running total has more than was given back of the charge before, booked or waiting; nothing if it has no more.
/// It becomes a refund of its own at once, whichever way earlier ones came, so that nothing has to be worked out again
/// when the charge arrives.
fn more_than_before(call: &Call<'_>, charge: &str, total: i64) -> Result<Option<i64>, Problem> {
    let sale = rows::by_key(call.sql, ConversionType::Sale, charge)?;
    let mut before = sale.map_or(0, |sale| sale.refunded);
    for waiting in callbacks::waiting(call.sql, charge)? {
        // "All that is left" leaves nothing.
        before = before.saturating_add(waiting.amount.unwrap_or(i64::MAX));
    }
    Ok(Some(total.saturating_sub(before)).filter(|more| *more > 0))
}

/// Books a refund, or nothing if it is booked; false if there is no such charge yet. A vendor cannot take back more than
/// was charged: what is beyond it is left out.
pub fn take_back(
    call: &Call<'_>,
    charge: &str,
    external_id: &str,
    amount: Option<i64>,
) -> Result<bool, Problem> {
    let Some(conversion) = rows::by_key(call.sql, ConversionType::Sale, charge)? else { return Ok(false) };
    if refund_rows::by_key(call.sql, conversion.no, external_id)?.is_some() {
        return Ok(true);
    }
    let left = conversion.amount.as_ref().map_or(0, |(sale, _)| sale.saturating_sub(conversion.refunded));
    let amount = amount.map_or(left, |amount| amount.min(left));
    if amount > 0 {
        refunds::take(call, &conversion, external_id.to_owned(), Some(amount))?;
    }
    Ok(true)
}
