//! A conversion as a caller or a marketplace reported it, with its fields validated.

use crate::domain::{
    conversions::{ConversionType, HeldReason},
    money::Currency,
    programme::listing::ListingNo,
    values::{string_enum::Metadata, time::Timestamp},
};

/// A reported conversion.
#[derive(Debug, Clone)]
pub struct ReportedConversion<'a> {
    /// What happened.
    pub kind: ConversionType,
    /// The caller's id: unique with the type, for ever.
    pub external_id: String,
    /// The click id as sent; it may be anything.
    pub click_id: Option<String>,
    /// Other click ids that came with it.
    pub other_clicks: &'a [String],
    /// The caller's id of the customer.
    pub customer_id: Option<String>,
    /// The coupon's code as sent.
    pub coupon: Option<String>,
    /// Minor units.
    pub amount: Option<i64>,
    /// ISO 4217 currency of the amount.
    pub currency: Option<String>,
    /// Of the amount: tax, minor units.
    pub tax: Option<i64>,
    /// Of the amount: discount that was not paid.
    pub discount: Option<i64>,
    /// Of the amount: shipping.
    pub shipping: Option<i64>,
    /// The customer's country, ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// When it happened; `None` = now.
    pub occurred_at: Option<Timestamp>,
    /// The listing that it happened on: its id as sent, and its number.
    pub listing: Option<(String, ListingNo)>,
    /// Free annotations.
    pub metadata: Metadata,
    /// Why its commissions are held.
    pub held_reason: Option<HeldReason>,
}

impl ReportedConversion<'_> {
    /// A conversion of which nothing else is known.
    pub fn new(kind: ConversionType, external_id: String) -> Self {
        Self {
            kind,
            external_id,
            click_id: None,
            other_clicks: &[],
            customer_id: None,
            coupon: None,
            amount: None,
            currency: None,
            tax: None,
            discount: None,
            shipping: None,
            country: None,
            occurred_at: None,
            listing: None,
            metadata: Metadata::new(),
            held_reason: None,
        }
    }

    /// The number of its listing.
    pub fn listing_no(&self) -> Option<ListingNo> {
        self.listing.as_ref().map(|(_, no)| *no)
    }

    /// Its currency, if it is one that the ledger knows.
    pub fn known_currency(&self) -> Option<Currency> {
        self.currency.as_deref().and_then(Currency::parse)
    }
}
