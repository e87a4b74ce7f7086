//! The request that reports a conversion, and its validation.

use super::super::http::{
    checks::Checks,
    problems::{Code, Problem},
};
use crate::{
    domain::{
        conversions::ConversionType,
        money::amount::Amount,
        values::{id::ListingId, limits, string_enum::Metadata, time::DAY_MS},
    },
    ledger::{conversions::reported::ReportedConversion, tx::Tx},
    store::programme::listings,
};
use serde::Deserialize;

/// A conversion to accept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
pub struct NewConversion {
    /// What happened.
    #[serde(rename = "type")]
    kind: ConversionType,
    /// Your id of it: unique with the type, for ever.
    external_id: String,
    /// The click id that the redirect put into the URL.
    click_id: Option<String>,
    /// Your id of the customer; later conversions of the customer are bound to the same touches.
    customer_id: Option<String>,
    /// Coupon that was used.
    coupon: Option<String>,
    /// Amount in minor units; sales and subscriptions need it.
    amount: Option<Amount>,
    /// ISO 4217 currency of the amount.
    currency: Option<String>,
    /// When it happened; now if absent; at most 24 hours ahead.
    occurred_at: Option<String>,
    /// Of the amount: tax.
    tax: Option<Amount>,
    /// Of the amount: discount that was not paid.
    discount: Option<Amount>,
    /// Of the amount: shipping.
    shipping: Option<Amount>,
    /// Where the customer is, ISO 3166-1 alpha-2; the country of the credited click if absent.
    country: Option<String>,
    /// The listing it happened on. If absent, it is that of the credited link or coupon, else that of the click that lost to
    /// a coupon for all listings.
    listing_id: Option<String>,
    /// Free annotations.
    metadata: Option<Metadata>,
}

/// Checks a request and returns the conversion that it reports.
pub fn check(tx: &Tx<'_>, body: NewConversion) -> Result<ReportedConversion<'static>, Problem> {
    let mut checks = Checks::default();
    checks.text("external_id", Some(&body.external_id), limits::EXTERNAL_ID);
    checks.text("customer_id", body.customer_id.as_deref(), limits::CUSTOMER_ID);
    checks.text("coupon", body.coupon.as_deref(), limits::COUPON);
    checks.metadata("metadata", body.metadata.as_ref());
    checks.currency("currency", body.currency.as_deref());
    check_amount(&mut checks, &body);
    checks.country("country", body.country.as_deref());
    parts(&mut checks, &body);
    let occurred_at = checks.time("occurred_at", body.occurred_at.as_deref());
    if occurred_at.is_some_and(|at| at > tx.now.plus_ms(DAY_MS)) {
        let detail = format!("It is {} here; a conversion may lie at most 24 hours ahead.", tx.now);
        checks.refuse(Code::OccurredInFuture, "occurred_at", detail);
    }
    let listing = match body.listing_id.as_deref().map(ListingId::parse) {
        Some(Some(id)) => listings::by_id(tx.sql, &id)?,
        Some(None) | None => None,
    };
    if body.listing_id.is_some() && listing.is_none() {
        checks.refuse(Code::UnknownListing, "listing_id", "There is no listing with this id.");
    }
    checks.finish()?;
    Ok(ReportedConversion {
        kind: body.kind,
        external_id: body.external_id,
        click_id: body.click_id.map(storable_click_id),
        other_clicks: &[],
        customer_id: body.customer_id,
        coupon: body.coupon,
        amount: body.amount.map(|amount| amount.0),
        currency: body.currency,
        tax: body.tax.map(|part| part.0),
        discount: body.discount.map(|part| part.0),
        shipping: body.shipping.map(|part| part.0),
        country: body.country,
        occurred_at,
        listing: body.listing_id.zip(listing.map(|listing| listing.no)),
        metadata: body.metadata.unwrap_or_default(),
        held_reason: None,
    })
}

/// Checks that a web page reports no more than a lead and its click, and returns the lead's external id. Anybody can send what
/// the page sends: a customer or an amount could take credit from others.
pub fn check_lead(body: &NewConversion) -> Result<&str, Problem> {
    let mut checks = Checks::default();
    if body.kind != ConversionType::Lead {
        checks.refuse(
            Code::InvalidValue,
            "type",
            "A publishable key reports leads only; use a secret key on your server.",
        );
    }
    if body.click_id.is_none() {
        checks.refuse(
            Code::MissingField,
            "click_id",
            "A lead of a web page needs the click id from the page's address.",
        );
    }
    let others = [
        ("customer_id", body.customer_id.is_some()),
        ("coupon", body.coupon.is_some()),
        ("amount", body.amount.is_some()),
        ("currency", body.currency.is_some()),
        ("occurred_at", body.occurred_at.is_some()),
        ("tax", body.tax.is_some()),
        ("discount", body.discount.is_some()),
        ("shipping", body.shipping.is_some()),
        ("country", body.country.is_some()),
        ("listing_id", body.listing_id.is_some()),
        ("metadata", body.metadata.is_some()),
    ];
    for (field, _) in others.into_iter().filter(|(_, is_sent)| *is_sent) {
        checks.refuse(
            Code::InvalidValue,
            field,
            "A publishable key sends type, external_id and click_id only.",
        );
    }
    checks.finish()?;
    Ok(&body.external_id)
}

/// Checks that amount and currency are there if they must be.
fn check_amount(checks: &mut Checks, body: &NewConversion) {
    if body.amount.is_none() && (body.kind.is_sale() || body.currency.is_some()) {
        checks.refuse(
            Code::MissingField,
            "amount",
            "Sales and subscriptions need an amount, and so does every conversion with a currency.",
        );
    }
    if body.currency.is_none() && (body.kind.is_sale() || body.amount.is_some()) {
        checks.refuse(
            Code::MissingField,
            "currency",
            "Sales and subscriptions need a currency, and so does every conversion with an amount.",
        );
    }
}

/// Checks that tax, discount and shipping together do not exceed the amount.
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

/// A click id as it is stored. It comes from the visitor's address bar and may be anything, and a sale must not be refused
/// for it, so it is cut to what a row can hold.
pub fn storable_click_id(click_id: String) -> String {
    click_id.chars().filter(|c| !c.is_control()).take(255).collect()
}
