//! Refunds as events and responses show them.

use super::super::view::view;
use crate::domain::{
    conversions::CommissionStatus,
    money::Currency,
    values::{
        id::{CommissionId, ConversionId, PartnerId, RefundId},
        time::Timestamp,
    },
};

view! {
    /// What a refund took back of a commission.
    pub struct ReversalView {
        /// The commission.
        id: CommissionId,
        /// The refunded conversion.
        conversion_id: ConversionId,
        /// The partner.
        partner_id: PartnerId,
        /// Taken back by this refund, minor units.
        reversed: i64,
        /// What is left of the commission, minor units.
        remaining: i64,
        /// ISO 4217 code.
        currency: Currency,
        /// Its status now.
        status: CommissionStatus,
    }

    /// A refund.
    pub struct RefundView {
        /// Id.
        id: RefundId,
        /// The refunded conversion.
        conversion_id: ConversionId,
        /// The caller's id.
        external_id: String,
        /// Refunded, minor units.
        amount: i64,
        /// ISO 4217 code.
        currency: String,
        /// What it took back.
        commissions: Vec<ReversalView>,
        /// When it was accepted.
        created_at: Timestamp,
    }
}
