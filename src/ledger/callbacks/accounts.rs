//! Customers' accounts on marketplaces: their status, their plans, and the names that they have there.

use super::{
    super::{tx::Tx, view::view},
    identifiers::customer_id,
};
use crate::{
    domain::{
        event::EventType,
        programme::listing::Listing,
        values::{
            id::ListingId,
            time::{DAY_MS, Timestamp},
        },
    },
    marketplace::{
        adapter::AccountName,
        event::{Event, EventKind},
    },
    store::{
        SqlError,
        callbacks::{self, AccountAlias, MarketplaceAccount},
        log::change::Change,
    },
};

view! {
    /// A customer's account on a marketplace.
    pub struct CustomerAccountView {
        /// The listing.
        listing_id: ListingId,
        /// The marketplace's id of the account.
        account: String,
        /// The customer, as conversions name it.
        customer_id: String,
        /// What the newest callback reported.
        status: String,
        /// The plan, as the vendor names it.
        plan: Option<String>,
        /// When that happened.
        changed_at: Timestamp,
    }

    /// A plan that a customer's account had before its newest one.
    pub struct EarlierPlanView {
        /// The listing.
        listing_id: ListingId,
        /// The marketplace's id of the account.
        account: String,
        /// The customer, as conversions name it.
        customer_id: String,
        /// The plan, as the vendor names it.
        plan: String,
        /// Since when.
        since: Timestamp,
    }

    /// Another name of a customer's account on a marketplace.
    pub struct AliasView {
        /// The listing.
        listing_id: ListingId,
        /// The other name.
        alias: String,
        /// The name that events are joined by.
        account: String,
    }
}

/// When an event happened. A vendor's clock that is far ahead of ours is not believed.
pub fn occurred_at(tx: &Tx<'_>, event: &Event) -> Timestamp {
    event.occurred_at.filter(|at| *at <= tx.now.plus_ms(DAY_MS)).unwrap_or(tx.now)
}

/// Records another name of an account. A new name of an account that has others leads to the account, too, because shops
/// rename themselves.
pub fn learn_name(tx: &Tx<'_>, listing: &Listing, name: &AccountName) -> Result<(), SqlError> {
    let known = callbacks::account_of_alias(tx.sql, listing.no, &name.alias)?;
    let (alias, account) = match known {
        Some(known) if known == name.account => return Ok(()),
        Some(known) => (name.account.clone(), known),
        None => (name.alias.clone(), resolved(tx, listing, None, &name.account)?),
    };
    if alias == account || callbacks::account_of_alias(tx.sql, listing.no, &alias)?.is_some() {
        return Ok(());
    }
    let under_alias = callbacks::account(tx.sql, listing.no, &alias)?;
    let known = callbacks::account(tx.sql, listing.no, &account)?;
    let view = AliasView { listing_id: listing.id.clone(), alias: alias.clone(), account: account.clone() };
    let name = account.clone();
    let change = Change::AccountAliased(AccountAlias { listing_no: listing.no, alias, account });
    tx.commit(EventType::AccountNamed, &change, &view, "")?;
    match under_alias.map(|under_alias| joined(under_alias, known.as_ref(), name)) {
        Some(joined) if known.as_ref() != Some(&joined) => put(tx, listing, joined),
        Some(_) | None => Ok(()),
    }
}

/// What is known of an account under two names: the newer status and the newer plan.
fn joined(
    under_alias: MarketplaceAccount,
    known: Option<&MarketplaceAccount>,
    name: String,
) -> MarketplaceAccount {
    let Some(known) = known else { return MarketplaceAccount { account: name, ..under_alias } };
    let mut joined = known.clone();
    if under_alias.changed_at > known.changed_at {
        joined.status = under_alias.status;
        joined.changed_at = under_alias.changed_at;
    }
    if under_alias.plan_at > known.plan_at {
        joined.plan = under_alias.plan;
        joined.plan_at = under_alias.plan_at;
    }
    joined
}

fn put(tx: &Tx<'_>, listing: &Listing, account: MarketplaceAccount) -> Result<(), SqlError> {
    let view = CustomerAccountView {
        listing_id: listing.id.clone(),
        account: account.account.clone(),
        customer_id: customer_id(listing, &account.account),
        status: account.status.clone(),
        plan: account.plan.clone(),
        changed_at: account.changed_at,
    };
    tx.commit(EventType::AccountUpdated, &Change::Account(account), &view, "")
}

/// The name that an account is known by.
pub fn resolved(
    tx: &Tx<'_>,
    listing: &Listing,
    alias: Option<&str>,
    account: &str,
) -> Result<String, SqlError> {
    for name in alias.into_iter().chain([account]) {
        if let Some(known) = callbacks::account_of_alias(tx.sql, listing.no, name)? {
            return Ok(known);
        }
    }
    Ok(account.to_owned())
}

/// Records what an event says of its account.
pub fn record(tx: &Tx<'_>, listing: &Listing, event: &Event) -> Result<(), SqlError> {
    let known = callbacks::account(tx.sql, listing.no, &event.account)?;
    let at = occurred_at(tx, event);
    if event.occurred_at.is_some()
        && known.as_ref().and_then(|known| known.plan_at).is_some_and(|known_at| known_at > at)
    {
        learn_earlier_plan(tx, listing, event, at)?;
    }
    let mut account = known.clone().unwrap_or_else(|| MarketplaceAccount {
        listing_no: listing.no,
        account: event.account.clone(),
        status: event.kind.as_str().to_owned(),
        plan: None,
        changed_at: at,
        plan_at: None,
    });
    // Callbacks arrive in any order, so an older event changes nothing. An install is older than any other event of the
    // same instant: a vendor that reports both in one message would otherwise flip the account with each redelivery.
    let is_newer =
        account.changed_at < at || (account.changed_at == at && event.kind != EventKind::Installed);
    // An event without a time changes nothing if the status is the same or if the account has ended; but an install
    // begins it anew.
    let is_timed = event.occurred_at.is_some() || event.kind == EventKind::Installed;
    let has_ended = account.status == EventKind::Uninstalled.as_str();
    if is_newer && (is_timed || (!has_ended && account.status != event.kind.as_str())) {
        account.status = event.kind.as_str().to_owned();
        account.changed_at = at;
    }
    // The plan has a time of its own, because an event that names no plan does not end it.
    let is_plan = |plan: &&String| {
        account.plan_at.is_none_or(|known_at| known_at <= at)
            && (is_timed || account.plan.as_ref() != Some(*plan))
    };
    if let Some(plan) = event.plan.as_ref().filter(is_plan) {
        account.plan = Some(plan.clone());
        account.plan_at = Some(at);
    }
    if known.as_ref() == Some(&account) { Ok(()) } else { put(tx, listing, account) }
}

/// Records a plan that was reported late: charges of its time may arrive later still.
fn learn_earlier_plan(
    tx: &Tx<'_>,
    listing: &Listing,
    event: &Event,
    since: Timestamp,
) -> Result<(), SqlError> {
    let Some(plan) = event.plan.clone() else { return Ok(()) };
    let known = callbacks::plan_at(tx.sql, listing.no, &event.account, since)?;
    if known.is_some_and(|(_, known_since)| known_since == since) {
        return Ok(());
    }
    let view = EarlierPlanView {
        listing_id: listing.id.clone(),
        account: event.account.clone(),
        customer_id: customer_id(listing, &event.account),
        plan: plan.clone(),
        since,
    };
    let account = event.account.clone();
    let change = Change::EarlierPlan { listing_no: listing.no, account, plan, told_at: since };
    tx.commit(EventType::AccountPlanLearned, &change, &view, "")
}
