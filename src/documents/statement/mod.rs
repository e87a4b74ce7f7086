//! Statements of payouts, which are also self-billing invoices: the data, which the API also returns as JSON, and its
//! renderings as CSV and as a page.

pub mod csv;
pub mod html;

use crate::domain::{
    conversions::CommissionSource,
    money::Currency,
    payouts::{PayoutStatus, payer::Address},
    values::{
        date::Date,
        id::{CommissionId, ConversionId, PartnerId, PayoutId, RunId},
        time::Timestamp,
    },
};
use serde::Serialize;

/// The payer or the payee.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Party {
    /// Legal name; the display name if no legal name is set.
    pub legal_name: String,
    /// Address.
    pub address: Option<Address>,
    /// Tax number or VAT id.
    pub tax_id: Option<String>,
}

/// What was earned in one currency, and its value in the payout's currency.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct StatementPart {
    /// ISO 4217 code.
    pub currency: Currency,
    /// The balance at the start of the period, minor units.
    pub opening_balance: i128,
    /// What was added and taken back since then.
    pub movements: i128,
    /// What is paid out: the opening balance plus the movements, which is also the sum of the lines.
    pub amount: i64,
    /// The exchange rate, decimal; `null` in the payout's own currency.
    pub rate: Option<String>,
    /// The value in the payout's currency.
    pub converted: i64,
}

/// The VAT that the total contains.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Vat {
    /// Basis points.
    pub rate_bp: i64,
    /// The total without VAT, minor units.
    pub net: i64,
    /// The VAT, minor units.
    pub vat: i64,
}

/// A commission in a payout.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema), schemars(rename = "Item"))]
pub struct StatementLine {
    /// The commission.
    pub commission_id: CommissionId,
    /// What earned it.
    pub source: CommissionSource,
    /// The conversion that earned it, if there is one.
    pub conversion_id: Option<ConversionId>,
    /// The caller's id of that conversion.
    pub external_id: Option<String>,
    /// When it was earned.
    pub earned_at: Timestamp,
    /// The amount that the rate was applied to, minor units.
    pub base: Option<i64>,
    /// The rate, basis points.
    pub rate_bp: i64,
    /// Earned, minor units.
    pub earned: i64,
    /// Taken back by refunds: until the approval of the run, or until now in a draft.
    pub reversed: i64,
    /// Paid out earlier, less what was written off.
    pub paid_before: i64,
    /// In this payout, minor units; negative if more was paid earlier than is left.
    pub amount: i64,
    /// ISO 4217 code.
    pub currency: Currency,
}

/// A payout's statement and self-billing invoice.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct Statement {
    /// Number of the self-billing invoice, from a sequence without gaps.
    pub invoice_number: String,
    /// The payout.
    pub payout_id: PayoutId,
    /// Its run.
    pub run_id: RunId,
    /// The partner.
    pub partner_id: PartnerId,
    /// State of the payout.
    pub status: PayoutStatus,
    /// First day of the period.
    pub from: Date,
    /// Last day of the period.
    pub to: Date,
    /// The day whose exchange rates were used.
    pub rate_date: Date,
    /// When the run was approved: the date of the invoice.
    pub issued_at: Timestamp,
    /// Who pays, and issues the invoice in the payee's name.
    pub payer: Party,
    /// Who is paid.
    pub payee: Party,
    /// Currency of the payout.
    pub currency: Currency,
    /// One entry per currency.
    pub parts: Vec<StatementPart>,
    /// The commissions, oldest first.
    pub lines: Vec<StatementLine>,
    /// What is paid, minor units.
    pub total: i64,
    /// The VAT that the total contains; `null` if the payee has no VAT rate.
    pub vat: Option<Vat>,
    /// The provider's reference.
    pub reference: Option<String>,
    /// When the payout was paid, failed or came back.
    pub ended_at: Option<Timestamp>,
    /// When the invoice was cancelled because the payout failed or came back; a later invoice contains the commissions.
    pub cancelled_at: Option<Timestamp>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
}
