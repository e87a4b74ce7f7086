//! Payouts: what of a partner's open balances is paid out in a run, what is carried into the next, and what is held.

pub mod iban;
pub mod payer;

use crate::{
    money::{
        Currency, WHOLE_BP,
        fx::{Rate, convert},
    },
    values::string_enum::string_enum,
};

string_enum! {
    /// Where a payout run stands.
    RunStatus {
        /// Computed, and bound to nothing: it can be computed anew, cancelled, or approved.
        Draft = "draft";
        /// Approved: nothing of it changes any more but how its payouts end.
        Approved = "approved";
        /// Approved, and none of its payouts is open.
        Settled = "settled";
        /// Given up before it was approved.
        Cancelled = "cancelled";
    }
}

string_enum! {
    /// Where a partner's part of a run stands.
    PayoutStatus {
        /// To be paid, if the run is approved.
        Draft = "draft";
        /// Approved, and neither paid nor failed.
        Open = "open";
        /// Paid, by the provider's reference.
        Paid = "paid";
        /// It could not be paid: the money is payable again.
        Failed = "failed";
        /// Nothing is paid now; the balance stays for the next run.
        Carried = "carried";
        /// Nothing can be paid now; `reason` says what is missing.
        Held = "held";
        /// Its run was cancelled.
        Cancelled = "cancelled";
    }
}

string_enum! {
    /// Why a partner is not paid in a run.
    UnpaidReason {
        /// What is open comes to nothing, or less.
        Negative = "negative";
        /// What is open is less than the run's minimum.
        BelowMinimum = "below_minimum";
        /// The rate of the run's day is not there.
        RateMissing = "rate_missing";
        /// Another run has a payout for this partner that is a draft, or open.
        InOtherRun = "in_other_run";
    }
}

/// What of a partner is open in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The currency that it was earned in.
    pub currency: Currency,
    /// Minor units; negative after a clawback.
    pub amount: i64,
    /// Of so many commissions.
    pub commissions: i64,
    /// The rate that it is exchanged at; absent in the payout's own currency, or if there is none.
    pub rate: Option<Rate>,
    /// What it is worth in the payout's currency; absent = it is held.
    pub converted: Option<i64>,
}

/// What becomes of a partner's open balances.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Its currency's minor units: what is paid, or carried.
    pub amount: i64,
    /// `Draft`, `Carried` or `Held`.
    pub status: PayoutStatus,
    /// Why it is not paid.
    pub reason: Option<UnpaidReason>,
}

/// Exchanges the parts into the payout's currency, and says what becomes of their sum. `rate` tells the rate of the run's
/// day: that pair's, never the other direction's and never by way of a third currency. A `minimum` is in the payout's
/// currency. `None` if a sum does not fit.
#[must_use]
#[inline]
pub fn propose(
    currency: Currency,
    parts: &mut [Part],
    minimum: Option<i64>,
    mut rate: impl FnMut(Currency) -> Option<Rate>,
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

/// The VAT that a gross amount contains at a rate in basis points, minor units, rounded half up: gross − gross / (1 + rate).
/// `None` if the amount is negative or does not fit.
#[must_use]
#[inline]
pub fn contained_vat(gross_minor: i64, rate_bp: i64) -> Option<i64> {
    let whole = WHOLE_BP.checked_add(rate_bp)?;
    crate::money::share_half_up(gross_minor, rate_bp, whole)
}

/// The number of a self-billing invoice as it stands on the statement.
#[must_use]
#[inline]
pub fn invoice_number(no: i64) -> String {
    format!("SB-{no:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vat_is_contained_in_what_is_paid() {
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
