//! What a caller sends of a conversion, how it is checked, and the form in which it is compared with what was sent before.

use super::super::{
    body::{Amount, Checks},
    call::Call,
    problem::{Code, Problem},
};
use crate::{
    domain::{
        conversions::{ConversionType, HeldReason},
        money::Currency,
        values::{
            id::ListingId,
            string_enum::Metadata,
            time::{DAY_MS, Timestamp},
        },
    },
    store::programme::listings,
};
use json::FromJson;
use serde::Serialize;

/// A conversion to accept.
#[derive(Debug, Clone, FromJson)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewConversion {
    /// What happened.
    #[serde(rename = "type")]
    pub(super) kind: ConversionType,
    /// Your id of it: unique with the type, for ever.
    pub(super) external_id: String,
    /// The click id that the redirect put into the URL.
    pub(super) click_id: Option<String>,
    /// Your id of the customer: binds later conversions to the same touches.
    pub(super) customer_id: Option<String>,
    /// Coupon that was used.
    pub(super) coupon: Option<String>,
    /// Amount in minor units; sales and subscriptions need it.
    pub(super) amount: Option<Amount>,
    /// ISO 4217 currency of the amount.
    pub(super) currency: Option<String>,
    /// When it happened; now if absent; at most 24 hours ahead.
    pub(super) occurred_at: Option<String>,
    /// Of the amount: tax.
    pub(super) tax: Option<Amount>,
    /// Of the amount: discount that was not paid.
    pub(super) discount: Option<Amount>,
    /// Of the amount: shipping.
    pub(super) shipping: Option<Amount>,
    /// Where the customer is, ISO 3166-1 alpha-2; the country of the credited click if absent.
    pub(super) country: Option<String>,
    /// The listing it happened on; the credited link's if absent.
    pub(super) listing_id: Option<String>,
    /// Free annotations.
    pub(super) metadata: Option<Metadata>,
}

/// What a caller sent, in the form that decides whether a later one is the same.
#[derive(Serialize, FromJson, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) click_id: Option<String>,
    pub(super) customer_id: Option<String>,
    pub(super) coupon: Option<String>,
    pub(super) amount: Option<i64>,
    pub(super) currency: Option<String>,
    pub(super) occurred_at: Option<i64>,
    pub(super) listing_id: Option<String>,
    pub(super) metadata: Metadata,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) tax: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) discount: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shipping: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) country: Option<String>,
}

impl Sent {
    /// The first field in which two differ.
    pub(super) fn differs(&self, other: &Self) -> Option<&'static str> {
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

/// A body whose fields have been found right.
pub(super) struct Checked<'a> {
    pub(super) currency: Option<Currency>,
    pub(super) occurred_at: Option<Timestamp>,
    pub(super) listing_no: Option<u16>,
    /// Why what it earns is held.
    pub(super) held_reason: Option<HeldReason>,
    /// Clicks that came with it besides its own.
    pub(super) clicks: &'a [String],
}

pub(super) fn check(call: &Call<'_>, body: &NewConversion) -> Result<Checked<'static>, Problem> {
    let mut checks = Checks::default();
    checks.text("external_id", Some(&body.external_id), 255);
    checks.text("customer_id", body.customer_id.as_deref(), 255);
    checks.text("coupon", body.coupon.as_deref(), 100);
    checks.metadata("metadata", body.metadata.as_ref());
    let currency = checks.currency("currency", body.currency.as_deref());
    if body.amount.is_none() && (body.kind.is_sale() || body.currency.is_some()) {
        checks.refuse(
            Code::MissingField,
            "amount",
            "Sales and subscriptions, and whatever has a currency, need an amount.",
        );
    }
    if body.currency.is_none() && (body.kind.is_sale() || body.amount.is_some()) {
        checks.refuse(
            Code::MissingField,
            "currency",
            "Sales and subscriptions, and whatever has an amount, need a currency.",
        );
    }
    checks.country("country", body.country.as_deref());
    parts(&mut checks, body);
    let occurred_at = checks.time("occurred_at", body.occurred_at.as_deref());
    if occurred_at.is_some_and(|at| at > call.now.plus_ms(DAY_MS)) {
        let detail = format!("It is {} here; a conversion may lie at most 24 hours ahead.", call.now);
        checks.refuse(Code::OccurredInFuture, "occurred_at", detail);
    }
    let listing = match body.listing_id.as_deref().map(ListingId::parse) {
        Some(Some(id)) => listings::by_id(call.sql, &id)?,
        Some(None) | None => None,
    };
    if body.listing_id.is_some() && listing.is_none() {
        checks.refuse(Code::UnknownListing, "listing_id", "There is no listing with this id.");
    }
    checks.finish()?;
    let listing_no = listing.map(|listing| listing.no);
    Ok(Checked { currency, occurred_at, listing_no, held_reason: None, clicks: &[] })
}

/// What is no revenue must be part of the amount.
fn parts(checks: &mut Checks, body: &NewConversion) {
    let parts = [("tax", body.tax), ("discount", body.discount), ("shipping", body.shipping)];
    let mut left = body.amount.map_or(0, |amount| amount.0);
    for (field, part) in parts {
        let Some(Amount(part)) = part else { continue };
        if part > left {
            checks.refuse(
                Code::PartExceedsAmount,
                field,
                format!("{left} (minor units) of the amount are left for it."),
            );
        }
        left = left.saturating_sub(part);
    }
}

/// A click id as it is kept. It comes from the visitor's own address bar and may be anything: a sale is not refused
/// for it. What cannot be one of ours is cut to what a row and an answer can hold.
pub(super) fn keepable(click_id: String) -> String {
    click_id.chars().filter(|c| !c.is_control()).take(255).collect()
}

pub(super) fn sent(body: &NewConversion, checked: &Checked<'_>) -> Sent {
    Sent {
        click_id: body.click_id.clone(),
        customer_id: body.customer_id.clone(),
        coupon: body.coupon.clone(),
        amount: body.amount.map(|amount| amount.0),
        currency: body.currency.clone(),
        occurred_at: checked.occurred_at.map(Timestamp::ms),
        listing_id: body.listing_id.clone(),
        metadata: body.metadata.clone().unwrap_or_default(),
        tax: body.tax.map(|part| part.0),
        discount: body.discount.map(|part| part.0),
        shipping: body.shipping.map(|part| part.0),
        country: body.country.clone(),
    }
}
