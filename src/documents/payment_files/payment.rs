//! The data that payment files are made of.

use crate::domain::{
    money::Currency,
    payouts::{PayoutStatus, payer::PayoutDetails},
    values::{
        date::Date,
        id::{PartnerId, PayoutId, RunId},
    },
};

/// The payout run of a file.
#[derive(Debug, Clone)]
pub struct Run {
    /// Id.
    pub id: RunId,
    /// First day of the period that is paid.
    pub from: Date,
    /// Last day of that period.
    pub to: Date,
}

/// A payout and its destination.
#[derive(Debug, Clone)]
pub struct Payment {
    /// Id of the payout.
    pub id: PayoutId,
    /// The partner who is paid.
    pub partner_id: PartnerId,
    /// Minor units.
    pub amount: i64,
    /// Currency of the amount.
    pub currency: Currency,
    /// State of the payout.
    pub status: PayoutStatus,
    /// Number of the self-billing invoice.
    pub invoice_number: Option<String>,
    /// The provider's reference of a paid payout.
    pub reference: Option<String>,
    /// Why the payout failed.
    pub failure_reason: Option<String>,
    /// How the partner is paid.
    pub details: PayoutDetails,
}

impl Payment {
    /// The amount as decimal text, `12.50`.
    pub fn decimal(&self) -> String {
        self.currency.decimal(i128::from(self.amount))
    }

    /// The invoice number, or no text.
    pub fn invoice(&self) -> &str {
        self.invoice_number.as_deref().unwrap_or_default()
    }
}
