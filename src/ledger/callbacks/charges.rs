//! Charges, installs and uninstalls that marketplaces report become conversions; a click that becomes known late credits
//! what nobody has earned so far.

use super::{
    super::{
        commissions::listing_settings,
        conversions::{accept::accept, confirmation, late_credit, reported::ReportedConversion},
        error::LedgerError,
        tx::Tx,
        view::view,
    },
    accounts::occurred_at,
    identifiers::{customer_id, external_id},
    refunds,
};
use crate::{
    domain::{
        attribution::CLOCK_SKEW_MS,
        clicks::click::ClickId,
        conversions::{ConversionType, HeldReason},
        event::EventType,
        programme::listing::Listing,
        values::string_enum::Metadata,
    },
    marketplace::event::{Event, EventKind, Evidence},
    store::{
        SqlError, callbacks,
        conversions::{self, Conversion},
        log::change::Change,
    },
};

view! {
    /// A click that was bound to a customer after the fact.
    pub struct BoundView {
        /// The customer.
        customer_id: String,
        /// The click.
        click_id: String,
    }
}

/// The newest click id of an event that one of our keys signed.
fn click(tx: &Tx<'_>, event: &Event) -> Option<String> {
    let is_ours = |id: &&String| ClickId::verify(id, &tx.config.ring).is_some();
    event.clicks.iter().rev().find(is_ours).cloned()
}

/// Accepts the conversion that an event reports, or confirms it if it was accepted before.
pub fn convert(
    tx: &Tx<'_>,
    listing: &Listing,
    event: &Event,
    kind: ConversionType,
) -> Result<(), LedgerError> {
    let (external_id, customer) =
        (external_id(listing, &event.transaction), customer_id(listing, &event.account));
    let click_id = click(tx, event);
    if let Some(known) = conversions::by_key(tx.sql, kind, &external_id)? {
        // A redelivery; but its total may have fallen, its evidence may be better, and its click may be new.
        refunds::record_fall(tx, &known, event)?;
        confirm(tx, listing, event, &customer, known)?;
        return click_id.map_or(Ok(()), |click_id| bind(tx, &customer, &click_id, &event.clicks));
    }
    let accepted = accept(tx, reported(tx, listing, event, kind, click_id)?)?;
    for waiting in callbacks::waiting_refunds(tx.sql, &external_id)? {
        refunds::refund_charge(tx, &external_id, &waiting.external_id, waiting.amount)?;
    }
    // Its click may be new, or may have become known by the API since the last charge.
    if accepted.is_earned { Ok(late_credit::credit_unearned(tx, &customer)?) } else { Ok(()) }
}

/// The conversion that an event reports.
fn reported<'a>(
    tx: &Tx<'_>,
    listing: &Listing,
    event: &'a Event,
    kind: ConversionType,
    click_id: Option<String>,
) -> Result<ReportedConversion<'a>, SqlError> {
    let priced = priced(tx, listing, event)?;
    let skipped = event.skipped.join(" ");
    let metadata = [
        ("marketplace", Some(listing.marketplace.as_str())),
        ("evidence", Some(event.evidence.as_str())),
        ("plan", priced.plan.as_deref()),
        ("price", priced.price.as_ref().map(|_| "plan")),
        ("amount", event.is_rounded.then_some("rounded")),
        ("skipped", Some(&*skipped).filter(|skipped| !skipped.is_empty())),
    ];
    let metadata: Metadata =
        metadata.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    let (amount, currency) = event.amount.zip(event.currency.clone()).or(priced.price).unzip();
    Ok(ReportedConversion {
        click_id,
        other_clicks: &event.clicks,
        customer_id: Some(customer_id(listing, &event.account)),
        coupon: event.coupon.clone(),
        amount,
        currency,
        occurred_at: Some(occurred_at(tx, event)),
        listing: Some((listing.id.to_string(), listing.no)),
        metadata,
        held_reason: (event.evidence == Evidence::TransportOnly).then_some(HeldReason::TransportOnly),
        ..ReportedConversion::new(kind, external_id(listing, &event.transaction))
    })
}

/// What a charge costs by its listing's table of plans.
struct Priced {
    /// The plan that the event names, or that made the price.
    plan: Option<String>,
    /// Minor units and currency; `None` if the vendor reports an amount, or if the table does not say.
    price: Option<(i64, String)>,
}

/// Prices a charge whose amount the vendor does not report: by the plan that it names, else by the plan that its account
/// is known to have had when it was charged. A plan of a later time never prices it, and an accepted amount stays. A charge
/// that cannot be priced now keeps no amount: if it waited for a plan that is never reported, it would be missing among
/// the sales.
fn priced(tx: &Tx<'_>, listing: &Listing, event: &Event) -> Result<Priced, SqlError> {
    let named = event.plan.clone();
    if event.kind != EventKind::Charged || event.amount.is_some() {
        return Ok(Priced { plan: named, price: None });
    }
    let at = occurred_at(tx, event).plus_ms(CLOCK_SKEW_MS);
    let known = callbacks::plan_at(tx.sql, listing.no, &event.account, at)?.map(|(plan, _)| plan);
    let plan = named.clone().or(known);
    let price = plan.as_ref().and_then(|plan| listing_settings::price(&listing.settings, plan));
    Ok(Priced { plan: if price.is_some() { plan } else { named }, price })
}

/// Releases the commissions of a conversion if the event reports it again with better evidence. The customer, the amount
/// and the plan must be those that were accepted: a difference is not what was confirmed, and stays held.
fn confirm(
    tx: &Tx<'_>,
    listing: &Listing,
    event: &Event,
    customer: &str,
    known: Conversion,
) -> Result<(), SqlError> {
    if known.held_reason.is_none() || !event.evidence.pays() {
        return Ok(());
    }
    let metadata: Metadata = strict_json::from_str(&known.metadata).unwrap_or_default();
    // The table of plans may have another price by now: the accepted one stays.
    let accepted = known.amount.clone().filter(|_| metadata.contains_key("price"));
    let is_same = known.customer_id.as_deref() == Some(customer)
        && known.amount == event.amount.zip(event.currency.clone()).or(accepted)
        && metadata.get("plan") == priced(tx, listing, event)?.plan.as_ref();
    if is_same { confirmation::confirm(tx, known, metadata, event.evidence) } else { Ok(()) }
}

/// Binds a click to a customer if its window is open, and the clicks that came with it if the model weighs them; then
/// credits what nobody has earned.
pub fn bind(tx: &Tx<'_>, customer: &str, click_id: &str, clicks: &[String]) -> Result<(), LedgerError> {
    let bindings = late_credit::new_bindings(tx, customer, click_id, clicks)?;
    if bindings.is_empty() {
        return Ok(());
    }
    for binding in bindings {
        let click_id = binding.touch.touch.origin.id().to_owned();
        let view = BoundView { customer_id: customer.to_owned(), click_id };
        tx.commit(EventType::CustomerBound, &Change::Bound(binding), &view, "")?;
    }
    Ok(late_credit::credit_unearned(tx, customer)?)
}
