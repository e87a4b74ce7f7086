//! Payout runs: which of a partner's open balances are paid in a run, carried over to the next, or held.

pub mod iban;
pub mod payer;
pub mod target_calendar;

use crate::{
    money::{
        Currency, WHOLE_BP,
        fx::{ExchangeRate, convert},
    },
    values::string_enum::string_enum,
};

string_enum! {
    /// The status of a payout run.
    RunStatus {
        /// Computed but not binding: it can be recomputed, cancelled or approved.
        Draft = "draft";
        /// Approved: only the outcomes of its payouts still change.
        Approved = "approved";
        /// Approved, with no open payouts left.
        Settled = "settled";
        /// Cancelled before approval.
        Cancelled = "cancelled";
    }
}

string_enum! {
    /// The status of a partner's payout within a run.
    PayoutStatus {
        /// To be paid if the run is approved.
        Draft = "draft";
        /// Approved, and neither paid nor failed yet.
        Open = "open";
        /// Paid; the provider's reference is recorded.
        Paid = "paid";
        /// The payment failed or came back, and the amount is payable again.
        Failed = "failed";
        /// Not paid in this run; the balance is carried over to the next.
        Carried = "carried";
        /// Cannot be paid in this run; `reason` states what is missing.
        Held = "held";
        /// Its run was cancelled.
        Cancelled = "cancelled";
    }
}

string_enum! {
    /// The reason that a partner is not paid in a run.
    UnpaidReason {
        /// The open balance is zero or negative.
        Negative = "negative";
        /// The open balance is below the run's minimum.
        BelowMinimum = "below_minimum";
        /// There is no exchange rate for the run's rate date.
        RateMissing = "rate_missing";
        /// The partner has no payout details.
        DetailsMissing = "details_missing";
        /// Another run has a draft or open payout for this partner.
        InOtherRun = "in_other_run";
    }
}

/// A partner's open balance in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The currency in which it was earned.
    pub currency: Currency,
    /// The amount in minor units; negative after a clawback.
    pub amount: i64,
    /// The number of commissions in it.
    pub commissions: i64,
    /// The exchange rate; absent in the payout's own currency, or if there is none.
    pub rate: Option<ExchangeRate>,
    /// The amount in the payout's currency, in minor units; absent if it is held.
    pub converted: Option<i64>,
}

/// The proposed payout of a partner's open balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// The amount to pay or carry over, in minor units of the payout's currency.
    pub amount: i64,
    /// `Draft`, `Carried` or `Held`.
    pub status: PayoutStatus,
    /// The reason that it is not paid.
    pub reason: Option<UnpaidReason>,
}

/// Converts the parts into the payout's currency and decides what happens to their sum. `rate` returns the rate of the
/// run's rate date for exactly that pair; inverse rates and rates by way of a third currency are not used. `minimum` is
/// in the payout's currency. Returns `None` if a sum overflows.
#[must_use]
pub fn propose(
    currency: Currency,
    parts: &mut [Part],
    minimum: Option<i64>,
    mut rate: impl FnMut(Currency) -> Option<ExchangeRate>,
) -> Option<Proposal> {
    let mut total = Some(0i64);
    let mut exchanged = false;
    for part in parts {
        if part.currency == currency {
            part.converted = Some(part.amount);
        } else {
            part.rate = rate(part.currency);
            part.converted = match part.rate {
                Some(rate) => Some(convert(part.amount, part.currency, currency, rate)?),
                None => None,
            };
        }
        if let Some(converted) = part.converted {
            exchanged = true;
            total = total?.checked_add(converted);
        }
    }
    let amount = total?;
    let (status, reason) = if !exchanged {
        (PayoutStatus::Held, Some(UnpaidReason::RateMissing))
    } else if amount <= 0 {
        (PayoutStatus::Carried, Some(UnpaidReason::Negative))
    } else if minimum.is_some_and(|minimum| amount < minimum) {
        (PayoutStatus::Carried, Some(UnpaidReason::BelowMinimum))
    } else {
        (PayoutStatus::Draft, None)
    };
    Some(Proposal { amount, status, reason })
}

/// What is open of a commission: its number and minor units, negative after a clawback.
pub type OpenAmount = (i64, i64);

/// Distributes a payment that was made elsewhere over a partner's open commissions, which are in the order in which they
/// became payable. Clawbacks are netted first, then the oldest commissions are paid, the last of them in part. Without an
/// amount it pays everything. Returns `Err` with what is payable if that is less than the amount, or nothing.
pub fn allocate(open: &[OpenAmount], amount: Option<i64>) -> Result<Vec<OpenAmount>, i64> {
    let payable = open.iter().fold(0i64, |sum, (_, amount)| sum.saturating_add(*amount));
    let amount = amount.unwrap_or(payable);
    if amount <= 0 || amount > payable {
        return Err(payable);
    }
    let (clawbacks, earned): (Vec<OpenAmount>, Vec<OpenAmount>) =
        open.iter().partition(|(_, amount)| *amount < 0);
    let mut left = clawbacks.iter().fold(amount, |left, (_, amount)| left.saturating_sub(*amount));
    let mut items = clawbacks;
    for (no, open) in earned {
        let part = open.min(left);
        if part > 0 {
            items.push((no, part));
        }
        left = left.saturating_sub(part);
    }
    Ok(items)
}

/// Returns the VAT contained in a gross amount at a rate in basis points, in minor units, rounded half up: gross −
/// gross / (1 + rate). Returns `None` if the amount is negative or the result overflows.
#[must_use]
pub fn contained_vat(gross_minor: i64, rate_bp: i64) -> Option<i64> {
    let whole = WHOLE_BP.checked_add(rate_bp)?;
    crate::money::share_half_up(gross_minor, rate_bp, whole)
}

/// Formats the number of a self-billing invoice as printed on statements.
#[must_use]
pub fn invoice_number(no: i64) -> String {
    format!("SB-{no:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payment_is_distributed_over_what_is_open() {
        let open = [(1, 500), (2, -200), (3, 300), (4, 100)];
        assert_eq!(allocate(&open, None), Ok(vec![(2, -200), (1, 500), (3, 300), (4, 100)]));
        assert_eq!(allocate(&open, Some(400)), Ok(vec![(2, -200), (1, 500), (3, 100)]));
        assert_eq!(allocate(&open, Some(1)), Ok(vec![(2, -200), (1, 201)]));
        assert_eq!(allocate(&open, Some(701)), Err(700));
        assert_eq!(allocate(&open, Some(0)), Err(700));
        assert_eq!(allocate(&[(1, -5)], None), Err(-5));
        assert_eq!(allocate(&[], None), Err(0));
    }

    #[test]
    fn contained_vat_is_rounded_half_up() {
        for (gross, rate_bp, vat) in [
            (11_900, 1_900, 1_900),
            (100, 1_900, 16),
            (1, 1_900, 0),
            (4, 1_900, 1),
            (12_100, 0, 0),
            (0, 2_000, 0),
        ] {
            assert_eq!(contained_vat(gross, rate_bp), Some(vat), "{gross} at {rate_bp}");
        }
        assert_eq!(contained_vat(-1, 1_900), None);
        assert_eq!(invoice_number(7), "SB-000007");
    }
}
