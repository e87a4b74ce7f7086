//! What was sent of a conversion, in the form that decides whether a later request is the same.

use super::reported::ReportedConversion;
use crate::domain::values::{string_enum::Metadata, time::Timestamp};
use serde::{Deserialize, Serialize};

/// The fields that are compared. It is stored with the conversion as JSON.
#[derive(Serialize, Deserialize, PartialEq, Eq)]
pub struct RequestFingerprint {
    click_id: Option<String>,
    customer_id: Option<String>,
    coupon: Option<String>,
    amount: Option<i64>,
    currency: Option<String>,
    occurred_at: Option<i64>,
    listing_id: Option<String>,
    metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tax: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    discount: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shipping: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    country: Option<String>,
}

impl RequestFingerprint {
    /// The fingerprint of a reported conversion.
    pub fn of(reported: &ReportedConversion<'_>) -> Self {
        Self {
            click_id: reported.click_id.clone(),
            customer_id: reported.customer_id.clone(),
            coupon: reported.coupon.clone(),
            amount: reported.amount,
            currency: reported.currency.clone(),
            occurred_at: reported.occurred_at.map(Timestamp::ms),
            listing_id: reported.listing.as_ref().map(|(id, _)| id.clone()),
            metadata: reported.metadata.clone(),
            tax: reported.tax,
            discount: reported.discount,
            shipping: reported.shipping,
            country: reported.country.clone(),
        }
    }

    /// The listing as it was sent.
    pub fn listing_id(&self) -> Option<&str> {
        self.listing_id.as_deref()
    }

    /// The first field in which two fingerprints differ.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            (self.click_id != other.click_id, "click_id"),
            (self.customer_id != other.customer_id, "customer_id"),
            (self.coupon != other.coupon, "coupon"),
            (self.amount != other.amount, "amount"),
            (self.currency != other.currency, "currency"),
            (self.occurred_at != other.occurred_at, "occurred_at"),
            (self.listing_id != other.listing_id, "listing_id"),
            (self.metadata != other.metadata, "metadata"),
            (self.tax != other.tax, "tax"),
            (self.discount != other.discount, "discount"),
            (self.shipping != other.shipping, "shipping"),
            (self.country != other.country, "country"),
        ]
        .into_iter()
        .find_map(|(differs, field)| differs.then_some(field))
    }
}
